package partnercenter

import (
	"errors"
	"net/http"
	"slices"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// API is what differs between Partner Center and other services
// (https://learn.microsoft.com/partner-center/developer/headers).
var API = &httppipe.API{Name: "Partner Center", RequestID: "MS-RequestId", CorrelationID: "MS-CorrelationId", Remedy: remedy}

// Error is a call that failed
// (https://learn.microsoft.com/partner-center/developer/error-codes).
type Error = httppipe.Error

// errUnreadable is the cause when a successful answer has another body than documented.
var errUnreadable = httppipe.ErrUnreadable

// is tells whether err is the server's answer with this status and code.
func is(err error, status int, codes ...string) bool {
	var e *Error
	if !errors.As(err, &e) || e.StatusCode != status || e.Err != nil {
		return false
	}
	return len(codes) == 0 || slices.Contains(codes, e.Code)
}

// IsCustomerNotFound tells whether Partner Center knows no such customer tenant.
// A 404 without the code is not enough: a wrong base URL answers that too.
func IsCustomerNotFound(err error) bool { return is(err, http.StatusNotFound, "60003") }

// IsNoRelationship tells whether the customer exists but has no reseller relationship
// with this partner, or no longer. The status is documented as 403 and seen as 400.
func IsNoRelationship(err error) bool {
	return is(err, http.StatusForbidden, "20002") || is(err, http.StatusBadRequest, "20002")
}
