package mockbackend

import (
	"errors"
	"net/http"
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
