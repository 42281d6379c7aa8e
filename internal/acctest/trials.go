package acctest

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// Trial is an operation with the conditions that must hold after it.
type Trial struct {
	// Run runs the operation with a new provider, whose first request is for a token.
	Run func() error
	// Check returns what is wrong after Run. failed is the error of Run. The fault has ended by then. In this
	// ending, the user applies again.
	Check func(failed error) error
	// GiveUp is another ending, in which the user only destroys what the state has. It returns what differs
	// from the time before Run. Optional.
	GiveUp func(failed error) error
	// Stop interrupts Run, as Ctrl-C does. Optional; see [Protocol.Stop].
	Stop func()
}

// Prepare returns a trial in its own synctest bubble.
type Prepare func(*testing.T, *mockbackend.Backend) Trial

// EachFault runs an operation once without a fault. Then it runs the operation again for every fault of every
// request: once, and for all later requests. Every error must contain the text on, which names the subject of
// the operation.
func EachFault(t *testing.T, on string, prepare Prepare) {
	t.Helper()
	trials{t, on, prepare}.each(singleFaults(t, prepare), again)
}

// EachFaultGivenUp is EachFault with the ending [Trial.GiveUp].
func EachFaultGivenUp(t *testing.T, on string, prepare Prepare) {
	t.Helper()
	trials{t, on, prepare}.each(singleFaults(t, prepare), givenUp)
}

// EachFaultPair lets several requests fail, with both endings. The first is a write that may have been executed
// and whose answer is lost. After it, all requests to the same service fail, with every permanent fault. In
// addition, it tries n random pairs of faults from this seed.
func EachFaultPair(t *testing.T, on string, n int, seed uint64, prepare Prepare) {
	t.Helper()
	for _, e := range []ending{again, givenUp} {
		trials{t, on, prepare}.each(faultPairs(t, prepare, n, seed), e)
	}
}

// EachFaultOfAll lets all requests fail from each request on, with both endings. Examples are a lost role, a
// refused sign-in, a broken network until the deadline, or Ctrl-C.
func EachFaultOfAll(t *testing.T, on string, prepare Prepare) {
	t.Helper()
	for _, e := range []ending{again, givenUp} {
		trials{t, on, prepare}.each(faultsOfAll(t, prepare), e)
	}
}

// ending is the check at the end of a trial.
type ending func(Trial, error) error

func again(t Trial, failed error) error { return t.Check(failed) }

func givenUp(t Trial, failed error) error { return t.GiveUp(failed) }

// attempt is one way in which an operation fails.
type attempt struct {
	name   string
	faults []mockbackend.Fault // if several match, the last one applies; at least one of them must match
	passes bool                // the user must not notice the fault
	stop   time.Duration       // time of Ctrl-C, with a second for each request; 0 is never
}

// faultless runs the operation without a fault, and returns its requests.
func faultless(t *testing.T, prepare Prepare, latency time.Duration) []mockbackend.Request {
	t.Helper()
	var requests []mockbackend.Request
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		trial := prepare(t, b)
		b.ResetJournal()
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = latency })
		if err := trial.Run(); err != nil {
			t.Fatal(err)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 0 })
		requests = b.Requests()
		if err := trial.Check(nil); err != nil {
			t.Fatal(err)
		}
		FailOnViolations(t, b)
	})
	return requests
}

// at returns the fault for the request with this index. Earlier requests with the same method and path are
// skipped. With Times -1, the fault also applies to later ones.
func at(requests []mockbackend.Request, i int, f mockbackend.Fault) mockbackend.Fault {
	r := requests[i]
	f.Service, f.Method, f.Path = r.Service, r.Method, r.Path
	for _, earlier := range requests[:i] {
		if earlier.Service == r.Service && earlier.Method == r.Method && earlier.Path == r.Path {
			f.Skip++
		}
	}
	return f
}

// from returns the fault for all requests from this index on to the service of that request.
func from(requests []mockbackend.Request, i int, f mockbackend.Fault) mockbackend.Fault {
	f.Service, f.Times = requests[i].Service, -1
	for _, earlier := range requests[:i] {
		if earlier.Service == f.Service {
			f.Skip++
		}
	}
	return f
}

