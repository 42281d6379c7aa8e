package mockbackend

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// subscriptionBody is the wire form (DEV/subscription-resources). The legacy forms follow recorded traffic; the exact
// field set of an Azure plan is a choice.
type subscriptionBody struct {
	ID                  string             `json:"id"`
	OfferID             string             `json:"offerId"`
	EntitlementID       string             `json:"entitlementId,omitempty"`
	OfferName           string             `json:"offerName"`
	FriendlyName        string             `json:"friendlyName"`
	ProductType         *productType       `json:"productType,omitempty"` // absent on legacy
	Quantity            int                `json:"quantity"`
	UnitType            string             `json:"unitType"`
	HasPurchasableAddOn bool               `json:"hasPurchasableAddons"`
	CreationDate        string             `json:"creationDate"`
	EffectiveStartDate  string             `json:"effectiveStartDate"`
	CommitmentEndDate   string             `json:"commitmentEndDate"`
	Status              string             `json:"status"`
	AutoRenewEnabled    bool               `json:"autoRenewEnabled"`
	IsTrial             bool               `json:"isTrial"`
	BillingType         string             `json:"billingType"`
	BillingCycle        string             `json:"billingCycle"`
	TermDuration        string             `json:"termDuration,omitempty"`
	IsMicrosoftProduct  *bool              `json:"isMicrosoftProduct,omitempty"`
	PartnerID           string             `json:"partnerId,omitempty"`
	Actions             []string           `json:"actions,omitempty"`
	SuspensionReasons   []string           `json:"suspensionReasons,omitempty"`
	AttentionNeeded     bool               `json:"attentionNeeded"`
	ActionTaken         bool               `json:"actionTaken"`
	ContractType        string             `json:"contractType"`
	Links               map[string]*link   `json:"links"`
	OrderID             string             `json:"orderId"`
	Attributes          resourceAttributes `json:"attributes"`
}

type productType struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

// listSubscriptions: DEV/get-all-of-a-customer-s-subscriptions, DEV/get-a-list-of-subscriptions-by-order. No paging.
func (b *Backend) listSubscriptions(x *exchange) response {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	order, reseller := queryValue(x.query, "order_id"), queryValue(x.query, "mpn_id")
	var bodies []subscriptionBody
	for _, subscription := range b.subscriptionsOf(record) {
		if order != "" && !sameOrder(order, subscription.OrderID) || reseller != "" && reseller != subscription.PartnerID {
			continue
		}
		bodies = append(bodies, x.subscriptionBody(record, subscription))
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, bodies)}
}

// sameOrder: ids of modern orders are case-sensitive, legacy ones are GUIDs.
func sameOrder(asked, id string) bool {
	return asked == id || len(id) == 36 && strings.EqualFold(asked, id)
}

// getSubscription: DEV/get-a-subscription-by-id.
func (b *Backend) getSubscription(x *exchange) response {
	record, subscription, refused, ok := b.subscriptionOf(x)
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: x.subscriptionBody(record, subscription)}
}

func (b *Backend) subscriptionOf(x *exchange) (*customerRecord, *Subscription, response, bool) {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return nil, nil, refused, false
	}
	for _, subscription := range b.subscriptionsOf(record) {
		if strings.EqualFold(subscription.ID, x.values["subscription"]) {
			return record, subscription, response{}, true
		}
	}
	return nil, nil, failure(http.StatusNotFound, 20003, "The subscription was not found."), false
}

