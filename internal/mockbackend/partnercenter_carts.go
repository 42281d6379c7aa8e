package mockbackend

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// SecondPlan selects the answer to the purchase of an Azure plan by a customer that has one. Not documented.
type SecondPlan string

// The values of Knobs.SecondPlan.
const (
	SecondPlanOrderError SecondPlan = "orderError" // 201 with code 800009 in orderErrors
	SecondPlanRefuse     SecondPlan = "refuse"     // 400 with code 800009
	SecondPlanConflict   SecondPlan = "conflict"   // 409 with code 800060
	SecondPlanSell       SecondPlan = "sell"       // the customer has two
)

// RepeatedCheckout selects the answer to the checkout of a cart that was checked out.
type RepeatedCheckout string

// The values of Knobs.RepeatedCheckout.
const (
	RepeatedCheckoutSame   RepeatedCheckout = "same"   // 201 with the first result, as on the page of the checkout
	RepeatedCheckoutRefuse RepeatedCheckout = "refuse" // 400 with code 800065, as in the list of codes
)

// cart is a cart of a customer (DEV/cart-resources).
type cart struct {
	id                        string
	created, modified, expiry time.Time
	user                      string
	ordered                   bool
	attested                  bool
	lines                     []cartLine
	orders                    []string // IDs of the orders of the checkout
}

// cartBody is a cart on the wire. Requests of the .NET SDK have all fields, in PascalCase, many of them null.
type cartBody struct {
	ID                                 string             `json:"id,omitempty"`
	CreationTimestamp                  string             `json:"creationTimestamp,omitempty"`
	LastModifiedTimestamp              string             `json:"lastModifiedTimestamp,omitempty"`
	ExpirationTimestamp                string             `json:"expirationTimestamp,omitempty"`
	LastModifiedUser                   string             `json:"lastModifiedUser,omitempty"`
	PartnerOnRecordAttestationAccepted *bool              `json:"partnerOnRecordAttestationAccepted,omitempty"`
	Status                             string             `json:"status,omitempty"`
	LineItems                          []cartLine         `json:"lineItems"`
	Links                              map[string]*link   `json:"links,omitempty"`
	Attributes                         resourceAttributes `json:"attributes"`
}

type cartLine struct {
	ID                   int               `json:"id"`
	CatalogItemID        string            `json:"catalogItemId"`
	FriendlyName         string            `json:"friendlyName,omitempty"`
	Quantity             int               `json:"quantity"`
	CurrencyCode         string            `json:"currencyCode,omitempty"`
	BillingCycle         string            `json:"billingCycle"`
	TermDuration         string            `json:"termDuration,omitempty"`
	Participants         []participant     `json:"participants,omitempty"`
	ProvisioningContext  map[string]string `json:"provisioningContext,omitempty"`
	OrderGroup           string            `json:"orderGroup,omitempty"`
	AddonItems           []cartLine        `json:"addonItems,omitempty"`
	AttestationAccepted  *bool             `json:"attestationAccepted,omitempty"`
	PromotionID          string            `json:"promotionId,omitempty"`
	CoterminousSubscript string            `json:"coterminousSubscriptionId,omitempty"`
	CustomTermEndDate    *string           `json:"customTermEndDate,omitempty"`
	RenewsTo             json.RawMessage   `json:"renewsTo,omitempty"`
	Error                *cartLineError    `json:"error,omitempty"`
}

type participant struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type cartLineError struct {
	ErrorCode             string `json:"errorCode"`
	ErrorDescription      string `json:"errorDescription"`
	AdditionalInformation string `json:"additionalInformation,omitempty"`
}

const (
	cartError       = 800009
	orderInProgress = 800060

	attestationMissing = 900206
	resellerParticpant = "transaction_reseller"
)

// createCart: DEV/create-a-cart.
func (b *Backend) createCart(x *exchange) response {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	body, refused, ok := b.readCart(x)
	if !ok {
		return refused
	}
	now := time.Now()
	c := &cart{
		id: guidFor("cart", record.ID, len(record.carts)), created: now, modified: now, expiry: now.Add(x.knobs.CartLifetime), user: x.caller.UPN,
		attested: body.PartnerOnRecordAttestationAccepted != nil && *body.PartnerOnRecordAttestationAccepted,
	}
	c.lines, refused, ok = b.checkLines(x, record, body.LineItems)
	if !ok {
		return refused
	}
	if !c.attested && !x.knobs.AttestationOptional {
		return failure(http.StatusBadRequest, attestationMissing, "The attestation of the partner of record is missing.")
	}
	record.carts = append(record.carts, c)
	return response{status: http.StatusCreated, body: x.cartBody(record, c)}
}

