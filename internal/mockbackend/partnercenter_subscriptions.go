package mockbackend

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Subscription is a subscription of a customer (DEV/subscription-resources). AddCustomer fills in empty fields.
type Subscription struct {
	ID           string    `json:"id"`      // GUID, in upper case for legacy subscriptions
	OfferID      string    `json:"offerId"` // AzurePlanOfferID, LegacyAzureOfferID or a license offer; empty = Azure plan
	OfferName    string    `json:"offerName"`
	FriendlyName string    `json:"friendlyName"`
	Status       string    `json:"status"` // active, suspended, deleted, expired, disabled, pending; empty = active
	Quantity     int       `json:"quantity"`
	OrderID      string    `json:"orderId"`             // stays empty for a savings plan bought outside Partner Center
	PartnerID    string    `json:"partnerId,omitempty"` // MPN ID of the indirect reseller of record
	Created      time.Time `json:"created"`
	// AzureSubscriptions are the Azure subscriptions of an Azure plan. A legacy subscription is itself an Azure
	// subscription.
	AzureSubscriptions []AzureEntitlement `json:"azureSubscriptions,omitempty"`
	SavingsPlan        *SavingsPlan       `json:"savingsPlan,omitempty"` // nil if it is not a savings plan

	version int          // number of changes, for the etag
	pending int          // number of reads that still show it pending
	later   *laterUpdate // an update that takes effect later
}

// Offer IDs of the subscriptions that reservations require.
const (
	AzurePlanOfferID   = "DZH318Z0BPS6:0001:DZH318Z0BML6"
	LegacyAzureOfferID = "MS-AZR-0145P"

	azurePlanProduct = "DZH318Z0BPS6:"
	legacyPrefix     = "MS-AZR-"
)

func (s *Subscription) isAzurePlan() bool {
	return strings.HasPrefix(strings.ToUpper(s.OfferID), azurePlanProduct)
}

func (s *Subscription) isLegacyAzure() bool {
	return strings.HasPrefix(strings.ToUpper(s.OfferID), legacyPrefix)
}

// fill sets empty fields to the usual values of the kind of subscription.
func (s *Subscription) fill(customerID string, index int) {
	modern := s.isAzurePlan() || s.OfferID == "" || s.SavingsPlan != nil
	if s.SavingsPlan != nil {
		plan := *s.SavingsPlan
		plan.fill(s)
		s.SavingsPlan = &plan
	}
	setDefault(&s.OfferID, AzurePlanOfferID)
	name := "Microsoft 365 Business Standard"
	switch {
	case s.isAzurePlan():
		name = "Azure plan"
	case s.isLegacyAzure():
		name = "Microsoft Azure"
	}
	setDefault(&s.OfferName, name)
	setDefault(&s.FriendlyName, s.OfferName)
	setDefault(&s.Status, "active")
	id := guidFor("subscription", customerID, index)
	if !modern { // recorded traffic has legacy IDs in upper case
		id = strings.ToUpper(id)
	}
	setDefault(&s.ID, id)
	switch {
	case s.SavingsPlan != nil && s.SavingsPlan.OutsidePartnerCenter:
	case s.SavingsPlan != nil:
		setDefault(&s.OrderID, modernOrderID(s.ID))
	case modern:
		setDefault(&s.OrderID, modernOrderID(customerID, index))
	default:
		setDefault(&s.OrderID, guidFor("order", customerID, index))
	}
	setDefault(&s.Quantity, 1)
	if s.Created.IsZero() {
		s.Created = time.Date(2024, time.March, 11, 9, 12, 44, 187_551_700, time.UTC)
	}
	s.AzureSubscriptions = slices.Clone(s.AzureSubscriptions)
	for i := range s.AzureSubscriptions {
		setDefault(&s.AzureSubscriptions[i].ID, guidFor("azure", s.ID, i))
		setDefault(&s.AzureSubscriptions[i].FriendlyName, fmt.Sprintf("Azure subscription %d", i+1))
		setDefault(&s.AzureSubscriptions[i].Status, "active")
	}
	s.version = 1
}

// Subscriptions returns the subscriptions of a customer.
func (b *Backend) Subscriptions(customerID string) []Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil {
		return nil
	}
	subscriptions := make([]Subscription, 0, len(record.subscriptions))
	for _, subscription := range b.subscriptionsOf(record) {
		copied := *subscription
		copied.AzureSubscriptions = slices.Clone(copied.AzureSubscriptions)
		subscriptions = append(subscriptions, copied)
	}
	return subscriptions
}

// subscriptionsOf returns the subscriptions of a customer. For a generated customer, the first call creates them.
func (b *Backend) subscriptionsOf(record *customerRecord) []*Subscription {
	if record.generated > 0 {
		plan := Subscription{AzureSubscriptions: []AzureEntitlement{{FriendlyName: "Production"}}}
		plan.fill(record.ID, 0)
		record.subscriptions = []*Subscription{&plan}
		record.generated = 0
	}
	return record.subscriptions
}