func singleFaults(t *testing.T, prepare Prepare) []attempt {
	t.Helper()
	requests := faultless(t, prepare, 0)
	var out []attempt
	for i, r := range requests {
		for _, c := range faultCases(r.Service) {
			for _, c.Times = range []int{1, -1} {
				if c.Times < 0 && !c.Stays {
					continue
				}
				out = append(out, attempt{
					name:   fmt.Sprintf("request %d, %s %s: %s", i+1, r.Method, r.Path, c),
					faults: []mockbackend.Fault{at(requests, i, c.Fault)}, passes: c.Passes && c.Times == 1,
				})
			}
		}
	}
	return out
}

// executed are the faults after which a request may have been executed, as far as the client can see.
var executed = []mockbackend.FaultKind{
	mockbackend.DropAfter, mockbackend.DropMidBody, mockbackend.LostAfter, mockbackend.SlowAfter, mockbackend.DropBefore,
}

func faultPairs(t *testing.T, prepare Prepare, n int, seed uint64) []attempt {
	t.Helper()
	requests := faultless(t, prepare, 0)
	var out []attempt
	add := func(i int, first, second FaultCase) {
		r := requests[i]
		out = append(out, attempt{
			name: fmt.Sprintf("request %d, %s %s: %s, and then %s", i+1, r.Method, r.Path, first, second),
			// The second fault does not count requests that the first one matches.
			faults: []mockbackend.Fault{from(requests, i, second.Fault), at(requests, i, first.Fault)},
		})
	}
	for i, r := range requests {
		if r.Service == mockbackend.SignIn || r.Method == http.MethodGet {
			continue
		}
		for _, kind := range executed {
			first := FaultCase{Fault: mockbackend.Fault{Kind: kind, Delay: 10 * time.Minute, Times: 1}}
			if kind != mockbackend.LostAfter && kind != mockbackend.SlowAfter {
				first.Delay = 0
			}
			for _, second := range faultCases(r.Service) {
				if second.Stays {
					add(i, first, second)
				}
			}
		}
	}
	random := rand.New(rand.NewPCG(seed, seed))
	for range n {
		i := random.IntN(len(requests))
		cases := faultCases(requests[i].Service)
		first, second := cases[random.IntN(len(cases))], cases[random.IntN(len(cases))]
		first.Times = 1
		add(i, first, second)
	}
	return out
}

func faultsOfAll(t *testing.T, prepare Prepare) []attempt {
	t.Helper()
	type fault = mockbackend.Fault
	requests := faultless(t, prepare, time.Second)
	start := requests[0].Time
	refused := fault{Service: mockbackend.SignIn, Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 700082, Error: "invalid_grant", Times: -1}
	var out []attempt
	for i, r := range requests {
		add := func(what string, faults ...fault) {
			out = append(out, attempt{name: fmt.Sprintf("from request %d on, %s %s: %s", i+1, r.Method, r.Path, what), faults: faults})
		}
		if r.Service != mockbackend.SignIn {
			unauthorized := fault{Kind: mockbackend.APIError, Status: http.StatusUnauthorized, Code: 800001, Error: "InvalidAuthenticationToken"}
			forbidden := fault{Kind: mockbackend.APIError, Status: http.StatusForbidden, Code: 900150, Error: "AuthorizationFailed"}
			add("forbidden", from(requests, i, forbidden))
			add("unauthorized", from(requests, i, unauthorized))
			add("unauthorized, and the sign-in is refused", refused, from(requests, i, unauthorized))
			add("executed and never answered", from(requests, i, fault{Kind: mockbackend.LostAfter}))
			for _, after := range []time.Duration{250 * time.Millisecond, 750 * time.Millisecond} { // before and after the execution
				out = append(out, attempt{name: fmt.Sprintf("Ctrl-C %s after request %d, %s %s", after, i+1, r.Method, r.Path), stop: r.Time.Sub(start) + after})
			}
		} else {
			add("refused", from(requests, i, refused))
		}
	}
	return out
}

