package partnercenter

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Orders reads the order history of customers
// (https://learn.microsoft.com/partner-center/developer/order-resources). A new order can take up
// to 15 minutes to appear.
type Orders struct{ c *Client }

// Order is a purchase, or a change of an earlier purchase. Every field except ID may be empty,
// because the API omits nulls.
type Order struct {
	// ID is a GUID (legacy orders) or an opaque, case-sensitive string.
	ID string `json:"id"`
	// AlternateID is the number that the portal displays.
	AlternateID Text `json:"alternateId"`
	// ReferenceCustomerID is the tenant ID of the customer.
	ReferenceCustomerID string `json:"referenceCustomerId"`
	// BillingCycle is for example one_time, monthly, annual or none.
	BillingCycle Enum `json:"billingCycle"`
	// Status is completed, pending, cancelled or unknown.
	Status Enum `json:"status"`
	// TransactionType is user_purchase, system_purchase or system_billing.
	TransactionType Enum   `json:"transactionType"`
	CreationDate    Time   `json:"creationDate"`
	CurrencyCode    string `json:"currencyCode"`
	// TotalPrice is in the currency of CurrencyCode. It is empty unless prices were requested.
	TotalPrice Decimal     `json:"totalPrice"`
	Lines      []OrderLine `json:"lineItems"`
	// Client is the tool that created the order. Whether the calls of [Orders] return it is not
	// documented.
	Client struct {
		Name string `json:"name"`
	} `json:"client"`
}

func (o Order) id() string { return o.ID }

// OrderLine is one line of an order.
type OrderLine struct {
	// Number counts from 0.
	Number *Integer `json:"lineItemNumber"`
	// OfferID has the same format as in [Subscription].
	OfferID      string `json:"offerId"`
	FriendlyName string `json:"friendlyName"`
	// SubscriptionID is the subscription ID in Partner Center. Reservations have none.
	SubscriptionID string   `json:"subscriptionId"`
	Quantity       *Integer `json:"quantity"`
	// TermDuration is in ISO 8601 format, such as P1Y.
	TermDuration string `json:"termDuration"`
	// TransactionType is new, renew, add_quantity, remove_quantity, cancel, convert or
	// customer_credit.
	TransactionType Enum `json:"transactionType"`
	// PartnerIDOnRecord is the Partner ID of the indirect reseller.
	PartnerIDOnRecord Text `json:"partnerIdOnRecord"`
	// ProvisioningContext contains what the partner specified in the purchase: subscriptionId, scope
	// and duration of a reservation.
	ProvisioningContext map[string]Text `json:"provisioningContext"`
	// Pricing is nil unless prices were requested.
	Pricing *OrderPricing `json:"pricing"`
}

// OrderPricing contains the prices of a line, in the order's currency.
type OrderPricing struct {
	ListPrice       Decimal `json:"listPrice"`
	DiscountedPrice Decimal `json:"discountedPrice"`
	ProratedPrice   Decimal `json:"proratedPrice"`
	Price           Decimal `json:"price"`
	ExtendedPrice   Decimal `json:"extendedPrice"`
}

// billingCycles contains the documented billing cycles.
var billingCycles = []Enum{"one_time", "monthly", "annual", "biennial", "triennial", "none"}

// OrderFilter selects orders on the server. The zero value selects all orders.
type OrderFilter struct {
	// BillingCycle is for example one_time, monthly or annual.
	BillingCycle string
	// IncludePrice requests prices.
	IncludePrice bool
	// IncludeSystemPurchases also requests orders that Partner Center created itself.
	IncludeSystemPurchases bool
}

// Of returns the orders of a customer, in the server's order.
// GET /v1/customers/{customer}/orders, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-orders and
// …/get-a-list-of-orders-by-customer-and-billing-cycle-type). Only the REST reference documents
// include_system_purchases
// (https://learn.microsoft.com/rest/api/partner-center-rest/manage-orders).
func (s Orders) Of(ctx context.Context, customerID string, filter OrderFilter) iter.Seq2[Order, error] {
	query := priced(filter.IncludePrice)
	if filter.IncludeSystemPurchases {
		query.Set("include_system_purchases", "true")
	}
	if filter.BillingCycle != "" {
		query.Set("billingType", strings.ToLower(strings.ReplaceAll(filter.BillingCycle, "_", ""))) // the query has onetime, orders have one_time
	}
	orders := all[Order](ctx, s.c, call{method: http.MethodGet, path: pathOf("customers", customerID, "orders"), query: query})
	return func(yield func(Order, error) bool) {
		for o, err := range orders {
			// Microsoft documents no call with both parameters. The server may ignore one, so known other
			// cycles are filtered here.
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
