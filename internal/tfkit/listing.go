package tfkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
)

// Listing sends the results of a list resource to Terraform. Terraform reads nothing after the result that
// reaches the limit. Listing therefore holds back the last result, so that a warning can be sent before it.
type Listing struct {
	push    func(list.ListResult) bool
	limit   int64 // 0 means none
	count   int64
	waiting *list.ListResult
}

// NewListing returns a listing with a limit for results; 0 means none.
func NewListing(limit int64, push func(list.ListResult) bool) *Listing {
	return &Listing{push: push, limit: limit}
}

// Full reports whether the limit is reached.
func (l *Listing) Full() bool { return l.limit > 0 && l.count >= l.limit }

// Add adds a result. It returns false if Terraform wants no more.
func (l *Listing) Add(result list.ListResult) bool {
	if l.waiting != nil && !l.push(*l.waiting) {
		return false
	}
	l.count++
	l.waiting = &result
	return true
}

// Fail ends the listing with an error. Terraform then discards all results of the list block.
func (l *Listing) Fail(d ...diag.Diagnostic) { l.push(list.ListResult{Diagnostics: d}) }

// End sends the warnings and the last result. More means that the limit ended the list before all was read
// or listed. Of names what is listed, in the plural.
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

// ListConfig reads the configuration of a list block. It refuses unknown values, which the block can have when it
// refers to a resource.
func ListConfig(ctx context.Context, req list.ListRequest, into any) diag.Diagnostics {
	if req.Config.Raw.IsFullyKnown() {
		return req.Config.Get(ctx, into)
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic("Unknown values in a list block",
		"A list block cannot depend on what an apply creates.\n\nWhat to do: use variables, locals or data sources in it, instead of resources.")}
}
