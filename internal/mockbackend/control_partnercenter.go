package mockbackend

import (
	"errors"
	"net/http"
	"strings"
)

// controlPurchaseCalls are those of control that are about orders and reservations.
func controlPurchaseCalls() []controlCall {
	call := func(method, pattern string, handle func(*Backend, *exchange) response, about, data string) controlCall {
		return controlCall{route{method, pattern, open, nil, handle}, about, data}
	}
	return []controlCall{
		call("GET", "/customers/{customer}/orders", controlOrders, "orders of a customer with what they reserved, newest first", ""),
		call("POST", "/customers/{customer}/orders", controlAddOrder, "add an order that has been there for long; empty fields are filled in", `{"lines":[{"offerId":"DZH318Z0BQ36:004G:DZH318Z0SAMP","termDuration":"P3Y","reservation":{}}]}`),
		call("POST", "/customers/{customer}/purchases", controlBuy, "buy a reservation, or a savings plan, as a user of the customer; without a user, as the partner", `{"user":"`+AdatumUserPrincipalName+`","kind":"reservation","quantity":2,"termDuration":"P3Y"}`),
		call("DELETE", "/customers/{customer}/orders/{order}/reservation", controlReturn, "return the reservation of an order", ""),
	}
}

func controlOrders(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: b.Orders(id)}
}

func controlAddOrder(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	var order Order
	if err := decodeKnown(x.body, &order); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	return response{status: http.StatusCreated, body: b.AddOrder(id, order)}
}

func controlBuy(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	var body struct {
		User string `json:"user"`
		Kind string `json:"kind"` // reservation, savingsPlan; empty = reservation
		Purchase
	}
	if err := decodeKnown(x.body, &body); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	permission := AzureReservedInstances
	switch {
	case body.Kind == "savingsPlan" && body.User == "":
		return controlError(http.StatusBadRequest, "user: a savings plan is bought by a user of the customer")
	case body.Kind == "savingsPlan":
		permission = AzureSavingsPlan
	case body.Kind != "" && body.Kind != "reservation":
		return controlError(http.StatusBadRequest, "kind %q is neither reservation nor savingsPlan", body.Kind)
	}
	order, err := b.buy(id, body.User, permission, body.Purchase)
	if missing, ok := errors.AsType[*PurchaseRefused](err); ok {
		return response{status: http.StatusConflict, body: map[string]any{"error": missing.Error(), "missing": missing.Missing}}
	}
	if err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	return response{status: http.StatusCreated, body: order}
}

func controlReturn(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	if err := b.ReturnReservation(id, x.values["order"]); err != nil {
		return controlError(http.StatusNotFound, "%v", err)
	}
	return response{status: http.StatusNoContent}
}

func controlAddCustomer(b *Backend, x *exchange) response {
	var body struct {
		Customer
		Subscriptions []Subscription `json:"subscriptions"`
	}
	if err := decodeKnown(x.body, &body); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	return response{status: http.StatusCreated, body: b.AddCustomer(body.Customer, body.Subscriptions...)}
}

// knownCustomer keeps a mistyped id in a control call from being a violation.
func knownCustomer(b *Backend, x *exchange) (id string, refused response, ok bool) {
	id = x.values["customer"]
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.customer(id) == nil {
		return id, controlError(http.StatusNotFound, "no customer %s", id), false
	}
	return id, response{}, true
}

func controlEndRelationship(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	b.EndRelationship(id)
	return response{status: http.StatusNoContent}
}

func controlSubscriptions(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: b.Subscriptions(id)}
}

func controlSetStatus(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	var body struct {
		Status string `json:"status"`
	}
	if err := decodeKnown(x.body, &body); err != nil || body.Status == "" {
		return controlError(http.StatusBadRequest, "want {\"status\":\"…\"}")
	}
	known := false
	for _, subscription := range b.Subscriptions(id) {
		known = known || strings.EqualFold(subscription.ID, x.values["subscription"])
		for _, entitlement := range subscription.AzureSubscriptions {
			known = known || strings.EqualFold(entitlement.ID, x.values["subscription"])
		}
	}
	if !known {
		return controlError(http.StatusNotFound, "customer %s has no subscription %s", id, x.values["subscription"])
	}
	b.SetSubscriptionStatus(id, x.values["subscription"], body.Status)
	return response{status: http.StatusNoContent}
}

func controlGetPolicy(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	policy, ok := b.Policy(id)
	if !ok {
		return controlError(http.StatusNotFound, "customer %s has no policy", id)
	}
	return response{status: http.StatusOK, body: policy}
}

func controlSetPolicy(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	var body struct {
		Permissions []string `json:"permissions"`
	}
	if err := decodeKnown(x.body, &body); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	for _, permission := range body.Permissions {
		if permission != AzureReservedInstances && permission != AzureSavingsPlan {
			return controlError(http.StatusBadRequest, "permission %q is none of %s and %s", permission, AzureReservedInstances, AzureSavingsPlan)
		}
	}
	b.SetPermissions(id, body.Permissions...)
	policy, ok := b.Policy(id)
	if !ok { // no permissions: deleted
		return response{status: http.StatusNoContent}
	}
	return response{status: http.StatusOK, body: policy}
}

func controlDeletePolicy(b *Backend, x *exchange) response {
	id, refused, ok := knownCustomer(b, x)
	if !ok {
		return refused
	}
	b.SetPermissions(id)
	return response{status: http.StatusNoContent}
}
