package mockbackend

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Order is a purchase (DEV/order-resources). Each subscription has an order. AddOrder adds others and fills in empty
// fields.
type Order struct {
	ID              string      `json:"id"`                    // a GUID for legacy orders; otherwise opaque and case-sensitive
	AlternateID     string      `json:"alternateId,omitempty"` // order number in the portal; legacy orders have none
	BillingCycle    string      `json:"billingCycle"`          // monthly, annual, one_time, none …; empty = one_time
	Status          string      `json:"status"`                // completed, pending, cancelled; empty = completed
	TransactionType string      `json:"transactionType"`       // UserPurchase, SystemPurchase, SystemBilling; empty = UserPurchase
	Client          OrderClient `json:"client,omitzero"`       // application in which the order was placed; legacy orders have none
	Lines           []OrderLine `json:"lines"`
	Created         time.Time   `json:"created"`
	// CorrelationID is originalCorrelationId of the audit record of the purchase. Orders in the API do not have it.
	CorrelationID string `json:"correlationId,omitempty"`

	listed visibility
	plan   *planOrder // of an Azure plan bought by a call, else nil
}

// OrderClient is the application in which an order was placed. Audit records have it. For orders it is not documented.
type OrderClient struct {
	MarketplaceCountry string `json:"marketplaceCountry,omitempty"`
	DeviceFamily       string `json:"deviceFamily,omitempty"`
	Name               string `json:"name,omitempty"`
}

// OrderLine is a line of an Order. Its lineItemNumber is its index.
type OrderLine struct {
	OfferID             string            `json:"offerId"` // "product:sku:availability"; a GUID or MS-AZR-… for legacy offers
	SubscriptionID      string            `json:"subscriptionId,omitempty"`
	FriendlyName        string            `json:"friendlyName"`
	Quantity            int               `json:"quantity"`               // 0 = 1
	TermDuration        string            `json:"termDuration,omitempty"` // P1M, P1Y, P3Y
	TransactionType     string            `json:"transactionType"`        // New, Renew, Cancel …; empty = New
	PartnerID           string            `json:"partnerId,omitempty"`    // MPN ID of the indirect reseller of record
	ProvisioningContext map[string]string `json:"provisioningContext,omitempty"`
	UnitPriceCents      int64             `json:"unitPriceCents"`        // negative for a credit
	Software            bool              `json:"software,omitempty"`    // perpetual software, which is an entitlement
	Reservation         *Reservation      `json:"reservation,omitempty"` // nil if the line is not a reservation
}

// visibility is the time from which a list returns a new item.
type visibility struct {
	from  time.Time // zero = at once
	reads int       // number of reads of the list that still omit it
}

// visible reports whether a read of the list returns the item, and counts the read.
func (v *visibility) visible() bool {
	if v.reads > 0 {
		v.reads--
		return false
	}
	return !time.Now().Before(v.from)
}

// modernOrderID has the form of recorded order IDs: URL-safe base64 and a digit.
func modernOrderID(parts ...any) string {
	sum := sha256.Sum256(fmt.Append([]byte("order "), parts...))
	return base64.RawURLEncoding.EncodeToString(sum[:24]) + "1"
}

func (o *Order) isLegacy() bool { return isGUID(o.ID) }

// Orders returns the orders of a customer, newest first, including orders that the API does not list yet.
func (b *Backend) Orders(customerID string) []Order {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil {
		return nil
	}
	orders := []Order{}
	for _, order := range b.ordersOf(record) {
		orders = append(orders, order.clone())
	}
	return orders
}

// clone copies everything that a caller could change.
func (o *Order) clone() Order {
	cloned := *o
	cloned.Lines = slices.Clone(o.Lines)
	for i := range cloned.Lines {
		line := &cloned.Lines[i]
		line.ProvisioningContext = maps.Clone(line.ProvisioningContext)
		if line.Reservation != nil {
			reservation := *line.Reservation
			reservation.AppliedScopes = slices.Clone(reservation.AppliedScopes)
			line.Reservation = &reservation
		}
	}
	return cloned
}

