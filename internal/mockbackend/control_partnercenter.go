package mockbackend

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// controlPartnerCenterCalls are the control calls about customers, policies, orders and audit records.
func controlPartnerCenterCalls() []controlCall {
	call := newControlCall
	return []controlCall{
		call("GET", "/customers", controlGet((*Backend).Customers), "all customers", ""),
		call("POST", "/customers", controlAddCustomer, "add a customer; empty fields are filled in", `{"companyName":"Wingtip Demo","subscriptions":[{"azureSubscriptions":[{"friendlyName":"Production"}]}]}`),
		call("DELETE", "/customers/{customer}/relationship", controlOf(knownCustomer, controlEndRelationship), "end the reseller relationship", ""),
		call("GET", "/customers/{customer}/subscriptions", controlOf(knownCustomer, controlRead((*Backend).Subscriptions)), "subscriptions of a customer", ""),
		call("PUT", "/customers/{customer}/subscriptions/{subscription}/status", controlOf(knownCustomer, controlSetStatus), "change the status of a subscription or Azure subscription", `{"status":"suspended"}`),
		call("GET", "/policies/{customer}", controlOf(knownCustomer, controlGetPolicy), "the policy of a customer", ""),
		call("PUT", "/policies/{customer}", controlOf(knownCustomer, withBody(controlSetPolicy)), "set permissions as a user in the portal would", `{"permissions":["AzureReservedInstances"]}`),
		call("DELETE", "/policies/{customer}", controlOf(knownCustomer, controlDeletePolicy), "delete the policy as a user in the portal would", ""),
		call("GET", "/customers/{customer}/orders", controlOf(knownCustomer, controlRead((*Backend).Orders)), "orders of a customer with what they reserved, newest first", ""),
		call("POST", "/customers/{customer}/orders", controlOf(knownCustomer, withBody(controlAddOrder)), "add an order that has existed for a long time; empty fields are filled in", `{"lines":[{"offerId":"DZH318Z0BQ36:004G:DZH318Z0SAMP","termDuration":"P3Y","reservation":{}}]}`),
		call("POST", "/customers/{customer}/purchases", controlOf(knownCustomer, withBody(controlBuy)), "buy a reservation, savingsPlan or prePurchasePlan as a user of the customer, in the Azure portal; without a user, as the partner", `{"user":"`+AdatumUserPrincipalName+`","kind":"reservation","quantity":2,"termDuration":"P3Y"}`),
		call("POST", "/customers/{customer}/subscriptions", controlOf(knownCustomer, withBody(controlAddSubscription)), "add a subscription that has existed for a long time, such as a savings plan", `{"savingsPlan":{"commitment":"0.25","termDuration":"P3Y","outsidePartnerCenter":true}}`),
		call("GET", "/indirectresellers", controlGet((*Backend).IndirectResellers), "all indirect resellers", ""),
		call("POST", "/indirectresellers", controlAddReseller, "add an indirect reseller; empty fields are filled in", `{"name":"Proseware Reseller","mpnId":"7654321"}`),
		call("PUT", "/customers/{customer}/indirectreseller", controlOf(knownCustomer, withBody(controlMove)), "move a customer to an indirect reseller, or to none with an empty ID", `{"id":"`+OtherResellerID+`"}`),
		call("DELETE", "/customers/{customer}/orders/{order}/reservation", controlOf(knownCustomer, controlReturn), "return the reservation of an order", ""),
		call("GET", "/customers/{customer}/applicationconsents", controlOf(knownCustomer, controlRead((*Backend).ApplicationConsents)), "application consents of a customer's tenant", ""),
		call("DELETE", "/customers/{customer}/applicationconsents", controlOf(knownCustomer, controlRemoveConsents), "remove them, as the administrator of the customer", ""),
		call("GET", "/customers/{customer}/agreements", controlOf(knownCustomer, controlRead((*Backend).CustomerAgreements)), "how a customer has accepted the Microsoft Customer Agreement", ""),
		call("PUT", "/customers/{customer}/agreements", controlOf(knownCustomer, withBody(controlSetAgreements)), "set that", `{"signedDirectly":false,"confirmed":[]}`),
		call("POST", "/customers/{customer}/azureplan", controlOf(knownCustomer, controlBuyPlan), "buy an Azure plan for a customer as a user in the portal would", ""),
		call("PUT", "/customers/{customer}/orders/{order}/status", controlOf(knownCustomer, withBody(controlSetOrderStatus)), "change the status of an order, as a review by Microsoft does", `{"status":"pending"}`),
		call("POST", "/availabilities", controlDo((*Backend).RenewAvailabilities), "give the availabilities of the catalog new IDs", ""),
		call("GET", "/auditrecords", controlGet((*Backend).AuditRecords), "the activity log, oldest first", ""),
	}
}

