package acctest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// Run is one resource of a provider that uses a mock, in a synctest bubble.
type Run struct {
	*testing.T
	*mockbackend.Backend
	*Resource
}

// InBubble runs a test with one resource, as an Admin agent.
func InBubble(t *testing.T, typeName string, test func(*testing.T, Run)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		test(t, Run{t, b, NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).Resource(typeName)})
		FailOnViolations(t, b)
	})
}

// Again starts another run of the CLI.
func (r Run) Again() {
	r.Helper()
	r.Restart(r.User(mockbackend.AdminAgent).RefreshToken)
}

// MustApply applies a configuration. It starts another run of the CLI, except for the first apply.
func (r Run) MustApply(config Values) {
	r.Helper()
	if r.Exists() {
		r.Again()
	}
	if err := r.Apply(r.Context(), config); err != nil {
		r.Fatal(err)
	}
}

// MustRefresh reads the resource.
func (r Run) MustRefresh() {
	r.Helper()
	if err := r.Refresh(r.Context()); err != nil {
		r.Fatal(err)
	}
}

// ExpectPlan refreshes and plans in another run of the CLI.
func (r Run) ExpectPlan(config Values, want Action) {
	r.Helper()
	r.Again()
	r.MustRefresh()
	if action, err := r.Plan(r.Context(), config); err != nil || action != want {
		r.Errorf("the plan says %q, not %q: %v", action, want, err)
	}
}

// ExpectSent compares the routes of all requests since the last reset of the journal, and resets it.
func (r Run) ExpectSent(want ...string) {
	r.Helper()
	if got := Routes(r.Requests()); !slices.Equal(got, want) {
		r.Errorf("the requests were\n  %s\nnot\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	r.ResetJournal()
}

// RefreshAndApply does what "terraform apply" does with a configuration; nil is to destroy.
func RefreshAndApply(config Values) func(*testing.T, *Resource) error {
	return func(t *testing.T, r *Resource) error {
		t.Helper()
		if err := r.Refresh(t.Context()); err != nil {
			return err
		}
		if config == nil && !r.Exists() {
			return nil
		}
		return r.Apply(t.Context(), config)
	}
}

// PlanIsEmpty refreshes and plans, and returns an error unless the plan is empty.
func PlanIsEmpty(t *testing.T, r *Resource, config Values) error {
	t.Helper()
	if err := r.Refresh(t.Context()); err != nil {
		return err
	}
	if action, err := r.Plan(t.Context(), config); action != NoOp || err != nil {
		return fmt.Errorf("the next plan says %s: %w", action, err)
	}
	return nil
}

// Parallel calls do n times, ten at a time, as Terraform's core does with resources.
func Parallel(n int, do func(i int)) {
	var all sync.WaitGroup
	slots := make(chan struct{}, 10)
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			do(i)
			<-slots
		})
	}
	all.Wait()
}
