package mockbackend_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func ordersPath(customerID string) string { return "/customers/" + customerID + "/orders" }

func itemIDs(r reply) []string {
	ids := []string{}
	for _, item := range r.items() {
		ids = append(ids, item["id"].(string))
	}
	return ids
}

// item finds an item of a list by its ID.
func (r reply) item(t *testing.T, id string) map[string]any {
	t.Helper()
	for _, item := range r.items() {
		if item["id"] == id {
			return item
		}
	}
	t.Fatalf("no item %s in %s", id, r.raw)
	return nil
}

func firstLine(order map[string]any) map[string]any {
	return order["lineItems"].([]any)[0].(map[string]any)
}

func TestOrdersOfSubscriptions(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 8})
	c := admin(t, b)
	for _, customer := range b.Customers() {
		list := c.call("GET", ordersPath(customer.ID), nil)
		list.want(t, "orders", 200, 0)
		ids := itemIDs(list)
		for _, subscription := range c.call("GET", "/customers/"+customer.ID+"/subscriptions", nil).items() {
			if !slices.Contains(ids, subscription["orderId"].(string)) {
				t.Fatalf("%s: no order %v in %v", customer.CompanyName, subscription["orderId"], ids)
			}
			order := list.item(t, subscription["orderId"].(string))
			line := firstLine(order)
			if line["subscriptionId"] != subscription["id"] || line["offerId"] != subscription["offerId"] || order["billingCycle"] != subscription["billingCycle"] || line["quantity"] != subscription["quantity"] || line["partnerIdOnRecord"] != subscription["partnerId"] {
				t.Errorf("%s: order %v, subscription %v", customer.CompanyName, order, subscription)
			}
			if order["referenceCustomerId"] != customer.ID {
				t.Errorf("referenceCustomerId %v", order["referenceCustomerId"])
			}
		}
		for _, id := range ids {
			c.call("GET", ordersPath(customer.ID)+"/"+id, nil).want(t, id, 200, 0)
			got := c.call("GET", ordersPath(customer.ID)+"/"+id+"/provisioningstatus", nil)
			if status := got.items()[0]; status["status"] != "Fulfilled" || status["lineItemNumber"] != 0.0 || len(status["quantityProvisioningInformation"].([]any)) != 1 {
				t.Errorf("%s: %s", id, got.raw)
			}
		}
	}
}

