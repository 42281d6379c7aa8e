package partnercenter

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Orders are a customer's order history
// (https://learn.microsoft.com/partner-center/developer/order-resources). A new order takes
// up to 15 minutes to show.
type Orders struct{ c *Client }

// Order is one purchase or change of one. Every field but ID may be empty: the API leaves
// nulls out.
type Order struct {
	// ID is a GUID (legacy) or opaque; case matters.
	ID string `json:"id"`
	// AlternateID is the number that the portal shows.
	AlternateID Text `json:"alternateId"`
	// ReferenceCustomerID is the customer.
	ReferenceCustomerID string `json:"referenceCustomerId"`
	// BillingCycle is one_time, monthly, annual, none, … .
	BillingCycle Enum `json:"billingCycle"`
	// Status is completed, pending, cancelled or unknown.
	Status Enum `json:"status"`
	// TransactionType is user_purchase, system_purchase or system_billing.
	TransactionType Enum   `json:"transactionType"`
	CreationDate    Time   `json:"creationDate"`
	CurrencyCode    string `json:"currencyCode"`
	// TotalPrice is in that currency, and empty unless prices were asked for.
	TotalPrice Decimal     `json:"totalPrice"`
	Lines      []OrderLine `json:"lineItems"`
	// Client is what the order was made with; whether plain reads have it is not documented.
	Client struct {
		Name string `json:"name"`
	} `json:"client"`
}

func (o Order) id() string { return o.ID }

// OrderLine is one line of an order.
type OrderLine struct {
	// Number counts from 0.
	Number *Integer `json:"lineItemNumber"`
	// OfferID is as that of a [Subscription].
	OfferID      string `json:"offerId"`
	FriendlyName string `json:"friendlyName"`
	// SubscriptionID is in Partner Center; reservations have none.
	SubscriptionID string   `json:"subscriptionId"`
	Quantity       *Integer `json:"quantity"`
	// TermDuration is ISO 8601, such as P1Y.
	TermDuration string `json:"termDuration"`
	// TransactionType is new, renew, add_quantity, remove_quantity, cancel, convert or
	// customer_credit.
	TransactionType Enum `json:"transactionType"`
	// PartnerIDOnRecord is the Partner ID of the indirect reseller.
	PartnerIDOnRecord Text `json:"partnerIdOnRecord"`
	// ProvisioningContext is what the partner said when it bought: subscriptionId, scope
	// and duration of a reservation.
	ProvisioningContext map[string]Text `json:"provisioningContext"`
	// Pricing is nil unless prices were asked for.
	Pricing *OrderPricing `json:"pricing"`
}

// OrderPricing are the prices of a line, in the order's currency.
type OrderPricing struct {
	ListPrice       Decimal `json:"listPrice"`
	DiscountedPrice Decimal `json:"discountedPrice"`
	ProratedPrice   Decimal `json:"proratedPrice"`
	Price           Decimal `json:"price"`
	ExtendedPrice   Decimal `json:"extendedPrice"`
}

// billingCycles are the documented ones.
var billingCycles = []Enum{"one_time", "monthly", "annual", "biennial", "triennial", "none"}

// OrderFilter selects orders on the server. The zero value selects all.
type OrderFilter struct {
	// BillingCycle is one_time, monthly, annual, … .
	BillingCycle string
	// IncludePrice asks for prices.
	IncludePrice bool
	// IncludeSystemPurchases asks for what Partner Center ordered by itself, too.
	IncludeSystemPurchases bool
}

// Of returns a customer's orders, in the server's order.
// GET /v1/customers/{customer}/orders, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-orders and
// …/get-a-list-of-orders-by-customer-and-billing-cycle-type). Only the REST reference has
// include_system_purchases
// (https://learn.microsoft.com/rest/api/partner-center-rest/manage-orders).
func (s Orders) Of(ctx context.Context, customerID string, filter OrderFilter) iter.Seq2[Order, error] {
	query := priced(filter.IncludePrice)
	if filter.IncludeSystemPurchases {
		query.Set("include_system_purchases", "true")
	}
	if filter.BillingCycle != "" {
		query.Set("billingType", strings.ToLower(strings.ReplaceAll(filter.BillingCycle, "_", ""))) // onetime, but one_time in orders
	}
	orders := all[Order](ctx, s.c, call{method: http.MethodGet, path: pathOf("customers", customerID, "orders"), query: query})
	return func(yield func(Order, error) bool) {
		for o, err := range orders {
			// No page shows both parameters in one call, so what is surely of another cycle is left out here.
			if err == nil && filter.BillingCycle != "" && slices.Contains(billingCycles, o.BillingCycle) && !sameEnum(string(o.BillingCycle), filter.BillingCycle) {
				continue
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// Get returns one order.
// GET /v1/customers/{customer}/orders/{order}, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-an-order-by-id).
func (s Orders) Get(ctx context.Context, customerID, orderID string, includePrice bool) (Order, error) {
	var out Order
	in := call{method: http.MethodGet, path: pathOf("customers", customerID, "orders", orderID), query: priced(includePrice), check: needs(&out.ID)}
	_, err := s.c.get(ctx, in, &out)
	return out, err
}

func priced(include bool) url.Values {
	query := url.Values{}
	if include {
		query.Set("include_price", "true")
	}
	return query
}
