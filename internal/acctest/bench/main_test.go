package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"terraform-provider-partnercenter/internal/acctest"
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

// Each budget is judged by what was measured.
func TestBudgets(t *testing.T) {
	t.Parallel()
	took := func(wall time.Duration) figures { return figures{wall: wall, requests: 10_000, tokens: 1, peak: 100e6} }
	second := took(time.Second)
	for name, test := range map[string]struct {
		row  row
		slow func(*row)
	}{
		"in at most 1.5 ×": {row{scenario: scenario{kind: single, customers: 1_000}, phase: unchanged, ours: took(1400 * time.Millisecond), floor: second}, func(r *row) { r.ours.wall = 1600 * time.Millisecond }},
		"with 1 request":   {row{scenario: scenario{kind: fleet, customers: 10_000}, phase: unchanged, ours: second, floor: second}, func(r *row) { r.ours.requests++ }},
		"and 1 token":      {row{scenario: scenario{kind: fleet, customers: 10_000}, phase: unchanged, ours: second, floor: second}, func(r *row) { r.ours.tokens++ }},
		"plus the network": {row{scenario: scenario{kind: fleet, customers: 10_000}, phase: unchanged, ours: took(6 * time.Second), floor: second, network: 5 * time.Second}, func(r *row) { r.network = 3 * time.Second }},
		"fewer than 20":    {row{scenario: scenario{kind: fleetByLog, customers: 10_000}, phase: three, ours: figures{requests: 19}}, func(r *row) { r.ours.requests = 20 }},
		"at most 1.1 ×":    {row{scenario: scenario{kind: fleet, customers: 1_000}, phase: throttled, ours: took(10 * time.Second), network: 10 * time.Second}, func(r *row) { r.network = 9 * time.Second }},
		"at most 150 MB":   {row{scenario: scenario{kind: fleet, customers: 10_000}, phase: applied, ours: second}, func(r *row) { r.ours.peak = 151e6 }},
	} {
		verdict := func(r row, handshake time.Duration) (found, met bool) {
			for _, b := range budgets([]row{r}, options{handshake: handshake}) {
				if strings.Contains(b.what, name) {
					return true, b.met
				}
			}
			return false, false
		}
		if found, met := verdict(test.row, 0); !found || !met {
			t.Errorf("%q is not met: found %t", name, found)
		}
		test.slow(&test.row)
		if _, met := verdict(test.row, 0); met {
			t.Errorf("%q is met by %s", name, test.row)
		}
	}
	if b := budgets(nil, options{handshake: 51 * time.Millisecond}); len(b) != 1 || b[0].met {
		t.Errorf("the handshake is judged as %+v", b)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	rows := []row{{scenario: scenario{kind: fleet, customers: 10_000}, phase: unchanged, ours: figures{wall: 3 * time.Second}, floor: figures{wall: time.Second}}}
	text := report(rows, []string{"1,000 customers: no such resource"}, options{}, acctest.CLI{})
	for _, want := range []string{"| fleet, 10,000 | unchanged plan | 3.00 s | 1.00 s | 3.00 |", "**not met**", "The other provider failed:\n\n- 1,000 customers: no such resource\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	d := xml.NewDecoder(strings.NewReader(chart(rows)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the chart is no XML: %v", err)
		}
	}
}