func (x *exchange) subscriptionBody(record *customerRecord, s *Subscription) subscriptionBody {
	self := x.link("/customers/" + record.ID + "/subscriptions/" + s.ID)
	body := subscriptionBody{
		ID: s.ID, OfferID: s.OfferID, OfferName: s.OfferName, FriendlyName: s.FriendlyName, Quantity: s.Quantity, Status: s.Status,
		EffectiveStartDate: s.Created.UTC().Format("2006-01-02T00:00:00Z"), PartnerID: s.PartnerID, ContractType: "subscription", OrderID: s.OrderID,
		Attributes: resourceAttributes{base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"id":%q,"version":%d}`, s.ID, s.version)), "Subscription"},
	}
	if s.Status == "suspended" {
		body.SuspensionReasons = []string{"CustomerCancellation"}
	}
	const endOfTime = "9999-12-14T00:00:00Z" // Azure has no end of commitment
	switch {
	case s.isAzurePlan():
		microsoft := true
		product, rest, _ := strings.Cut(s.OfferID, ":")
		sku, availability, _ := strings.Cut(rest, ":")
		productURI := "/products/" + product
		country := "?country=" + record.Country
		body.ProductType, body.IsMicrosoftProduct = &productType{"Azure", "Azure"}, &microsoft
		body.UnitType, body.BillingType, body.BillingCycle, body.CommitmentEndDate = "Usage-based", "usage", "one_time", endOfTime
		body.CreationDate = s.Created.UTC().Format("2006-01-02T15:04:05.0000000Z")
		body.Links = map[string]*link{
			"product": x.link(productURI + country), "sku": x.link(productURI + "/skus/" + sku + country),
			"availability": x.link(productURI + "/skus/" + sku + "/availabilities/" + availability + country), "self": self,
		}
	case s.isLegacyAzure():
		body.EntitlementID, body.UnitType, body.BillingType, body.BillingCycle, body.CommitmentEndDate = s.ID, "Usage-based", "usage", "monthly", endOfTime
		body.Actions = []string{"Cancel", "Edit"}
		body.CreationDate = s.Created.UTC().Format("2006-01-02T15:04:05.999Z")
		body.Links = map[string]*link{"offer": x.link("/offers/" + s.OfferID + "?country=" + record.Country), "self": self}
	default:
		body.EntitlementID, body.UnitType, body.BillingType, body.BillingCycle, body.TermDuration = s.ID, "Licenses", "license", "monthly", "P1Y"
		body.HasPurchasableAddOn, body.AutoRenewEnabled, body.Actions = true, true, []string{"Cancel", "Edit"}
		body.CreationDate = s.Created.UTC().Format("2006-01-02T15:04:05.999Z")
		body.CommitmentEndDate = s.Created.UTC().AddDate(1, 0, 0).Format("2006-01-02T00:00:00Z")
		body.Links = map[string]*link{"offer": x.link("/offers/" + s.OfferID + "?country=" + record.Country), "self": self}
	}
	return body
}

// azureEntitlementBody is an Azure subscription below an Azure plan.
type azureEntitlementBody struct {
	ID             string `json:"id"`
	FriendlyName   string `json:"friendlyName"`
	Status         string `json:"status"`
	SubscriptionID string `json:"subscriptionId"` // of the Azure plan
}

// listAzureEntitlements: DEV/get-a-list-of-azure-entitlements-for-subscription.
func (b *Backend) listAzureEntitlements(x *exchange) response {
	_, subscription, refused, ok := b.azurePlanOf(x)
	if !ok {
		return refused
	}
	var bodies []azureEntitlementBody
	for _, entitlement := range subscription.AzureSubscriptions {
		bodies = append(bodies, azureEntitlementBody{entitlement.ID, entitlement.FriendlyName, entitlement.Status, subscription.ID})
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, bodies)}
}

// getAzureEntitlement: DEV/get-an-azure-entitlement-for-a-subscription. The code of a missing one is a choice.
func (b *Backend) getAzureEntitlement(x *exchange) response {
	_, subscription, refused, ok := b.azurePlanOf(x)
	if !ok {
		return refused
	}
	for _, entitlement := range subscription.AzureSubscriptions {
		if strings.EqualFold(entitlement.ID, x.values["entitlement"]) {
			return response{status: http.StatusOK, body: azureEntitlementBody{entitlement.ID, entitlement.FriendlyName, entitlement.Status, subscription.ID}}
		}
	}
	return failure(http.StatusNotFound, 1000, "The Azure entitlement was not found.")
}

// azurePlanOf refuses subscriptions that are no Azure plan; the code is a choice, the likely one of DEV/error-codes.
func (b *Backend) azurePlanOf(x *exchange) (*customerRecord, *Subscription, response, bool) {
	record, subscription, refused, ok := b.subscriptionOf(x)
	if ok && !subscription.isAzurePlan() {
		return nil, nil, failure(http.StatusBadRequest, 800011, "The subscription is not a valid Azure subscription."), false
	}
	return record, subscription, refused, ok
}
