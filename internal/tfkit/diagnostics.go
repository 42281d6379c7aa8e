package tfkit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// Failure returns the diagnostic for a failed call. The summary says what could not be done, for which
// customer. The detail has the server's answer, what to do, and the IDs that Microsoft support needs,
// always in this order, and then more advice. A failed sign-in is reported in full once in a run, and
// in one line after that.
func Failure(summary string, err error, more ...string) diag.Diagnostic {
	detail := strings.Join(append([]string{Detail(err)}, more...), "\n\n")
	failed, ok := errors.AsType[signIn](err)
	switch {
	case !ok || errors.Is(err, context.Canceled):
		return diag.NewErrorDiagnostic(summary, detail)
	case failed.First():
		return diag.NewErrorDiagnostic(failed.Headline(), summary+".\n\n"+capital(strings.TrimPrefix(detail, "Sign-in failed: ")))
	}
	return diag.NewErrorDiagnostic(failed.Headline(), summary+". See the first error with this headline.")
}

// FailureAt is Failure at an attribute. A failed sign-in is reported without the attribute, which did
// not cause it.
func FailureAt(at path.Path, summary string, err error, more ...string) diag.Diagnostic {
	d := Failure(summary, err, more...)
	if errors.As(err, new(signIn)) {
		return d
	}
	return diag.NewAttributeErrorDiagnostic(at, d.Summary(), d.Detail())
}

// signIn is the error of a failed sign-in.
type signIn interface {
	error
	Headline() string
	First() bool
	OfTenant() bool
	CameFrom() string
}

// call is the error of a failed call of a client.
type call interface {
	error
	Answer() string
	Request() string
	Sent() bool
	IDs() (request, correlation string)
}

// Detail returns the detail of [Failure].
func Detail(err error) string {
	var c call
	if errors.Is(err, context.Canceled) || !errors.As(err, &c) {
		return Reason(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nRequest: %s", Reason(err), c.Request())
	if !c.Sent() {
		b.WriteString(" (not sent)")
	} else if request, correlation := c.IDs(); request != "" {
		fmt.Fprintf(&b, "\nRequest ID: %s\nCorrelation ID: %s", request, correlation)
	}
	return b.String()
}

// Reason returns the part of [Detail] that stays the same if the same call fails again: the server's
// answer and what to do.
func Reason(err error) string {
	if errors.Is(err, context.Canceled) {
		return "The run was interrupted. The next plan shows what was done."
	}
	text := err.Error()
	if c, ok := errors.AsType[call](err); ok {
		text = c.Answer()
	}
	text = capital(text)
	var r interface{ Remedy() string }
	if errors.As(err, &r) && r.Remedy() != "" {
		failed, ok := errors.AsType[signIn](err)
		text += "\n\nWhat to do: " + r.Remedy() + argumentsFor(r.Remedy(), ok && failed.CameFrom() != "")
	}
	return text
}

// capital returns s with an upper-case first letter.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// GiveUp is advice for [Failure] where an object cannot be read or deleted.
const GiveUp = "To remove the resource from the state without a change: terraform state rm ADDRESS, or a removed block with destroy = false."

// Explain appends a sentence to the first error of the diagnostics.
func Explain(diags diag.Diagnostics, sentence string) diag.Diagnostics {
	out := slices.Clone(diags)
	if i := slices.IndexFunc(out, func(d diag.Diagnostic) bool { return d.Severity() == diag.SeverityError }); i >= 0 {
		out[i] = withDetail{out[i], out[i].Detail() + "\n\n" + sentence}
	}
	return out
}

// withDetail is a diagnostic with another detail.
type withDetail struct {
	diag.Diagnostic
	detail string
}

// Detail implements diag.Diagnostic.
func (d withDetail) Detail() string { return d.detail }
