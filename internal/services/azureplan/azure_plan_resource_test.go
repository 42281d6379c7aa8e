//go:build unix

package azureplan_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// killedRounds is the number of rounds for each way of ending an apply.
var killedRounds = flag.Int("killed", 1, "how often processes are killed and interrupted in each way")

const header = "terraform {\n  required_providers {\n    partnercenter = {\n      source = \"partnercenter/partnercenter\"\n    }\n  }\n}\n"

// workspace returns a workspace with an Azure plan for each customer.
func workspace(t *testing.T, b *acctest.Backend, more string, customers ...string) *acctest.Workspace {
	t.Helper()
	dir := t.TempDir()
	text := header + fmt.Sprintf("resource %q \"all\" {\n  for_each = toset([%s])\n  customer_id = each.key\n  partner_on_record_attestation_accepted = true\n%s}\n",
		planType, `"`+strings.Join(customers, `", "`)+`"`, more)
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := acctest.NewWorkspace(t.Context(), dir, b.WorkspaceEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run runs the CLI and expects the exit code.
func run(t *testing.T, w *acctest.Workspace, exitCode int, args ...string) string {
	t.Helper()
	r := w.Run(t.Context(), args...)
	if r.ExitCode != exitCode {
		t.Fatalf("%s: exit code %d, not %d\n%s", strings.Join(args, " "), r.ExitCode, exitCode, r.Output)
	}
	return r.Output
}

// A plan is bought, reactivated and abandoned with the real CLI.
func TestAccAzurePlan_lifecycle(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	w := workspace(t, b, "", northwind)
	run(t, w, 0, "apply", "-auto-approve", "-input=false")
	id := only(t, b.Backend, northwind, "active")
	run(t, w, 0, "plan", "-input=false", "-detailed-exitcode")
	b.SetSubscriptionStatus(northwind, id, "suspended")
	if out := run(t, w, 2, "plan", "-input=false", "-detailed-exitcode"); !acctest.Says(`~ status = "suspended" -> "active"`).MatchString(out) {
		t.Errorf("the plan does not show the suspension:\n%s", out)
	}
	run(t, w, 0, "apply", "-auto-approve", "-input=false")
	only(t, b.Backend, northwind, "active")
	if out := run(t, w, 0, "destroy", "-auto-approve", "-input=false"); !acctest.Says("Destroy leaves the Azure plan of Northwind Demo").MatchString(out) {
		t.Errorf("the destroy does not say what stays:\n%s", out)
	}
	only(t, b.Backend, northwind, "active")
}

// If Microsoft reviews the order, the apply fails and Terraform taints the resource. The next apply continues with
// the same order.
func TestAccAzurePlan_review(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.OrderReview = true })
	w := workspace(t, b, "", northwind)
	for range 2 {
		if out := run(t, w, 1, "apply", "-auto-approve", "-input=false"); !acctest.Says("Microsoft reviews the order.").MatchString(out) {
			t.Errorf("the apply does not report the review:\n%s", out)
		}
	}
	has := bought(b.Backend, northwind)
	if len(has) != 1 {
		t.Fatalf("the customer has %q", has)
	}
	b.SetOrderStatus(northwind, strings.Fields(has[0])[1], "pending")
	run(t, w, 0, "apply", "-auto-approve", "-input=false")
	only(t, b.Backend, northwind, "active")
	run(t, w, 0, "plan", "-input=false", "-detailed-exitcode")
}

// Two concurrent CLIs with separate states apply the same configuration. Each customer gets one plan.
func TestAccAzurePlan_twoProcesses(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) {
		k.OrderDelay, k.SecondPlan, k.Latency = 15*time.Minute, mockbackend.SecondPlanSell, 20*time.Millisecond
	})
	customers := newCustomers(b, 5)
	one, two := workspace(t, b, "", customers...), workspace(t, b, "", customers...)
	var all sync.WaitGroup
	for _, w := range []*acctest.Workspace{one, two} {
		all.Go(func() {
			if r := w.Run(t.Context(), "apply", "-auto-approve", "-input=false"); r.Err != nil {
				t.Error(r.Err)
			}
		})
	}
	all.Wait()
	for _, id := range customers {
		only(t, b.Backend, id, "active")
	}
}

