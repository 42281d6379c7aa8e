package partnercenter

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Subscriptions reads what customers have bought through the partner
// (https://learn.microsoft.com/partner-center/developer/subscription-resources).
type Subscriptions struct {
	c            *Client
	lists        *httppipe.Answers[[]Subscription]
	entitlements *httppipe.Answers[[]AzureEntitlement]
}

// subscriptionsFor and entitlementsFor are how long the lists are cached. One plan often reads the
// subscriptions several times, and Terraform plans each resource again directly before applying it.
// Azure subscriptions below a plan change more often during a run.
const (
	subscriptionsFor = 5 * time.Minute
	entitlementsFor  = time.Minute
)

func newSubscriptions(c *Client) Subscriptions {
	return Subscriptions{
		c: c,
		// A list without an Azure subscription is not cached, because somebody may be about to buy
		// one.
		lists: &httppipe.Answers[[]Subscription]{For: subscriptionsFor, Keep: func(all []Subscription) bool {
			return slices.ContainsFunc(all, Subscription.AllowsReservations)
		}},
		entitlements: &httppipe.Answers[[]AzureEntitlement]{For: entitlementsFor},
	}
}

// Subscription is a subscription of a customer. Every field except ID may be empty, because the API
// omits nulls.
type Subscription struct {
	// ID is the Partner Center ID. It is in upper case for legacy offers.
	ID string `json:"id"`
	// OfferID is a GUID (legacy licenses), MS-AZR-… (legacy Azure) or product:sku:availability.
	OfferID      string `json:"offerId"`
	OfferName    string `json:"offerName"`
	FriendlyName string `json:"friendlyName"`
	// EntitlementID is the Azure subscription ID of a legacy Azure subscription.
	EntitlementID string `json:"entitlementId"`
	// Status is for example active, suspended or deleted.
	Status  string `json:"status"`
	OrderID string `json:"orderId"`
	// CreationDate is in RFC 3339 format.
	CreationDate string `json:"creationDate"`
	// PartnerID is the Partner ID of the indirect reseller, or "".
	PartnerID Text `json:"partnerId"`
}

func (s Subscription) id() string { return s.ID }

// SubscriptionKind distinguishes the subscriptions that allow a customer to buy reservations.
type SubscriptionKind string

// These are the kinds of subscriptions.
const (
	AzurePlan         SubscriptionKind = "azure_plan"
	AzureGlobal       SubscriptionKind = "azure_global"
	OtherSubscription SubscriptionKind = "other"
)

// azurePlanProduct is the product part of every Azure plan offer, whose ID is
// product:sku:availability. The availability differs by country.
const azurePlanProduct = "DZH318Z0BPS6"

// azureGlobalOffers contains Azure (global) and its equivalents in other clouds and in the
// integration sandbox.
var azureGlobalOffers = []string{"MS-AZR-0145P", "MS-AZR-0146P", "MS-AZR-DE-0146P", "MS-AZR-USGOV-0146P"}

// Kind returns the kind of the subscription, derived from its offer.
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

// Active reports whether the subscription can be used.
func (s Subscription) Active() bool { return strings.EqualFold(s.Status, "active") }

// AllowsReservations reports whether a customer with this subscription meets the first prerequisite
// to buy reservations: an active Azure plan or Azure (global) subscription
// (https://learn.microsoft.com/partner-center/customers/give-customers-permission).
func (s Subscription) AllowsReservations() bool {
	return s.Active() && s.Kind() != OtherSubscription
}

// Of returns the subscriptions of a customer, sorted by ID. Concurrent callers share one request. A
// list with an active Azure plan or Azure (global) subscription is cached for 5 minutes. Callers
// must not modify the list.
// GET /v1/customers/{customer}/subscriptions, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions).
func (s Subscriptions) Of(ctx context.Context, customerID string) ([]Subscription, error) {
	return s.lists.Get(ctx, strings.ToLower(customerID), func(ctx context.Context) ([]Subscription, error) {
		list := call{method: http.MethodGet, path: pathOf("customers", customerID, "subscriptions")}
		return sorted(all[Subscription](ctx, s.c, list), func(sub Subscription) string { return sub.ID })
	})
}

// sorted reads a whole list and sorts it by ID, ignoring case.
func sorted[T any](list iter.Seq2[T, error], id func(T) string) ([]T, error) {
	var out []T
	for item, err := range list {
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	slices.SortFunc(out, func(a, b T) int { return cmp.Compare(strings.ToLower(id(a)), strings.ToLower(id(b))) })
	return out, nil
}

// AzureEntitlement is an Azure subscription below an Azure plan.
type AzureEntitlement struct {
	// ID is the Azure subscription ID.
	ID           string `json:"id"`
	FriendlyName string `json:"friendlyName"`
	// Status is active; other values are not documented.
	Status string `json:"status"`
}

func (e AzureEntitlement) id() string { return e.ID }

// AzureEntitlements returns the Azure subscriptions below an Azure plan, sorted by ID. The list is cached
// for a minute. For an Azure plan that is not active, the error codes for no entitlements count as an empty
// list. Callers must not modify the list.
// GET /v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-a-list-of-azure-entitlements-for-subscription).
func (s Subscriptions) AzureEntitlements(ctx context.Context, customerID string, plan Subscription) ([]AzureEntitlement, error) {
	return s.entitlements.Get(ctx, strings.ToLower(customerID+"/"+plan.ID), func(ctx context.Context) ([]AzureEntitlement, error) {
		list := call{method: http.MethodGet, path: pathOf("customers", customerID, "subscriptions", plan.ID, "azureEntitlements")}
		out, err := sorted(all[AzureEntitlement](ctx, s.c, list), func(e AzureEntitlement) string { return e.ID })
		if !plan.Active() && (is(err, http.StatusBadRequest, "800011", "800012") || is(err, http.StatusNotFound, "20003")) {
			return nil, nil
		}
		return out, err
	})
}

// AzureSubscription is an Azure subscription that a customer bought through the partner: one below
// an Azure plan, or an Azure (global) subscription.
type AzureSubscription struct {
	// ID is the Azure subscription ID, in lower case.
	ID, FriendlyName, Status string
}

// Active reports whether the Azure subscription can be used.
func (a AzureSubscription) Active() bool { return strings.EqualFold(a.Status, "active") }

// Azure returns the Azure subscriptions of a Partner Center subscription, sorted by ID, and none
// for other products. For an Azure plan, it sends the requests of
// [Subscriptions.AzureEntitlements].
func (s Subscriptions) Azure(ctx context.Context, customerID string, sub Subscription) ([]AzureSubscription, error) {
	switch sub.Kind() {
	case AzureGlobal:
		return []AzureSubscription{{strings.ToLower(cmp.Or(sub.EntitlementID, sub.ID)), sub.FriendlyName, sub.Status}}, nil
	case AzurePlan:
		entitlements, err := s.AzureEntitlements(ctx, customerID, sub)
		if err != nil {
			return nil, err
		}
		out := make([]AzureSubscription, 0, len(entitlements))
		for _, e := range entitlements {
			out = append(out, AzureSubscription{strings.ToLower(e.ID), e.FriendlyName, e.Status})
		}
		return out, nil
	case OtherSubscription:
	}
	return nil, nil
}