func TestOrderForms(t *testing.T) { // DEV/get-all-of-a-customer-s-orders
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	list := c.call("GET", ordersPath(mockbackend.ContosoID), nil)
	modern := list.item(t, mockbackend.ContosoReservationOrderID)
	legacy := c.call("GET", ordersPath(mockbackend.LitwareID), nil).items()[0]

	if list.body["continuationToken"] != nil || list.body["links"].(map[string]any)["self"].(map[string]any)["uri"] != ordersPath(mockbackend.ContosoID) || strings.Contains(string(list.raw), "null") {
		t.Errorf("list: %s", list.raw)
	}
	for name, want := range map[string]bool{"alternateId": true, "currencySymbol": true, "transactionType": true, "client": true, "totalPrice": false} {
		if _, has := modern[name]; has != want {
			t.Errorf("modern order has %s: %t", name, has)
		}
		if _, has := legacy[name]; has {
			t.Errorf("legacy order has %s", name)
		}
	}
	line := firstLine(modern)
	if line["transactionType"] != "New" || line["termDuration"] != "P3Y" || line["quantity"] != 2.0 || line["pricing"] != nil || line["subscriptionId"] != nil || line["provisioningContext"].(map[string]any)["duration"] != "3Years" {
		t.Errorf("modern line %v", line)
	}
	if modern["transactionType"] != "UserPurchase" || modern["billingCycle"] != "one_time" || modern["client"].(map[string]any)["name"] != "Partner Center Web" || modern["attributes"].(map[string]any)["etag"] != nil {
		t.Errorf("modern %v", modern)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.0000000Z", modern["creationDate"].(string)); err != nil {
		t.Error(err)
	}
	if uuid.Validate(legacy["id"].(string)) != nil || legacy["creationDate"] != "2018-04-04T09:08:20.710-08:00" || legacy["attributes"].(map[string]any)["etag"] == nil || legacy["billingCycle"] != "monthly" {
		t.Errorf("legacy %v", legacy)
	}
	links := firstLine(legacy)["links"].(map[string]any)
	if links["subscription"] == nil || links["product"] != nil || line["links"].(map[string]any)["availability"] == nil {
		t.Errorf("links %v", links)
	}
	sku := line["links"].(map[string]any)["sku"].(map[string]any)["uri"]
	if sku != "/products/DZH318Z0BQ36/skus/004G?country=US" {
		t.Errorf("sku %v", sku)
	}
	c.call("GET", ordersPath(mockbackend.LitwareID)+"/"+strings.ToLower(legacy["id"].(string)), nil).want(t, "legacy ids without case", 200, 0)
	c.call("GET", ordersPath(mockbackend.ContosoID)+"/"+strings.ToLower(mockbackend.ContosoReservationOrderID), nil).want(t, "modern ids with case", 404, 20000)
	c.call("GET", ordersPath(mockbackend.ContosoID)+"/nothing/provisioningstatus", nil).want(t, "unknown order", 404, 20000)
	c.call("GET", ordersPath("adatum"), nil).want(t, "no GUID", 400, 900118)
	c.call("GET", ordersPath(uuid.NewString()), nil).want(t, "unknown customer", 404, 60003)
	c.call("GET", ordersPath(mockbackend.AdatumID)+"?granularity=daily", nil).want(t, "unknown parameter", 200, 0)
	wantViolation(t, b, "unknown parameter", "granularity")
}

func TestOrderKnobs(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	read := func(change func(*mockbackend.Knobs)) map[string]any {
		t.Helper()
		b.SetKnobs(func(k *mockbackend.Knobs) {
			*k = mockbackend.DefaultKnobs()
			change(k)
		})
		return c.call("GET", ordersPath(mockbackend.ContosoID)+"/"+mockbackend.ContosoReservationOrderID+"?include_price=true", nil).body
	}
	for form, ending := range map[mockbackend.OrderDates]string{
		mockbackend.OrderDatesPacific: ":07.645-08:00", mockbackend.OrderDatesZulu: ":07.6455674Z", mockbackend.OrderDatesZeroOffset: ":07.6455674+00:00",
	} {
		date := read(func(k *mockbackend.Knobs) { k.OrderDates = form })["creationDate"].(string)
		if _, err := time.Parse(time.RFC3339Nano, date); err != nil || !strings.HasSuffix(date, ending) {
			t.Errorf("%s: %s", form, date)
		}
	}
	if got := firstLine(read(func(k *mockbackend.Knobs) { k.LowerCaseTransactionTypes = true }))["transactionType"]; got != "new" {
		t.Errorf("transactionType %v", got)
	}
	if _, has := read(func(k *mockbackend.Knobs) { k.NoOrderClient = true })["client"]; has {
		t.Error("client is present with NoOrderClient")
	}
	odd := read(func(k *mockbackend.Knobs) { k.UnknownEnums = true })
	if odd["status"] == "completed" || odd["billingCycle"] == "one_time" || odd["transactionType"] == "UserPurchase" || firstLine(odd)["transactionType"] == "New" {
		t.Errorf("known enums: %v", odd)
	}
	text := read(func(k *mockbackend.Knobs) { k.NumbersAsStrings = true })
	if line := firstLine(text); text["totalPrice"] != "1975.30" || line["quantity"] != "2" || line["lineItemNumber"] != "0" || line["pricing"].(map[string]any)["price"] != "987.65" {
		t.Errorf("no strings: %v", text)
	}
}