func newCustomers(b *acctest.Backend, n int) []string {
	var out []string
	for i := range n {
		out = append(out, b.AddCustomer(mockbackend.Customer{CompanyName: fmt.Sprintf("Customer %03d", i)}).ID)
	}
	return out
}

// While plans are bought, the provider or the CLI is killed, or the run is interrupted by Ctrl-C. No customer gets
// two plans, and the next apply buys the missing ones.
func TestAccAzurePlan_killed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("this test runs the CLI many times")
	}
	b := acctest.New(t, mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) {
		k.OrderDelay, k.SecondPlan, k.Latency = 15*time.Minute, mockbackend.SecondPlanSell, 30*time.Millisecond
	})
	random := rand.New(rand.NewPCG(1, 2))
	for name, end := range map[string]func(*exec.Cmd) error{
		"kill -9 of the provider": func(cli *exec.Cmd) (err error) {
			children, _ := exec.Command("pgrep", "-P", strconv.Itoa(cli.Process.Pid), "-f", "terraform-provider-partnercenter").Output()
			for field := range strings.FieldsSeq(string(children)) {
				if pid, parseErr := strconv.Atoi(field); parseErr == nil {
					err = errors.Join(err, syscall.Kill(pid, syscall.SIGKILL))
				}
			}
			return err
		},
		"kill -9 of the CLI": func(cli *exec.Cmd) error { return cli.Process.Kill() },
		"Ctrl-C":             func(cli *exec.Cmd) error { return syscall.Kill(-cli.Process.Pid, syscall.SIGINT) },
	} {
		for range *killedRounds {
			customers := newCustomers(b, 10)
			w := workspace(t, b, "", customers...)
			cli := w.Command(t.Context(), "apply", "-auto-approve", "-input=false")
			cli.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches the whole group
			var out bytes.Buffer
			cli.Stdout, cli.Stderr = &out, &out
			writes := len(acctest.Writes(b.Backend)) + 1 + random.IntN(2*len(customers)-1)
			if err := cli.Start(); err != nil {
				t.Fatal(err)
			}
			over := make(chan struct{})
			go func() {
				defer close(over)
				_ = cli.Wait() // an error is expected: the process was killed or the apply failed
			}()
			tick := time.NewTicker(time.Millisecond)
			for running := true; running && len(acctest.Writes(b.Backend)) < writes; {
				select {
				case <-over:
					running = false
				case <-tick.C:
				}
			}
			tick.Stop()
			_ = end(cli) // the process may have ended already
			<-over
			if err := syscall.Kill(-cli.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) { // an orphaned provider
				t.Error(err)
			}
			if strings.Contains(out.String(), "panic:") {
				t.Errorf("%s: a panic:\n%s", name, out.String())
			}
			state := filepath.Join(w.Dir, "terraform.tfstate")
			if text, err := os.ReadFile(state); err == nil && len(text) == 0 { // the CLI was killed while it wrote the file
				_ = os.Remove(state)
			}
			if r := w.Run(t.Context(), "apply", "-auto-approve", "-input=false", "-lock=false"); r.Err != nil {
				t.Errorf("%s: the next apply: %v", name, r.Err)
			}
			for _, id := range customers {
				only(t, b.Backend, id, "active")
			}
			if r := w.Run(t.Context(), "plan", "-detailed-exitcode", "-input=false", "-lock=false"); r.ExitCode != 0 {
				t.Errorf("%s: the plan after that ends with %d\n%s", name, r.ExitCode, r.Output)
			}
		}
	}
}
