package tfkit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// ShownCustomers is how many customers are told of one by one.
const ShownCustomers = 20

// Failures are what went wrong for single customers.
type Failures struct {
	of int
	by map[string]error
	// name is how a customer is called, by its id; see Named.
	name func(id string) string
}

// Named has the customers called by name, where their names can be read.
func (f Failures) Named(ctx context.Context, c *Clients) Failures {
	if f.Any() {
		f.name = c.Customers(ctx, slices.Collect(maps.Keys(f.by))...)
	}
	return f
}

// called is how messages call a customer.
func (f Failures) called(customer string) string {
	if f.name == nil {
		return customer
	}
	return f.name(customer)
}

// Add counts a customer, by its id; err is nil when nothing went wrong.
func (f *Failures) Add(customer string, err error) {
	f.of++
	if err == nil {
		return
	}
	if f.by == nil {
		f.by = make(map[string]error)
	}
	f.by[customer] = err
}

// Any tells whether anything went wrong.
func (f Failures) Any() bool { return len(f.by) > 0 }

// All tells whether everything went wrong.
func (f Failures) All() bool { return f.of > 0 && len(f.by) == f.of }

// First returns the error of the first customer, by id.
func (f Failures) First() error { return f.by[slices.Sorted(maps.Keys(f.by))[0]] }

// IDs are the customers for whom something went wrong.
func (f Failures) IDs() map[string]bool {
	out := make(map[string]bool, len(f.by))
	for id := range f.by {
		out[id] = true
	}
	return out
}

// Error tells of all of them in one error: a line for each customer or, when there are too many,
// for each reason. What is what could not be done, such as read the permissions.
func (f Failures) Error(what, outcome string) diag.Diagnostic {
	customers := slices.Sorted(maps.Keys(f.by))
	if failed, ok := errors.AsType[signIn](f.First()); ok && f.All() && !failed.OfTenant() {
		whose := f.count()
		if f.of == 1 {
			whose = "customer " + customers[0]
		}
		return Failure(fmt.Sprintf("Could not %s of %s", what, whose), failed, outcome)
	}
	if f.of == 1 {
		called := f.called(customers[0])
		if called == customers[0] {
			called = "customer " + called
		}
		return diag.NewErrorDiagnostic(fmt.Sprintf("Could not %s of %s", what, called), outcome+"\n\n"+Detail(f.by[customers[0]]))
	}
	var b strings.Builder
	b.WriteString(outcome + "\n\n" + Shorten(f.lines(customers)))
	// It is that of the operation, and so the same for all.
	if c, ok := errors.AsType[call](f.by[customers[0]]); ok && c.Sent() {
		if _, correlation := c.IDs(); correlation != "" {
			b.WriteString("\n\nCorrelation ID: " + correlation)
		}
	}
	return diag.NewErrorDiagnostic(fmt.Sprintf("Could not %s of %s", what, f.count()), b.String())
}

// count is how many customers it went wrong for, and of how many.
func (f Failures) count() string {
	if f.All() {
		return fmt.Sprintf("%d customers", f.of)
	}
	return fmt.Sprintf("%d of %d customers", len(f.by), f.of)
}

// Warning is Error as a warning.
func (f Failures) Warning(what, outcome string) diag.Diagnostic {
	d := f.Error(what, outcome)
	return diag.NewWarningDiagnostic(d.Summary(), d.Detail())
}

// lines are one for each customer or for each reason, the most frequent first.
func (f Failures) lines(customers []string) []string {
	var lines []string
	if len(customers) <= ShownCustomers {
		for _, customer := range customers {
			lines = append(lines, f.called(customer)+": "+oneLine(f.by[customer]))
		}
		return lines
	}
	byReason := make(map[string][]string)
	for _, customer := range customers {
		reason := strings.ReplaceAll(oneLine(f.by[customer]), customer, "…")
		byReason[reason] = append(byReason[reason], customer)
	}
	for _, reason := range slices.SortedFunc(maps.Keys(byReason), func(a, b string) int {
		return cmp.Or(len(byReason[b])-len(byReason[a]), strings.Compare(byReason[a][0], byReason[b][0]))
	}) {
		same := byReason[reason]
		if len(same) == 1 {
			lines = append(lines, f.called(same[0])+": "+reason)
			continue
		}
		var examples []string
		for _, customer := range same[:min(len(same), 3)] {
			examples = append(examples, f.called(customer))
		}
		lines = append(lines, fmt.Sprintf("%d customers, such as %s: %s", len(same), strings.Join(examples, ", "), reason))
	}
	return lines
}

// oneLine is what the server said and what to do about it.
func oneLine(err error) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(Reason(err), "\n\nWhat to do:", " –")), " ")
}
