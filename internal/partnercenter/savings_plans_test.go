package partnercenter

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// planBodies contains subscriptions in the documented forms of a savings plan and some others.
var planBodies = map[string]struct {
	body string
	want string // result of briefPlan
}{
	"as documented": {
		`{"id":"9D0C1B2A-3E4F-4A5B-8C6D-7E8F9A0B1C10","offerId":"DZH318Z09V6F:0001:DZH318Z0CXYZ","offerName":"Compute savings plan, 1 year","friendlyName":"SP_2026_05",
		"productType":{"id":"Azure","displayName":"Azure","subType":{"id":"SavingsPlan","displayName":"SavingsPlan"}},"quantity":1,"unitType":"Benefit","status":"active","billingType":"benefit",
		"billingCycle":"monthly","termDuration":"P1Y","creationDate":"2026-05-04T09:30:00Z","effectiveStartDate":"2026-05-04T00:00:00Z","commitmentEndDate":"2027-05-03T00:00:00Z","productOrderId":"p",
		"lineItems":[{"id":"c","friendlyName":"SP_2026_05","scope":{"type":"Shared","subscriptionId":"S"},"autoRenewEnabled":false,"status":"active","purchaseCommitment":{"amount":1.5,"currency":"USD","grain":"Hourly"}}],
		"attributes":{"objectType":"Subscription"}}`,
		"9D0C1B2A-3E4F-4A5B-8C6D-7E8F9A0B1C10  p 2026-05-04T09:30:00Z active P1Y 1.5/h 13140.00 USD shared S false to 2027-05-03T00:00:00Z",
	},
	"with an order": {
		`{"id":"a","orderId":"o","billingType":"Benefit","termDuration":"P3Y","lineItems":[{"purchaseCommitment":{"amount":"0.001","currency":"EUR"},"scope":{"type":"single","entitlementId":"E"},"autoRenewEnabled":true}]}`,
		"a o   P3Y 0.001/h 26.28 EUR single E true to ",
	},
	"by its product only":   {`{"id":"a","offerId":"dzh318z09v6f:0002:x","creationDate":"soon","effectiveStartDate":"2026-05-04"}`, "a   2026-05-04T00:00:00Z  /h    to "},
	"lines that add up":     {`{"id":"a","unitType":"benefit","termDuration":"p1y","lineItems":[{"purchaseCommitment":{"amount":0.1,"currency":"USD","grain":"Hourly"}},{"purchaseCommitment":{"amount":0.2,"currency":"USD","grain":"Hourly"}}]}`, "a    p1y 0.30/h 2628.00 USD   to "},
	"two currencies":        {`{"id":"a","unitType":"benefit","termDuration":"P1Y","lineItems":[{"purchaseCommitment":{"amount":0.1,"currency":"USD"}},{"purchaseCommitment":{"amount":0.2,"currency":"EUR"}}]}`, "a    P1Y /h    to "},
	"another grain":         {`{"id":"a","unitType":"benefit","termDuration":"P1Y","lineItems":[{"purchaseCommitment":{"amount":10,"currency":"USD","grain":"Monthly"}}]}`, "a    P1Y /h    to "},
	"another term":          {`{"id":"a","unitType":"benefit","termDuration":"P1M","lineItems":[{"purchaseCommitment":{"amount":10,"currency":"USD","grain":"Hourly"}}]}`, "a    P1M 10/h  USD   to "},
	"an Azure plan":         {`{"id":"a","offerId":"DZH318Z0BPS6:0001:x","unitType":"Usage-based","billingType":"usage","productType":{"id":"Azure"},"commitmentEndDate":"9999-12-14T00:00:00Z"}`, ""},
	"licences":              {`{"id":"a","unitType":"Licenses","billingType":"license","termDuration":"P1Y","creationDate":"whenever"}`, ""},
	"nothing but the id":    {`{"id":"a"}`, ""},
	"a plan full of nulls":  {`{"id":"a","unitType":"Benefit","orderId":null,"lineItems":null,"productType":null,"termDuration":null,"creationDate":null}`, "a     /h    to "},
	"a line full of nulls":  {`{"id":"a","unitType":"Benefit","lineItems":[{"scope":null,"purchaseCommitment":null,"autoRenewEnabled":null}]}`, "a     /h    to "},
	"a number for a number": {`{"id":"a","unitType":"Benefit","termDuration":"P1Y","productOrderId":7,"lineItems":[{"purchaseCommitment":{"amount":1e-3,"currency":"USD","grain":"hourly"}}]}`, "a  7  P1Y 0.001/h 8.76 USD   to "},
}

