package permission_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// shards are the states of examples/shards in one PostgreSQL database. Each has its own folder, like the jobs
// of a pipeline.
type shards struct {
	testing.TB
	*acctest.Backend

	want map[string][]string // enabled permissions by customer ID, by the configuration and the portal
	runs []*acctest.Workspace
}

// newShards declares all customers of the mock except the last. The portal has enabled savings plans for every
// fifth one, which the configuration does not manage.
func newShards(t testing.TB, n int, config mockbackend.Config, env ...string) *shards {
	t.Helper()
	s := &shards{TB: t, Backend: acctest.New(t, config), want: make(map[string][]string)}
	var declared strings.Builder
	customers := s.Customers()
	for i, c := range customers {
		on := i%3 > 0
		if i < len(customers)-1 {
			fmt.Fprintf(&declared, "%s: { azure_reservations: %t }\n", c.ID, on)
		} else {
			on = false
		}
		var before []string
		if i%5 == 0 {
			before = []string{sp}
		}
		s.SetPermissions(c.ID, before...)
		if s.want[c.ID] = before; on {
			s.want[c.ID] = append([]string{ri}, before...)
		}
	}
	files := map[string]string{
		"customers.yaml":   declared.String(),
		"backend.tf":       "terraform {\n  backend \"pg\" {}\n}\n",
		"test_override.tf": fmt.Sprintf("resource %q \"shard\" {\n  verify_azure_subscription = false\n}\n", fleetType),
	}
	env = append(s.WorkspaceEnvironment(), append(env, "PG_CONN_STR="+acctest.Postgres(t))...)
	for i := range n {
		dir := t.TempDir()
		if err := acctest.CopyConfiguration(dir, filepath.Join(acctest.Root(), "examples", "shards")); err != nil {
			t.Fatal(err)
		}
		s.runs = append(s.runs, &acctest.Workspace{Dir: dir})
		for name, text := range files {
			s.write(i, name, text)
		}
		if i == 0 {
			w, err := acctest.NewWorkspace(t.Context(), dir, env)
			if err != nil {
				t.Fatal(err)
			}
			s.runs[0] = w
		}
		s.runs[i].CLI, s.runs[i].Env = s.runs[0].CLI, s.runs[0].Env
		s.run(i, 0, "init", "-input=false")
		s.run(i, 0, "workspace", "select", "-or-create", fmt.Sprintf("shard-%d", i))
	}
	return s
}

