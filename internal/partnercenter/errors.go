package partnercenter

import (
	"errors"
	"net/http"
	"slices"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// API describes what is specific to Partner Center
// (https://learn.microsoft.com/partner-center/developer/headers).
var API = &httppipe.API{Name: "Partner Center", RequestID: "MS-RequestId", CorrelationID: "MS-CorrelationId", Remedy: remedy}

// Error is a failed call (https://learn.microsoft.com/partner-center/developer/error-codes).
type Error = httppipe.Error

// errUnreadable is the cause if the body of a successful answer is not as documented.
var errUnreadable = httppipe.ErrUnreadable

// is reports whether err is an answer of the server with this status and one of the codes. Without
// codes, any code matches.
func is(err error, status int, codes ...string) bool {
	var e *Error
	if !errors.As(err, &e) || e.StatusCode != status || e.Err != nil {
		return false
	}
	return len(codes) == 0 || slices.Contains(codes, e.Code)
}

// IsCustomerNotFound reports whether err means that the customer tenant does not exist. A 404
// without the code is not enough, because a wrong base URL returns that too.
func IsCustomerNotFound(err error) bool { return is(err, http.StatusNotFound, "60003") }

// IsNoRelationship reports whether the customer exists but has no reseller relationship with this
// partner, or no longer has one. The documented status is 403; 400 occurs as well.
func IsNoRelationship(err error) bool {
	return is(err, http.StatusForbidden, "20002") || is(err, http.StatusBadRequest, "20002")
}
