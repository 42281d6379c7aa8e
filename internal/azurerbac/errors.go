package azurerbac

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// Error is a call of Azure Resource Manager that failed.
type Error struct {
	// StatusCode is the HTTP status, 0 when there was no answer.
	StatusCode int
	// Code is Resource Manager's code, such as AuthorizationFailed, or "".
	Code    string
	Message string
	// Method, Path and TenantID are those of the request.
	Method, Path, TenantID string
	// RequestID and CorrelationID are for Microsoft support.
	RequestID, CorrelationID string
	// Err is the cause when there was no answer.
	Err error
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s %s in tenant %s: %s", e.Method, e.Path, e.TenantID, e.Answer())
}

// Answer says in one line what the server answered, or why there is no answer.
func (e *Error) Answer() string {
	if e.StatusCode == 0 {
		return e.Err.Error()
	}
	s := fmt.Sprintf("Azure Resource Manager answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Request says what was asked.
func (e *Error) Request() string { return e.Method + " " + e.Path + " in tenant " + e.TenantID }

// Sent tells whether a request went out at all.
func (e *Error) Sent() bool {
	var final interface{ NonRetriable() }
	return e.StatusCode != 0 || !errors.As(e.Err, &final)
}

// IDs are for Microsoft support.
func (e *Error) IDs() (request, correlation string) { return e.RequestID, e.CorrelationID }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Remedy says what to do, in whole sentences, or "".
func (e *Error) Remedy() string {
	var cause interface{ Remedy() string }
	if errors.As(e.Err, &cause) {
		return cause.Remedy()
	}
	switch {
	case e.Code == "InvalidAuthenticationTokenTenant":
		return "The token is of another tenant than the subscription. Check customer_id."
	case e.StatusCode == http.StatusUnauthorized:
		return "Azure does not accept the token. App-only sign-in needs the application in the customer's tenant; otherwise use azure_auth_mode = \"user\"."
	case e.StatusCode == http.StatusForbidden:
		return "The signed-in user or application lacks access to the customer's Azure. It needs a GDAP relationship, and a role on the subscription: " +
			"https://learn.microsoft.com/partner-center/customers/gdap-supported-workloads."
	}
	return ""
}

// newError reads the SDK's error, which leaves the message in the response.
func newError(method, path, tenantID string, err error) *Error {
	e := &Error{Method: method, Path: path, TenantID: tenantID, Err: err}
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) || answer.RawResponse == nil {
		return e
	}
	e.StatusCode, e.Code, e.Err = answer.StatusCode, answer.ErrorCode, nil
	e.RequestID = answer.RawResponse.Header.Get("x-ms-request-id")
	e.CorrelationID = answer.RawResponse.Header.Get("x-ms-correlation-request-id")
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if payload, err := runtime.Payload(answer.RawResponse); err == nil && json.Unmarshal(bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf")), &body) == nil {
		e.Code, e.Message = body.Error.Code, body.Error.Message
	}
	return e
}
