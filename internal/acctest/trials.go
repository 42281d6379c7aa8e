package acctest

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// Trial is an operation that is about to happen, with what has to hold after it.
type Trial struct {
	// Run does it in a new run of the provider, whose first request is for a token.
	Run func() error
	// Check returns what is not as it has to be after Run, whose error it is given. The
	// fault is over by then. It is the ending in which the user applies again.
	Check func(failed error) error
	// GiveUp is the ending in which the user destroys what the state has, and nothing else.
	// It returns what is not as it was before Run. Optional.
	GiveUp func(failed error) error
	// Stop interrupts Run, as Ctrl-C does. Optional; see [Protocol.Stop].
	Stop func()
}

// Prepare makes a trial in a synctest bubble of its own.
type Prepare func(*testing.T, *mockbackend.Backend) Trial

// EachFault does an operation once as it should go, and then again and again, so that each
// request it sends fails in every way: once, and from then on. On says what the operation is
// on, which every error names.
func EachFault(t *testing.T, on string, prepare Prepare) {
	t.Helper()
	trials{t, on, prepare}.each(singleFaults(t, prepare), again)
}

// EachFaultGivenUp is EachFault with the other ending, [Trial.GiveUp].
func EachFaultGivenUp(t *testing.T, on string, prepare Prepare) {
	t.Helper()
	trials{t, on, prepare}.each(singleFaults(t, prepare), givenUp)
}

// EachFaultPair lets two requests fail, with both endings: first one that may have been executed,
// of which nobody hears, and then in every way what is asked about it. To that come n pairs of any
// kinds, which the seed chooses.
func EachFaultPair(t *testing.T, on string, n int, seed uint64, prepare Prepare) {
	t.Helper()
	for _, e := range []ending{again, givenUp} {
		trials{t, on, prepare}.each(faultPairs(t, prepare, n, seed), e)
	}
}

// EachFaultOfAll lets everything fail from each request on, as when the user loses the role, the
// sign-in is refused, the network is gone until the deadline, or the user presses Ctrl-C. With
// both endings.
func EachFaultOfAll(t *testing.T, on string, prepare Prepare) {
	t.Helper()
	for _, e := range []ending{again, givenUp} {
		trials{t, on, prepare}.each(faultsOfAll(t, prepare), e)
	}
}

// ending is how a trial ends.
type ending func(Trial, error) error

func again(t Trial, failed error) error { return t.Check(failed) }

func givenUp(t Trial, failed error) error { return t.GiveUp(failed) }

// attempt is one way in which an operation goes wrong.
type attempt struct {
	name   string
	faults []mockbackend.Fault // the last one wins where several match; one has to hit, of several at the same time any
	passes bool                // the user must not notice
	stop   time.Duration       // when Ctrl-C comes, with a second for each request; 0: never
}

// untroubled does the operation as it should go, and returns its requests.
func untroubled(t *testing.T, prepare Prepare, latency time.Duration) []mockbackend.Request {
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

// at makes the fault hit the request with that index, or what comes after it.
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

// from makes the fault hit everything that is sent to the service of a request after it.
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
	requests := untroubled(t, prepare, 0)
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

// executed are the kinds after which a request may have been executed, for all the client knows.
var executed = []mockbackend.FaultKind{
	mockbackend.DropAfter, mockbackend.DropMidBody, mockbackend.LostAfter, mockbackend.SlowAfter, mockbackend.DropBefore,
}

func faultPairs(t *testing.T, prepare Prepare, n int, seed uint64) []attempt {
	t.Helper()
	requests := untroubled(t, prepare, 0)
	var out []attempt
	add := func(i int, first, second FaultCase) {
		r := requests[i]
		out = append(out, attempt{
			name: fmt.Sprintf("request %d, %s %s: %s, and then %s", i+1, r.Method, r.Path, first, second),
			// What the first one hits is not counted by the second.
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
	requests := untroubled(t, prepare, time.Second)
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
			for _, after := range []time.Duration{250 * time.Millisecond, 750 * time.Millisecond} { // before it is executed, and after
				out = append(out, attempt{name: fmt.Sprintf("Ctrl-C %s after request %d, %s %s", after, i+1, r.Method, r.Path), stop: r.Time.Sub(start) + after})
			}
		} else {
			add("refused", from(requests, i, refused))
		}
	}
	return out
}

// trials are of one operation.
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
const sample = 7

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

// try does one trial. It returns whether the operation failed, and what is wrong.
func (t trials) try(a attempt, e ending) (failed bool, wrong error) {
	t.Helper()
	defer Pass(time.Hour) // what is asked for many goes on when the one who asked has given up
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
		return slices.ContainsFunc(a.faults, isOne) || r.Status == 0 // the client did not wait for it
	})
	b.ClearFaults()
	b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 0 })
	switch {
	case !hit:
		return false, fmt.Errorf("the fault hit no request (%w)", cmp.Or(err, errNone))
	case err != nil && a.passes:
		return true, fmt.Errorf("a fault that passes reached the user: %w", err)
	case err != nil && !strings.Contains(err.Error(), t.on):
		return true, fmt.Errorf("the error does not say what it is about (%s): %w", t.on, err)
	case took > 3*20*time.Minute: // refresh, plan and apply have 20 minutes each
		return true, fmt.Errorf("it took %s (%w)", took, err)
	}
	if wrong := e(trial, err); wrong != nil {
		return err != nil, fmt.Errorf("%w (the operation said: %w)", wrong, cmp.Or(err, errNone))
	}
	if v := b.Violations(); len(v) > 0 {
		return err != nil, fmt.Errorf("the mock was sent what the API does not document: %v", v)
	}
	return err != nil, nil
}

// EachReadFault is EachFault for a data source: it gives what it gives without the fault, or fails, and never a part
// as if it were the whole. Prepare returns the provider and the configuration, in a synctest bubble.
func EachReadFault(t *testing.T, on, typeName string, prepare func(*testing.T, *mockbackend.Backend) (*Protocol, Values)) {
	t.Helper()
	EachReadFaultOr(t, on, typeName, prepare, func(Values) bool { return false })
}

// EachReadFaultOr is EachReadFault for a data source that may also answer what or accepts, such as that something is not known.
func EachReadFaultOr(t *testing.T, on, typeName string, prepare func(*testing.T, *mockbackend.Backend) (*Protocol, Values), or func(Values) bool) {
	t.Helper()
	var want Values
	synctest.Test(t, func(t *testing.T) {
		p, config := prepare(t, mockbackend.New(mockbackend.Config{}))
		var err error
		if want, err = p.ReadDataSource(t.Context(), typeName, config); err != nil {
			t.Fatal(err)
		}
	})
	EachFault(t, on, func(t *testing.T, b *mockbackend.Backend) Trial {
		t.Helper()
		p, config := prepare(t, b)
		var got Values
		return Trial{
			Run: func() (err error) {
				got, err = p.ReadDataSource(t.Context(), typeName, config)
				return err
			},
			Check: func(failed error) error {
				switch {
				case failed != nil && got != nil:
					return fmt.Errorf("a part of it as if it were the whole: %v", got)
				case failed == nil && !reflect.DeepEqual(got, want) && !or(got):
					return fmt.Errorf("another answer: %v", got)
				}
				return nil
			},
		}
	})
}