// readCart decodes the body of a call about a cart.
func (b *Backend) readCart(x *exchange) (cartBody, response, bool) {
	var body cartBody
	if err := decodeKnown(x.body, &body); err != nil {
		if json.Valid(x.body) {
			b.violate("%s %s: %v", x.req.Method, x.req.URL.Path, err)
		}
		return body, failure(http.StatusBadRequest, invalidRequestInput, "The request body can not be read: %s.", err), false
	}
	if len(body.LineItems) == 0 {
		return body, failure(http.StatusBadRequest, invalidProperty, "lineItems must not be empty."), false
	}
	return body, response{}, true
}

// checkLines checks the lines of a cart. Errors of a line are in the line, and the status is 201.
func (b *Backend) checkLines(x *exchange, record *customerRecord, lines []cartLine) ([]cartLine, response, bool) {
	if unsupportedCountries[record.Country] {
		return nil, failure(http.StatusBadRequest, 800070, "The country %s is not supported.", record.Country), false
	}
	checked := slices.Clone(lines)
	for i := range checked {
		line := &checked[i]
		product, sku, _, ok := splitOffer(line.CatalogItemID)
		line.CurrencyCode, _ = currency(record.Country)
		line.OrderGroup, line.Error = "0", nil
		refuse := func(code, text string) { line.Error = &cartLineError{ErrorCode: code, ErrorDescription: text} }
		switch {
		case !ok || !strings.EqualFold(product, azurePlanProductID) || sku != azurePlanSKU:
			refuse("10001", "The catalog item id is not valid.")
		case line.Quantity != 1:
			refuse("10002", "The quantity must be 1.")
		case plainName(line.BillingCycle) != "onetime" || line.TermDuration != "":
			refuse("10010", "The billing cycle or the term is not supported.")
		}
		for _, p := range line.Participants {
			switch {
			case !strings.EqualFold(p.Key, resellerParticpant) && !strings.EqualFold(p.Key, "additional_"+resellerParticpant):
				refuse("10004", "The participant "+p.Key+" is not supported.")
			case !b.isReseller(p.Value):
				return nil, failure(http.StatusBadRequest, 800016, "%s is not a valid indirect reseller.", p.Value), false
			}
		}
	}
	return checked, response{}, true
}

// isReseller reports whether an MPN ID is that of an indirect reseller of the partner.
func (b *Backend) isReseller(mpnID string) bool {
	return mpnID == TailspinResellerMPNID || slices.ContainsFunc(b.customers, func(r *customerRecord) bool { return mpnID != "" && r.IndirectReseller == mpnID })
}

func (x *exchange) cartBody(record *customerRecord, c *cart) cartBody {
	body := cartBody{
		ID: c.id, CreationTimestamp: sevenDigits(c.created), LastModifiedTimestamp: sevenDigits(c.modified), ExpirationTimestamp: sevenDigits(c.expiry), LastModifiedUser: c.user,
		Status: "Active", LineItems: c.lines, Links: map[string]*link{"self": x.link("/customers/" + record.ID + "/carts/" + c.id)}, Attributes: resourceAttributes{ObjectType: "Cart"},
	}
	if c.ordered {
		body.Status = "Ordered"
	}
	return body
}

// cartOf finds the cart of a call. Expired carts are not found.
func (b *Backend) cartOf(x *exchange) (*customerRecord, *cart, response, bool) {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return nil, nil, refused, false
	}
	for _, c := range record.carts {
		if strings.EqualFold(c.id, x.values["cart"]) && time.Now().Before(c.expiry) {
			return record, c, response{}, true
		}
	}
	return nil, nil, failure(http.StatusNotFound, 800008, "The cart was not found."), false
}

// getCart: DEV/get-a-cart.
func (b *Backend) getCart(x *exchange) response {
	record, c, refused, ok := b.cartOf(x)
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: x.cartBody(record, c)}
}

// updateCart: DEV/update-a-cart.
func (b *Backend) updateCart(x *exchange) response {
	record, c, refused, ok := b.cartOf(x)
	if !ok {
		return refused
	}
	body, refused, ok := b.readCart(x)
	switch {
	case !ok:
		return refused
	case c.ordered:
		return failure(http.StatusBadRequest, 800065, "The cart has been submitted already.")
	}
	lines, refused, ok := b.checkLines(x, record, body.LineItems)
	if !ok {
		return refused
	}
	c.lines, c.modified = lines, time.Now()
	return response{status: http.StatusOK, body: x.cartBody(record, c)}
}

