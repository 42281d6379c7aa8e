package mockbackend

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// SavingsPlan has the fields of a Subscription that is an Azure savings plan (DEV/azure-purchase-savings-plan and
// DEV/subscription-resources). AddCustomer and AddSubscription fill in empty fields.
type SavingsPlan struct {
	Commitment   string `json:"commitment"`   // per hour, a decimal number; empty = 1.5
	Currency     string `json:"currency"`     // empty = USD
	TermDuration string `json:"termDuration"` // P1Y, P3Y; empty = P1Y
	ScopeType    string `json:"scopeType"`    // Shared, Single …; empty = Shared
	// ScopeID is the Azure plan of a shared scope, or the Azure subscription of a single one; may be empty.
	ScopeID   string `json:"scopeId,omitempty"`
	AutoRenew bool   `json:"autoRenew"`
	// OutsidePartnerCenter means that the plan was bought in the Azure portal or by its API: it has no orderId.
	OutsidePartnerCenter bool `json:"outsidePartnerCenter"`
}

// The catalog IDs of a savings plan. Product and SKUs are those of the page; the availability is invented.
const (
	savingsPlanProduct = "DZH318Z09V6F"
	savingsPlanOffer   = savingsPlanProduct + ":0001:DZH318Z0CXYZ" // one year; SKU 0002 is three years
)

// fill sets the empty fields of the plan and of its subscription.
func (p *SavingsPlan) fill(s *Subscription) {
	setDefault(&p.Commitment, "1.5")
	setDefault(&p.Currency, "USD")
	setDefault(&p.TermDuration, "P1Y")
	setDefault(&p.ScopeType, "Shared")
	offer, name := savingsPlanOffer, "Compute savings plan, 1 year"
	if p.TermDuration == "P3Y" {
		offer, name = strings.Replace(offer, ":0001:", ":0002:", 1), "Compute savings plan, 3 years"
	}
	setDefault(&s.OfferID, offer)
	setDefault(&s.OfferName, name)
}

// AddSubscription adds a subscription, such as a savings plan, as if it had existed for a long time: it has no record in
// the activity log. It returns the subscription with the empty fields filled in. An unknown customer is a violation.
func (b *Backend) AddSubscription(customerID string, subscription Subscription) Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor("AddSubscription", customerID)
	if record == nil {
		return Subscription{}
	}
	return *b.addSubscription(record, subscription)
}

func (b *Backend) addSubscription(record *customerRecord, subscription Subscription) *Subscription {
	subscription.fill(record.ID, len(b.subscriptionsOf(record)))
	record.subscriptions = append(record.subscriptions, &subscription)
	b.azureOwners = nil
	return &subscription
}

// BuySavingsPlan buys a savings plan as a user of the customer in the Azure portal. It creates a subscription without
// orderId, and no order. It returns the subscription, or *PurchaseRefused if a prerequisite is missing. What the
// activity log records is not documented. Here it records nothing.
func (b *Backend) BuySavingsPlan(customerID, user string, purchase Purchase) (Subscription, error) {
	return b.buySavingsPlan(customerID, user, purchase)
}

// BuySavingsPlanAsPartner buys a savings plan for the customer as a partner user in Partner Center. It creates a
// subscription with an order.
func (b *Backend) BuySavingsPlanAsPartner(customerID string, purchase Purchase) (Subscription, error) {
	return b.buySavingsPlan(customerID, "", purchase)
}