func TestOrderPrices(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	for _, path := range []string{ordersPath(mockbackend.ContosoID), ordersPath(mockbackend.ContosoID) + "/" + mockbackend.ContosoReservationOrderID} {
		priced := string(c.call("GET", path+"?Include_Price=TRUE", nil).raw)
		if !strings.Contains(priced, `"totalPrice":1975.30,`) || !strings.Contains(priced, `"pricing":{"listPrice":987.65,"discountedPrice":987.65,"proratedPrice":987.65,"price":987.65,"extendedPrice":1975.30}`) {
			t.Errorf("%s: %s", path, priced)
		}
		for _, query := range []string{"", "?include_price=false"} {
			if plain := string(c.call("GET", path+query, nil).raw); strings.Contains(plain, "Price") || strings.Contains(plain, "pricing") {
				t.Errorf("%s%s: %s", path, query, plain)
			}
		}
		c.call("GET", path+"?include_price=maybe", nil).want(t, path, 400, 800002)
	}
}

func TestCredits(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	for cents, want := range map[int64]string{-5: "-0.05", -100: "-1.00", -1205: "-12.05", 0: "0.00", 7: "0.07"} {
		order := b.AddOrder(mockbackend.AdatumID, mockbackend.Order{Lines: []mockbackend.OrderLine{{OfferID: "a:b:c", TransactionType: "CustomerCredit", UnitPriceCents: cents}}})
		if got := c.call("GET", ordersPath(mockbackend.AdatumID)+"/"+order.ID+"?include_price=true", nil); !strings.Contains(string(got.raw), `"totalPrice":`+want+",") {
			t.Errorf("%d: %s", cents, got.raw)
		}
	}
}

func TestOrderFilters(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	system := b.AddOrder(mockbackend.ContosoID, mockbackend.Order{TransactionType: "SystemPurchase", BillingCycle: "annual", Lines: []mockbackend.OrderLine{{OfferID: "a:b:c"}}})
	annual := b.AddOrder(mockbackend.ContosoID, mockbackend.Order{BillingCycle: "annual", Lines: []mockbackend.OrderLine{{OfferID: "a:b:c", PartnerID: "42"}}})
	plan := b.Subscriptions(mockbackend.ContosoID)[0].OrderID
	once := []string{mockbackend.ContosoReservationOrderID, mockbackend.ContosoSoftwareOrderID, plan}
	for query, want := range map[string][]string{
		"":                                     append([]string{annual.ID}, once...),
		"?billingType=onetime":                 once,
		"?billingType=One_Time":                once,
		"?billingtype=4":                       once,
		"?billingType=annual":                  {annual.ID},
		"?billingType=monthly":                 {},
		"?indirect_reseller_id=42":             {annual.ID},
		"?include_system_purchases=false":      append([]string{annual.ID}, once...),
		"?include_system_purchases=true":       append([]string{annual.ID, system.ID}, once...),
		"?include_price=true&billingType=none": {},
	} {
		got := c.call("GET", ordersPath(mockbackend.ContosoID)+query, nil)
		got.want(t, query, 200, 0)
		if ids := itemIDs(got); !slices.Equal(ids, want) {
			t.Errorf("%s: %v, want %v", query, ids, want)
		}
	}
	for _, query := range []string{"?billingType=weekly", "?billingType=99", "?include_system_purchases=1"} {
		c.call("GET", ordersPath(mockbackend.ContosoID)+query, nil).want(t, query, 400, 800002)
	}
}

func TestOrderDelays(t *testing.T) { // up to 15 minutes according to the page
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		count := func() int { return len(c.call("GET", ordersPath(mockbackend.ContosoID), nil).items()) }
		before := count()
		b.SetKnobs(func(k *mockbackend.Knobs) { k.OrderDelay = 15 * time.Minute })
		order := buy(t, b)
		for range 3 {
			if n := count(); n != before {
				t.Errorf("%d orders, want %d", n, before)
			}
			c.call("GET", ordersPath(mockbackend.ContosoID)+"/"+order.ID, nil).want(t, "by id", 200, 0)
			advance(5 * time.Minute)
		}
		if n := count(); n != before+1 {
			t.Errorf("%d orders after 15 minutes, want %d", n, before+1)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.OrderDelay, k.OrderDelayReads = 0, 2 })
		buy(t, b)
		if first, second, third := count(), count(), count(); first != before+1 || second != before+1 || third != before+2 {
			t.Errorf("%d, %d, %d orders", first, second, third)
		}
	})
}

