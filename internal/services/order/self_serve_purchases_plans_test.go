package order_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// A savings plan that was bought in the Azure portal has no order, and is still listed.
func TestProtoSelfServePurchases_savingsPlans(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	outside, err := b.BuySavingsPlan(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{
		Commitment: "0.125", TermDuration: "P3Y", AppliedScope: mockbackend.ContosoAzureID, AutoRenew: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := readPurchases(t, b, acctest.Values{"last": "1h"})
	p := onePurchase(t, v, err)
	for name, want := range map[string]any{
		"customer_id": mockbackend.ContosoID, "company_name": "Contoso Demo", "order_id": nil, "product_kind": "savings_plan", "source": "outside_partner_center", "amount": "3285.00", "currency_code": "USD",
		"total_price": nil, "bought_by": nil, "buyer": nil, "permission_was_on": true, "permission_unknown_reason": nil, "reservations_unknown_reason": nil,
	} {
		if p[name] != want {
			t.Errorf("%s is %v, not %v", name, p[name], want)
		}
	}
	for _, name := range []string{"bought_by_reason", "buyer_unknown_reason"} {
		if reason, _ := p[name].(string); !strings.HasPrefix(reason, "The savings plan was bought outside Partner Center, in the Azure portal or by its API, by a user of the customer or of the partner.") {
			t.Errorf("%s is %q", name, reason)
		}
	}
	start := outside.Created.UTC()
	plan := list(t, p, "savings_plans")[0]
	for name, want := range map[string]any{
		"subscription_id": outside.ID, "friendly_name": outside.FriendlyName, "offer_id": "DZH318Z09V6F:0002:DZH318Z0CXYZ", "offer_name": "Compute savings plan, 3 years", "status": "active",
		"billing_cycle": "monthly", "term_duration": "P3Y", "commitment_per_hour": "0.125", "total_commitment": "3285.00", "currency_code": "USD", "scope_type": "single", "scope_id": mockbackend.ContosoAzureID,
		"auto_renew_enabled": true, "effective_start_date": start.Format("2006-01-02T00:00:00Z"), "commitment_end_date": start.AddDate(3, 0, -1).Format("2006-01-02T00:00:00Z"),
	} {
		if plan[name] != want {
			t.Errorf("%s of the plan is %v, not %v", name, plan[name], want)
		}
	}
	if len(list(t, p, "savings_plans")) != 1 || len(list(t, p, "reservations")) != 0 || len(list(t, p, "line_items")) != 0 {
		t.Errorf("%v", p)
	}
	if n := b.Counters().Route("GET /v1/customers/{customer}/entitlements"); n != 0 {
		t.Errorf("entitlements were read %d times for a savings plan", n)
	}

	// A savings plan that the partner buys in Partner Center has an order and a record.
	inside, err := b.BuySavingsPlanAsPartner(mockbackend.ContosoID, mockbackend.Purchase{})
	if err != nil {
		t.Fatal(err)
	}
	if v, err = readPurchases(t, b, acctest.Values{"last": "1h", "include_price": true}); err != nil || len(list(t, v, "purchases")) != 2 {
		t.Fatalf("%v, %v", v, err)
	}
	for _, p := range list(t, v, "purchases") {
		if p["source"] == "outside_partner_center" {
			continue
		}
		for name, want := range map[string]any{
			"order_id": inside.OrderID, "product_kind": "savings_plan", "source": "partner_center", "amount": "13140.00", "total_price": "0.00", "bought_by": "partner", "permission_was_on": true,
		} {
			if p[name] != want {
				t.Errorf("%s of the partner's is %v, not %v", name, p[name], want)
			}
		}
		if plans := list(t, p, "savings_plans"); len(plans) != 1 || plans[0]["subscription_id"] != inside.ID {
			t.Errorf("%v", plans)
		}
	}
	acctest.FailOnViolations(t, b)
}

// If an order or its savings plan is missing, the other one is listed. Nothing is listed twice.
func TestProtoSelfServePurchases_partsMissing(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	now := time.Now().Truncate(time.Second)
	plan := func(orderID string, age time.Duration, sp mockbackend.SavingsPlan) mockbackend.Subscription {
		return b.AddSubscription(mockbackend.TailspinID, mockbackend.Subscription{OrderID: orderID, Created: now.Add(-age), SavingsPlan: &sp})
	}
	old := plan("", 50*time.Hour, mockbackend.SavingsPlan{OutsidePartnerCenter: true})
	future := plan("", 5*time.Hour, mockbackend.SavingsPlan{OutsidePartnerCenter: true})
	b.AddOrder(mockbackend.TailspinID, mockbackend.Order{ID: "without a plan", Created: now.Add(-6 * time.Hour), Lines: []mockbackend.OrderLine{{OfferID: "DZH318Z09V6F:0001:x", SubscriptionID: "00000000-0000-4000-8000-000000000001"}}})
	early := plan("", 7*time.Hour, mockbackend.SavingsPlan{OutsidePartnerCenter: true})
	p := acctest.NewProtocol(t, b, b.User(mockbackend.SalesAgent).RefreshToken)
	read := func(config acctest.Values) []acctest.Values {
		t.Helper()
		v, err := p.ReadDataSource(t.Context(), purchasesType, config)
		if err != nil {
			t.Fatal(err)
		}
		return list(t, v, "purchases")
	}
	ids := func(purchases []acctest.Values) []any {
		var out []any
		for _, p := range purchases {
			if plans := list(t, p, "savings_plans"); len(plans) > 0 {
				out = append(out, plans[0]["subscription_id"])
			} else {
				out = append(out, p["order_id"])
			}
		}
		return out
	}
	if got := ids(read(acctest.Values{"customer_id": mockbackend.TailspinID, "last": "2d"})); !reflect.DeepEqual(got, []any{future.ID, "without a plan", early.ID}) {
		t.Errorf("%v", got)
	}
	if got := ids(read(acctest.Values{"last": "10d", "end": now.Add(-6 * time.Hour).Format(time.RFC3339Nano)})); !reflect.DeepEqual(got, []any{early.ID, old.ID}) {
		t.Errorf("until the order: %v", got)
	}
	if got := ids(read(acctest.Values{"start": now.Add(-50 * time.Hour).Format(time.RFC3339Nano), "end": now.Add(-5 * time.Hour).Format(time.RFC3339Nano)})); !reflect.DeepEqual(got, []any{"without a plan", early.ID, old.ID}) {
		t.Errorf("start is inclusive, end is not: %v", got)
	}
	one := read(acctest.Values{"last": "1d"})[1]
	if one["product_kind"] != "savings_plan" || one["source"] != nil || one["permission_was_on"] != nil || !strings.HasPrefix(one["permission_unknown_reason"].(string), "Unknown for now: the permission is disabled") { // Tailspin has only the permission for reservations
		t.Errorf("an order without its plan: %v", one)
	}
	acctest.FailOnViolations(t, b)
}

// Reservations in the form of Microsoft's pages are found, and unclear orders are listed.
func TestProtoSelfServePurchases_documented(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.BareOrders = true })
	reservation := buy(t, b)
	prePurchase, err := b.BuyPrePurchasePlan(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{})
	if err != nil {
		t.Fatal(err)
	}
	add := func(line mockbackend.OrderLine) string {
		return b.AddOrder(mockbackend.ContosoID, mockbackend.Order{Lines: []mockbackend.OrderLine{line}}).ID
	}
	byName := add(mockbackend.OrderLine{OfferID: "DZH318Z0BQ4B:000Z:DZH318Z0DSPL", FriendlyName: "Reserved_VM_Instance_Standard_D1_AP_East_1_Year"})
	unclear := add(mockbackend.OrderLine{OfferID: "DZH318Z0BQ4Z:002P:DZH318Z0CL2D", FriendlyName: "SQL-Datenbank"})
	software := add(mockbackend.OrderLine{OfferID: "x:y:z", FriendlyName: "Server", Software: true})
	kinds := func(token string) map[any]any {
		t.Helper()
		v, err := acctest.NewProtocol(t, b, token).ReadDataSource(t.Context(), purchasesType, acctest.Values{"last": "1h", "customer_id": mockbackend.ContosoID})
		if err != nil {
			t.Fatal(err)
		}
		out := map[any]any{}
		for _, p := range list(t, v, "purchases") {
			out[p["order_id"]] = p["product_kind"]
		}
		return out
	}
	want := map[any]any{reservation.ID: "reservation", prePurchase.ID: "pre_purchase_plan", byName: "reservation", unclear: "unclear"}
	if got := kinds(b.User(mockbackend.SalesAgent).RefreshToken); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	want[software] = "unclear" // app-only cannot read the list of software
	if got := kinds(""); !reflect.DeepEqual(got, want) {
		t.Errorf("app-only: %v, not %v", got, want)
	}
	acctest.FailOnViolations(t, b)
}

