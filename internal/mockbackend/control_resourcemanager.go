package mockbackend

import (
	"net/http"
	"slices"
	"strings"
)

// controlAzureCalls are those of control that are about customers' directories and Azure subscriptions.
func controlAzureCalls() []controlCall {
	call := func(method, pattern string, handle func(*Backend, *exchange) response, about, data string) controlCall {
		return controlCall{route{method, pattern, open, nil, handle}, about, data}
	}
	return []controlCall{
		call("GET", "/customers/{customer}/principals", controlPrincipals, "users, groups and service principals of a customer", ""),
		call("POST", "/customers/{customer}/principals", controlAddPrincipal, "add a User, Group or ServicePrincipal; empty fields are filled in", `{"type":"User","displayName":"New User"}`),
		call("DELETE", "/customers/{customer}/principals/{principal}", controlDeletePrincipal, "delete a principal; its role assignments stay", ""),
		call("DELETE", "/customers/{customer}/delegated-access", controlEndDelegatedAccess, "end the GDAP relationship: no access to Azure subscriptions and users", ""),
		call("PUT", "/customers/{customer}/delegated-access", controlGrantDelegatedAccess, "grant it again; Azure follows after so many requests", `{"afterRequests":2}`),
		call("GET", "/azure-subscriptions/{azure}/role-assignments", controlRoleAssignments, "what is assigned on an Azure subscription", ""),
		call("POST", "/azure-subscriptions/{azure}/role-assignments", controlAssignRole, "assign a role as somebody in the portal would; Owner by default", `{"principalId":"`+AdatumSecondUserID+`"}`),
		call("DELETE", "/azure-subscriptions/{azure}/role-assignments/{assignment}", controlRemoveAssignment, "remove an assignment, the last Owner too", ""),
		call("PUT", "/azure-subscriptions/{azure}/lock", controlLock, "lock an Azure subscription: CanNotDelete, ReadOnly, or nothing", `{"level":"ReadOnly"}`),
	}
}

func controlPrincipals(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: b.Principals(id)}
}

func controlAddPrincipal(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	var principal Principal
	if err := decodeKnown(x.body, &principal); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	if err := oneOf("type", principal.Type, UserPrincipal, GroupPrincipal, ServicePrincipal); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	added, err := b.addPrincipal(id, principal)
	if err != nil {
		return controlError(http.StatusConflict, "%v", err)
	}
	return response{status: http.StatusCreated, body: added}
}

func controlDeletePrincipal(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	if !slices.ContainsFunc(b.Principals(id), func(p Principal) bool { return strings.EqualFold(p.ID, x.values["principal"]) && p.Deleted.IsZero() }) {
		return controlError(http.StatusNotFound, "customer %s has no principal %s", id, x.values["principal"])
	}
	b.DeletePrincipal(id, x.values["principal"])
	return response{status: http.StatusNoContent}
}

func controlEndDelegatedAccess(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	b.EndDelegatedAccess(id)
	return response{status: http.StatusNoContent}
}

func controlGrantDelegatedAccess(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	var body struct {
		AfterRequests int `json:"afterRequests"`
	}
	if err := decodeKnown(x.body, &body); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	if err := notNegative("afterRequests", body.AfterRequests); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	b.GrantDelegatedAccess(id, body.AfterRequests)
	return response{status: http.StatusNoContent}
}

// knownAzureSubscription keeps a mistyped id in a control call from being a violation.
func knownAzureSubscription(b *Backend, x *exchange) (id string, refused response, ok bool) {
	id = x.values["azure"]
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.azureOwner(id); !ok {
		return id, controlError(http.StatusNotFound, "no Azure subscription %s", id), false
	}
	return id, response{}, true
}

func controlRoleAssignments(b *Backend, x *exchange) response {
	id, refused, ok := knownAzureSubscription(b, x)
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: b.RoleAssignments(id)}
}

func controlAssignRole(b *Backend, x *exchange) response {
	id, refused, ok := knownAzureSubscription(b, x)
	if !ok {
		return refused
	}
	var assignment RoleAssignment
	if err := decodeKnown(x.body, &assignment); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	assignment.SubscriptionID = id
	made, err := b.assignRole(assignment)
	if err != nil {
		return controlError(http.StatusConflict, "%v", err)
	}
	return response{status: http.StatusCreated, body: made}
}

func controlRemoveAssignment(b *Backend, x *exchange) response {
	id, refused, ok := knownAzureSubscription(b, x)
	if !ok {
		return refused
	}
	if !slices.ContainsFunc(b.RoleAssignments(id), func(a RoleAssignment) bool { return strings.EqualFold(a.Name, x.values["assignment"]) }) {
		return controlError(http.StatusNotFound, "subscription %s has no role assignment %s", id, x.values["assignment"])
	}
	b.RemoveAssignment(id, x.values["assignment"])
	return response{status: http.StatusNoContent}
}

func controlLock(b *Backend, x *exchange) response {
	id, refused, ok := knownAzureSubscription(b, x)
	if !ok {
		return refused
	}
	var body struct {
		Level LockLevel `json:"level"`
	}
	if err := decodeKnown(x.body, &body); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	if err := oneOf("level", body.Level, Unlocked, CanNotDelete, ReadOnly); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	b.LockSubscription(id, body.Level)
	return response{status: http.StatusNoContent}
}
