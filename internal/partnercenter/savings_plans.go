package partnercenter

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// SavingsPlans are a customer's Azure savings plans, which Partner Center lists among the
// subscriptions
// (https://learn.microsoft.com/partner-center/developer/azure-purchase-savings-plan).
type SavingsPlans struct{ c *Client }

// SavingsPlan is one of a customer's. Every field but SubscriptionID may be empty.
type SavingsPlan struct {
	// SubscriptionID is the plan's in Partner Center.
	SubscriptionID                   string
	OfferID, OfferName, FriendlyName string
	// Status is active, expired, disabled, … .
	Status Enum
	// OrderID is empty where the plan was bought outside Partner Center: in the Azure portal or by
	// its API.
	OrderID string
	// ProductOrderID is that of the plan in Azure.
	ProductOrderID string
	// TermDuration is ISO 8601: P1Y or P3Y.
	TermDuration string
	BillingCycle Enum
	// HourlyCommitment is the amount per hour, in the currency.
	HourlyCommitment Decimal
	CurrencyCode     string
	// ScopeType is shared, single, … . ScopeID is the subscription, management group or resource
	// group that it names.
	ScopeType Enum
	ScopeID   string
	// AutoRenew is nil where it is not known.
	AutoRenew *bool
	// Bought is when it was bought, Start and End are since when and until when.
	Bought, Start, End Time
}

// hoursPerYear is what a year of a commitment counts.
const hoursPerYear = 365 * 24

// TotalCommitment is the amount for the whole term, or "" where it is not known. A year counts
// 8,760 hours.
func (p SavingsPlan) TotalCommitment() Decimal {
	years, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(strings.ToUpper(p.TermDuration), "P"), "Y"), 10, 16)
	if err != nil || p.HourlyCommitment == "" {
		return ""
	}
	return p.HourlyCommitment.times(years * hoursPerYear)
}

// benefit is a subscription as far as it takes to find savings plans. Dates are texts: those of other
// subscriptions are not of interest.
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

// isSavingsPlan goes by any of the marks that the pages have.
func (b benefit) isSavingsPlan() bool {
	product, _, _ := strings.Cut(b.OfferID, ":")
	return sameEnum(string(b.UnitType), "benefit") || sameEnum(string(b.BillingType), "benefit") ||
		sameEnum(string(b.ProductType.SubType.ID), "savings_plan") || strings.EqualFold(product, savingsPlanOffers)
}

// Of returns a customer's savings plans, sorted by id.
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
			p.HourlyCommitment, p.CurrencyCode = "", "" // lines that do not add up
			return p
		case i == 0:
			p.HourlyCommitment, p.CurrencyCode = l.Commitment.Amount, l.Commitment.Currency
		default:
			p.HourlyCommitment = sum(p.HourlyCommitment, l.Commitment.Amount)
		}
	}
	return p
}

// time is the date in a text, the zero Time where it is none.
func (t Text) time() Time {
	var at Time
	text, _ := json.Marshal(string(t)) // a string always can be
	if at.UnmarshalJSON(text) != nil {
		return Time{}
	}
	return at
}
