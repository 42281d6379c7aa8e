package resourcemanager

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// api is what differs between Resource Manager and other services
// (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
var api = &httppipe.API{
	Name: "Azure Resource Manager", RequestID: "X-Ms-Client-Request-Id", AnswerID: "X-Ms-Request-Id", CorrelationID: "X-Ms-Correlation-Request-Id",
	Remedy: remedy,
}

// Error is a call that failed.
type Error = httppipe.Error

// The codes that decide something
// (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting).
const (
	codeAssignmentNotFound   = "RoleAssignmentNotFound"
	codeOrderNotFound        = "ReservationOrderNotFound"
	codeNotInOrder           = "ReservationIdNotInReservationOrder"
	codeSameValues           = "PatchValuesSameAsExisting" // an update changes nothing
	codeAuthorizationFailed  = "AuthorizationFailed"
	codeExists               = "RoleAssignmentExists"       // another one of the same role, principal and scope
	codeInvalidToken         = "InvalidAuthenticationToken" // such as that of an application without a service principal in the tenant
	codeLastOwner            = "CannotDeleteLastRbacAdminAssignment"
	codePrincipalNotFound    = "PrincipalNotFound"
	codeSubscriptionNotFound = "SubscriptionNotFound"
	codeWrongTenant          = "InvalidAuthenticationTokenTenant" // the token's is not the subscription's
)

// answered returns the server's answer in an error, or nil.
func answered(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.StatusCode != 0 && e.Err == nil {
		return e
	}
	return nil
}

// IsNotFound reports whether the role assignment that was read or deleted does not exist. A
// subscription that is not found says nothing about its assignments, nor does a list.
func IsNotFound(err error) bool {
	e := answered(err)
	return e != nil && e.StatusCode == http.StatusNotFound && e.Code == codeAssignmentNotFound && strings.Contains(strings.ToLower(e.Path), "/roleassignments/")
}

// IsReservationNotFound reports whether the reservation that was read or changed does not exist.
func IsReservationNotFound(err error) bool {
	e := answered(err)
	return e != nil && e.StatusCode == http.StatusNotFound && (e.Code == codeOrderNotFound || e.Code == codeNotInOrder) && isAboutReservations(e)
}

func isAboutReservations(e *Error) bool {
	return strings.HasPrefix(strings.ToLower(e.Path), strings.ToLower(capacityProvider))
}

// IsPassing reports whether the caller's access to the subscription, or the subscription
// itself, may just be too new.
func IsPassing(err error) bool {
	e := answered(err)
	return e != nil && (e.Code == codeSubscriptionNotFound || e.Code == codeAuthorizationFailed)
}

// IsNoAccess reports whether the caller has no access to read: the customer's tenant refused the
// sign-in, or Resource Manager the request (401, 403). That says nothing of what is there. A
// refusal without a code may come from something in between and is none, nor is that of a
// subscription that belongs to another tenant.
func IsNoAccess(err error) bool {
	if refused, ok := errors.AsType[*credential.Error](err); ok {
		return refused.OfTenant()
	}
	e := answered(err)
	return e != nil && e.Code != "" && e.Code != codeWrongTenant && (e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden)
}

// IsNoConsent reports whether the customer's tenant refused the sign-in since it has not consented to
// the application.
func IsNoConsent(err error) bool {
	refused, ok := errors.AsType[*credential.Error](err)
	return ok && refused.NoConsent()
}

// IsElsewhere reports whether the subscription is not found in the tenant: it belongs to
// another one, is too new or is gone.
func IsElsewhere(err error) bool {
	e := answered(err)
	return e != nil && (e.Code == codeWrongTenant || e.StatusCode == http.StatusNotFound && e.Code == codeSubscriptionNotFound)
}

// IsLost reports whether the subscription is out of the caller's reach, as it is when the customer
// left, took the access away or moved the subscription.
func IsLost(err error) bool {
	e := answered(err)
	unauthorized := e != nil && e.StatusCode == http.StatusUnauthorized && e.Code != codeInvalidToken
	return IsElsewhere(err) || IsNoAccess(err) && !unauthorized
}

// IsLastOwner reports whether a role assignment was not deleted because the subscription
// would have had nobody left who can manage access.
func IsLastOwner(err error) bool {
	e := answered(err)
	return e != nil && e.Code == codeLastOwner
}

// Reason says in whole sentences why the caller has no access and what to do, without ids
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