// Only the customers of one reseller are read.
func TestProtoSelfServePurchases_reseller(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	buy(t, b)
	plan := b.AddSubscription(mockbackend.TailspinID, mockbackend.Subscription{Created: time.Now(), SavingsPlan: &mockbackend.SavingsPlan{OutsidePartnerCenter: true}})
	v, err := readPurchases(t, b, acctest.Values{"indirect_reseller_id": mockbackend.TailspinResellerID})
	if p := onePurchase(t, v, err); p["customer_id"] != mockbackend.TailspinID || list(t, p, "savings_plans")[0]["subscription_id"] != plan.ID || v["customers_read"] != int64(1) {
		t.Errorf("%v", v)
	}
	for _, r := range acctest.Sent(b) {
		if strings.Contains(r.Path, mockbackend.ContosoID) || strings.Contains(r.Query, mockbackend.ContosoID) {
			t.Errorf("another customer was read: %s?%s", r.Path, r.Query)
		}
	}
	acctest.FailOnViolations(t, b)
}

// Totals are exact, by currency, customer and month, and contain the number of purchases without a price.
func TestProtoSelfServePurchases_totals(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	month := func(n int) time.Time { return time.Date(2026, time.Month(n), 15, 12, 0, 0, 0, time.UTC) }
	order := func(customerID string, at time.Time, cents int64, status string) {
		b.AddOrder(customerID, mockbackend.Order{Created: at, Status: status, Lines: []mockbackend.OrderLine{{OfferID: "x:y:z", FriendlyName: "Reserved VM Instance", UnitPriceCents: cents}}})
	}
	for range 3 {
		order(mockbackend.ContosoID, month(1), 10, "")
	}
	order(mockbackend.ContosoID, month(2), 100_00, "")
	order(mockbackend.ContosoID, month(2), 999_00, "cancelled")
	order(mockbackend.TailspinID, month(2), 5_55, "")
	b.AddSubscription(mockbackend.TailspinID, mockbackend.Subscription{Created: month(2), SavingsPlan: &mockbackend.SavingsPlan{Commitment: "0.001", Currency: "EUR", OutsidePartnerCenter: true}})
	config := acctest.Values{"start": "2026-01-01T00:00:00Z", "end": "2026-03-01T00:00:00Z", "customer_ids": []any{mockbackend.ContosoID, mockbackend.TailspinID}, "include_price": true}
	v, err := readPurchases(t, b, config)
	if err != nil {
		t.Fatal(err)
	}
	total := func(amount, currency any, purchases, unpriced int64, more acctest.Values) acctest.Values {
		out := acctest.Values{"amount": amount, "currency_code": currency, "purchases": purchases, "unpriced": unpriced}
		maps.Copy(out, more)
		return out
	}
	contoso := func(more acctest.Values) acctest.Values {
		more["customer_id"], more["company_name"] = mockbackend.ContosoID, "Contoso Demo"
		return more
	}
	tailspin := func(more acctest.Values) acctest.Values {
		more["customer_id"], more["company_name"] = mockbackend.TailspinID, "Tailspin Demo"
		return more
	}
	in := func(month string) acctest.Values { return acctest.Values{"month": month} }
	for name, want := range map[string][]acctest.Values{
		"totals_by_currency": {total("8.76", "EUR", 1, 0, nil), total("105.85", "USD", 5, 0, nil)},
		"totals_by_customer": {total("100.30", "USD", 4, 0, contoso(acctest.Values{})), total("8.76", "EUR", 1, 0, tailspin(acctest.Values{})), total("5.55", "USD", 1, 0, tailspin(acctest.Values{}))},
		"totals_by_month":    {total("0.30", "USD", 3, 0, in("2026-01")), total("8.76", "EUR", 1, 0, in("2026-02")), total("105.55", "USD", 2, 0, in("2026-02"))},
		"totals_by_customer_and_month": {
			total("0.30", "USD", 3, 0, contoso(in("2026-01"))), total("100.00", "USD", 1, 0, contoso(in("2026-02"))),
			total("8.76", "EUR", 1, 0, tailspin(in("2026-02"))), total("5.55", "USD", 1, 0, tailspin(in("2026-02"))),
		},
	} {
		if got := list(t, v, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%v, not\n%v", name, got, want)
		}
	}
	delete(config, "include_price")
	if v, err = readPurchases(t, b, config); err != nil {
		t.Fatal(err)
	}
	if got, want := list(t, v, "totals_by_currency"), []acctest.Values{total("8.76", "EUR", 1, 0, nil), total("0.00", "USD", 5, 5, nil)}; !reflect.DeepEqual(got, want) {
		t.Errorf("without prices: %v", got)
	}
	if v, err = readPurchases(t, b, acctest.Values{"customer_ids": []any{}}); err != nil || len(list(t, v, "totals_by_currency"))+len(list(t, v, "totals_by_customer_and_month")) != 0 {
		t.Errorf("without customers: %v, %v", v, err)
	}
	acctest.FailOnViolations(t, b)
}

