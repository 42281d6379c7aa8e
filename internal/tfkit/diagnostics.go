package tfkit

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"terraform-provider-partnercenter/internal/partnercenter"
)

// Failure makes the diagnostic for a failed call. The summary says what could not be
// done, on which customer; the detail what the server said, what to do, and the ids
// that Microsoft support asks for, always in this order.
func Failure(summary string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic(summary, Detail(err))
}

// Detail is the detail of [Failure].
func Detail(err error) string {
	var b strings.Builder
	var e *partnercenter.Error
	if errors.As(err, &e) {
		b.WriteString(e.Answer())
	} else {
		first, size := utf8.DecodeRuneInString(err.Error())
		b.WriteString(string(unicode.ToUpper(first)) + err.Error()[size:])
	}
	var r interface{ Remedy() string }
	if errors.As(err, &r) && r.Remedy() != "" {
		fmt.Fprintf(&b, "\n\nWhat to do: %s", r.Remedy())
	}
	switch {
	case e != nil && !e.Sent():
		fmt.Fprintf(&b, "\n\nRequest: %s %s (not sent)", e.Method, e.Path)
	case e != nil:
		fmt.Fprintf(&b, "\n\nRequest: %s %s", e.Method, e.Path)
		if e.RequestID != "" {
			fmt.Fprintf(&b, "\nRequest ID: %s\nCorrelation ID: %s", e.RequestID, e.CorrelationID)
		}
	}
	return b.String()
}