// knownCustomer reads the customer of a control call.
func knownCustomer(b *Backend, x *exchange) (id string, refused response, ok bool) {
	id = x.values["customer"]
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.customer(id) == nil {
		return id, controlError(http.StatusNotFound, "no customer %s", id), false
	}
	return id, response{}, true
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

func controlEndRelationship(b *Backend, _ *exchange, customerID string) response {
	b.EndRelationship(customerID)
	return noContent()
}

func controlRemoveConsents(b *Backend, _ *exchange, customerID string) response {
	b.RemoveApplicationConsents(customerID)
	return noContent()
}

func controlSetAgreements(b *Backend, _ *exchange, customerID string, body CustomerAgreements) response {
	b.SetCustomerAgreements(customerID, body)
	return response{status: http.StatusOK, body: b.CustomerAgreements(customerID)}
}

func controlBuyPlan(b *Backend, _ *exchange, customerID string) response {
	for _, subscription := range b.Subscriptions(customerID) {
		if subscription.isAzurePlan() {
			return controlError(http.StatusConflict, "customer %s has the Azure plan %s", customerID, subscription.ID)
		}
	}
	return response{status: http.StatusCreated, body: b.BuyAzurePlan(customerID)}
}

type orderStatusBody struct {
	Status string `json:"status"`
}

func controlSetOrderStatus(b *Backend, x *exchange, customerID string, body orderStatusBody) response {
	if !slices.ContainsFunc(b.Orders(customerID), func(o Order) bool { return sameOrder(x.values["order"], o.ID) }) || body.Status == "" {
		return controlError(http.StatusNotFound, "customer %s has no order %s, or there is no status", customerID, x.values["order"])
	}
	b.SetOrderStatus(customerID, x.values["order"], body.Status)
	return noContent()
}

func controlSetStatus(b *Backend, x *exchange, customerID string) response {
	var body struct {
		Status string `json:"status"`
	}
	if err := decodeKnown(x.body, &body); err != nil || body.Status == "" {
		return controlError(http.StatusBadRequest, "want {\"status\":\"…\"}")
	}
	known := false
	for _, subscription := range b.Subscriptions(customerID) {
		known = known || strings.EqualFold(subscription.ID, x.values["subscription"])
		for _, entitlement := range subscription.AzureSubscriptions {
			known = known || strings.EqualFold(entitlement.ID, x.values["subscription"])
		}
	}
	if !known {
		return controlError(http.StatusNotFound, "customer %s has no subscription %s", customerID, x.values["subscription"])
	}
	b.SetSubscriptionStatus(customerID, x.values["subscription"], body.Status)
	return noContent()
}

func controlGetPolicy(b *Backend, _ *exchange, customerID string) response {
	policy, ok := b.Policy(customerID)
	if !ok {
		return controlError(http.StatusNotFound, "customer %s has no policy", customerID)
	}
	return response{status: http.StatusOK, body: policy}
}

type policyPermissionsBody struct {
	Permissions []string `json:"permissions"`
}

func controlSetPolicy(b *Backend, _ *exchange, customerID string, body policyPermissionsBody) response {
	for _, permission := range body.Permissions {
		if permission != AzureReservedInstances && permission != AzureSavingsPlan {
			return controlError(http.StatusBadRequest, "permission %q is none of %s and %s", permission, AzureReservedInstances, AzureSavingsPlan)
		}
	}
	b.SetPermissions(customerID, body.Permissions...)
	policy, ok := b.Policy(customerID)
	if !ok { // no permissions: deleted
		return noContent()
	}
	return response{status: http.StatusOK, body: policy}
}

func controlDeletePolicy(b *Backend, _ *exchange, customerID string) response {
	b.SetPermissions(customerID)
	return noContent()
}

func controlAddOrder(b *Backend, _ *exchange, customerID string, order Order) response {
	return response{status: http.StatusCreated, body: b.AddOrder(customerID, order)}
}

func controlAddSubscription(b *Backend, _ *exchange, customerID string, subscription Subscription) response {
	return response{status: http.StatusCreated, body: b.AddSubscription(customerID, subscription)}
}

func controlAddReseller(b *Backend, x *exchange) response {
	var reseller IndirectReseller
	if err := decodeKnown(x.body, &reseller); err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	if reseller.ID != "" && !isGUID(reseller.ID) {
		return controlError(http.StatusBadRequest, "id %q is not a GUID", reseller.ID)
	}
	return response{status: http.StatusCreated, body: b.AddIndirectReseller(reseller)}
}

type resellerBody struct {
	ID string `json:"id"`
}

func controlMove(b *Backend, _ *exchange, customerID string, body resellerBody) response {
	isReseller := func(r IndirectReseller) bool { return strings.EqualFold(r.ID, body.ID) }
	if body.ID != "" && !slices.ContainsFunc(b.IndirectResellers(), isReseller) {
		return controlError(http.StatusNotFound, "no indirect reseller %s", body.ID)
	}
	b.MoveCustomer(customerID, body.ID)
	return noContent()
}

type purchaseBody struct {
	User string `json:"user"`
	Kind string `json:"kind"` // reservation, savingsPlan, prePurchasePlan; empty = reservation
	Purchase
}

func controlBuy(b *Backend, _ *exchange, customerID string, body purchaseBody) response {
	var bought any
	var err error
	switch body.Kind {
	case "", "reservation":
		bought, err = b.BuyReservation(customerID, body.User, body.Purchase)
	case "savingsPlan":
		bought, err = b.BuySavingsPlan(customerID, body.User, body.Purchase)
	case "prePurchasePlan":
		bought, err = b.BuyPrePurchasePlan(customerID, body.User, body.Purchase)
	default:
		return controlError(http.StatusBadRequest, "kind %q is none of reservation, savingsPlan and prePurchasePlan", body.Kind)
	}
	if missing, ok := errors.AsType[*PurchaseRefused](err); ok {
		return response{status: http.StatusConflict, body: map[string]any{"error": missing.Error(), "missing": missing.Missing}}
	}
	if err != nil {
		return controlError(http.StatusBadRequest, "%v", err)
	}
	return response{status: http.StatusCreated, body: bought}
}

func controlReturn(b *Backend, x *exchange, customerID string) response {
	if err := b.ReturnReservation(customerID, x.values["order"]); err != nil {
		return controlError(http.StatusNotFound, "%v", err)
	}
	return noContent()
}
