package partnercenter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"testing"
)

// orderBodies contains orders in every documented form and some others.
var orderBodies = map[string]struct {
	body string
	want string // result of brief
}{
	"modern, with prices": {
		`{"id":"Zk7sample_A1-b2","alternateId":"4f0a","referenceCustomerId":"c","billingCycle":"one_time","currencyCode":"USD","currencySymbol":"$",
		"lineItems":[{"lineItemNumber":0,"offerId":"DZH318Z0BQ36:004G:DZH318Z0SAMP","termDuration":"P1Y","transactionType":"New","friendlyName":"Reserved","quantity":1,
		"pricing":{"listPrice":120.10,"discountedPrice":100,"proratedPrice":100.0,"price":100.00,"extendedPrice":100.000}}],
		"creationDate":"2024-05-02T08:31:07.6455674Z","status":"completed","transactionType":"UserPurchase","totalPrice":100.00,
		"client":{"marketplaceCountry":"US","deviceFamily":"UniversalStore-PartnerCenter","name":"Partner Center Web"},"attributes":{"objectType":"Order"}}`,
		"Zk7sample_A1-b2 2024-05-02T08:31:07.6455674Z one_time completed user_purchase 100.00 USD Partner Center Web [0 Reserved x1 P1Y new 120.10/100/100.0/100.00/100.000 unclear]",
	},
	"legacy": {
		`{"id":"5D2C9E80-3F1A-47B6-8C4D-B7A6E5F4D808","billingCycle":"monthly","currencyCode":"EUR","creationDate":"2018-03-06T17:37:05.253-08:00","status":"completed",
		"lineItems":[{"lineItemNumber":0,"offerId":"MS-AZR-0145P","subscriptionId":"S","quantity":1}],"attributes":{"etag":"x","objectType":"Order"}}`,
		"5D2C9E80-3F1A-47B6-8C4D-B7A6E5F4D808 2018-03-07T01:37:05.253Z monthly completed   EUR  [0  x1   other]",
	},
	"numbers as strings": {
		`{"id":"o","alternateId":77,"totalPrice":"1.5","lineItems":[{"lineItemNumber":"1","quantity":"2","pricing":{"listPrice":"0.75"}}]}`,
		"o     1.5   [1  x2   0.75//// unclear]",
	},
	"PascalCase": {
		`{"Id":"o","BillingCycle":"OneTime","Status":"Completed","LineItems":[{"LineItemNumber":0,"Quantity":3,"TransactionType":"AddQuantity","TermDuration":"P3Y"}]}`,
		"o  one_time completed     [0  x3 P3Y add_quantity unclear]",
	},
	"unknown enums":  {`{"id":"o","status":"onHold","billingCycle":"every_five_years","transactionType":4}`, "o  every_five_years on_hold 4    []"},
	"nothing but id": {`{"id":"o"}`, "o        []"},
	"nulls": {
		`{"id":"o","alternateId":null,"billingCycle":null,"creationDate":null,"totalPrice":null,"lineItems":[{"lineItemNumber":null,"quantity":null,"pricing":null,"provisioningContext":null}]}`,
		"o        [-  x-   unclear]",
	},
	"a reservation by its provisioning context": {
		`{"id":"o","billingCycle":"one_time","lineItems":[{"lineItemNumber":0,"quantity":1,"provisioningContext":{"SubscriptionId":"s","Scope":"shared","duration":null}}]}`,
		"o  one_time      [0  x1   reservation]",
	},
	"licences for a term": {
		`{"id":"o","billingCycle":"annual","lineItems":[{"lineItemNumber":0,"quantity":1,"termDuration":"P1Y","subscriptionId":"s"}]}`,
		"o  annual      [0  x1 P1Y  other]",
	},
	"a reservation that is paid monthly": {
		`{"id":"o","billingCycle":"monthly","lineItems":[{"lineItemNumber":0,"quantity":1,"termDuration":"P1Y"}]}`,
		"o  monthly      [0  x1 P1Y  unclear]",
	},
	"billed once for a term, with a subscription": {
		`{"id":"o","billingCycle":"one_time","lineItems":[{"lineItemNumber":0,"quantity":1,"termDuration":"P3Y","subscriptionId":"s"}]}`,
		"o  one_time      [0  x1 P3Y  unclear]",
	},
	// These are the reservations of DEV/get-all-of-a-customer-s-orders, …-by-customer-and-billing-cycle-type and
	// DEV/get-an-order-by-id.
	"a reservation as documented": {
		`{"id":"9qg-ErcO-4MP","referenceCustomerId":"c","billingCycle":"one_time","currencyCode":"USD","lineItems":[{"lineItemNumber":0,"offerId":"DZH318Z0BQ4B:000Z:DZH318Z0DSPL",
		"friendlyName":"Reserved_VM_Instance_Standard_D1_AP_East_1_Year","quantity":1,"links":{"sku":{"uri":"/products/DZH318Z0BQ4B/skus/000Z?country=US","method":"GET","headers":[]}}}],
		"creationDate":"2018-03-15T02:17:15.6455674Z","status":"pending","attributes":{"objectType":"Order"}}`,
		"9qg-ErcO-4MP 2018-03-15T02:17:15.6455674Z one_time pending   USD  [0 Reserved_VM_Instance_Standard_D1_AP_East_1_Year x1   reservation]",
	},
	"another reservation as documented": {
		`{"id":"s-BZlr_TeGk","billingCycle":"one_time","currencySymbol":"$","lineItems":[{"lineItemNumber":0,"offerId":"DZH318Z0BQ4Z:002P:DZH318Z0CL2D","friendlyName":"Reserved_VM_Instance_Standard_NC12_AU_East_3_Years","quantity":1}]}`,
		"s-BZlr_TeGk  one_time      [0 Reserved_VM_Instance_Standard_NC12_AU_East_3_Years x1   reservation]",
	},
	"a reservation with another name": {
		`{"id":"o","billingCycle":"one_time","lineItems":[{"lineItemNumber":0,"offerId":"DZH318Z0BQ4Z:002L:DZH318Z0CMNP","friendlyName":"SQL-Datenbank","quantity":1}]}`,
		"o  one_time      [0 SQL-Datenbank x1   unclear]",
	},
	"a savings plan by its product": {
		`{"id":"o","billingCycle":"one_time","lineItems":[{"lineItemNumber":0,"offerId":"dzh318z09v6f:0002:DZH318Z0CXYZ","subscriptionId":"s","quantity":1,"termDuration":"P3Y","provisioningContext":{"scope":"shared"}}]}`,
		"o  one_time      [0  x1 P3Y  savings_plan]",
	},
	"a savings plan by its name": {
		`{"id":"o","billingCycle":"one_time","lineItems":[{"lineItemNumber":0,"offerId":"x:y:z","friendlyName":"Compute_Savings_Plan","quantity":1}]}`,
		"o  one_time      [0 Compute_Savings_Plan x1   savings_plan]",
	},
	"a pre-purchase plan": {
		`{"id":"o","billingCycle":"one_time","lineItems":[{"lineItemNumber":0,"offerId":"x:y:z","friendlyName":"Copilot Credit Pre-Purchase Plan","quantity":1}]}`,
		"o  one_time      [0 Copilot Credit Pre-Purchase Plan x1   pre_purchase_plan]",
	},
	"an Azure plan without its subscription": {
		`{"id":"o","billingCycle":"one_time","lineItems":[{"lineItemNumber":0,"offerId":"DZH318Z0BPS6:0001:DZH318Z0BML6","quantity":1}]}`,
		"o  one_time      [0  x1   other]",
	},
	"licences with a name like that": {
		`{"id":"o","billingCycle":"monthly","lineItems":[{"lineItemNumber":0,"offerId":"x:y:z","subscriptionId":"s","friendlyName":"Reserved Instance Manager","quantity":1}]}`,
		"o  monthly      [0 Reserved Instance Manager x1   other]",
	},
	"perpetual software": {
		`{"id":"o","billingCycle":"one_time","lineItems":[{"lineItemNumber":0,"quantity":1,"friendlyName":"Server"}]}`,
		"o  one_time      [0 Server x1   unclear]",
	},
}

