package resourcemanager

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reservation is the JSON form of a reservation.
type reservation struct {
	ID  string `json:"id"`
	SKU struct {
		Name string `json:"name"`
	} `json:"sku"`
	Location   string                 `json:"location"`
	Properties *reservationProperties `json:"properties"`
}

type reservationProperties struct {
	DisplayName          string   `json:"displayName"`
	ReservedResourceType string   `json:"reservedResourceType"`
	Quantity             int64    `json:"quantity"`
	Term                 string   `json:"term"`
	PurchaseDateTime     string   `json:"purchaseDateTime"`
	PurchaseDate         string   `json:"purchaseDate"`
	ExpiryDateTime       string   `json:"expiryDateTime"`
	ExpiryDate           string   `json:"expiryDate"`
	Renew                bool     `json:"renew"`
	AppliedScopeType     string   `json:"appliedScopeType"`
	AppliedScopes        []string `json:"appliedScopes"`
	AppliedScope         struct {
		SubscriptionID    string `json:"subscriptionId"`
		ResourceGroupID   string `json:"resourceGroupId"`
		ManagementGroupID string `json:"managementGroupId"`
	} `json:"appliedScopeProperties"`
	ProvisioningState string `json:"provisioningState"`
	BillingScopeID    string `json:"billingScopeId"`
	Utilization       struct {
		Aggregates []struct {
			Grain     float64 `json:"grain"`
			GrainUnit string  `json:"grainUnit"`
			Value     float64 `json:"value"`
		} `json:"aggregates"`
	} `json:"utilization"`
	RenewProperties struct {
		BillingCurrencyTotal amount `json:"billingCurrencyTotal"`
		PricingCurrencyTotal amount `json:"pricingCurrencyTotal"`
	} `json:"renewProperties"`
}

type amount struct {
	CurrencyCode string      `json:"currencyCode"`
	Amount       json.Number `json:"amount"`
}

func (r reservation) check() error {
	if _, err := ParseReservationID(r.ID); err != nil || r.Properties == nil {
		return errNoID
	}
	return nil
}

func (r reservation) fromAPI() Reservation {
	p := r.Properties
	id, _ := ParseReservationID(r.ID)
	out := Reservation{
		ReservationID: id, DisplayName: p.DisplayName, SKU: r.SKU.Name, Region: r.Location, ResourceType: p.ReservedResourceType, Quantity: p.Quantity, Term: p.Term,
		PurchasedOn: timeOf(p.PurchaseDateTime, p.PurchaseDate), ExpiresOn: timeOf(p.ExpiryDateTime, p.ExpiryDate), Renew: p.Renew,
		ScopeType: p.AppliedScopeType, State: p.ProvisioningState, BillingScope: strings.ToLower(p.BillingScopeID), Utilization: make(map[int]float64),
		RenewalPrice: p.RenewProperties.BillingCurrencyTotal.amount(),
	}
	if out.RenewalPrice.Amount == "" {
		out.RenewalPrice = p.RenewProperties.PricingCurrencyTotal.amount()
	}
	for _, scope := range append(slices.Clone(p.AppliedScopes), cmp.Or(p.AppliedScope.ResourceGroupID, p.AppliedScope.SubscriptionID, p.AppliedScope.ManagementGroupID)) {
		if scope = strings.ToLower(scope); scope != "" && !slices.Contains(out.AppliedScopes, scope) {
			out.AppliedScopes = append(out.AppliedScopes, scope)
		}
	}
	slices.Sort(out.AppliedScopes)
	for _, u := range p.Utilization.Aggregates {
		if strings.EqualFold(u.GrainUnit, "days") {
			out.Utilization[int(u.Grain)] = u.Value
		}
	}
	return out
}

// timeOf parses the time or, without one, the date.
func timeOf(at, date string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, at); err == nil {
			return t.UTC()
		}
	}
	t, _ := time.Parse(time.DateOnly, date)
	return t
}

// amount converts the amount, without scientific notation.
func (a amount) amount() Amount {
	text := a.Amount.String()
	if strings.ContainsAny(text, "eE") {
		value, err := a.Amount.Float64()
		if err != nil {
			return Amount{}
		}
		text = strconv.FormatFloat(value, 'f', -1, 64)
	}
	return Amount{text, a.CurrencyCode}
}
