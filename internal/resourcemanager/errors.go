package resourcemanager

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"terraform-provider-partnercenter/internal/credential"
	"terraform-provider-partnercenter/internal/httppipe"
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
	// Waited is how long the call was repeated before this answer was believed.
	Waited time.Duration
	// Err is the cause when there was no answer, or none that can be read.
	Err error

	// object says that the path is the object's own.
	object   bool
	response *http.Response
	outcome  httppipe.Outcome
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s %s in tenant %s: %s", e.Method, e.Path, e.TenantID, e.Answer())
}

// Answer says in one line what the server answered, or why there is no answer.
func (e *Error) Answer() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	s := fmt.Sprintf("Azure Resource Manager answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Waited > 0 {
		s += fmt.Sprintf(" It was so for %s, over all attempts.", max(e.Waited, time.Second).Round(time.Second))
	}
	return s
}

// Request says what was asked.
func (e *Error) Request() string { return e.Method + " " + e.Path + " in tenant " + e.TenantID }

// Outcome says what became of the request, over all attempts.
func (e *Error) Outcome() httppipe.Outcome {
	if e.StatusCode == 0 {
		return httppipe.OutcomeOf(e.Err)
	}
	return e.outcome
}

// Sent tells whether a request may have reached the server.
func (e *Error) Sent() bool { return e.Outcome() != httppipe.NotSent }

// IDs are for Microsoft support.
func (e *Error) IDs() (request, correlation string) { return e.RequestID, e.CorrelationID }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// errUnreadable says that a successful answer cannot be read.
var errUnreadable = errors.New("Azure Resource Manager's answer cannot be read") //nolint:staticcheck // a name begins it

// newError reads the SDK's error, which leaves the message in the response. raw is the
// response where there is one; with it an error of the SDK's own is about its content.
func newError(method, path, tenantID string, raw *http.Response, err error) *Error {
	e := &Error{Method: method, Path: path, TenantID: tenantID, Err: err}
	answer, refused := errors.AsType[*azcore.ResponseError](err)
	if refused && answer.RawResponse != nil {
		raw = answer.RawResponse
	}
	if raw == nil || !refused && raw.StatusCode > 299 { // as after a 401 that no new token came to
		return e
	}
	e.response, e.StatusCode = raw, raw.StatusCode
	if e.outcome = httppipe.OutcomeOfAnswer(raw); e.outcome == httppipe.Done {
		e.outcome = httppipe.Unsure // executed, perhaps, and the answer cannot be read
	}
	texts := httppipe.TextsOf(raw)
	e.RequestID = texts.ID(raw.Header.Get("x-ms-request-id"))
	e.CorrelationID = texts.ID(raw.Header.Get("x-ms-correlation-request-id"))
	if !refused {
		if !errors.Is(err, errUnreadable) {
			e.Err = fmt.Errorf("%w: %w", errUnreadable, err)
		}
		return e
	}
	e.Code, e.Err = texts.ID(answer.ErrorCode), nil
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if payload, err := runtime.Payload(raw); err == nil && json.Unmarshal(bytes.TrimPrefix(payload, []byte("\xef\xbb\xbf")), &body) == nil {
		e.Code, e.Message = cmp.Or(texts.ID(body.Error.Code), e.Code), texts.Clean(body.Error.Message)
	}
	return e
}

// codeExists is the refusal of a second assignment of a role to the same principal at the
// same scope.
const codeExists = "RoleAssignmentExists"

// IsNotFound tells whether the role assignment that was asked for does not exist. A
// subscription that is not found says nothing about its assignments, nor does a list.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.object && e.StatusCode == http.StatusNotFound && e.Code == "RoleAssignmentNotFound"
}

// IsPassing tells whether the caller's access to the subscription, or the subscription
// itself, may just be too new.
func IsPassing(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Code == codeSubscriptionNotFound || e.Code == codeAuthorizationFailed)
}

// IsNoAccess tells whether the caller may not look: the customer's tenant refused the
// sign-in, or Resource Manager the request (401, 403). That says nothing of what is there. A
// refusal that Resource Manager gives no code for may be somebody else's and is none, nor is
// that of a subscription that belongs to another tenant.
func IsNoAccess(err error) bool {
	if refused, ok := errors.AsType[*credential.Error](err); ok {
		return refused.OfTenant()
	}
	e, ok := errors.AsType[*Error](err)
	return ok && e.Err == nil && e.Code != "" && e.Code != codeWrongTenant &&
		(e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden)
}