func briefPlan(p SavingsPlan) string {
	renew := ""
	if p.AutoRenew != nil {
		renew = fmt.Sprint(*p.AutoRenew)
	}
	s := fmt.Sprint(p.SubscriptionID, " ", p.OrderID, " ", p.ProductOrderID, " ", p.Bought, " ", p.Status, " ", p.TermDuration, " ", p.HourlyCommitment, "/h ", p.TotalCommitment(), " ",
		p.CurrencyCode, " ", p.ScopeType, " ", p.ScopeID, " ", renew, " to ", p.End)
	return strings.Join(strings.Fields(s), " ")
}

func TestSavingsPlans_bodies(t *testing.T) {
	for name, c := range planBodies {
		plans, err := serving(t, nil, `{"totalCount":1,"items":[`+c.body+`,`+c.body+`]}`).SavingsPlans.Of(t.Context(), "c")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, p := range plans {
			got = append(got, briefPlan(p))
		}
		want := []string{strings.Join(strings.Fields(c.want), " ")}
		if c.want == "" {
			want = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%q, not\n%q", name, got, want)
		}
	}
	for name, body := range map[string]string{"not an amount": `{"id":"a","unitType":"Benefit","lineItems":[{"purchaseCommitment":{"amount":"much"}}]}`, "no id": `{"unitType":"Benefit"}`} {
		if plans, err := serving(t, nil, `{"totalCount":1,"items":[`+body+`]}`).SavingsPlans.Of(t.Context(), "c"); err == nil {
			t.Errorf("%s counts as %+v", name, plans)
		}
	}
}

// TestPurchasesOf checks that orders and savings plans are matched, even if one part is missing.
func TestPurchasesOf(t *testing.T) {
	at := Time{time.Date(2026, time.May, 4, 9, 0, 0, 0, time.UTC)}
	line := func(offer, subscription, name string, price ...Decimal) OrderLine {
		l := OrderLine{OfferID: offer, SubscriptionID: subscription, FriendlyName: name}
		if price != nil {
			l.Pricing = &OrderPricing{ExtendedPrice: price[0]}
		}
		return l
	}
	order := func(id string, total Decimal, lines ...OrderLine) Order {
		return Order{ID: id, CreationDate: at, BillingCycle: "one_time", CurrencyCode: "USD", TotalPrice: total, Lines: lines}
	}
	plan := func(id, orderID string, hourly Decimal) SavingsPlan {
		return SavingsPlan{SubscriptionID: id, OrderID: orderID, TermDuration: "P1Y", HourlyCommitment: hourly, CurrencyCode: "USD", Bought: at}
	}
	const offer = "DZH318Z09V6F:0001:x"
	for name, c := range map[string]struct {
		orders []Order
		plans  []SavingsPlan
		want   string
	}{
		"nothing":                       {nil, nil, ""},
		"a reservation":                 {[]Order{order("o", "10.00", line("x:y:z", "", "Reserved_VM_Instance"))}, nil, "reservation o [] 10.00 USD"},
		"a plan with its order":         {[]Order{order("o", "0.00", line(offer, "s", ""))}, []SavingsPlan{plan("S", "o", "1")}, "savings_plan partner_center o [S] 8760.00 USD"},
		"by the subscription":           {[]Order{order("o", "", line("x:y:z", "s", ""))}, []SavingsPlan{plan("S", "", "1")}, "savings_plan partner_center o [S] 8760.00 USD"},
		"an order without its plan":     {[]Order{order("o", "5.00", line(offer, "s", ""))}, nil, "savings_plan o [] 5.00 USD"},
		"a plan without its order":      {nil, []SavingsPlan{plan("S", "o", "1")}, "savings_plan partner_center o [S] 8760.00 USD"},
		"a plan without any order":      {[]Order{order("o", "", line("DZH318Z0BPS6:0001:x", "p", "Azure plan"))}, []SavingsPlan{plan("S", "", "0.1")}, "savings_plan outside_partner_center  [S] 876.00 USD"},
		"two plans of an order":         {[]Order{order("o", "", line(offer, "s", ""), line(offer, "t", ""))}, []SavingsPlan{plan("s", "o", "1"), plan("t", "o", "0.5")}, "savings_plan partner_center o [s t] 13140.00 USD"},
		"a plan of another currency":    {[]Order{order("o", "", line(offer, "s", ""))}, []SavingsPlan{{SubscriptionID: "s", OrderID: "o", TermDuration: "P1Y", HourlyCommitment: "1", CurrencyCode: "EUR"}}, "savings_plan partner_center o [s]  USD"},
		"a plan and a reservation":      {[]Order{order("o", "", line(offer, "s", ""), line("x:y:z", "", "Reserved Instance", "2.50"))}, []SavingsPlan{plan("s", "o", "1")}, "reservation partner_center o [s] 8762.50 USD"},
		"a plan and one without price":  {[]Order{order("o", "", line(offer, "s", ""), line("x:y:z", "", "Reserved Instance"))}, []SavingsPlan{plan("s", "o", "1")}, "reservation partner_center o [s]  USD"},
		"a plan without its commitment": {nil, []SavingsPlan{plan("s", "", "")}, "savings_plan outside_partner_center  [s]  USD"},
		"licences":                      {[]Order{order("o", "", line("x:y:z", "s", "Office"))}, nil, ""},
	} {
		var got []string
		for _, p := range purchasesOf(c.orders, c.plans) {
			var ids []string
			for _, s := range p.SavingsPlans {
				ids = append(ids, s.SubscriptionID)
			}
			got = append(got, strings.TrimSpace(fmt.Sprint(p.Kind, " ", p.Source))+fmt.Sprint(" ", p.Order.ID, " ", ids, " ", p.Amount, " ", p.CurrencyCode))
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s: %q, not %q", name, s, c.want)
		}
	}
}

