// Package model_test runs random sequences of what people, Terraform and networks do against the provider, and checks after
// each step what has to hold whatever happens.
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
	oneSeed = flag.Uint64("model.seed", 0, "run this one only")
	detail  = flag.Bool("model.detail", false, "print errors in full")
	shrink  = flag.Bool("model.shrink", true, "leave out what is not needed for the first failures of each invariant")
)

// shown is how many failures of each invariant are printed in full.
const shown = 2

// TestModel runs random sequences of edits, applies, faults, interruptions and changes from outside over single
// permissions, fleets, Owner assignments, application consents, renewals and Azure plans. Each step keeps these invariants:
//
//	(a) Whatever is on because of us is in the state, of some object, deposed ones included.
//	(b) What others turned on stays when we do not manage it.
//	(c) Nothing that is on and wanted on is turned off in between, unless the object that lets go of it was destroyed
//	    before a new object for the same was created.
//	(d) After a clean apply the server is as declared, and a second plan and a refresh change nothing.
//	(e) After a clean destroy nothing is left that we turned on.
//	(f) Once the faults are over every configuration can be planned, applied and destroyed.
//	(g) No customer ever gets two Azure plans, and what was bought is in the state until it lets go of it.
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

// result is how a sequence ended: the invariant that was broken, if any, and the script until then.
type result struct {
	err    error
	script []string
}

// run runs a sequence in a bubble of its own, and then ends it.
func run(t *testing.T, seed uint64, steps []step) (r result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer acctest.Pass(time.Hour) // what is asked for many goes on when the one who asked has given up
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
			r.err = breaks("mock", "sent was what the API does not document: %s", v[0])
		}
	})
	return r
}

// end heals the world, except before every other destroy, and checks that what is declared can still be applied and
// destroyed.
func (w *world) end(random *rand.Rand) error {
	if random.IntN(2) == 0 {
		w.heal()
		acctest.Pass(2 * time.Minute)
		w.tell("the end: everything is well again")
		before := w.core.Objects()
		p, err := w.core.Plan(w.t.Context(), w.module, acctest.Options{})
		if err != nil {
			return breaks("f", "the last plan fails, though nothing is wrong: %s", firstLines(err))
		}
		err = w.core.Apply(w.t.Context(), p)
		w.tell("terraform apply: %s: %s", p, firstLines(err))
		if err := w.afterApply(before, w.module, p, err, true); err != nil {
			return err
		}
	}
	return w.destroyWith(acctest.Options{Destroy: true}, trouble{})
}

// failures are those of all seeds.
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

// report prints a failure with the steps that it takes.
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

// shrunk leaves out every step without which the same invariant is still broken.
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