// buy buys a reservation as Contoso's user.
func buy(t *testing.T, b *mockbackend.Backend) mockbackend.Order {
	t.Helper()
	order, err := b.BuyReservation(mockbackend.ContosoID, contosoUser, mockbackend.Purchase{})
	if err != nil {
		t.Fatal(err)
	}
	return order
}

const contosoUser = mockbackend.ContosoUserPrincipalName

func TestOrdersAreCopies(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	orders := b.Orders(mockbackend.ContosoID)
	at := slices.IndexFunc(orders, func(o mockbackend.Order) bool { return o.ID == mockbackend.ContosoReservationOrderID })
	before, err := json.Marshal(orders)
	if err != nil {
		t.Fatal(err)
	}
	line := &orders[at].Lines[0]
	line.Quantity, line.ProvisioningContext["scope"], line.Reservation.State = 99, "changed", "changed"
	if after, err := json.Marshal(b.Orders(mockbackend.ContosoID)); err != nil || string(after) != string(before) {
		t.Errorf("%s, %v", after, err)
	}
	for range 2 { // replaces the order of the subscription, then itself
		b.AddOrder(mockbackend.AdatumID, mockbackend.Order{ID: "Qm4xZ1sampleOrder1", Status: "pending"})
	}
	if orders := b.Orders(mockbackend.AdatumID); len(orders) != 2 || orders[0].Status != "pending" || orders[1].Status != "completed" {
		t.Errorf("orders %+v", orders)
	}
	twice := b.AddCustomer(mockbackend.Customer{}, mockbackend.Subscription{OrderID: "one-order"}, mockbackend.Subscription{OrderID: "one-order", OfferID: "x:y:z"})
	if orders := b.Orders(twice.ID); len(orders) != 1 || len(orders[0].Lines) != 2 {
		t.Errorf("two subscriptions of one order: %+v", orders)
	}
	b.AddOrder("nobody", mockbackend.Order{})
	wantViolation(t, b, "AddOrder", "no customer nobody")
	if b.Orders("nobody") != nil {
		t.Error("an unknown customer has orders")
	}
}

func TestSeedIsConsistent(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	order := c.call("GET", ordersPath(mockbackend.ContosoID)+"/"+mockbackend.ContosoReservationOrderID, nil).body
	created, err := time.Parse(time.RFC3339Nano, order["creationDate"].(string))
	if err != nil || time.Since(created) < 30*24*time.Hour || time.Since(created) > 80*24*time.Hour {
		t.Fatalf("%v: %v", created, err)
	}
	query := "/auditrecords?startDate=" + created.Format("2006-01-02") + "&endDate=" + created.Format("2006-01-02") +
		"&filter=" + url.QueryEscape(`{"Field":"ResourceType","Value":"Order","Operator":"equals"}`)
	records := c.call("GET", query, nil).items()
	if len(records) != 1 || records[0]["customerId"] != mockbackend.ContosoID || customized(records[0])["OrderId"] != mockbackend.ContosoReservationOrderID {
		t.Fatalf("records %v", records)
	}
	if at, err := time.Parse(time.RFC3339Nano, records[0]["operationDate"].(string)); err != nil || !at.Equal(created) {
		t.Errorf("operationDate %v, order of %v", at, created)
	}
	for _, id := range []string{mockbackend.AdatumID, mockbackend.ContosoID, mockbackend.LitwareID, mockbackend.TailspinID, mockbackend.NorthwindID, mockbackend.FabrikamID} {
		if len(b.Orders(id)) < len(b.Subscriptions(id)) {
			t.Errorf("%s has fewer orders than subscriptions", id)
		}
	}
}
