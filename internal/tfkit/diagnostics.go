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

// Failure makes the diagnostic for a failed call. The summary says what could not be
// done, on which customer; the detail what the server said, what to do, and the ids
// that Microsoft support asks for, always in this order. Then comes what else to do. A sign-in that
// failed is told in full once a run, and in a line after that.
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

// FailureAt is Failure at an attribute. That of a sign-in has nothing to do with the attribute.
func FailureAt(at path.Path, summary string, err error, more ...string) diag.Diagnostic {
	d := Failure(summary, err, more...)
	if errors.As(err, new(signIn)) {
		return d
	}
	return diag.NewAttributeErrorDiagnostic(at, d.Summary(), d.Detail())
}

// signIn is the error of a sign-in that failed.
type signIn interface {
	error
	Headline() string
	First() bool
	OfTenant() bool
	CameFrom() string
}

// call is the error of a client's call that failed.
type call interface {
	error
	Answer() string
	Request() string
	Sent() bool
	IDs() (request, correlation string)
}

// Detail is the detail of [Failure].
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

// Reason is the part of [Detail] that stays the same when the same call fails again: what the
// server said and what to do.
func Reason(err error) string {
	if errors.Is(err, context.Canceled) {
		return "The run was interrupted. The next plan shows how far it came."
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

// capital begins a sentence.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// GiveUp is advice for [Failure] where an object cannot be read or deleted.
const GiveUp = "To give the resource up and change nothing: terraform state rm ADDRESS, or a removed block with destroy = false."

// Explain appends a sentence to the first error.
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
