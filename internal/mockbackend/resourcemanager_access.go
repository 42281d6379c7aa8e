package mockbackend

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// delegatedAccess is the GDAP relationship with a customer. Without it, the partner's users have no access to the Azure
// subscriptions of the customer.
type delegatedAccess struct {
	ended bool
	waits int // number of requests that are still refused after it was granted again
}

// EndDelegatedAccess ends the GDAP relationship with a customer. The partner's users lose access to its Azure
// subscriptions and its users, although the role of the partner's group stays. It reports whether the customer exists. If
// not, that is also a violation.
func (b *Backend) EndDelegatedAccess(customerID string) bool {
	return b.setDelegatedAccess("EndDelegatedAccess", customerID, delegatedAccess{ended: true})
}

// GrantDelegatedAccess grants the GDAP relationship again. It takes effect in Azure after a number of requests, as a
// change of access takes minutes there.
func (b *Backend) GrantDelegatedAccess(customerID string, afterRequests int) bool {
	return b.setDelegatedAccess("GrantDelegatedAccess", customerID, delegatedAccess{waits: afterRequests})
}

func (b *Backend) setDelegatedAccess(call, customerID string, access delegatedAccess) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor(call, customerID)
	if record == nil {
		return false
	}
	record.access = access
	return true
}

// LockLevel is the level of a management lock.
type LockLevel string

// The levels of locks.
const (
	Unlocked     LockLevel = ""
	CanNotDelete LockLevel = "CanNotDelete"
	ReadOnly     LockLevel = "ReadOnly"
)

// LockSubscription sets or removes the management lock of an Azure subscription. It reports whether the subscription
// exists. If not, that is also a violation.
func (b *Backend) LockSubscription(subscriptionID string, level LockLevel) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.azureOwner(subscriptionID)
	if err := oneOf("lock", level, Unlocked, CanNotDelete, ReadOnly); !ok || err != nil {
		b.violate("LockSubscription: no subscription %s, or no lock %q", subscriptionID, level)
		return false
	}
	b.azureRecordOf(subscriptionID).lock = level
	return true
}

// roleAssignmentVersions are the supported values of api-version.
var roleAssignmentVersions = []string{"2015-07-01", "2018-09-01-preview", "2020-04-01-preview", "2020-08-01-preview", "2020-10-01-preview", "2022-04-01"}

// roleAssignmentCall has the checks that all calls for role assignments share: version, subscription, access, state and
// locks.
func (b *Backend) roleAssignmentCall(x *exchange) (*customerRecord, *azureRecord, response, bool) {
	refuse := func(r response) (*customerRecord, *azureRecord, response, bool) { return nil, nil, r, false }
	if version := queryValue(x.query, "api-version"); !slices.Contains(roleAssignmentVersions, version) {
		return refuse(armFailure(http.StatusBadRequest, "NoRegisteredProviderFound", "No registered resource provider found for location '' and API version '%s' for type 'roleAssignments'. The supported api-versions are '%s'.", version, strings.Join(roleAssignmentVersions, ", ")))
	}
	if tenant := queryValue(x.query, "tenantId"); tenant != "" && uuid.Validate(tenant) != nil { // the code is a choice
		return refuse(armFailure(http.StatusBadRequest, "InvalidTenantId", "The tenant ID '%s' is not a GUID.", tenant))
	}
	owner, subscription, refused, ok := b.azureSubscriptionOf(x)
	if !ok {
		return refuse(refused)
	}
	record := b.azureRecordOf(subscription.SubscriptionID)
	action, locked, scope := "read", false, subscription.ID+"/providers/Microsoft.Authorization"
	if name := x.values["name"]; name != "" {
		scope += "/roleAssignments/" + name
	}
	switch x.req.Method {
	case http.MethodPut:
		action, locked = "write", record.lock == ReadOnly
	case http.MethodDelete:
		action, locked = "delete", record.lock != Unlocked
	}
	switch {
	case !b.mayCall(x, owner, record, action):
		return refuse(unauthorizedAction(x, "Microsoft.Authorization/roleAssignments/"+action, scope))
	case action == "read":
	case !x.caller.mfa() && !x.knobs.MFANotEnforced: // the status is a choice
		return refuse(armFailure(http.StatusForbidden, "RequestDisallowedByPolicy", "Resource '%s' was disallowed by policy. Reasons: 'MFA is required'.", x.values["name"]))
	case subscription.State == "Disabled" || subscription.State == "Deleted":
		return refuse(armFailure(http.StatusConflict, "ReadOnlyDisabledSubscription", "The subscription '%s' is disabled and therefore marked as read only. You cannot perform any write actions on this subscription until it is re-enabled.", subscription.SubscriptionID))
	case locked:
		return refuse(armFailure(http.StatusConflict, "ScopeLocked", "The scope '%s' cannot perform %s operation because following scope(s) are locked: '%s'. Please remove the lock and try again.", scope, action, subscription.ID))
	}
	return owner, record, response{}, true
}

func unauthorizedAction(x *exchange, action, scope string) response {
	client := x.caller.UPN
	if client == "" {
		client = x.caller.AppID
	}
	return armFailure(http.StatusForbidden, "AuthorizationFailed", "The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		client, x.caller.ObjectID, action, scope)
}

// mayCall reports whether the caller has access. Any role on the subscription or above it may read. Writes require a role
// that may assign roles, without a condition (choice). Users of the partner act through the groups of its tenant.
func (b *Backend) mayCall(x *exchange, owner *customerRecord, record *azureRecord, action string) bool {
	principals := b.directoryOf(owner).groupsOf(x.caller.ObjectID)
	principals[x.caller.ObjectID] = true
	if user := x.caller.user; user != nil {
		if !owner.access.allowsRequest() {
			return false
		}
		for _, role := range user.Roles {
			principals[GroupID(role)] = true
		}
	}
	return slices.ContainsFunc(record.assignments, func(a *RoleAssignment) bool {
		if !principals[a.PrincipalID] || strings.HasPrefix(a.Scope, subscriptionScope(a.SubscriptionID)+"/") {
			return false
		}
		return action == "read" || a.Condition == "" && (a.administers() || a.RoleID == RBACAdministratorRole)
	})
}

// allowsRequest reports whether a request has access, and counts the requests since access was granted.
func (a *delegatedAccess) allowsRequest() bool {
	if a.waits > 0 {
		a.waits--
		return false
	}
	return !a.ended
}