func TestPurchaseTotals(t *testing.T) {
	may, june := Time{time.Date(2026, time.May, 31, 23, 59, 59, 0, time.UTC)}, Time{time.Date(2026, time.June, 1, 1, 0, 0, 0, time.FixedZone("", 2*60*60))}
	var purchases []Purchase
	add := func(customer string, at Time, currency string, amount Decimal, status Enum) {
		purchases = append(purchases, Purchase{CustomerID: customer, CustomerName: strings.ToUpper(customer), BoughtAt: at, CurrencyCode: currency, Amount: amount, Order: Order{Status: status}})
	}
	for range 10 {
		add("a", may, "USD", "0.1", "completed")
	}
	add("a", june, "USD", "1000000000000000000.01", "") // 23:00 UTC in May
	add("b", may, "EUR", "-5", "")
	add("b", may, "USD", "", "")
	add("b", Time{}, "", "", "")
	add("b", may, "USD", "7", "cancelled")
	for want, by := range map[string]Grouping{
		"    0.00 1/1;    EUR -5.00 1/0;    USD 1000000000000000001.01 12/1":                                               {},
		"a A 2026-05 USD 1000000000000000001.01 11/0; b B   0.00 1/1; b B 2026-05 EUR -5.00 1/0; b B 2026-05 USD 0.00 1/1": {Customer: true, Month: true},
		"a A  USD 1000000000000000001.01 11/0; b B   0.00 1/1; b B  EUR -5.00 1/0; b B  USD 0.00 1/1":                      {Customer: true},
		"    0.00 1/1;   2026-05 EUR -5.00 1/0;   2026-05 USD 1000000000000000001.01 12/1":                                 {Month: true},
	} {
		var got []string
		for _, s := range PurchaseTotals(purchases, by) {
			got = append(got, fmt.Sprint(s.CustomerID, " ", s.CustomerName, " ", s.Month, " ", s.CurrencyCode, " ", s.Amount, " ", s.Purchases, "/", s.Unpriced))
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%+v:\n%q, not\n%q", by, s, want)
		}
	}
}

func TestAmounts(t *testing.T) {
	for want, amounts := range map[Decimal][]Decimal{
		"0.00": nil, "0.30": {"0.1", "0.2"}, "0.0001": {"0.00005", "0.00005"}, "3.00": {"1", "2"}, "-1.50": {"-2", "0.5"}, "1.23": {"1.2300"},
		"100000000000000000000.01": {"99999999999999999999.99", "0.02"},
	} {
		if got := sum(amounts...); got != want {
			t.Errorf("%q add up to %s, not %s", amounts, got, want)
		}
	}
	for want, c := range map[Decimal]struct {
		d Decimal
		n int64
	}{"26280.00": {"3", 8760}, "0.003": {"0.001", 3}, "0.00": {"0.00", 7}, "1095.00": {"0.125", 8760}} {
		if got := c.d.times(c.n); got != want {
			t.Errorf("%s × %d is %s, not %s", c.d, c.n, got, want)
		}
	}
}

func FuzzSavingsPlan(f *testing.F) {
	for _, c := range planBodies {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		plans, err := serving(t, nil, `{"totalCount":1,"items":[`+string(body)+`]}`).SavingsPlans.Of(t.Context(), "c")
		if err != nil {
			return
		}
		for _, p := range plans {
			if p.HourlyCommitment == "" && p.TotalCommitment() != "" {
				t.Errorf("a total commitment without an hourly commitment: %s", briefPlan(p))
			}
		}
	})
}
