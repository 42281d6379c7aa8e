package partnercenter

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// SavingsPlans reads the Azure savings plans of customers, which Partner Center lists among the
// subscriptions (https://learn.microsoft.com/partner-center/developer/azure-purchase-savings-plan).
type SavingsPlans struct{ c *Client }

// SavingsPlan is a savings plan of a customer. Every field except SubscriptionID may be empty.
type SavingsPlan struct {
	// SubscriptionID is the ID of the plan in Partner Center.
	SubscriptionID                   string
	OfferID, OfferName, FriendlyName string
	// Status is for example active, expired or disabled.
	Status Enum
	// OrderID is empty if the plan was bought outside Partner Center, that is, in the Azure portal
	// or by its API.
	OrderID string
	// ProductOrderID is the order ID of the plan in Azure.
	ProductOrderID string
	// TermDuration is P1Y or P3Y (ISO 8601).
	TermDuration string
	BillingCycle Enum
	// HourlyCommitment is the amount per hour, in CurrencyCode.
	HourlyCommitment Decimal
	CurrencyCode     string
	// ScopeType is for example shared or single. ScopeID is the subscription, management group or
	// resource group of the scope.
	ScopeType Enum
	ScopeID   string
	// AutoRenew is nil if unknown.
	AutoRenew *bool
	// Bought is the time of the purchase, Start and End are the term of the plan.
	Bought, Start, End Time
}

// hoursPerYear is the number of hours that a year of a commitment has.
const hoursPerYear = 365 * 24

// TotalCommitment returns the amount for the whole term, or "" if unknown. A year has 8,760 hours.
func (p SavingsPlan) TotalCommitment() Decimal {
	years, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(strings.ToUpper(p.TermDuration), "P"), "Y"), 10, 16)
	if err != nil || p.HourlyCommitment == "" {
		return ""
	}
	return p.HourlyCommitment.times(years * hoursPerYear)
}

// benefit contains the fields of a subscription that are needed to find savings plans. Dates are
// texts, so that an unreadable date of another subscription is not an error.
type benefit struct {
	ID                 string `json:"id"`
	OfferID            string `json:"offerId"`
	OfferName          string `json:"offerName"`
	FriendlyName       string `json:"friendlyName"`
	UnitType           Text   `json:"unitType"`
	Status             Enum   `json:"status"`
	BillingType        Enum   `json:"billingType"`
	BillingCycle       Enum   `json:"billingCycle"`
	TermDuration       string `json:"termDuration"`
	OrderID            string `json:"orderId"`
	ProductOrderID     Text   `json:"productOrderId"`
	CreationDate       Text   `json:"creationDate"`
	EffectiveStartDate Text   `json:"effectiveStartDate"`
	CommitmentEndDate  Text   `json:"commitmentEndDate"`
	ProductType        struct {
		SubType struct {
			ID Text `json:"id"`
		} `json:"subType"`
	} `json:"productType"`
	Lines []benefitLine `json:"lineItems"`
}

type benefitLine struct {
	AutoRenew *bool `json:"autoRenewEnabled"`
	Scope     struct {
		Type              Enum `json:"type"`
		SubscriptionID    Text `json:"subscriptionId"`
		EntitlementID     Text `json:"entitlementId"`
		ManagementGroupID Text `json:"managementGroupId"`
		ResourceGroupID   Text `json:"resourceGroupId"`
	} `json:"scope"`
	Commitment struct {
		Amount   Decimal `json:"amount"`
		Currency string  `json:"currency"`
		Grain    Enum    `json:"grain"`
	} `json:"purchaseCommitment"`
}

func (b benefit) id() string { return b.ID }

// isSavingsPlan reports whether the subscription has any of the documented marks of a savings plan.
func (b benefit) isSavingsPlan() bool {
	product, _, _ := strings.Cut(b.OfferID, ":")
	return sameEnum(string(b.UnitType), "benefit") || sameEnum(string(b.BillingType), "benefit") ||
		sameEnum(string(b.ProductType.SubType.ID), "savings_plan") || strings.EqualFold(product, savingsPlanOffers)
}

// Of returns the savings plans of a customer, sorted by ID.
// GET /v1/customers/{customer}/subscriptions, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions).
func (s SavingsPlans) Of(ctx context.Context, customerID string) ([]SavingsPlan, error) {
	list := call{method: http.MethodGet, path: pathOf("customers", customerID, "subscriptions")}
	all, err := sorted(all[benefit](ctx, s.c, list), func(b benefit) string { return b.ID })
	if err != nil {
		return nil, err
	}
	var out []SavingsPlan
	for _, b := range slices.CompactFunc(all, func(a, b benefit) bool { return sameID(a.ID, b.ID) }) {
		if b.isSavingsPlan() {
			out = append(out, b.savingsPlan())
		}
	}
	return out, nil
}

func (b benefit) savingsPlan() SavingsPlan {
	p := SavingsPlan{
		SubscriptionID: b.ID, OfferID: b.OfferID, OfferName: b.OfferName, FriendlyName: b.FriendlyName, Status: b.Status, OrderID: b.OrderID,
		ProductOrderID: string(b.ProductOrderID), TermDuration: b.TermDuration, BillingCycle: b.BillingCycle,
		Bought: b.CreationDate.time(), Start: b.EffectiveStartDate.time(), End: b.CommitmentEndDate.time(),
	}
	if p.Bought.IsZero() {
		p.Bought = p.Start
	}
	for i, l := range b.Lines {
		for _, id := range []Text{l.Scope.SubscriptionID, l.Scope.EntitlementID, l.Scope.ManagementGroupID, l.Scope.ResourceGroupID} {
			if p.ScopeID == "" {
				p.ScopeID = string(id)
			}
		}
		if p.ScopeType == "" {
			p.ScopeType = l.Scope.Type
		}
		if p.AutoRenew == nil {
			p.AutoRenew = l.AutoRenew
		}
		hourly := l.Commitment.Amount != "" && (l.Commitment.Grain == "" || sameEnum(string(l.Commitment.Grain), "hourly"))
		switch {
		case !hourly || i > 0 && (p.HourlyCommitment == "" || l.Commitment.Currency != p.CurrencyCode):
			p.HourlyCommitment, p.CurrencyCode = "", "" // the lines cannot be added up
			return p
		case i == 0:
			p.HourlyCommitment, p.CurrencyCode = l.Commitment.Amount, l.Commitment.Currency
		default:
			p.HourlyCommitment = sum(p.HourlyCommitment, l.Commitment.Amount)
		}
	}
	return p
}

// time parses a date. It returns the zero Time if the text is not a date.
func (t Text) time() Time {
	var at Time
	text, _ := json.Marshal(string(t)) // cannot fail for a string
	if at.UnmarshalJSON(text) != nil {
		return Time{}
	}
	return at
}