// trials are the trials of one operation.
type trials struct {
	*testing.T

	on      string
	prepare Prepare
}

func (t trials) each(attempts []attempt, e ending) {
	t.Helper()
	attempts = t.selected(attempts)
	CollectSeldom()
	surfaced := 0
	for _, a := range attempts {
		var failed bool
		var wrong error
		synctest.Test(t.T, func(inner *testing.T) { failed, wrong = trials{inner, t.on, t.prepare}.try(a, e) })
		if failed {
			surfaced++
		}
		if wrong != nil {
			t.Errorf("%s: %v", a.name, wrong)
		}
	}
	t.Logf("%d cases, %d of which ended in an error", len(attempts), surfaced)
}

// CollectSeldom is for tests that make gigabytes of garbage and use a few megabytes at a time. It saves a quarter of their time.
var CollectSeldom = sync.OnceFunc(func() { debug.SetGCPercent(400) })

// sample says that the race detector sees one attempt of so many. It is prime, so that each request gets other faults.
const sample = 13

// AtScale skips a test with thousands of objects under the race detector, because of its time. "make test" runs it in a
// second pass without the race detector, which finds the tests by their names.
func AtScale(t *testing.T) {
	t.Helper()
	if !strings.HasSuffix(strings.ToLower(t.Name()), "atscale") {
		t.Fatal(`the name must end with "AtScale": "make test" selects the test by that name`)
	}
	if RaceDetector {
		t.Skip("the second pass of make test, without the race detector, runs it")
	}
}

// selected returns all attempts, or with the race detector a fixed sample. "make test" makes all of them in a second pass without
// the race detector, which finds the tests by their names.
func (t trials) selected(attempts []attempt) []attempt {
	t.Helper()
	if !strings.Contains(strings.SplitN(t.Name(), "/", 2)[0], "_fault") {
		t.Fatal(`the name of a test that makes all faults must contain "_fault": "make test" selects it by that name`)
	}
	if !RaceDetector {
		return attempts
	}
	var sampled []attempt
	for i := 0; i < len(attempts); i += sample {
		sampled = append(sampled, attempts[i])
	}
	return sampled
}

var errNone = errors.New("no error")

// try runs one trial. It returns whether the operation failed, and what is wrong.
func (t trials) try(a attempt, e ending) (failed bool, wrong error) {
	t.Helper()
	defer Pass(time.Hour) // shared requests continue after their first caller has ended
	b := mockbackend.New(mockbackend.Config{})
	trial := t.prepare(t.T, b)
	b.ResetJournal()
	for _, f := range a.faults {
		b.Fail(f)
	}
	if a.stop > 0 {
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = time.Second })
		defer time.AfterFunc(a.stop, trial.Stop).Stop()
	}
	start := time.Now()
	err := trial.Run()
	took := time.Since(start)
	hit := a.stop > 0 || slices.ContainsFunc(b.Requests(), func(r mockbackend.Request) bool {
		isOne := func(f mockbackend.Fault) bool { return r.Fault == string(f.Kind) }
		return slices.ContainsFunc(a.faults, isOne) || r.Status == 0 // the client did not wait for the answer
	})
	b.ClearFaults()
	b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 0 })
	switch {
	case !hit:
		return false, fmt.Errorf("the fault hit no request (%w)", cmp.Or(err, errNone))
	case err != nil && a.passes:
		return true, fmt.Errorf("a transient fault reached the user: %w", err)
	case err != nil && !strings.Contains(err.Error(), t.on):
		return true, fmt.Errorf("the error does not say what it is about (%s): %w", t.on, err)
	case took > 3*20*time.Minute: // refresh, plan and apply have 20 minutes each
		return true, fmt.Errorf("it took %s (%w)", took, err)
	}
	if wrong := e(trial, err); wrong != nil {
		return err != nil, fmt.Errorf("%w (the operation said: %w)", wrong, cmp.Or(err, errNone))
	}
	if v := b.Violations(); len(v) > 0 {
		return err != nil, fmt.Errorf("the API does not document these requests: %v", v)
	}
	return err != nil, nil
}
