package mockbackend

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// orderBody is the wire form. Legacy orders have only the fields of the page's example, without those added later.
type orderBody struct {
	ID                  string             `json:"id"`
	AlternateID         string             `json:"alternateId,omitempty"`
	ReferenceCustomerID string             `json:"referenceCustomerId"`
	BillingCycle        string             `json:"billingCycle"`
	CurrencyCode        string             `json:"currencyCode"`
	CurrencySymbol      string             `json:"currencySymbol,omitempty"`
	LineItems           []orderLineBody    `json:"lineItems"`
	CreationDate        string             `json:"creationDate"`
	TotalPrice          any                `json:"totalPrice,omitempty"`
	Status              string             `json:"status"`
	TransactionType     string             `json:"transactionType,omitempty"`
	Links               map[string]*link   `json:"links"`
	Client              *OrderClient       `json:"client,omitempty"`
	Attributes          resourceAttributes `json:"attributes"`
}

type orderLineBody struct {
	LineItemNumber      any               `json:"lineItemNumber"`
	OfferID             string            `json:"offerId"`
	SubscriptionID      string            `json:"subscriptionId,omitempty"`
	TermDuration        string            `json:"termDuration,omitempty"`
	TransactionType     string            `json:"transactionType,omitempty"`
	FriendlyName        string            `json:"friendlyName"`
	Quantity            any               `json:"quantity"`
	PartnerIDOnRecord   string            `json:"partnerIdOnRecord,omitempty"`
	ProvisioningContext map[string]string `json:"provisioningContext,omitempty"`
	Pricing             *linePricing      `json:"pricing,omitempty"`
	Links               map[string]*link  `json:"links"`
}

type linePricing struct {
	ListPrice       any `json:"listPrice"`
	DiscountedPrice any `json:"discountedPrice"`
	ProratedPrice   any `json:"proratedPrice"`
	Price           any `json:"price"`
	ExtendedPrice   any `json:"extendedPrice"`
}

func (x *exchange) orderBody(record *customerRecord, o *Order, withPrice bool) orderBody {
	self := "/customers/" + record.ID + "/orders/" + o.ID
	code, sign := currency(record.Country)
	body := orderBody{
		ID: o.ID, AlternateID: o.AlternateID, ReferenceCustomerID: record.ID, BillingCycle: o.BillingCycle, CurrencyCode: code,
		LineItems: []orderLineBody{}, CreationDate: x.orderDate(o), Status: o.Status, Links: map[string]*link{"self": x.link(self)}, Attributes: resourceAttributes{ObjectType: "Order"},
	}
	if o.isLegacy() {
		body.Attributes.ETag = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"id":%q,"version":1}`, o.ID))
	} else {
		body.CurrencySymbol, body.TransactionType = sign, o.TransactionType
		body.Links["provisioningStatus"] = x.link(self + "/provisioningstatus")
		if !x.knobs.NoOrderClient {
			body.Client = &o.Client
		}
	}
	if x.isBare(o) {
		body.AlternateID, body.TransactionType, body.Client = "", "", nil
	}
	if x.knobs.UnknownEnums {
		body.Status, body.BillingCycle, body.TransactionType = "on_hold", "every_five_years", "PartnerPurchase"
	}
	var total int64
	for i, line := range o.Lines {
		total += line.UnitPriceCents * int64(line.Quantity)
		body.LineItems = append(body.LineItems, x.orderLineBody(record, o, i, withPrice))
	}
	if withPrice {
		body.TotalPrice = x.money(total)
	}
	return body
}

// isBare reports whether an order has only the fields of the examples of DEV/get-all-of-a-customer-s-orders.
func (x *exchange) isBare(o *Order) bool {
	return x.knobs.BareOrders && !o.isLegacy() && plainName(o.BillingCycle) == "onetime"
}

func (x *exchange) orderLineBody(record *customerRecord, o *Order, number int, withPrice bool) orderLineBody {
	line := &o.Lines[number]
	body := orderLineBody{
		LineItemNumber: x.number(number), OfferID: line.OfferID, SubscriptionID: line.SubscriptionID, TermDuration: line.TermDuration,
		FriendlyName: line.FriendlyName, Quantity: x.number(line.Quantity), PartnerIDOnRecord: line.PartnerID,
		ProvisioningContext: line.ProvisioningContext, Links: map[string]*link{},
	}
	if !o.isLegacy() {
		body.TransactionType = line.TransactionType
		if x.knobs.LowerCaseTransactionTypes { // "addQuantity", as in the page's table
			_, first := utf8.DecodeRuneInString(line.TransactionType)
			body.TransactionType = strings.ToLower(line.TransactionType[:first]) + line.TransactionType[first:]
		}
		if x.knobs.UnknownEnums {
			body.TransactionType = "swap"
		}
	}
	if line.SubscriptionID != "" {
		body.Links["subscription"] = x.link("/customers/" + record.ID + "/subscriptions/" + line.SubscriptionID)
	}
	country := "?country=" + record.Country
	if product, sku, availability, ok := splitOffer(line.OfferID); ok {
		uri := "/products/" + product
		body.Links["product"] = x.link(uri + country)
		body.Links["sku"] = x.link(uri + "/skus/" + sku + country)
		body.Links["availability"] = x.link(uri + "/skus/" + sku + "/availabilities/" + availability + country)
	} else {
		body.Links["sku"] = x.link("/products/" + strings.ToUpper(guidFor("product", line.OfferID)) + "/skus/" + line.OfferID)
		body.Links["provisioningStatus"] = x.link("/subscriptions/" + line.SubscriptionID + "/provisioningstatus")
	}
	if x.isBare(o) {
		body.TermDuration, body.TransactionType, body.ProvisioningContext = "", "", nil
		body.Links = map[string]*link{"sku": body.Links["sku"]}
	}
	if withPrice {
		unit := x.money(line.UnitPriceCents)
		body.Pricing = &linePricing{unit, unit, unit, unit, x.money(line.UnitPriceCents * int64(line.Quantity))}
	}
	return body
}

// splitOffer splits a modern offer ID. Legacy offer IDs have no parts.
func splitOffer(offerID string) (product, sku, availability string, ok bool) {
	product, rest, ok := strings.Cut(offerID, ":")
	if !ok {
		return "", "", "", false
	}
	sku, availability, _ = strings.Cut(rest, ":")
	return product, sku, availability, true
}

// orderDate prints the formats of the page's examples.
func (x *exchange) orderDate(o *Order) string {
	form := x.knobs.OrderDates
	if form == OrderDatesByKind {
		form = OrderDatesZulu
		if o.isLegacy() {
			form = OrderDatesPacific
		}
	}
	switch form {
	case OrderDatesPacific:
		return o.Created.In(time.FixedZone("", -8*60*60)).Format("2006-01-02T15:04:05.000-07:00")
	case OrderDatesZeroOffset:
		return o.Created.UTC().Format("2006-01-02T15:04:05.0000000") + "+00:00"
	default:
		return sevenDigits(o.Created)
	}
}

// number and money print JSON numbers, or strings with Knobs.NumbersAsStrings.
func (x *exchange) number(n int) any {
	if x.knobs.NumbersAsStrings {
		return strconv.Itoa(n)
	}
	return n
}

func (x *exchange) money(cents int64) any {
	text, rest := strconv.FormatInt(cents/100, 10), cents%100
	if rest < 0 { // a customer credit
		text, rest = "-"+strings.TrimPrefix(text, "-"), -rest
	}
	text += fmt.Sprintf(".%02d", rest)
	if x.knobs.NumbersAsStrings {
		return text
	}
	return json.Number(text)
}
