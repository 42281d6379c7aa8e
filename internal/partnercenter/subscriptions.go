package partnercenter

import (
	"context"
	"iter"
	"net/http"
	"strings"
)

// Subscriptions are what a customer has bought through the partner
// (https://learn.microsoft.com/partner-center/developer/subscription-resources).
type Subscriptions struct {
	c         *Client
	qualified *qualified
}

// Subscription is one of a customer's. Every field but ID may be empty: the API leaves
// nulls out.
type Subscription struct {
	// ID is the Partner Center id, upper-case for legacy offers.
	ID string `json:"id"`
	// OfferID is a GUID (legacy licences), MS-AZR-… (legacy Azure) or
	// product:sku:availability.
	OfferID      string `json:"offerId"`
	OfferName    string `json:"offerName"`
	FriendlyName string `json:"friendlyName"`
	// EntitlementID is the Azure subscription of a legacy Azure subscription.
	EntitlementID string `json:"entitlementId"`
	// Status is active, suspended, deleted, … .
	Status  string `json:"status"`
	OrderID string `json:"orderId"`
	// CreationDate is RFC 3339.
	CreationDate string `json:"creationDate"`
}

// SubscriptionKind tells which subscriptions let a customer buy reservations.
type SubscriptionKind string

// The kinds of subscriptions.
const (
	AzurePlan         SubscriptionKind = "azure_plan"
	AzureGlobal       SubscriptionKind = "azure_global"
	OtherSubscription SubscriptionKind = "other"
)

// azurePlanProduct is the product of every Azure plan offer, product:sku:availability;
// the availability differs per country.
const azurePlanProduct = "DZH318Z0BPS6"

// azureGlobalOffers are Azure (global) and its equivalents in the integration sandbox.
var azureGlobalOffers = []string{"MS-AZR-0145P", "MS-AZR-0146P", "MS-AZR-DE-0146P", "MS-AZR-USGOV-0146P"}

// Kind tells Azure plans and Azure (global) subscriptions from all others by their offer.
func (s Subscription) Kind() SubscriptionKind {
	product, _, _ := strings.Cut(s.OfferID, ":")
	if strings.EqualFold(product, azurePlanProduct) {
		return AzurePlan
	}
	for _, offer := range azureGlobalOffers {
		if strings.EqualFold(s.OfferID, offer) {
			return AzureGlobal
		}
	}
	return OtherSubscription
}

// Active tells whether the subscription can be used.
func (s Subscription) Active() bool { return strings.EqualFold(s.Status, "active") }

// AllowsReservations tells whether a customer with this subscription meets the first
// prerequisite of buying reservations: an active Azure plan or Azure (global) subscription
// (https://learn.microsoft.com/partner-center/customers/give-customers-permission).
func (s Subscription) AllowsReservations() bool {
	return s.Active() && s.Kind() != OtherSubscription
}

// Of returns a customer's subscriptions, in the server's order.
// GET /v1/customers/{customer}/subscriptions, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions).
func (s Subscriptions) Of(ctx context.Context, customerID string) iter.Seq2[Subscription, error] {
	subscriptions := all[Subscription](ctx, s.c, call{method: http.MethodGet, path: pathOf("customers", customerID, "subscriptions")})
	return func(yield func(Subscription, error) bool) {
		for sub, err := range subscriptions {
			if err == nil && sub.AllowsReservations() {
				s.qualified.note(customerID)
			}
			if !yield(sub, err) {
				return
			}
		}
	}
}

// AzureEntitlement is an Azure subscription under an Azure plan.
type AzureEntitlement struct {
	// ID is the Azure subscription id.
	ID           string `json:"id"`
	FriendlyName string `json:"friendlyName"`
	// Status is active; other values are not documented.
	Status string `json:"status"`
}

// AzureEntitlements returns the Azure subscriptions under an Azure plan, in the server's
// order. An Azure plan that is not active may have none to show: the codes for that are
// an empty list too.
// GET /v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-a-list-of-azure-entitlements-for-subscription).
func (s Subscriptions) AzureEntitlements(ctx context.Context, customerID string, plan Subscription) iter.Seq2[AzureEntitlement, error] {
	entitlements := all[AzureEntitlement](ctx, s.c, call{
		method: http.MethodGet, path: pathOf("customers", customerID, "subscriptions", plan.ID, "azureEntitlements"),
	})
	return func(yield func(AzureEntitlement, error) bool) {
		for e, err := range entitlements {
			if !plan.Active() && (is(err, http.StatusBadRequest, "800011", "800012") || is(err, http.StatusNotFound, "20003")) {
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