// checkoutBody is the answer to a checkout.
type checkoutBody struct {
	Orders      []orderBody        `json:"orders"`
	OrderErrors []orderErrorBody   `json:"orderErrors"`
	Attributes  resourceAttributes `json:"attributes"`
}

type orderErrorBody struct {
	OrderGroupID string `json:"orderGroupId"`
	Code         int    `json:"code"`
	Description  string `json:"description"`
}

// checkoutCart: DEV/checkout-a-cart. A second checkout returns the first result. After an error, the cart is checked
// out again.
func (b *Backend) checkoutCart(x *exchange) response {
	record, c, refused, ok := b.cartOf(x)
	if !ok {
		return refused
	}
	body := checkoutBody{Orders: []orderBody{}, OrderErrors: []orderErrorBody{}, Attributes: resourceAttributes{ObjectType: "CartCheckoutResult"}}
	if c.ordered {
		if x.knobs.RepeatedCheckout == RepeatedCheckoutRefuse {
			return failure(http.StatusBadRequest, 800065, "The cart has been submitted already.")
		}
		for _, order := range b.ordersOf(record) {
			if slices.Contains(c.orders, order.ID) {
				body.Orders = append(body.Orders, x.orderBody(record, order, false))
			}
		}
		return response{status: http.StatusCreated, body: body}
	}
	for _, line := range c.lines {
		if line.Error != nil {
			return failure(http.StatusBadRequest, cartError, "There is an error in the items of the cart: %s", line.Error.ErrorDescription)
		}
	}
	order, refused, ok := b.buyPlan(x, record, c.lines[0].CatalogItemID, c.lines[0].reseller())
	switch {
	case !ok && x.knobs.SecondPlan == SecondPlanOrderError && isCode(refused, cartError):
		body.OrderErrors = append(body.OrderErrors, orderErrorBody{"0", cartError, "The customer has an Azure plan already."})
		return response{status: http.StatusCreated, body: body}
	case !ok:
		return refused
	}
	c.ordered, c.orders, c.modified = true, []string{order.ID}, time.Now()
	body.Orders = append(body.Orders, x.orderBody(record, order, false))
	return response{status: http.StatusCreated, body: body}
}

func isCode(r response, code int) bool {
	e, ok := r.body.(*apiError)
	return ok && e.code == code
}

func (l cartLine) reseller() string {
	for _, p := range l.Participants {
		if strings.EqualFold(p.Key, resellerParticpant) {
			return p.Value
		}
	}
	return ""
}

// buyPlan places the order of an Azure plan, unless a rule refuses it. The order of the checks is a choice.
func (b *Backend) buyPlan(x *exchange, record *customerRecord, item, reseller string) (*Order, response, bool) {
	refuse := func(status, code int, text string) (*Order, response, bool) {
		return nil, failure(status, code, "%s", text), false
	}
	has := func(is func(*Subscription) bool, statuses ...string) bool {
		return slices.ContainsFunc(b.subscriptionsOf(record), func(s *Subscription) bool { return is(s) && slices.Contains(statuses, s.Status) })
	}
	pending := slices.ContainsFunc(record.orders, func(o *Order) bool { return o.plan != nil && o.plan.subscriptionID == "" && !o.failed() })
	switch {
	case !b.accepted(x, record):
		return refuse(http.StatusForbidden, agreementMissing, "The customer has not accepted the Microsoft Customer Agreement.")
	case has((*Subscription).isLegacyAzure, "active", "suspended"):
		return refuse(http.StatusBadRequest, 4018, "Unable to process this order.")
	case !strings.EqualFold(item, b.catalogItem(record.Country)):
		return refuse(http.StatusNotFound, 400019, "The availability was not found.")
	case x.knobs.SecondPlan == SecondPlanSell:
	case pending:
		return refuse(http.StatusConflict, orderInProgress, "An order for the customer is in progress.")
	case has((*Subscription).isAzurePlan, "active", "pending", "suspended") && x.knobs.SecondPlan == SecondPlanConflict:
		return refuse(http.StatusConflict, orderInProgress, "An order for the customer is in progress.")
	case has((*Subscription).isAzurePlan, "active", "pending", "suspended"):
		return refuse(http.StatusBadRequest, cartError, "There is an error in the items of the cart: the customer has an Azure plan already.")
	}
	order := b.addOrder(record, Order{
		ID: record.newOrderID(), Status: "pending", Created: time.Now(), Client: OrderClient{record.Country, "UniversalStore-PartnerCenter", "Partner Center API"},
		Lines: []OrderLine{{OfferID: item, FriendlyName: "Azure plan", PartnerID: reseller}},
	})
	order.plan = &planOrder{polls: x.knobs.OrderPendingPolls, from: order.Created.Add(x.knobs.OrderPendingFor)}
	if x.knobs.OrderReview {
		order.Status = "pending_review"
	}
	order.listed = visibility{order.Created.Add(x.knobs.OrderDelay), x.knobs.OrderDelayReads}
	order.CorrelationID = x.entry.CorrelationID
	entry := b.newAudit(record, "create_order", "order")
	entry.UserPrincipalName, entry.ApplicationID, entry.OriginalCorrelationID = x.caller.UPN, x.caller.AppID, x.entry.CorrelationID
	entry.CustomizedData = order.customizedData()
	b.addAudit(entry, order.ID, "", orderDocument(record, order))
	return order, response{}, true
}

