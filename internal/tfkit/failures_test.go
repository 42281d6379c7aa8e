package tfkit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		of, failing int
		reason      func(customer string, i int) string
		report      bool
		summary     string
		detail      string // suffix of the detail
		lines       int
	}{
		"none":              {of: 3},
		"the only one":      {of: 1, failing: 1, summary: "Could not read the orders of customer customer-00", detail: "\n\nRefused"},
		"one of many":       {of: 30, failing: 1, summary: "Could not read the orders of 1 of 30 customers", detail: "\n\ncustomer-00: Refused"},
		"one is reported":   {of: 30, failing: 1, report: true, summary: "Could not read the orders of 1 of 30 customers", detail: "The attribute errors says what to do.\n\ncustomer-00: Refused"},
		"20":                {of: 30, failing: 20, summary: "Could not read the orders of 20 of 30 customers", detail: "\ncustomer-19: Refused", lines: 20},
		"25 for one reason": {of: 30, failing: 25, summary: "Could not read the orders of 25 of 30 customers", detail: "\n\n25 customers, such as customer-00, customer-01, customer-02: Refused", lines: 1},
		"25 for one reason that names them": {
			of: 30, failing: 25, reason: func(customer string, _ int) string { return "no customer " + customer },
			summary: "Could not read the orders of 25 of 30 customers", detail: ": No customer …", lines: 1,
		},
		"25 for two reasons": {
			of: 30, failing: 25, reason: func(_ string, i int) string { return fmt.Sprint("refused ", i%8 == 0) },
			summary: "Could not read the orders of 25 of 30 customers",
			detail:  "\n\n21 customers, such as customer-01, customer-02, customer-03: Refused false\n4 customers, such as customer-00, customer-08, customer-16: Refused true", lines: 2,
		},
		"45, each for another reason": {
			of: 50, failing: 45, reason: func(_ string, i int) string { return fmt.Sprint("refused ", i) },
			summary: "Could not read the orders of 45 of 50 customers", detail: "\ncustomer-19: Refused 19\nand 25 more", lines: 21,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var f Failures
			for i := range c.of {
				customer, reason := fmt.Sprintf("customer-%02d", i), "refused"
				if c.reason != nil {
					reason = c.reason(customer, i)
				}
				var err error
				if i < c.failing {
					err = errors.New(reason)
				}
				f.Add(customer, err)
			}
			got := f.CouldNotRead("orders", c.report)
			if c.failing == 0 {
				if f.Any() || len(got) > 0 {
					t.Errorf("got %v", got)
				}
				return
			}
			want := map[bool]diag.Severity{false: diag.SeverityError, true: diag.SeverityWarning}[c.report]
			if len(got) != 1 || got[0].Severity() != want || got[0].Summary() != c.summary || !strings.HasSuffix(got[0].Detail(), c.detail) {
				t.Fatalf("got %v", got)
			}
			if lines := strings.Count(got[0].Detail(), "\n") - 1; c.lines > 0 && lines != c.lines {
				t.Errorf("%d lines, not %d: %v", lines, c.lines, got)
			}
			if !c.report && !strings.Contains(got[0].Detail(), `set on_error = "report"`) {
				t.Errorf("got %v", got)
			}
		})
	}
}
