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

// api describes what is specific to Resource Manager
// (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
var api = &httppipe.API{
	Name: "Azure Resource Manager", RequestID: "X-Ms-Client-Request-Id", AnswerID: "X-Ms-Request-Id", CorrelationID: "X-Ms-Correlation-Request-Id",
	Remedy: remedy,
}

// Error is a failed call.
type Error = httppipe.Error

// These are the error codes that the client distinguishes
// (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting).
const (
	codeAssignmentNotFound   = "RoleAssignmentNotFound"
	codeOrderNotFound        = "ReservationOrderNotFound"
	codeNotInOrder           = "ReservationIdNotInReservationOrder"
	codeSameValues           = "PatchValuesSameAsExisting" // the update would change nothing
	codeAuthorizationFailed  = "AuthorizationFailed"
	codeExists               = "RoleAssignmentExists"       // there is another assignment of the same role, principal and scope
	codeInvalidToken         = "InvalidAuthenticationToken" // for example, of an application without a service principal in the tenant
	codeLastOwner            = "CannotDeleteLastRbacAdminAssignment"
	codePrincipalNotFound    = "PrincipalNotFound"
	codeSubscriptionNotFound = "SubscriptionNotFound"
	codeWrongTenant          = "InvalidAuthenticationTokenTenant" // the token is for another tenant than the subscription
)

// answered returns the server's answer in an error, or nil if there is none.
func answered(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.StatusCode != 0 && e.Err == nil {
		return e
	}
	return nil
}

// IsNotFound reports whether the role assignment that was read or deleted does not exist. A missing
// subscription does not count, and neither does an error of a list.
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

// IsPassing reports whether the error may be temporary, because the subscription or the caller's
// access to it is new.
func IsPassing(err error) bool {
	e := answered(err)
	return e != nil && (e.Code == codeSubscriptionNotFound || e.Code == codeAuthorizationFailed)
}

// IsNoAccess reports whether the caller has no read access: the customer's tenant refused the
// sign-in, or Resource Manager refused the request (401, 403). This says nothing about whether the
// object exists. A refusal without a code does not count, because a proxy may have sent it. Neither
// does the refusal for a subscription of another tenant.
func IsNoAccess(err error) bool {
	if refused, ok := errors.AsType[*credential.Error](err); ok {
		return refused.OfTenant()
	}
	e := answered(err)
	return e != nil && e.Code != "" && e.Code != codeWrongTenant && (e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden)
}

// IsNoConsent reports whether the customer's tenant refused the sign-in because it has not consented
// to the application.
func IsNoConsent(err error) bool {
	refused, ok := errors.AsType[*credential.Error](err)
	return ok && refused.NoConsent()
}

// IsElsewhere reports whether the subscription was not found in the tenant. It belongs to another
// tenant, is too new or was deleted.
func IsElsewhere(err error) bool {
	e := answered(err)
	return e != nil && (e.Code == codeWrongTenant || e.StatusCode == http.StatusNotFound && e.Code == codeSubscriptionNotFound)
}

// IsLost reports whether the caller cannot access the subscription, for example because the
// customer left, removed the access or moved the subscription.
func IsLost(err error) bool {
	e := answered(err)
	unauthorized := e != nil && e.StatusCode == http.StatusUnauthorized && e.Code != codeInvalidToken
	return IsElsewhere(err) || IsNoAccess(err) && !unauthorized
}

// IsLastOwner reports whether a role assignment was not deleted because nobody else could manage
// access to the subscription.
func IsLastOwner(err error) bool {
	e := answered(err)
	return e != nil && e.Code == codeLastOwner
}

// Reason returns in whole sentences why the caller has no access and what to do. It contains no IDs
// that differ between errors.
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

// ExistsError means that the principal already is Owner of the subscription by an assignment that
// may not be adopted.
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

// NotOwnerError means that there is no Owner assignment that a resource could manage.
type NotOwnerError struct {
	OwnerAssignment

	// Found is the assignment that exists instead, or the zero value.
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

// DisabledError means that nothing can be changed in a subscription.
type DisabledError struct {
	SubscriptionID, Name string
	// State is Disabled or Deleted.
	State string
}

func (e *DisabledError) Error() string {
	return fmt.Sprintf("subscription %s (%s) is %s, so nothing can be changed in it", e.SubscriptionID, e.Name, strings.ToLower(e.State))
}

// Remedy returns what to do.
func (e *DisabledError) Remedy() string {
	return "Reactivate the subscription in Partner Center first."
}

var existingID = regexp.MustCompile(`(?i)ID of the existing role assignment is '?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\b`)

// existingName returns the name of the existing assignment from the message of a
// RoleAssignmentExists error. The message contains it without hyphens, or not at all.
func existingName(message string) (string, bool) {
	m := existingID.FindStringSubmatch(message)
	if m == nil {
		return "", false
	}
	return strings.ToLower(strings.Join(m[1:], "-")), true
}
