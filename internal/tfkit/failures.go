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

// ShownCustomers is how many customers a message lists one by one.
const ShownCustomers = 20

// Failures are the errors of an operation on many customers.
type Failures struct {
	of int
	by map[string]error
	// name returns how messages name a customer, by ID; see Named.
	name func(id string) string
}

// Named adds the company names to the messages, if they can be read.
func (f Failures) Named(ctx context.Context, c *Clients) Failures {
	if f.Any() {
		f.name = c.Customers(ctx, slices.Collect(maps.Keys(f.by))...)
	}
	return f
}

// called returns how messages name a customer.
func (f Failures) called(customer string) string {
	if f.name == nil {
		return customer
	}
	return f.name(customer)
}

// Add counts a customer, by ID, with its error or nil.
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

// Any reports whether there is an error.
func (f Failures) Any() bool { return len(f.by) > 0 }

// All reports whether there is an error for every customer.
func (f Failures) All() bool { return f.of > 0 && len(f.by) == f.of }

// First returns the error of the customer with the lowest ID.
func (f Failures) First() error { return f.by[slices.Sorted(maps.Keys(f.by))[0]] }

// IDs returns the IDs of the customers with an error.
func (f Failures) IDs() map[string]bool {
	out := make(map[string]bool, len(f.by))
	for id := range f.by {
		out[id] = true
	}
	return out
}

// Error returns one error for all customers: a line for each customer or, if there are too many, for
// each reason. What says what could not be done, such as "read the permissions".
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
	// The correlation ID belongs to the operation, so it is the same for all.
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

// lines returns one line for each customer or for each reason, the most frequent first.
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

// oneLine returns the [Reason] of an error in one line.
func oneLine(err error) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(Reason(err), "\n\nWhat to do:", " –")), " ")
}

// Shorten joins the first [ShownCustomers] lines, and adds how many more there are.
func Shorten(lines []string) string {
	if more := len(lines) - ShownCustomers; more > 0 {
		lines = append(lines[:ShownCustomers:ShownCustomers], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}