// Each call fails once, then permanently, while a savings plan is read.
func TestProtoSelfServePurchases_faultsSavingsPlans(t *testing.T) {
	t.Parallel()
	everyFaultBut(t, purchasesType, mockbackend.TailspinID, func(b *mockbackend.Backend) {
		b.AddSubscription(mockbackend.TailspinID, mockbackend.Subscription{ID: "00000000-0000-4000-8000-00000000000e", Created: time.Now(), SavingsPlan: &mockbackend.SavingsPlan{OutsidePartnerCenter: true}})
	}, func() acctest.Values {
		return acctest.Values{"customer_id": mockbackend.TailspinID, "last": "1d", "timeouts": acctest.Values{"read": "20m"}}
	}, func(got acctest.Values) bool { // without an activity log
		p := list(t, got, "purchases")
		reason, _ := p[0]["buyer_unknown_reason"].(string)
		return len(p) == 1 && strings.HasPrefix(reason, "Partner Center has no activity log here.")
	})
}

// The result is the same for every spelling of savings plans.
func TestProtoSelfServePurchases_plansStable(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	now := time.Now()
	for range 5 {
		b.AddSubscription(mockbackend.TailspinID, mockbackend.Subscription{Created: now, SavingsPlan: &mockbackend.SavingsPlan{OutsidePartnerCenter: true, ScopeID: mockbackend.TailspinAzurePlanID}})
	}
	want, err := readPurchases(t, b, acctest.Values{"last": "1h"})
	if err != nil || len(list(t, want, "purchases")) != 5 {
		t.Fatalf("%v, %v", want, err)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) {
		k.ShuffleOrder, k.UpperCaseGUIDs, k.NumbersAsStrings, k.BareOrders = true, true, true, true
	})
	for range 3 {
		if got, err := readPurchases(t, b, acctest.Values{"last": "1h"}); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v:\n%v\nnot\n%v", err, got, want)
		}
	}
	ids := []string{}
	for _, p := range list(t, want, "purchases") {
		ids = append(ids, list(t, p, "savings_plans")[0]["subscription_id"].(string))
	}
	if !slices.IsSorted(ids) {
		t.Errorf("savings plans of the same time are not sorted: %q", ids)
	}
}