func (b *Backend) buySavingsPlan(customerID, user string, purchase Purchase) (Subscription, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	record, user, err := b.checkPurchase(customerID, user, AzureSavingsPlan, &purchase)
	if err != nil {
		return Subscription{}, err
	}
	plan := &SavingsPlan{
		Commitment: purchase.Commitment, TermDuration: purchase.TermDuration, AutoRenew: purchase.AutoRenew, OutsidePartnerCenter: user != "",
	}
	if purchase.AppliedScope != "" {
		plan.ScopeType, plan.ScopeID = "Single", strings.ToLower(purchase.AppliedScope)
	}
	s := b.addSubscription(record, Subscription{
		ID: newGUID(), FriendlyName: "SP_" + time.Now().UTC().Format("01-02-2006_15-04"), Quantity: purchase.Quantity, Created: time.Now(), SavingsPlan: plan,
	})
	if user == "" {
		order := s.order(record)
		order.CorrelationID = newGUID()
		b.auditPurchase(record, order, "")
	}
	return *s, nil
}

type subscriptionLine struct {
	ID                 string             `json:"id"`
	FriendlyName       string             `json:"friendlyName"`
	Scope              map[string]string  `json:"scope"`
	AutoRenewEnabled   bool               `json:"autoRenewEnabled"`
	Status             string             `json:"status"`
	PurchaseCommitment purchaseCommitment `json:"purchaseCommitment"`
}

type purchaseCommitment struct {
	Amount   any    `json:"amount"`
	Currency string `json:"currency"`
	Grain    string `json:"grain"`
}

// benefitBody fills in the fields of a savings plan.
func (x *exchange) benefitBody(s *Subscription, body *subscriptionBody) {
	plan := s.SavingsPlan
	years := 1
	if plan.TermDuration == "P3Y" {
		years = 3
	}
	body.ProductType = &productType{"Azure", "Azure", &productType{ID: "SavingsPlan", DisplayName: "SavingsPlan"}}
	body.UnitType, body.BillingType, body.BillingCycle, body.TermDuration = "Benefit", "benefit", "monthly", plan.TermDuration
	if x.knobs.SavingsPlanUnitType != "" {
		body.UnitType = x.knobs.SavingsPlanUnitType
	}
	if x.knobs.SavingsPlanBillingType != "" {
		body.BillingType = x.knobs.SavingsPlanBillingType
	}
	body.AutoRenewEnabled = plan.AutoRenew
	body.CreationDate = wholeSeconds(s.Created)
	body.CommitmentEndDate = s.Created.UTC().AddDate(years, 0, -1).Format("2006-01-02T00:00:00Z")
	body.ProductOrderID = guidFor("product order", s.ID)
	scope := map[string]string{"type": plan.ScopeType}
	if plan.ScopeID != "" {
		key := "subscriptionId"
		if plan.ScopeType == "Single" {
			key = "entitlementId"
		}
		scope[key] = plan.ScopeID
	}
	amount := any(json.Number(plan.Commitment))
	if x.knobs.NumbersAsStrings || x.knobs.CommitmentAsString {
		amount = plan.Commitment
	}
	line := subscriptionLine{
		ID: guidFor("savings plan", s.ID), FriendlyName: s.FriendlyName, Scope: scope, AutoRenewEnabled: plan.AutoRenew, Status: s.Status,
		PurchaseCommitment: purchaseCommitment{amount, plan.Currency, "Hourly"},
	}
	if x.knobs.UnknownEnums {
		line.Status, line.Scope["type"] = "dormant", "Tenant"
	}
	switch fields := x.knobs.SavingsPlanLineFields; fields {
	case "":
		body.LineItems = []any{line}
	case "none":
	default:
		all := map[string]any{
			"id": line.ID, "friendlyName": line.FriendlyName, "scope": line.Scope, "autoRenewEnabled": line.AutoRenewEnabled, "status": line.Status,
			"purchaseCommitment": line.PurchaseCommitment,
		}
		maps.DeleteFunc(all, func(name string, _ any) bool { return !slices.Contains(strings.Split(fields, ","), name) })
		body.LineItems = []any{all}
	}
}

func checkCommitment(amount string) error {
	if amount == "" {
		return nil
	}
	if _, err := json.Number(amount).Float64(); err != nil || !json.Valid([]byte(amount)) {
		return fmt.Errorf("commitment: %q is not a number", amount)
	}
	return nil
}
