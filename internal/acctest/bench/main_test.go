package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
)

// TestBench measures a few customers. It checks only the numbers of requests, which do not depend on the
// machine.
func TestBench(t *testing.T) {
	t.Parallel()
	// again is the number of additional requests on a fast machine. Within a minute after a write, a permission
	// that was disabled is read twice more for each customer.
	type counts struct{ requests, again, tokens int }
	for _, test := range []struct {
		scenario scenario
		want     map[string]counts
	}{
		// An apply plans first, in a separate process. Both check who qualifies and read names: three with
		// single reads and the others with one list, or all with one list. For many customers, both also read
		// the permissions. A plan that enables again what was disabled outside Terraform also checks, and
		// reads from the log who disabled it. A destroy plans in the same way, names the customers that it
		// disables, and then, in a separate process, reads and deletes.
		{scenario{kind: single, customers: 20}, map[string]counts{applied: {20 + 20 + 20 + 4*2, 0, 2}, unchanged: {20, 0, 1}, wide: {20, 0, 1}, drifted: {20 + 1 + 1, 0, 1}, destroyed: {22 + 19*2 + 1, 2, 2}}},
		{scenario{kind: customerList, customers: 600}, map[string]counts{listed: {2, 0, 1}}},
		{scenario{kind: fleet, customers: 200}, map[string]counts{applied: {(200+200+1)*2 + 200, 0, 2}, unchanged: {200, 0, 1}, drifted: {200 + 2 + 3, 0, 1}, destroyed: {205 + 1 + 198*2, 2 * 2, 3}}},
		{scenario{kind: fleetByLog, customers: 200}, map[string]counts{applied: {(200+200+1)*2 + 200, 0, 2}, unchanged: {1, 0, 1}, three: {1 + 3 + 3 + 4, 0, 1}, drifted: {11, 0, 1}, destroyed: {11 + 1 + 197*2, 2 * 3, 3}}},
	} {
		t.Run(test.scenario.String(), func(t *testing.T) {
			t.Parallel()
			got := map[string]bool{}
			_, err := test.scenario.measure(t.Context(), t.TempDir(), options{latency: time.Millisecond, repeat: 1}, func(r row) {
				t.Log(r)
				got[r.phase] = true
				if sleeps := test.scenario.sleeper != "" && (r.phase == applied || r.phase == unchanged || r.phase == listed); sleeps != (r.sleeper.wall > 0) {
					t.Errorf("%s: the sleeper took %s", r.phase, r.sleeper.wall)
				}
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

// Each budget is checked with a measurement that just meets it, and with one that just does not.
func TestBudgets(t *testing.T) {
	t.Parallel()
	of := func(k kind, customers int, phase string, wall time.Duration) row {
		return row{
			scenario: scenario{kind: k, customers: customers}, phase: phase, network: 5 * time.Second,
			ours:    figures{wall: wall, cpu: 1800 * time.Millisecond, requests: customers, tokens: 1, peak: 130e6},
			floor:   figures{wall: 10 * time.Second, cpu: 100 * time.Millisecond},
			sleeper: figures{wall: 20 * time.Second, cpu: time.Second},
		}
	}
	fewer := func(r row, requests int) row { r.ours.requests = requests; return r }
	slower := func(r *row) { r.ours.wall++ }
	for name, test := range map[string]struct {
		row  row
		slow func(*row)
	}{
		"with 1 request":                   {of(fleet, 10_000, unchanged, 1), func(r *row) { r.ours.requests++ }},
		"and 1 token":                      {of(fleet, 10_000, unchanged, 1), func(r *row) { r.ours.tokens++ }},
		"at most 1.25 × a provider":        {of(single, 1_000, unchanged, 25*time.Second), slower},
		"at most 0.80 s more":              {of(single, 1_000, unchanged, 1), func(r *row) { r.ours.cpu++ }},
		"-parallelism=32 in at most 1.5 ×": {of(single, 1_000, wide, 15*time.Second), slower},
		"1.2 × (Terraform's own":           {of(fleet, 10_000, unchanged, 18*time.Second), slower},
		"1.25 × Terraform's own":           {of(fleetByLog, 10_000, unchanged, 12500*time.Millisecond), slower},
		"fewer than 20":                    {fewer(of(fleetByLog, 10_000, three, 1), 19), func(r *row) { r.ours.requests++ }},
		"at most 1.1 ×":                    {of(fleet, 1_000, throttled, 5500*time.Millisecond), slower},
		"1.8 × a provider":                 {of(customerList, 10_000, listed, 36*time.Second), slower},
		"at most 130 MB":                   {of(single, 100, destroyed, 1), func(r *row) { r.ours.peak++ }},
	} {
		verdict := func(r row) (found, met bool) {
			for _, b := range budgets([]row{r}, options{}) {
				if strings.Contains(b.what, name) {
					return true, b.met
				}
			}
			return false, false
		}
		if found, met := verdict(test.row); !found || !met {
			t.Errorf("%q is not met: found %t", name, found)
		}
		test.slow(&test.row)
		if found, met := verdict(test.row); !found || met {
			t.Errorf("%q is met by %s: found %t", name, test.row, found)
		}
	}
	for took, want := range map[time.Duration]bool{50 * time.Millisecond: true, 51 * time.Millisecond: false} {
		if b := budgets(nil, options{handshake: took}); len(b) != 1 || b[0].met != want {
			t.Errorf("a handshake of %s gives %+v", took, b)
		}
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
			t.Fatalf("the chart is not valid XML: %v", err)
		}
	}
}