// IsElsewhere tells whether the subscription is not found in the tenant: it belongs to
// another one, is too new or is gone.
func IsElsewhere(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Code == codeWrongTenant || e.StatusCode == http.StatusNotFound && e.Code == codeSubscriptionNotFound)
}

// IsLost tells whether the subscription is out of the caller's reach, as it is when the customer
// left, took the access away or moved the subscription.
func IsLost(err error) bool {
	e, ok := errors.AsType[*Error](err)
	unauthorized := ok && e.StatusCode == http.StatusUnauthorized && e.Code != codeInvalidToken
	return IsElsewhere(err) || IsNoAccess(err) && !unauthorized
}

// Reason says in whole sentences why the caller may not look and what to do, without ids
// that differ each time.
func Reason(err error) string {
	if refused, ok := errors.AsType[*credential.Error](err); ok {
		return refused.Reason()
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err.Error()
	}
	return strings.TrimSpace(strings.TrimRight(e.Answer(), ".") + ". " + e.Remedy())
}

// IsLastOwner tells whether a role assignment was not deleted because the subscription
// would have had nobody left who can manage access.
func IsLastOwner(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == "CannotDeleteLastRbacAdminAssignment"
}

// ExistsError says that the principal is Owner of the subscription already, by an
// assignment that may not be taken over.
type ExistsError struct {
	OwnerAssignment

	Existing RoleAssignment
}

func (e *ExistsError) Error() string {
	if e.Existing.Foreign() {
		return fmt.Sprintf("principal %s is a group of another tenant: its Owner role on subscription %s is the partner's own access (%s)",
			e.PrincipalID, e.SubscriptionID, e.Existing.ID)
	}
	s := fmt.Sprintf("principal %s is Owner of subscription %s already, by the role assignment %s", e.PrincipalID, e.SubscriptionID, e.Existing.ID)
	if !e.Existing.CreatedOn.IsZero() {
		s += " of " + e.Existing.CreatedOn.Format(time.RFC3339)
	}
	return s
}

// NotOwnerError says that there is no Owner assignment that a resource could manage.
type NotOwnerError struct {
	OwnerAssignment

	// Found is what is there instead; zero when there is nothing.
	Found RoleAssignment
}

func (e *NotOwnerError) Error() string {
	s := fmt.Sprintf("principal %s has no Owner assignment directly on subscription %s", e.PrincipalID, e.SubscriptionID)
	switch {
	case e.Found.ID == "":
	case e.Found.Foreign():
		s = fmt.Sprintf("principal %s is a group of another tenant: its role on subscription %s is the partner's own access, which is not to be managed here", e.Found.PrincipalID, e.SubscriptionID)
	case e.Found.Role != Owner:
		s = fmt.Sprintf("role assignment %s is not of the Owner role but of %s", e.Found.ID, e.Found.Role)
	default:
		s += fmt.Sprintf(": it is Owner by inheritance from %s (%s)", e.Found.Scope, e.Found.ID)
	}
	return s
}

// DisabledError says that nothing can be changed in a subscription.
type DisabledError struct {
	SubscriptionID, Name string
	// State is Disabled or Deleted.
	State string
}

func (e *DisabledError) Error() string {
	return fmt.Sprintf("subscription %s (%s) is %s, so nothing can be changed in it", e.SubscriptionID, e.Name, strings.ToLower(e.State))
}

// Remedy says what to do.
func (e *DisabledError) Remedy() string {
	return "Reactivate the subscription in Partner Center first."
}

var existingID = regexp.MustCompile(`(?i)ID of the existing role assignment is '?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\b`)

// existingName takes the name of the assignment from the message of a RoleAssignmentExists,
// which gives it without hyphens, or not at all.
func existingName(message string) (string, bool) {
	m := existingID.FindStringSubmatch(message)
	if m == nil {
		return "", false
	}
	return strings.ToLower(strings.Join(m[1:], "-")), true
}
