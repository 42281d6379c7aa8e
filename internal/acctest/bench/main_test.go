package main

import (
	"testing"
	"time"
)

// TestBench measures a few customers and looks at the numbers of requests only: what they are
// does not depend on the machine.
func TestBench(t *testing.T) {
	t.Parallel()
	// again is how many requests come on top on a machine that is fast enough: what was turned off
	// within a minute after a write is looked at twice more, for each customer.
	type counts struct{ requests, again, tokens int }
	for _, test := range []struct {
		scenario scenario
		want     map[string]counts
	}{
		// An apply plans first, in a process of its own, and both check who qualifies. So does any
		// plan that would turn on what was turned off outside. A destroy plans that, too, and then it
		// reads and deletes.
		{scenario{kind: single, customers: 20}, map[string]counts{applied: {20 + 20 + 20, 0, 2}, unchanged: {20, 0, 1}, drifted: {20 + 1, 2, 1}, destroyed: {21 + 19*2 + 1, 2, 2}}},
		{scenario{kind: fleet, customers: 200}, map[string]counts{applied: {200 + 200 + 200, 0, 2}, unchanged: {200, 0, 1}, drifted: {200 + 2, 2 * 2, 1}, destroyed: {202 + 198*2, 2 * 2, 2}}},
		{scenario{kind: fleetByLog, customers: 200}, map[string]counts{applied: {200 + 200 + 200, 0, 2}, unchanged: {1, 0, 1}, three: {1 + 3 + 3, 2 * 3, 1}, drifted: {7, 2 * 3, 1}, destroyed: {7 + 197*2, 2 * 3, 2}}},
	} {
		t.Run(test.scenario.String(), func(t *testing.T) {
			t.Parallel()
			got := map[string]bool{}
			_, err := test.scenario.measure(t.Context(), t.TempDir(), options{latency: time.Millisecond, repeat: 1}, func(r row) {
				t.Log(r)
				got[r.phase] = true
				want := test.want[r.phase]
				if more := r.ours.requests - want.requests; more < 0 || more > want.again || r.ours.tokens != want.tokens {
					t.Errorf("%s: %d requests and %d tokens, not %+v", r.phase, r.ours.requests, r.ours.tokens, want)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(test.want) {
				t.Errorf("measured %v", got)
			}
		})
	}
}
