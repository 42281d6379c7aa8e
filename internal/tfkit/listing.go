package tfkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
)

// Listing sends the results of a list resource to Terraform. Terraform reads nothing after the result that
// reaches the limit, so each result waits for the next one: a warning can still go before the last.
type Listing struct {
	push    func(list.ListResult) bool
	limit   int64 // 0 means none
	count   int64
	waiting *list.ListResult
}

// NewListing returns a listing that sends at most limit results; 0 is no limit.
func NewListing(limit int64, push func(list.ListResult) bool) *Listing {
	return &Listing{push: push, limit: limit}
}

// Full tells whether the limit is reached.
func (l *Listing) Full() bool { return l.limit > 0 && l.count >= l.limit }

// Add takes the next result. It answers false when Terraform wants no more.
func (l *Listing) Add(result list.ListResult) bool {
	if l.waiting != nil && !l.push(*l.waiting) {
		return false
	}
	l.count++
	l.waiting = &result
	return true
}

// Fail ends the listing with an error, for which Terraform discards all results of the list block.
func (l *Listing) Fail(d ...diag.Diagnostic) { l.push(list.ListResult{Diagnostics: d}) }

// End sends the warnings and the last result. More says that the limit kept results, or what was not read
// yet, from the list; of is what it lists, in the plural.
func (l *Listing) End(more bool, of string, warnings ...diag.Diagnostic) {
	if more {
		warnings = append(warnings, diag.NewWarningDiagnostic(fmt.Sprintf("The list stops at its limit of %d", l.limit),
			fmt.Sprintf("There may be more %s.\n\nWhat to do: set limit in the list block to a higher number. The default is 100.", of)))
	}
	if len(warnings) > 0 && !l.push(list.ListResult{Diagnostics: warnings}) {
		return
	}
	if l.waiting != nil {
		l.push(*l.waiting)
	}
}

// ListConfig reads the configuration of a list block. It refuses unknown values, which the block can have when it refers to a
// resource.
func ListConfig(ctx context.Context, req list.ListRequest, into any) diag.Diagnostics {
	if req.Config.Raw.IsFullyKnown() {
		return req.Config.Get(ctx, into)
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic("Unknown values in a list block",
		"A list block cannot depend on what an apply creates.\n\nWhat to do: use variables, locals or data sources in it, instead of resources.")}
}
