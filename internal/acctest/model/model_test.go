// Package model_test tests the provider with random sequences of actions by users, by Terraform and by the
// network. After each step, it checks conditions that must always hold.
package model_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
)

var (
	seeds   = flag.Uint64("model.seeds", manySeeds, "how many random sequences to run")
	oneSeed = flag.Uint64("model.seed", 0, "run only this sequence")
	detail  = flag.Bool("model.detail", false, "print errors in full")
	shrink  = flag.Bool("model.shrink", true, "leave out steps that the first failures of each invariant do not need")
)

// shown is the number of failures of each invariant that are printed completely.
const shown = 2

// TestModel runs random sequences of edits, applies, faults, interruptions and changes outside Terraform. They use single
// permissions, fleets (partnercenter_customer_permissions), Owner assignments, application consents, renewals and Azure
// plans. Each step keeps these invariants:
//
//	(a) Everything that the provider has enabled is in the state of some object, which may be deposed.
//	(b) What was enabled outside Terraform stays enabled unless the provider manages it.
//	(c) Nothing that is on and declared as on is disabled in between, unless the object that releases it was destroyed
//	    before a new object for the same thing was created.
//	(d) After a clean apply the server is as declared, and a second plan and a refresh change nothing.
//	(e) After a clean destroy nothing remains that the provider has enabled.
//	(f) After the faults, every configuration can be planned, applied and destroyed.
//	(g) No customer ever gets two Azure plans, and a bought plan stays in the state until the state releases it.
//
// A failure prints its seed and steps. To run it again: go test ./internal/acctest/model -model.seed=N.
func TestModel(t *testing.T) {
	t.Parallel()
	acctest.CollectSeldom()
	if *oneSeed != 0 {
		report(t, *oneSeed, run(t, *oneSeed, sequence(*oneSeed)))
		return
	}
	const workers = 8
	var found failures
	t.Run("seeds", func(t *testing.T) {
		for worker := range uint64(workers) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for seed := worker + 1; seed <= *seeds; seed += workers {
					found.add(t, seed, run(t, seed, sequence(seed)))
				}
			})
		}
	})
	found.summarize(t)
}

// result is the end of a sequence: the broken invariant, if any, and the script up to it.
type result struct {
	err    error
	script []string
}

// run runs a sequence in its own synctest bubble, and then ends it.
func run(t *testing.T, seed uint64, steps []step) (r result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer acctest.Pass(time.Hour) // shared requests continue after their first caller has ended
		w := newWorld(t, seed)
		defer func() { r.script = w.script }()
		for _, s := range steps {
			if r.err = w.do(s); r.err != nil {
				return
			}
		}
		if r.err = w.end(rand.New(rand.NewPCG(seed, 3))); r.err != nil {
			return
		}
		if v := w.backend.Violations(); len(v) > 0 {
			r.err = breaks("mock", "the API does not document this request: %s", v[0])
		}
	})
	return r
}

// end repairs the world before every second destroy. It checks that the configuration can still be applied and
// destroyed.
func (w *world) end(random *rand.Rand) error {
	if random.IntN(2) == 0 {
		w.repair()
		acctest.Pass(2 * time.Minute)
		w.record("the end: all problems outside Terraform are repaired")
		before := w.core.Objects()
		p, err := w.core.Plan(w.t.Context(), w.module, acctest.Options{})
		if err != nil {
			return breaks("f", "the last plan fails without a reason: %s", firstLines(err))
		}
		err = w.core.Apply(w.t.Context(), p)
		w.record("terraform apply: %s: %s", p, firstLines(err))
		if err := w.afterApply(before, w.module, p, err, true); err != nil {
			return err
		}
	}
	return w.destroyWith(acctest.Options{Destroy: true}, trouble{})
}

// failures are the failures of all seeds.
type failures struct {
	mu    sync.Mutex
	seeds map[string][]uint64 // by invariant
}

func (f *failures) add(t *testing.T, seed uint64, r result) {
	t.Helper()
	if r.err == nil {
		return
	}
	invariant := invariantOf(r.err)
	f.mu.Lock()
	if f.seeds == nil {
		f.seeds = map[string][]uint64{}
	}
	f.seeds[invariant] = append(f.seeds[invariant], seed)
	n := len(f.seeds[invariant])
	f.mu.Unlock()
	if n <= shown {
		report(t, seed, r)
		return
	}
	t.Errorf("seed %d: %v", seed, r.err)
}

func (f *failures) summarize(t *testing.T) {
	t.Helper()
	for invariant, seeds := range f.seeds {
		slices.Sort(seeds)
		t.Errorf("invariant (%s) does not hold for %d of the seeds: %v", invariant, len(seeds), seeds)
	}
}

func invariantOf(err error) string {
	if b, ok := errors.AsType[broken](err); ok {
		return b.invariant
	}
	return "?"
}

// report prints a failure with the steps that lead to it.
func report(t *testing.T, seed uint64, r result) {
	t.Helper()
	if r.err == nil {
		return
	}
	if *shrink {
		r = shrunk(t, seed, r)
	}
	t.Errorf("seed %d: %v\n  %s", seed, r.err, strings.Join(r.script, "\n  "))
}

// shrunk leaves out every step that is not needed to break the same invariant.
func shrunk(t *testing.T, seed uint64, r result) result {
	t.Helper()
	steps := sequence(seed)
	for i := range slices.Backward(steps) {
		fewer := slices.Delete(slices.Clone(steps), i, i+1)
		if again := run(t, seed, fewer); again.err != nil && invariantOf(again.err) == invariantOf(r.err) {
			steps, r = fewer, again
		}
	}
	return r
}