func (s *shards) write(shard int, name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.runs[shard].Dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// run runs the CLI on one shard and checks the exit code.
func (s *shards) run(shard, exitCode int, args ...string) string {
	s.Helper()
	r := s.runs[shard].Run(s.Context(), args...)
	if r.ExitCode != exitCode {
		s.Errorf("shard %d: %s: exit code %d, not %d\n%s", shard, strings.Join(args, " "), r.ExitCode, exitCode, r.Output)
	}
	return r.Output
}

// atOnce runs the CLI on all shards at the same time, without an error, and returns the duration.
func (s *shards) atOnce(args ...string) time.Duration {
	s.Helper()
	s.ResetJournal()
	start := time.Now()
	var all sync.WaitGroup
	for i := range s.runs {
		all.Go(func() { s.run(i, 0, args...) })
	}
	all.Wait()
	return time.Since(start)
}

// Terraform's pg backend locks all states for a short time while it locks one. So runs on different states also
// wait for each other.
var (
	apply = []string{"apply", "-input=false", "-auto-approve", "-lock-timeout=5m"}
	plan  = []string{"plan", "-input=false", "-detailed-exitcode", "-lock-timeout=5m"}
)

// refused returns the number of requests in the journal that exceeded the limit, and of the others.
func (s *shards) refused() (refused, answered int) {
	for _, r := range s.Requests() {
		switch {
		case r.Service != mockbackend.PartnerCenter:
		case r.Status == http.StatusTooManyRequests:
			refused++
		default:
			answered++
		}
	}
	return refused, answered
}

// asDeclared fails the test unless server and states agree with the configuration, and each customer is managed
// in one state.
func (s *shards) asDeclared() {
	s.Helper()
	for id, want := range s.want {
		acctest.ExpectPermissions(s, s.Backend.Backend, id, want...)
	}
	managed := make(map[string]int)
	for i := range s.runs {
		var state struct {
			Resources []struct {
				Instances []struct {
					Attributes struct {
						Permissions map[string]map[string]bool `json:"permissions"`
					} `json:"attributes"`
				} `json:"instances"`
			} `json:"resources"`
		}
		if err := json.Unmarshal([]byte(s.run(i, 0, "state", "pull")), &state); err != nil {
			s.Fatal(err)
		}
		for _, r := range state.Resources {
			for id, switches := range r.Instances[0].Attributes.Permissions {
				if len(switches) == 0 {
					continue
				}
				managed[id]++
				if want := slices.Contains(s.want[id], ri); switches["azure_reservations"] != want {
					s.Errorf("the state of shard %d says that customer %s has %v, want %t", i, id, switches, want)
				}
			}
		}
	}
	for id := range s.want {
		want := 1
		if id == s.Customers()[len(s.want)-1].ID {
			want = 0
		}
		if managed[id] != want {
			s.Errorf("customer %s is managed in %d states, want %d", id, managed[id], want)
		}
	}
}

// writtenOnce fails the test unless the journal has writes, and each of them only once.
func (s *shards) writtenOnce() {
	s.Helper()
	written := make(map[string]int)
	for _, w := range acctest.Writes(s.Backend.Backend) {
		if written[w.RequestBody]++; written[w.RequestBody] == 2 {
			s.Errorf("written twice: %s", w.RequestBody)
		}
	}
	if len(written) == 0 {
		s.Error("nothing was written")
	}
}

// changedNothing fails the test if the journal has a successful write.
func (s *shards) changedNothing(doing string) {
	s.Helper()
	if writes := acctest.Writes(s.Backend.Backend); len(writes) > 0 {
		s.Errorf("%s sent %d writes, such as %s %s", doing, len(writes), writes[0].Method, writes[0].RequestBody)
	}
}

// Four simultaneous runs share the limit of the server and lose nothing. Customers move between the states
// without being disabled.
func TestAccFleet_shards(t *testing.T) {
	t.Parallel()
	const customers = 60 // declared; one more is not declared
	s := newShards(t, 4, mockbackend.Config{Customers: customers + 1, Rate: mockbackend.Rate{Requests: 80, Per: 2 * time.Second}}, "PARTNERCENTER_REQUESTS_PER_SECOND=9.6")
	s.atOnce(apply...)
	s.writtenOnce()
	if refused, answered := s.refused(); refused > answered/10 {
		t.Errorf("%d requests were over the limit, and %d were not", refused, answered)
	}
	s.asDeclared()
	s.atOnce(plan...)
	if _, answered := s.refused(); answered != customers {
		t.Errorf("refreshes took %d requests for %d customers", answered, customers)
	}

	main, err := os.ReadFile(filepath.Join(s.runs[0].Dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	three := strings.Replace(string(main), "shards = 4", "shards = 3", 1)
	for i := range s.runs {
		s.write(i, "main.tf", three)
	}
	s.atOnce(apply...)
	s.changedNothing("one shard less")
	s.asDeclared()
	s.ResetJournal()
	s.run(3, 0, "destroy", "-input=false", "-auto-approve")
	s.changedNothing("the destruction of an empty shard")
	s.runs = s.runs[:3]
	s.asDeclared()

	// One shard denies customers that no shard lists. It receives the customers of the other shards.
	undeclared := s.Customers()[customers].ID
	s.write(0, "deny_override.tf", fmt.Sprintf("resource %q \"shard\" {\n  unlisted = \"deny\"\n}\n", fleetType))
	s.SetPermissions(undeclared, ri, sp)
	s.atOnce(apply...)
	s.want[undeclared] = nil
	if writes := acctest.Writes(s.Backend.Backend); len(writes) != 1 {
		t.Errorf("sent %q to disable one customer", acctest.Routes(writes))
	}
	s.asDeclared()
}

// Of two simultaneous runs on one state, one fails with the reason, or waits for the other if it has a
// -lock-timeout.
func TestAccFleet_lockedState(t *testing.T) {
	t.Parallel()
	s := newShards(t, 1, mockbackend.Config{Customers: 21})
	s.Backend.Fail(mockbackend.Fault{Method: http.MethodPost, Path: "/SelfServePolicy", Kind: mockbackend.Throttle, RetryAfter: time.Second, Times: -1})
	var all sync.WaitGroup
	defer all.Wait()
	defer s.ClearFaults()
	all.Go(func() { s.run(0, 0, apply...) })
	acctest.Eventually(t, "the apply writes", func() bool {
		return slices.ContainsFunc(s.Requests(), func(r mockbackend.Request) bool { return r.Status == http.StatusTooManyRequests })
	})
	all.Go(func() { s.run(0, 0, plan...) })
	if r := s.runs[0].Run(t.Context(), plan[:3]...); r.ExitCode != 1 || !acctest.Says("Error acquiring the state lock").MatchString(r.Output) { // without -lock-timeout
		t.Errorf("a run without -lock-timeout during an apply has exit code %d:\n%s", r.ExitCode, r.Output)
	}
	s.ClearFaults()
	all.Wait()
	s.writtenOnce()
}

// BenchmarkShards applies and plans 4 x 2,500 customers at once, which takes half an hour. The server's limit
// is four times the real one. The results are multiples of the time that the limit allows: for the requests,
// from the first to the last, and for the runs. The runs include the work of Terraform before and after the
// requests, which no limit makes longer.
func BenchmarkShards(b *testing.B) {
	rate := mockbackend.Rate{Requests: 500, Per: 15 * time.Second}
	for _, c := range []struct {
		name string
		env  []string
		most float64
	}{
		{"shared", []string{"PARTNERCENTER_REQUESTS_PER_SECOND=8"}, 1.15},
		{"competing", nil, 2},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				s := newShards(b, 4, mockbackend.Config{Customers: 10_001, Rate: rate}, c.env...)
				for _, args := range [][]string{apply, plan} {
					doing, took := args[0], s.atOnce(args...)
					refused, answered := s.refused()
					ideal := float64(answered) * rate.Per.Seconds() / float64(rate.Requests)
					sent := acctest.Sent(s.Backend.Backend)
					ratio := sent[len(sent)-1].Time.Sub(sent[0].Time).Seconds() / ideal
					b.ReportMetric(ratio, doing+"-requests/ideal")
					b.ReportMetric(took.Seconds()/ideal, doing+"-runs/ideal")
					b.ReportMetric(float64(refused)/float64(answered), doing+"-refused/answered")
					b.Logf("%s: %d answered, %d refused, %.2f times the ideal, and %.2f with the CLI", doing, answered, refused, ratio, took.Seconds()/ideal)
					if took.Seconds()/ideal > c.most {
						b.Errorf("%s took %.2f times the ideal, want at most %.2f", doing, took.Seconds()/ideal, c.most)
					}
				}
				s.asDeclared()
			}
		})
	}
}