// newOrderID has the form of the order IDs in the page of the Azure plan: 12 hexadecimal digits. The IDs of purchases
// are the same in each run, so that a fault can name their paths.
func (r *customerRecord) newOrderID() string {
	return strings.ReplaceAll(guidFor("plan order", r.ID, len(r.orders)), "-", "")[:12]
}

// planOrder is the progress of the order of an Azure plan.
type planOrder struct {
	polls          int       // number of reads of the order that still show it pending
	from           time.Time // earlier reads also show it pending
	subscriptionID string    // set when it is provisioned
}

// failed reports whether an order ended without a subscription.
func (o *Order) failed() bool {
	return slices.Contains([]string{"cancelled", "error", "po_review_rejected", "suspended"}, o.Status)
}

// progress advances the order of an Azure plan before a read of it.
func (b *Backend) progress(x *exchange, record *customerRecord, o *Order) {
	if o.plan == nil || o.plan.subscriptionID != "" || o.Status != "pending" {
		return
	}
	if o.plan.polls > 0 {
		o.plan.polls--
		return
	}
	if time.Now().Before(o.plan.from) {
		return
	}
	b.provision(x.knobs, record, o)
}

// provision completes the order of an Azure plan: the plan, and one Azure subscription below it.
func (b *Backend) provision(knobs Knobs, record *customerRecord, o *Order) {
	now := time.Now()
	plan := Subscription{ID: guidFor("plan", o.ID), OfferID: o.Lines[0].OfferID, OrderID: o.ID, PartnerID: o.Lines[0].PartnerID, Created: now}
	plan.fill(record.ID, len(record.subscriptions))
	plan.AzureSubscriptions = []AzureEntitlement{{
		ID: guidFor("azure", plan.ID, 0), FriendlyName: "Microsoft Azure", Status: "active", listed: now.Add(knobs.EntitlementDelay), inAzure: now.Add(knobs.EntitlementDelay + knobs.AzureDelay),
	}}
	if plan.pending = knobs.PlanPendingReads; plan.pending > 0 {
		plan.Status = "pending"
	}
	record.subscriptions = append(b.subscriptionsOf(record), &plan)
	b.azureOwners = nil
	o.Status, o.plan.subscriptionID, o.Lines[0].SubscriptionID = "completed", plan.ID, plan.ID
}

// BuyAzurePlan buys an Azure plan for a customer as a user of the partner in Partner Center does: it is active at once. It
// returns the plan. A customer that does not exist or has a plan is a violation.
func (b *Backend) BuyAzurePlan(customerID string) Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor("BuyAzurePlan", customerID)
	if record == nil {
		return Subscription{}
	}
	if slices.ContainsFunc(b.subscriptionsOf(record), (*Subscription).isAzurePlan) {
		b.violate("BuyAzurePlan: customer %s has an Azure plan", customerID)
		return Subscription{}
	}
	order := b.addOrder(record, Order{ID: record.newOrderID(), Status: "pending", Created: time.Now(), Lines: []OrderLine{{OfferID: b.catalogItem(record.Country), FriendlyName: "Azure plan"}}})
	order.plan = &planOrder{}
	b.provision(Knobs{}, record, order)
	b.addAudit(b.purchaseAudit(record, order), order.ID, "", orderDocument(record, order))
	return *record.subscriptions[len(record.subscriptions)-1]
}