// AddOrder adds an order as if it had existed for a long time: it is listed at once and has no audit record. It
// replaces an order with the same ID, including the order of a subscription. It returns the order with the empty
// fields filled in. An unknown customer is a violation.
func (b *Backend) AddOrder(customerID string, order Order) Order {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor("AddOrder", customerID)
	if record == nil {
		return Order{}
	}
	return b.addOrder(record, order).clone()
}

func (b *Backend) addOrder(record *customerRecord, order Order) *Order {
	order = order.clone()
	order.fill(record)
	record.orders = append(slices.DeleteFunc(record.orders, func(o *Order) bool { return o.ID == order.ID }), &order)
	return &order
}

func (o *Order) fill(record *customerRecord) {
	setDefault(&o.ID, modernOrderID(record.ID, "/", len(record.orders)))
	setDefault(&o.BillingCycle, "one_time")
	setDefault(&o.Status, "completed")
	setDefault(&o.TransactionType, "UserPurchase")
	if o.Created.IsZero() {
		o.Created = time.Now()
	}
	if !o.isLegacy() {
		setDefault(&o.AlternateID, strings.ReplaceAll(guidFor("alternate order", o.ID), "-", "")[:12])
		setDefault(&o.Client, OrderClient{record.Country, "UniversalStore-PartnerCenter", "Partner Center Web"})
	}
	for i := range o.Lines {
		line := &o.Lines[i]
		line.Quantity = max(line.Quantity, 1)
		setDefault(&line.TransactionType, "New")
		if line.Reservation != nil {
			line.Reservation.fill(o, line)
		}
	}
}

// ordersOf returns all orders of a customer, newest first (a choice, as in the page's example).
func (b *Backend) ordersOf(record *customerRecord) []*Order {
	orders := slices.Clone(record.orders)
	byID := map[string]*Order{}
	for _, subscription := range b.subscriptionsOf(record) {
		if subscription.OrderID == "" || slices.ContainsFunc(record.orders, func(o *Order) bool { return o.ID == subscription.OrderID }) {
			continue
		}
		if order, ok := byID[subscription.OrderID]; ok {
			order.Lines = append(order.Lines, subscription.orderLine())
			continue
		}
		order := subscription.order(record)
		byID[subscription.OrderID] = order
		orders = append(orders, order)
	}
	slices.SortStableFunc(orders, func(a, b *Order) int { return b.Created.Compare(a.Created) })
	return orders
}

// order returns the order of the subscription. It is created for each call, because most of thousands of customers
// never have their orders read.
func (s *Subscription) order(record *customerRecord) *Order {
	order := &Order{ID: s.OrderID, BillingCycle: "monthly", Created: s.Created, Lines: []OrderLine{s.orderLine()}}
	if s.isAzurePlan() || s.SavingsPlan != nil {
		order.BillingCycle = "one_time"
	}
	order.fill(record)
	return order
}

func (s *Subscription) orderLine() OrderLine {
	line := OrderLine{
		OfferID: s.OfferID, SubscriptionID: s.ID, FriendlyName: s.OfferName, Quantity: s.Quantity, TransactionType: "New", PartnerID: s.PartnerID,
	}
	switch {
	case s.SavingsPlan != nil: // the price is a choice, as if the first month were billed later
		line.TermDuration = s.SavingsPlan.TermDuration
	case !s.isAzurePlan() && !s.isLegacyAzure(): // the order of a usage-based subscription costs nothing
		line.UnitPriceCents = 1250
	}
	return line
}