func text(i *Integer) string {
	if i == nil {
		return "-"
	}
	return fmt.Sprint(*i)
}

func brief(o Order) string {
	lines := []string{}
	for _, l := range o.Lines {
		s := fmt.Sprint(text(l.Number), " ", l.FriendlyName, " x", text(l.Quantity), " ", l.TermDuration, " ", l.TransactionType, " ")
		if p := l.Pricing; p != nil {
			s += fmt.Sprint(p.ListPrice, "/", p.DiscountedPrice, "/", p.ProratedPrice, "/", p.Price, "/", p.ExtendedPrice, " ")
		}
		lines = append(lines, s+string(o.Kind(l)))
	}
	return fmt.Sprint(o.ID, " ", o.CreationDate, " ", o.BillingCycle, " ", o.Status, " ", o.TransactionType, " ", o.TotalPrice, " ", o.CurrencyCode, " ", o.Client.Name, " ", lines)
}

func TestOrders_bodies(t *testing.T) {
	for name, c := range orderBodies {
		for form, body := range map[string]string{
			"plain": `{"totalCount":1,"items":[` + c.body + `],"attributes":{"objectType":"Collection"}}`,
			"mark":  "\xef\xbb\xbf" + `{"items":[` + c.body + `]}`,
		} {
			var got []string
			for o, err := range serving(t, nil, body).Orders.Of(t.Context(), "c", OrderFilter{}) {
				if err != nil {
					t.Fatalf("%s, %s: %v", name, form, err)
				}
				got = append(got, brief(o))
			}
			if !reflect.DeepEqual(got, []string{c.want}) {
				t.Errorf("%s, %s:\n%q, not\n%q", name, form, got, c.want)
			}
		}
	}
	for name, body := range map[string]string{
		"not a date":            `{"id":"o","creationDate":"soon"}`,
		"not an amount":         `{"id":"o","totalPrice":"free"}`,
		"half a licence":        `{"id":"o","lineItems":[{"quantity":0.5}]}`,
		"lines of another type": `{"id":"o","lineItems":"none"}`,
	} {
		for o, err := range serving(t, nil, `{"totalCount":1,"items":[`+body+`]}`).Orders.Of(t.Context(), "c", OrderFilter{}) {
			if err == nil {
				t.Errorf("%s counts as %s", name, brief(o))
			}
		}
	}
}