// SetSubscriptionStatus changes the status of a subscription, or of an Azure subscription of an Azure plan, as in the
// portal. It reports whether the subscription exists. If not, that is also a violation.
func (b *Backend) SetSubscriptionStatus(customerID, subscriptionID, status string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record := b.customer(customerID); record != nil {
		for _, subscription := range b.subscriptionsOf(record) {
			if strings.EqualFold(subscription.ID, subscriptionID) {
				subscription.Status = status
				subscription.version++
				b.addAudit(b.portalAudit(record, "update_subscription", "subscription"), subscription.ID, "", "")
				return true
			}
			for i := range subscription.AzureSubscriptions {
				if strings.EqualFold(subscription.AzureSubscriptions[i].ID, subscriptionID) {
					subscription.AzureSubscriptions[i].Status = status
					return true
				}
			}
		}
	}
	b.violate("SetSubscriptionStatus: customer %s has no subscription %s", customerID, subscriptionID)
	return false
}

// subscriptionBody is the wire form (DEV/subscription-resources). Legacy subscriptions follow recorded traffic. The exact
// fields of an Azure plan are a choice.
type subscriptionBody struct {
	ID                  string             `json:"id"`
	OfferID             string             `json:"offerId"`
	EntitlementID       string             `json:"entitlementId,omitempty"`
	OfferName           string             `json:"offerName"`
	FriendlyName        string             `json:"friendlyName"`
	ProductType         *productType       `json:"productType,omitempty"` // legacy subscriptions do not have it
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
	OrderID             string             `json:"orderId,omitempty"`
	ProductOrderID      string             `json:"productOrderId,omitempty"`
	LineItems           []any              `json:"lineItems,omitempty"` // of subscriptionLine
	Attributes          resourceAttributes `json:"attributes"`
}

type productType struct {
	ID          string       `json:"id"`
	DisplayName string       `json:"displayName"`
	SubType     *productType `json:"subType,omitempty"`
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
		subscription.settle()
		if order != "" && !sameOrder(order, subscription.OrderID) || reseller != "" && reseller != subscription.PartnerID {
			continue
		}
		bodies = append(bodies, x.subscriptionBody(record, subscription))
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, bodies)}
}

// sameOrder compares order IDs: modern ones with case, legacy ones, which are GUIDs, without.
func sameOrder(requested, id string) bool {
	return requested == id || len(id) == 36 && strings.EqualFold(requested, id)
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
			subscription.settle()
			return record, subscription, response{}, true
		}
	}
	return nil, nil, x.refuse("unknown_subscription", http.StatusNotFound, 20003, "The subscription was not found."), false
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
	const endOfTime = "9999-12-14T00:00:00Z" // Azure subscriptions have no end of commitment
	switch {
	case s.SavingsPlan != nil:
		body.Links = map[string]*link{"self": self}
		x.benefitBody(s, &body)
	case s.isAzurePlan():
		microsoft := true
		product, rest, _ := strings.Cut(s.OfferID, ":")
		sku, availability, _ := strings.Cut(rest, ":")
		productURI := "/products/" + product
		country := "?country=" + record.Country
		body.ProductType, body.IsMicrosoftProduct = &productType{ID: "Azure", DisplayName: "Azure"}, &microsoft
		body.UnitType, body.BillingType, body.BillingCycle, body.CommitmentEndDate = "Usage-based", "usage", "one_time", endOfTime
		if x.knobs.PlanBillingCycle != "" {
			body.BillingCycle = x.knobs.PlanBillingCycle
		}
		if x.knobs.PlanUnitType != "" {
			body.UnitType = x.knobs.PlanUnitType
		}
		if x.knobs.PlanEntitlementID {
			body.EntitlementID = s.ID
		}
		body.CreationDate = sevenDigits(s.Created)
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
		// Legacy licenses have no term: termDuration belongs to new commerce (DEV/subscription-resources).
		body.EntitlementID, body.UnitType, body.BillingType, body.BillingCycle = s.ID, "Licenses", "license", "monthly"
		body.HasPurchasableAddOn, body.AutoRenewEnabled, body.Actions = true, true, []string{"Cancel", "Edit"}
		body.CreationDate = s.Created.UTC().Format("2006-01-02T15:04:05.999Z")
		body.CommitmentEndDate = s.Created.UTC().AddDate(1, 0, 0).Format("2006-01-02T00:00:00Z")
		body.Links = map[string]*link{"offer": x.link("/offers/" + s.OfferID + "?country=" + record.Country), "self": self}
	}
	return body
}
