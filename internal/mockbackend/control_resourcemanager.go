package mockbackend

import (
	"net/http"
	"slices"
	"strings"
)

// controlResourceManagerCalls are the control calls about directories, delegated access and Azure subscriptions of
// customers.
func controlResourceManagerCalls() []controlCall {
	call := newControlCall
	return []controlCall{
		call("GET", "/customers/{customer}/principals", controlOf(knownCustomer, controlRead((*Backend).Principals)), "users, groups and service principals of a customer", ""),
		call("POST", "/customers/{customer}/principals", controlOf(knownCustomer, withBody(controlAddPrincipal)), "add a User, Group or ServicePrincipal; empty fields are filled in", `{"type":"User","displayName":"New User"}`),
		call("DELETE", "/customers/{customer}/principals/{principal}", controlOf(knownCustomer, controlDeletePrincipal), "delete a principal; its role assignments stay", ""),
		call("DELETE", "/customers/{customer}/delegated-access", controlOf(knownCustomer, controlEndDelegatedAccess), "end the GDAP relationship: no access to Azure subscriptions and users", ""),
		call("PUT", "/customers/{customer}/delegated-access", controlOf(knownCustomer, withBody(controlGrantDelegatedAccess)), "grant it again; it takes effect in Azure after afterRequests requests", `{"afterRequests":2}`),
		call("GET", "/azure-subscriptions/{azure}/role-assignments", controlOf(knownAzureSubscription, controlRead((*Backend).RoleAssignments)), "role assignments on an Azure subscription", ""),
		call("POST", "/azure-subscriptions/{azure}/role-assignments", controlOf(knownAzureSubscription, withBody(controlAssignRole)), "assign a role as a user in the portal would; Owner by default", `{"principalId":"`+AdatumSecondUserID+`"}`),
		call("DELETE", "/azure-subscriptions/{azure}/role-assignments/{assignment}", controlOf(knownAzureSubscription, controlRemoveAssignment), "remove an assignment, even the last Owner", ""),
		call("GET", "/customers/{customer}/azure-reservations", controlOf(knownCustomer, controlRead((*Backend).AzureReservations)), "reservations of a customer as Azure has them", ""),
		call("POST", "/customers/{customer}/azure-reservations", controlOf(knownCustomer, withBody(controlAddAzureReservation)), "add one that Partner Center does not list; empty fields are filled in", `{"term":"P3Y"}`),
		call("PUT", "/customers/{customer}/azure-reservations/{reservation}/renewal", controlOf(knownCustomer, withBody(controlSetRenewal)), "enable or disable its renewal as a user in the portal would", `{"renew":true}`),
		call("PUT", "/azure-subscriptions/{azure}/lock", controlOf(knownAzureSubscription, withBody(controlLock)), "lock an Azure subscription: CanNotDelete, ReadOnly, or empty to unlock", `{"level":"ReadOnly"}`),
	}
}

func controlAddPrincipal(b *Backend, _ *exchange, customerID string, principal Principal) response {
	if err := oneOf("type", principal.Type, UserPrincipal, GroupPrincipal, ServicePrincipal); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	added, err := b.addPrincipal(customerID, principal)
	if err != nil {
		return controlError(http.StatusConflict, "%v", err)
	}
	return response{status: http.StatusCreated, body: added}
}

func controlDeletePrincipal(b *Backend, x *exchange, customerID string) response {
	if !slices.ContainsFunc(b.Principals(customerID), func(p Principal) bool { return strings.EqualFold(p.ID, x.values["principal"]) && p.Deleted.IsZero() }) {
		return controlError(http.StatusNotFound, "customer %s has no principal %s", customerID, x.values["principal"])
	}
	b.DeletePrincipal(customerID, x.values["principal"])
	return noContent()
}

func controlEndDelegatedAccess(b *Backend, _ *exchange, customerID string) response {
	b.EndDelegatedAccess(customerID)
	return noContent()
}

type delegatedAccessBody struct {
	AfterRequests int `json:"afterRequests"`
}

func controlGrantDelegatedAccess(b *Backend, _ *exchange, customerID string, body delegatedAccessBody) response {
	if err := notNegative("afterRequests", body.AfterRequests); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	b.GrantDelegatedAccess(customerID, body.AfterRequests)
	return noContent()
}

// knownAzureSubscription reads the Azure subscription of a control call.
func knownAzureSubscription(b *Backend, x *exchange) (id string, refused response, ok bool) {
	id = x.values["azure"]
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.azureOwner(id); !ok {
		return id, controlError(http.StatusNotFound, "no Azure subscription %s", id), false
	}
	return id, response{}, true
}

func controlAssignRole(b *Backend, _ *exchange, subscriptionID string, assignment RoleAssignment) response {
	assignment.SubscriptionID = subscriptionID
	made, err := b.assignRole(assignment)
	if err != nil {
		return controlError(http.StatusConflict, "%v", err)
	}
	return response{status: http.StatusCreated, body: made}
}

func controlRemoveAssignment(b *Backend, x *exchange, subscriptionID string) response {
	if !slices.ContainsFunc(b.RoleAssignments(subscriptionID), func(a RoleAssignment) bool { return strings.EqualFold(a.Name, x.values["assignment"]) }) {
		return controlError(http.StatusNotFound, "subscription %s has no role assignment %s", subscriptionID, x.values["assignment"])
	}
	b.RemoveAssignment(subscriptionID, x.values["assignment"])
	return noContent()
}

type lockBody struct {
	Level LockLevel `json:"level"`
}

func controlLock(b *Backend, _ *exchange, subscriptionID string, body lockBody) response {
	if err := oneOf("level", body.Level, Unlocked, CanNotDelete, ReadOnly); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	b.LockSubscription(subscriptionID, body.Level)
	return noContent()
}

func controlAddAzureReservation(b *Backend, _ *exchange, customerID string, reservation AzureReservation) response {
	added, err := b.addAzureReservation(customerID, reservation)
	if err != nil {
		return controlError(http.StatusConflict, "%v", err)
	}
	return response{status: http.StatusCreated, body: added}
}

type renewalBody struct {
	Renew bool `json:"renew"`
}

func controlSetRenewal(b *Backend, x *exchange, customerID string, body renewalBody) response {
	id := x.values["reservation"]
	if !slices.ContainsFunc(b.AzureReservations(customerID), func(a AzureReservation) bool { return strings.EqualFold(a.ID, id) }) {
		return controlError(http.StatusNotFound, "customer %s has no reservation %s", customerID, id)
	}
	b.ChangeAzureReservation(customerID, id, func(a *AzureReservation) { a.NoRenewal = !body.Renew })
	return noContent()
}