// listOrders: DEV/get-all-of-a-customer-s-orders, DEV/get-a-list-of-orders-by-customer-and-billing-cycle-type. No paging.
// indirect_reseller_id and include_system_purchases are from REF/manage-orders.
func (b *Backend) listOrders(x *exchange) response {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	withPrice, refused, ok := x.flag("include_price")
	if !ok {
		return refused
	}
	withSystem, refused, ok := x.flag("include_system_purchases")
	if !ok {
		return refused
	}
	cycle, refused, ok := billingType(queryValue(x.query, "billingType"))
	if !ok {
		return refused
	}
	reseller := queryValue(x.query, "indirect_reseller_id")
	var bodies []orderBody
	for _, order := range b.ordersOf(record) {
		switch {
		case !order.listed.visible(), cycle != "" && plainName(order.BillingCycle) != cycle, order.TransactionType != "UserPurchase" && !withSystem:
		case reseller != "" && !slices.ContainsFunc(order.Lines, func(line OrderLine) bool { return line.PartnerID == reseller }):
		default:
			bodies = append(bodies, x.orderBody(record, order, withPrice))
		}
	}
	body := collectionOf(b, x, bodies)
	body.Links = &collectionLinks{Self: x.link("/customers/" + record.ID + "/orders")}
	return response{status: http.StatusOK, body: body}
}

// billingType reads a billing cycle: its name with or without underscore, or its number in the SDK's enum.
func billingType(text string) (cycle string, refused response, ok bool) {
	cycles := []string{"unknown", "monthly", "annual", "none", "onetime", "triennial", "biennial"}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < len(cycles) {
		return cycles[n], response{}, true
	}
	cycle = plainName(text)
	if cycle != "" && !slices.Contains(cycles, cycle) {
		return "", failure(http.StatusBadRequest, invalidRequestInput, "billingType %q is not a billing cycle.", text), false
	}
	return cycle, response{}, true
}

// getOrder: DEV/get-an-order-by-id. It finds an order before it is in the list (choice).
func (b *Backend) getOrder(x *exchange) response {
	record, order, refused, ok := b.orderOf(x)
	if !ok {
		return refused
	}
	withPrice, refused, ok := x.flag("include_price")
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: x.orderBody(record, order, withPrice)}
}

func (b *Backend) orderOf(x *exchange) (*customerRecord, *Order, response, bool) {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return nil, nil, refused, false
	}
	for _, order := range b.ordersOf(record) {
		if sameOrder(x.values["order"], order.ID) {
			b.progress(x, record, order)
			return record, order, response{}, true
		}
	}
	return nil, nil, x.refuse("unknown_order", http.StatusNotFound, 20000, "The order was not found."), false
}

type lineProvisioningStatus struct {
	LineItemNumber                  any              `json:"lineItemNumber"`
	Status                          string           `json:"status"`
	QuantityProvisioningInformation []quantityDetail `json:"quantityProvisioningInformation"`
}

type quantityDetail struct {
	Quantity any    `json:"quantity"`
	Status   string `json:"status"`
}

// getOrderProvisioningStatus: DEV/get-order-provisioning-status.
func (b *Backend) getOrderProvisioningStatus(x *exchange) response {
	_, order, refused, ok := b.orderOf(x)
	if !ok {
		return refused
	}
	var bodies []lineProvisioningStatus
	for i, line := range order.Lines {
		status := x.fulfilment(order)
		bodies = append(bodies, lineProvisioningStatus{x.number(i), status, []quantityDetail{{x.number(line.Quantity), status}}})
	}
	return response{status: http.StatusOK, body: collectionOf(b, x, bodies)}
}

// fulfilment is the provisioning status of an order.
func (x *exchange) fulfilment(o *Order) string {
	switch {
	case x.knobs.UnknownEnums:
		return "PostfulfillmentPending"
	case o.Status == "cancelled":
		return "Unfulfilled" // "not fulfilled due to cancellation"
	case o.plan != nil && o.plan.subscriptionID == "":
		return "PrefulfillmentPending"
	}
	return string(x.knobs.Fulfilment)
}