// SetOrderStatus changes the status of an order, as a review by Microsoft does: pending resumes it, cancelled ends
// it. An order that does not exist is a violation.
func (b *Backend) SetOrderStatus(customerID, orderID, status string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record := b.customerFor("SetOrderStatus", customerID); record != nil {
		for _, order := range record.orders {
			if sameOrder(orderID, order.ID) {
				order.Status = status
				return
			}
		}
		b.violate("SetOrderStatus: customer %s has no order %s", customerID, orderID)
	}
}

// orderRequest is the body of an order without a cart.
type orderRequest struct {
	ID                                 string             `json:"id"`
	AlternateID                        string             `json:"alternateId"`
	ReferenceCustomerID                string             `json:"referenceCustomerId"`
	BillingCycle                       json.RawMessage    `json:"billingCycle"`
	CurrencyCode                       string             `json:"currencyCode"`
	CurrencySymbol                     string             `json:"currencySymbol"`
	CreationDate                       *string            `json:"creationDate"`
	Status                             string             `json:"status"`
	TransactionType                    string             `json:"transactionType"`
	TotalPrice                         json.RawMessage    `json:"totalPrice"`
	PartnerOnRecordAttestationAccepted *bool              `json:"partnerOnRecordAttestationAccepted"`
	LineItems                          []orderRequestLine `json:"lineItems"`
	Links                              json.RawMessage    `json:"links"`
	Attributes                         json.RawMessage    `json:"attributes"`
}

type orderRequestLine struct {
	LineItemNumber               int               `json:"lineItemNumber"`
	OfferID                      string            `json:"offerId"`
	SubscriptionID               string            `json:"subscriptionId"`
	ParentSubscriptionID         string            `json:"parentSubscriptionId"`
	TermDuration                 string            `json:"termDuration"`
	TransactionType              string            `json:"transactionType"`
	FriendlyName                 string            `json:"friendlyName"`
	Quantity                     int               `json:"quantity"`
	PartnerIDOnRecord            string            `json:"partnerIdOnRecord"`
	AdditionalPartnerIDsOnRecord []string          `json:"additionalPartnerIdsOnRecord"`
	ProvisioningContext          map[string]string `json:"provisioningContext"`
	AttestationAccepted          *bool             `json:"attestationAccepted"`
	Pricing                      json.RawMessage   `json:"pricing"`
	RenewsTo                     json.RawMessage   `json:"renewsTo"`
	Links                        json.RawMessage   `json:"links"`
	Attributes                   json.RawMessage   `json:"attributes"`
}

// createOrder: DEV/create-an-order, for the Azure plan only. The .NET SDK sends the billing cycle as a number.
func (b *Backend) createOrder(x *exchange) response {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	var body orderRequest
	if err := decodeKnown(x.body, &body); err != nil {
		if json.Valid(x.body) {
			b.violate("%s %s: %v", x.req.Method, x.req.URL.Path, err)
		}
		return failure(http.StatusBadRequest, invalidRequestInput, "The request body can not be read: %s.", err)
	}
	cycle, _, cycleOK := billingType(strings.Trim(string(body.BillingCycle), `"`))
	switch {
	case len(body.LineItems) != 1 || !cycleOK || body.ReferenceCustomerID != "" && !strings.EqualFold(body.ReferenceCustomerID, record.ID):
		return failure(http.StatusBadRequest, invalidProperty, "lineItems, billingCycle or referenceCustomerId is not valid.")
	case (body.PartnerOnRecordAttestationAccepted == nil || !*body.PartnerOnRecordAttestationAccepted) && !x.knobs.AttestationOptional:
		return failure(http.StatusBadRequest, attestationMissing, "The attestation of the partner of record is missing.")
	}
	line := body.LineItems[0]
	checked := cartLine{CatalogItemID: line.OfferID, Quantity: line.Quantity, BillingCycle: cycle, TermDuration: line.TermDuration}
	if line.PartnerIDOnRecord != "" {
		checked.Participants = []participant{{resellerParticpant, line.PartnerIDOnRecord}}
	}
	lines, refused, ok := b.checkLines(x, record, []cartLine{checked})
	if !ok {
		return refused
	}
	if lines[0].Error != nil {
		return failure(http.StatusBadRequest, invalidProperty, "%s", lines[0].Error.ErrorDescription)
	}
	order, refused, ok := b.buyPlan(x, record, line.OfferID, line.PartnerIDOnRecord)
	if !ok {
		return refused
	}
	return response{status: http.StatusCreated, body: x.orderBody(record, order, false)}
}