// TestOrders_requests checks the queries, and that orders of other billing cycles are removed if
// the server ignores the filter.
func TestOrders_requests(t *testing.T) {
	const orders = `{"totalCount":3,"items":[{"id":"a","billingCycle":"one_time"},{"id":"b","billingCycle":"Monthly"},{"id":"c"},{"id":"d","billingCycle":"every_five_years"}]}`
	for _, c := range []struct {
		filter OrderFilter
		query  string
		ids    []string
	}{
		{OrderFilter{}, "", []string{"a", "b", "c", "d"}},
		{OrderFilter{IncludePrice: true}, "include_price=true", []string{"a", "b", "c", "d"}},
		{OrderFilter{BillingCycle: "one_time", IncludePrice: true}, "billingType=onetime&include_price=true", []string{"a", "c", "d"}},
		{OrderFilter{BillingCycle: "Monthly"}, "billingType=monthly", []string{"b", "c", "d"}},
	} {
		var requests []*http.Request
		var ids []string
		for o, err := range serving(t, &requests, orders).Orders.Of(t.Context(), "a/b", c.filter) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, o.ID)
		}
		if !reflect.DeepEqual(ids, c.ids) || len(requests) != 1 || requests[0].URL.RawQuery != c.query || requests[0].URL.EscapedPath() != "/base/v1/customers/a%2Fb/orders" {
			t.Errorf("%+v: %q by %v", c.filter, ids, requests[0].URL)
		}
	}
}

func TestOrders_get(t *testing.T) {
	var requests []*http.Request
	o, err := serving(t, &requests, `{"id":"o-1_A","totalPrice":2}`).Orders.Get(t.Context(), "c", "o-1_A", true)
	if err != nil || o.ID != "o-1_A" || o.TotalPrice != "2" || requests[0].URL.String() != "https://pc.example/base/v1/customers/c/orders/o-1_A?include_price=true" {
		t.Errorf("%+v, %v by %v", o, err, requests[0].URL)
	}
	for _, body := range []string{``, `{}`, `null`, `[]`, `<html>`} {
		if o, err := serving(t, nil, body).Orders.Get(t.Context(), "c", "o", false); err == nil {
			t.Errorf("%q counts as %+v", body, o)
		}
	}
}

func FuzzOrder(f *testing.F) {
	for _, c := range orderBodies {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var o Order
		if json.Unmarshal(body, &o) != nil {
			return
		}
		if s := brief(o); s == "" { // reads every field
			t.Error("the result is empty")
		}
	})
}
