package main

import (
	"testing"
	"time"
)

// TestBench measures a few customers and looks at the numbers of requests only: what they are
// does not depend on the machine.
func TestBench(t *testing.T) {
	t.Parallel()
	type counts struct{ requests, tokens int }
	for _, test := range []struct {
		scenario scenario
		want     map[string]counts
	}{
		// An apply plans first, in a process of its own, and both check who qualifies. So does any
		// plan that would turn on what was turned off outside; a single resource looks twice more
		// before it believes that. A destroy plans that, too, and then it reads and deletes.
		{scenario{kind: single, customers: 20}, map[string]counts{applied: {20 + 20 + 20, 2}, unchanged: {20, 1}, drifted: {20 + 2 + 1, 1}, destroyed: {23 + 19*2 + 1, 2}}},
		{scenario{kind: fleet, customers: 200}, map[string]counts{applied: {200 + 200 + 200, 2}, unchanged: {200, 1}, drifted: {200 + 2, 1}, destroyed: {202 + 198*2, 2}}},
		{scenario{kind: fleetByLog, customers: 200}, map[string]counts{applied: {200 + 200 + 200, 2}, unchanged: {1, 1}, three: {1 + 3 + 3, 1}, drifted: {7, 1}, destroyed: {7 + 197*2, 2}}},
	} {
		t.Run(test.scenario.String(), func(t *testing.T) {
			t.Parallel()
			got := map[string]bool{}
			_, err := test.scenario.measure(t.Context(), t.TempDir(), options{latency: time.Millisecond, repeat: 1}, func(r row) {
				t.Log(r)
				got[r.phase] = true
				if c := (counts{r.ours.requests, r.ours.tokens}); c != test.want[r.phase] {
					t.Errorf("%s: %+v, not %+v", r.phase, c, test.want[r.phase])
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
