package order_test

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const purchasesType = "partnercenter_self_serve_purchases"

// readPurchases reads the data source, signed in as a Sales agent.
func readPurchases(t *testing.T, b *mockbackend.Backend, config acctest.Values) (acctest.Values, error) {
	t.Helper()
	return acctest.NewProtocol(t, b, b.User(mockbackend.SalesAgent).RefreshToken).ReadDataSource(t.Context(), purchasesType, config)
}

// onePurchase returns the only purchase of a result.
func onePurchase(t *testing.T, v acctest.Values, err error) acctest.Values {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	p := list(t, v, "purchases")
	if len(p) != 1 {
		t.Fatalf("the purchases are %v", p)
	}
	return p[0]
}

// buy buys a reservation as Contoso's Owner.
func buy(t *testing.T, b *mockbackend.Backend) mockbackend.Order {
	t.Helper()
	order, err := b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{Quantity: 2, TermDuration: "P3Y"})
	if err != nil {
		t.Fatal(err)
	}
	return order
}

func TestAccSelfServePurchases(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	order := buy(t, b.Backend)
	const one = "data.partnercenter_self_serve_purchases.one"
	text, null, first := knownvalue.StringExact, knownvalue.Null(), tfjsonpath.New("purchases").AtSliceIndex(0)
	config := func(arguments ...string) string {
		return b.Config("data \"partnercenter_self_serve_purchases\" \"one\" {\n" + strings.Join(arguments, "\n") + "\n}")
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: config(`start = "yesterday"`), ExpectError: acctest.Says("The value of start must be a time in RFC 3339 format such as 2026-01-31T00:00:00Z.")},
			{Config: config(`start = "2126-01-31T00:00:00Z"`), ExpectError: acctest.Says("The value of start, 2126-01-31T00:00:00Z, is in the future.")},
			{Config: config(`last = "1 week"`), ExpectError: acctest.Says("The value of last must be a duration such as 30d or 36h.")},
			{Config: config(`start = "2026-01-31T00:00:00Z"`, `end = "2026-01-31T00:00:00Z"`), ExpectError: acctest.Says("The value of end, 2026-01-31T00:00:00Z, must be later than that of start")},
			{Config: config(`customer_ids = []`, `indirect_reseller_id = "`+mockbackend.TailspinResellerID+`"`), ExpectError: acctest.Says("cannot be specified when")},
			{Config: config(`last = "1d"`, `start = "2026-01-31T00:00:00Z"`), ExpectError: acctest.Says("cannot be specified when")},
			{Config: config(`customer_ids = []`, `customer_id = "`+mockbackend.ContosoID+`"`), ExpectError: acctest.Says("cannot be specified when")},
			{Config: config(`customer_ids = ["contoso"]`), ExpectError: acctest.Says("must be a GUID such as")},
			{Config: config(`on_error = "ignore"`), ExpectError: acctest.Says(`on_error value must be one of: ["fail" "report"]`)},
			{
				Config: config(`last = "1h"`, "include_price = true"),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(one, tfjsonpath.New("purchases"), knownvalue.ListSizeExact(1)),
					statecheck.ExpectKnownValue(one, tfjsonpath.New("customers_read"), knownvalue.Int64Exact(2)),
					statecheck.ExpectKnownValue(one, tfjsonpath.New("errors"), knownvalue.MapSizeExact(0)),
					statecheck.ExpectKnownValue(one, first, knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"customer_id": text(mockbackend.ContosoID), "company_name": text("Contoso Demo"), "product_kind": text("reservation"), "source": null, "amount": text("1000.00"), "savings_plans": knownvalue.ListSizeExact(0), "order_id": text(order.ID), "alternate_id": text(order.AlternateID),
						"status": text("completed"), "billing_cycle": text("one_time"), "transaction_type": text("user_purchase"), "client_name": text("Azure Portal"),
						"currency_code": text("USD"), "total_price": text("1000.00"),
						"reservations_unknown_reason": null, "buyer": text(mockbackend.ContosoUserPrincipalName), "buyer_unknown_reason": null,
						"application": text("Azure Portal"), "audit_record_id": knownvalue.NotNull(), "correlation_id": text(order.CorrelationID),
						"bought_by": text("customer"), "bought_by_reason": text("The buyer's name ends in the customer's default domain, contoso-demo.onmicrosoft.com."),
						"permission_was_on": knownvalue.Bool(true), "permission_unknown_reason": null,
					})),
					statecheck.ExpectKnownValue(one, first.AtMapKey("line_items").AtSliceIndex(0), knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"friendly_name": text("Reserved VM Instance, Standard_D2s_v5, West Europe"), "quantity": knownvalue.Int64Exact(2), "term_duration": text("P3Y"),
						"pricing": knownvalue.ObjectPartial(map[string]knownvalue.Check{"price": text("500.00"), "extended_price": text("1000.00")}),
					})),
					statecheck.ExpectKnownValue(one, first.AtMapKey("reservations").AtSliceIndex(0), knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"reservation_type": text("virtualmachines"), "scope_type": text("shared"), "provisioning_state": text("created"), "quantity": knownvalue.Int64Exact(2),
						"line_item_number": knownvalue.Int64Exact(0),
					})),
				},
			},
			{
				Config: config(`customer_id = "`+strings.ToUpper(mockbackend.TailspinID)+`"`, `start = "2026-01-31T00:00:00Z"`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(one, tfjsonpath.New("purchases"), knownvalue.ListSizeExact(0)),
					statecheck.ExpectKnownValue(one, tfjsonpath.New("customers_read"), knownvalue.Int64Exact(1)),
				},
			},
		},
	})
}

// The test covers the evidence for the buyer's organization: what identifies it, and what does not.
func TestProtoSelfServePurchases_boughtBy(t *testing.T) {
	t.Parallel()
	order := func(b *mockbackend.Backend, transaction string) mockbackend.Order {
		return b.AddOrder(mockbackend.ContosoID, mockbackend.Order{TransactionType: transaction, Lines: []mockbackend.OrderLine{{OfferID: "x:y:z", TermDuration: "P1Y"}}})
	}
	recorded := func(user string, status ...string) func(*testing.T, *mockbackend.Backend) {
		return func(_ *testing.T, b *mockbackend.Backend) {
			b.AddAuditRecord(mockbackend.ContosoID, mockbackend.AuditRecord{
				ResourceType: "order", OperationType: "create_order", UserPrincipalName: user, OperationStatus: strings.Join(status, ""), ApplicationID: "app",
				CustomizedData: []mockbackend.CustomizedDatum{{Key: "OrderId", Value: order(b, "").ID}},
			})
		}
	}
	customerBuys := func(set func(*mockbackend.Knobs)) func(*testing.T, *mockbackend.Backend) {
		return func(t *testing.T, b *mockbackend.Backend) {
			t.Helper()
			b.SetKnobs(set)
			buy(t, b)
		}
	}
	for name, c := range map[string]struct {
		prepare  func(*testing.T, *mockbackend.Backend)
		boughtBy any
		reason   string
		buyer    any
		app      any
	}{
		"customer": {customerBuys(func(*mockbackend.Knobs) {}), "customer", "the customer's default domain", mockbackend.ContosoUserPrincipalName, "Azure Portal"},
		"an application's id": {
			customerBuys(func(k *mockbackend.Knobs) { k.PurchaseApplicationID = true }),
			"customer", "the customer's default domain", mockbackend.ContosoUserPrincipalName, "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
		},
		"no application": {
			customerBuys(func(k *mockbackend.Knobs) { k.BareAuditRecords, k.NoOrderClient = true, true }),
			"customer", "the customer's default domain", mockbackend.ContosoUserPrincipalName, nil,
		},
		"no user": {
			customerBuys(func(k *mockbackend.Knobs) { k.PurchaseAudit = mockbackend.PurchaseAuditAnonymous }),
			nil, "The order's record in the activity log names no user.", nil, "Azure Portal",
		},
		"no record yet": {customerBuys(func(k *mockbackend.Knobs) { k.PurchaseAudit = mockbackend.PurchaseAuditNone }), nil, "Unknown for now: the activity log has no record", nil, nil},
		"partner": {func(t *testing.T, b *mockbackend.Backend) {
			t.Helper()
			if _, err := b.BuyReservationAsPartner(mockbackend.ContosoID, mockbackend.Purchase{}); err != nil {
				t.Fatal(err)
			}
		}, "partner", "the partner's default domain, partner-demo.onmicrosoft.com.", "portal.agent@" + mockbackend.PartnerDomain, "4990cffe-04e8-4e8b-808a-1175604b879f"},
		"a customer's user of another domain": {func(t *testing.T, b *mockbackend.Backend) {
			t.Helper()
			b.AddUser(mockbackend.ContosoID, mockbackend.Principal{UserPrincipalName: "jo@contoso.example"})
			recorded("Jo@contoso.example")(t, b)
		}, "customer", "one of the customer's users", "Jo@contoso.example", "app"},
		"a stranger": {recorded("jo@elsewhere.example"), nil, "The buyer is not, or no longer, a user of the customer, and the name does not end in the partner's", "jo@elsewhere.example", "app"},
		"a guest of the customer": {
			recorded("jo_partner.example#EXT#@contoso-demo.onmicrosoft.com"), nil, "who can belong to any tenant", "jo_partner.example#EXT#@contoso-demo.onmicrosoft.com", "app",
		},
		"not an address":    {recorded("jo"), nil, "The buyer is not, or no longer, a user of the customer", "jo", "app"},
		"the domain's end":  {recorded("jo@evilcontoso-demo.onmicrosoft.com"), nil, "The buyer is not, or no longer, a user of the customer", "jo@evilcontoso-demo.onmicrosoft.com", "app"},
		"an attempt failed": {recorded(mockbackend.ContosoUserPrincipalName, "failed"), nil, "Unknown for now", nil, nil},
		"a new status":      {recorded(mockbackend.ContosoUserPrincipalName, "deferred"), "customer", "default domain", mockbackend.ContosoUserPrincipalName, "app"},
		"users cannot be listed": {func(t *testing.T, b *mockbackend.Backend) {
			t.Helper()
			b.Fail(mockbackend.Fault{Path: "/customers/*/users", Kind: mockbackend.EmptyForbidden, Times: -1})
			recorded("jo@contoso.example")(t, b)
		}, nil, "Partner Center refuses to list the customer's users, and the name does not end in the partner's", "jo@contoso.example", "app"},
		"Partner Center": {
			func(_ *testing.T, b *mockbackend.Backend) { order(b, "SystemPurchase") }, "system", "its transaction type is system_purchase", nil, nil,
		},
		"Partner Center's bill": {
			func(_ *testing.T, b *mockbackend.Backend) { order(b, "SystemBilling") }, "system", "its transaction type is system_billing", nil, nil,
		},
	} {
		b := mockbackend.New(mockbackend.Config{})
		c.prepare(t, b)
		v, err := readPurchases(t, b, acctest.Values{"last": "1h", "include_system_purchases": true})
		p := onePurchase(t, v, err)
		reason, _ := p["bought_by_reason"].(string)
		if p["bought_by"] != c.boughtBy || !strings.Contains(reason, c.reason) || p["buyer"] != c.buyer || p["application"] != c.app {
			t.Errorf("%s: bought by %v: %s Buyer %v, application %v", name, p["bought_by"], reason, p["buyer"], p["application"])
		}
		if (p["buyer"] == nil) == (p["buyer_unknown_reason"] == nil) {
			t.Errorf("%s: the buyer is %v, and the reason is %v", name, p["buyer"], p["buyer_unknown_reason"])
		}
		acctest.FailOnViolations(t, b)
	}
}

// All orders that may be a purchase by the customer are listed, and no others.
func TestProtoSelfServePurchases_selects(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	now := time.Now()
	line := mockbackend.OrderLine{OfferID: "x:y:z", TermDuration: "P1Y"}
	add := func(id, customerID string, age time.Duration, lines ...mockbackend.OrderLine) {
		b.AddOrder(customerID, mockbackend.Order{ID: id, Created: now.Add(-age), Lines: lines})
	}
	add("reservation", mockbackend.ContosoID, 2*time.Hour, line)
	add("old", mockbackend.ContosoID, 50*time.Hour, line)
	add("older", mockbackend.ContosoID, 100*24*time.Hour, line)
	add("software", mockbackend.ContosoID, time.Hour, mockbackend.OrderLine{OfferID: "x:y:z", Software: true})
	add("licences", mockbackend.ContosoID, time.Hour, mockbackend.OrderLine{OfferID: "x:y:z", SubscriptionID: mockbackend.NorthwindLicencesID})
	add("of no term", mockbackend.ContosoID, 3*time.Hour, mockbackend.OrderLine{OfferID: "x:y:z", Reservation: &mockbackend.Reservation{}})
	add("of the customer", mockbackend.ContosoID, 4*time.Hour, mockbackend.OrderLine{OfferID: "x:y:z"})
	b.AddAuditRecord(mockbackend.ContosoID, mockbackend.AuditRecord{
		ResourceType: "order", OperationType: "create_order", UserPrincipalName: mockbackend.ContosoUserPrincipalName, ResourceNewValue: `{"Id":"of the customer"}`,
	})
	add("A", mockbackend.TailspinID, 5*time.Hour, line)
	add("B", mockbackend.ContosoID, 5*time.Hour, line)
	add("off", mockbackend.AdatumID, time.Hour, line)
	b.SetPermissions(mockbackend.LitwareID, mockbackend.AzureSavingsPlan)
	b.SetPermissions(mockbackend.LitwareID)
	add("switched", mockbackend.LitwareID, 6*time.Hour, line)
	for _, c := range []struct {
		config acctest.Values
		want   []string
		read   int64
	}{
		{acctest.Values{"last": "1d"}, []string{"reservation", "of no term", "of the customer", "B", "A", "switched"}, 3},
		{acctest.Values{}, []string{"reservation", "of no term", "of the customer", "B", "A", "switched", "old"}, 3},
		{acctest.Values{"last": "150d", "customer_id": mockbackend.ContosoID}, []string{"reservation", "of no term", "of the customer", "B", "old", mockbackend.ContosoReservationOrderID, "older"}, 1},
		{acctest.Values{"last": "1d", "customer_ids": []any{mockbackend.AdatumID, mockbackend.TailspinID, strings.ToUpper(mockbackend.AdatumID)}}, []string{"off", "A"}, 2},
		{acctest.Values{"last": "1m"}, []string{}, 3},
		{acctest.Values{"customer_ids": []any{}}, []string{}, 0},
		{acctest.Values{"start": now.Add(-2 * time.Hour).Format(time.RFC3339), "customer_id": mockbackend.ContosoID}, []string{"reservation"}, 1},
	} {
		v, err := readPurchases(t, b, c.config)
		if err != nil {
			t.Fatalf("%v: %v", c.config, err)
		}
		got := []string{}
		for _, p := range list(t, v, "purchases") {
			got = append(got, p["order_id"].(string))
		}
		if !slices.Equal(got, c.want) || v["customers_read"] != c.read || len(v["errors"].(acctest.Values)) != 0 {
			t.Errorf("%v: %q of %v customers, not %q of %d (%v)", c.config, got, v["customers_read"], c.want, c.read, v["errors"])
		}
	}
	acctest.FailOnViolations(t, b)
}

// An order, its reservation and its record appear one after the other. Each run lists what exists at that time.
func TestProtoSelfServePurchases_delays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) {
			k.OrderDelay, k.ReservationDelay, k.AuditDelay = 15*time.Minute, 30*time.Minute, 45*time.Minute
		})
		buy(t, b)
		config := acctest.Values{"last": "2d"}
		if v, err := readPurchases(t, b, config); err != nil || len(list(t, v, "purchases")) != 0 {
			t.Errorf("at once: %v, %v", v, err)
		}
		acctest.Pass(20 * time.Minute)
		v, err := readPurchases(t, b, config)
		p := onePurchase(t, v, err)
		if reason, _ := p["buyer_unknown_reason"].(string); len(list(t, p, "reservations")) != 0 || p["bought_by"] != nil || !strings.HasPrefix(reason, "Unknown for now") || p["permission_was_on"] != true {
			t.Errorf("after 20 minutes: %v", p)
		}
		acctest.Pass(15 * time.Minute)
		v, err = readPurchases(t, b, config)
		if p := onePurchase(t, v, err); len(list(t, p, "reservations")) != 1 || p["bought_by"] != nil {
			t.Errorf("after 35 minutes: %v", p)
		}
		acctest.Pass(15 * time.Minute)
		v, err = readPurchases(t, b, config)
		if p := onePurchase(t, v, err); len(list(t, p, "reservations")) != 1 || p["bought_by"] != "customer" || p["buyer_unknown_reason"] != nil {
			t.Errorf("after 50 minutes: %v", p)
		}
		// After a day without a record, the message no longer says that one will appear.
		b.SetKnobs(func(k *mockbackend.Knobs) { k.AuditDelay = 100 * 24 * time.Hour })
		buy(t, b)
		acctest.Pass(25 * time.Hour)
		v, err = readPurchases(t, b, acctest.Values{"last": "1d"})
		if err != nil || len(list(t, v, "purchases")) != 0 {
			t.Errorf("a day is less than 25 hours: %v, %v", v, err)
		}
		v, err = readPurchases(t, b, acctest.Values{"last": "25h"})
		if p := onePurchase(t, v, err); p["buyer_unknown_reason"] != "The activity log has no record of the order." {
			t.Errorf("after a day: %v", p)
		}
		acctest.Pass(90 * 24 * time.Hour)
		token := b.NewRefreshToken(b.User(mockbackend.SalesAgent))
		v, err = acctest.NewProtocol(t, b, token).ReadDataSource(t.Context(), purchasesType, acctest.Values{"last": "92d"})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list(t, v, "purchases") {
			for _, name := range []string{"buyer_unknown_reason", "bought_by_reason", "permission_unknown_reason"} {
				if p[name] != "The order is older than 90 days, which is how long Partner Center keeps the activity log." {
					t.Errorf("after 90 days, %s is %v", name, p[name])
				}
			}
		}
		if n := len(list(t, v, "purchases")); n != 2 {
			t.Errorf("after 90 days there are %d purchases", n)
		}
		acctest.FailOnViolations(t, b)
	})
}

// The result is the same for every order and spelling of the server.
func TestProtoSelfServePurchases_stable(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	buy(t, b)
	for range 3 {
		if _, err := b.BuySavingsPlan(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{}); err != nil {
			t.Fatal(err)
		}
	}
	config := acctest.Values{"start": time.Now().Add(-50 * 24 * time.Hour).Format(time.RFC3339), "include_price": true}
	want, err := readPurchases(t, b, config)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list(t, want, "purchases")); n != 5 {
		t.Fatalf("%d purchases", n)
	}
	for _, set := range []func(*mockbackend.Knobs){
		func(k *mockbackend.Knobs) { k.ShuffleOrder, k.PageSize = true, 2 },
		func(k *mockbackend.Knobs) { k.NumbersAsStrings, k.BOM = true, false },
		func(k *mockbackend.Knobs) { k.OrderDates = mockbackend.OrderDatesZeroOffset },
		func(k *mockbackend.Knobs) { k.LowerCaseTransactionTypes, k.TotalCountWrong = true, true },
	} {
		b.SetKnobs(set)
		for range 3 {
			got, err := readPurchases(t, b, config)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v: %v: different result:\n%v\nnot\n%v", b.Knobs(), err, got, want)
			}
		}
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.UpperCaseGUIDs, k.UnknownEnums, k.PageSize = true, true, 2 })
	got, err := readPurchases(t, b, config)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range list(t, got, "purchases") {
		other := list(t, want, "purchases")[i]
		for _, name := range []string{"customer_id", "order_id", "buyer", "bought_by", "permission_was_on"} {
			if p[name] != other[name] {
				t.Errorf("with upper-case ids and new values, %s of purchase %d is %v, not %v", name, i, p[name], other[name])
			}
		}
		if len(list(t, p, "reservations")) != len(list(t, other, "reservations")) {
			t.Errorf("with upper-case ids, purchase %d has the reservations %v", i, p["reservations"])
		}
	}
	acctest.FailOnViolations(t, b)
}

// Legacy order IDs are GUIDs, and their case differs between calls.
func TestProtoSelfServePurchases_legacyOrder(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	order := b.AddOrder(mockbackend.ContosoID, mockbackend.Order{
		ID: "5D2C9E80-3F1A-47B6-8C4D-B7A6E5F4D80A", Lines: []mockbackend.OrderLine{{OfferID: "x:y:z", Reservation: &mockbackend.Reservation{}}},
	})
	b.AddAuditRecord(mockbackend.ContosoID, mockbackend.AuditRecord{
		ResourceType: "order", OperationType: "create_order", UserPrincipalName: mockbackend.ContosoUserPrincipalName,
		ResourceNewValue: `{"ID":"` + strings.ToLower(order.ID) + `"}`,
	})
	v, err := readPurchases(t, b, acctest.Values{"last": "1h"})
	if p := onePurchase(t, v, err); p["bought_by"] != "customer" || len(list(t, p, "reservations")) != 1 {
		t.Errorf("%v", p)
	}
}

// Without a user, less is known, and each purchase says what is missing.
func TestProtoSelfServePurchases_appOnly(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	buy(t, b)
	appOnly := func(config acctest.Values) (acctest.Values, error) {
		return acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), purchasesType, config)
	}
	v, err := appOnly(acctest.Values{"last": "1h"})
	p := onePurchase(t, v, err)
	if v["customers_read"] != int64(6) || p["reservations"] != nil || p["reservations_unknown_reason"] != "Partner Center shows reservations to app+user sign-in only." ||
		p["bought_by"] != "customer" || p["permission_was_on"] != nil || !strings.Contains(p["permission_unknown_reason"].(string), "app+user") {
		t.Errorf("%v", p)
	}
	if b.Counters().Route("GET /v1/SelfServePolicy") != 0 || b.Counters().Route("GET /v1/profiles/organization") != 0 {
		t.Error("a request that requires a user was sent without one")
	}
	b.SetPermissions(mockbackend.ContosoID, mockbackend.AzureSavingsPlan)
	v, err = appOnly(acctest.Values{"last": "1h", "customer_id": mockbackend.ContosoID})
	if p := onePurchase(t, v, err); p["permission_was_on"] != true {
		t.Errorf("after a change that the log contains: %v", p)
	}
	if _, err := b.BuyReservationAsPartner(mockbackend.ContosoID, mockbackend.Purchase{}); err != nil {
		t.Fatal(err)
	}
	if v, err = appOnly(acctest.Values{"last": "1h"}); err != nil {
		t.Fatal(err)
	}
	if p := list(t, v, "purchases")[0]; p["bought_by"] != nil || !strings.HasSuffix(p["bought_by_reason"].(string), "only app+user authentication can read the partner's domain.") {
		t.Errorf("the partner's: %v", p)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.EntitlementsAppOnly = true })
	v, err = appOnly(acctest.Values{"last": "1h"})
	if err != nil || len(list(t, list(t, v, "purchases")[1], "reservations")) != 1 {
		t.Errorf("with entitlements that allow app-only: %v, %v", v, err)
	}
	acctest.FailOnViolations(t, b)
}

// Only the list of reservations distinguishes an order without a term from one for software. If reservations
// cannot be read, both are listed.
func TestProtoSelfServePurchases_reservationsUnknown(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*testing.T, *mockbackend.Backend) (acctest.Values, error){
		"app-only": func(t *testing.T, b *mockbackend.Backend) (acctest.Values, error) {
			t.Helper()
			return acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), purchasesType, acctest.Values{"last": "1h"})
		},
		"failed": func(t *testing.T, b *mockbackend.Backend) (acctest.Values, error) {
			t.Helper()
			b.Fail(mockbackend.Fault{Path: "/customers/*/entitlements", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Times: -1})
			return readPurchases(t, b, acctest.Values{"last": "1h", "on_error": "report"})
		},
	} {
		b := mockbackend.New(mockbackend.Config{})
		order := b.AddOrder(mockbackend.ContosoID, mockbackend.Order{Lines: []mockbackend.OrderLine{{OfferID: "x:y:z", Reservation: &mockbackend.Reservation{}}}})
		v, err := read(t, b)
		if p := onePurchase(t, v, err); p["order_id"] != order.ID || p["reservations"] != nil || p["reservations_unknown_reason"] == nil {
			t.Errorf("%s: %v", name, p)
		}
		acctest.FailOnViolations(t, b)
	}
}

// Some clouds have no activity log. A purchase then says that its buyer is unknown.
func TestProtoSelfServePurchases_noLog(t *testing.T) {
	t.Parallel()
	for _, config := range []acctest.Values{{}, {"customer_id": mockbackend.ContosoID}} {
		b := mockbackend.New(mockbackend.Config{})
		buy(t, b)
		b.Fail(mockbackend.Fault{Path: "/auditrecords", Kind: mockbackend.APIError, Status: http.StatusNotFound, Code: 1000, Times: -1})
		v, err := readPurchases(t, b, config)
		if p := onePurchase(t, v, err); p["buyer_unknown_reason"] != "Partner Center has no activity log here. Some clouds have none." || p["permission_unknown_reason"] != p["buyer_unknown_reason"] || len(list(t, p, "reservations")) != 1 {
			t.Errorf("%v", p)
		}
	}
}

// A customer that cannot be read does not hide other customers, whichever of its requests fails.
func TestProtoSelfServePurchases_partialFailure(t *testing.T) {
	t.Parallel()
	tailspin, contoso := mockbackend.TailspinID, mockbackend.ContosoID
	for path, missing := range map[string]string{ // attribute that is null for the other customer
		"/customers/" + tailspin + "/orders":        "purchase",
		"/customers/" + tailspin + "/subscriptions": "reservations",
		"/customers/" + tailspin + "/entitlements":  "reservations",
		"/customers/" + tailspin + "/users":         "bought_by",
	} {
		prepare := func() *mockbackend.Backend {
			b := mockbackend.New(mockbackend.Config{})
			buy(t, b)
			order := b.AddOrder(tailspin, mockbackend.Order{Lines: []mockbackend.OrderLine{{OfferID: "x:y:z", TermDuration: "P1Y"}}})
			b.AddAuditRecord(tailspin, mockbackend.AuditRecord{
				ResourceType: "order", OperationType: "create_order", UserPrincipalName: "jo@tailspin.example",
				CustomizedData: []mockbackend.CustomizedDatum{{Key: "OrderId", Value: order.ID}},
			})
			b.Fail(mockbackend.Fault{Path: path, Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Times: -1})
			return b
		}
		b := prepare()
		v, err := readPurchases(t, b, acctest.Values{"last": "1d"})
		if err == nil || v != nil || !strings.Contains(err.Error(), "Could not read the purchases of 1 of ") || !strings.Contains(err.Error(), "Tailspin Demo ("+tailspin+"): ") ||
			!strings.Contains(err.Error(), "3000") || !strings.Contains(err.Error(), `set on_error = "report"`) || strings.Contains(err.Error(), contoso) {
			t.Errorf("%s fails: %v, %v", path, v, err)
		}
		acctest.FailOnViolations(t, b)
		b = prepare()
		v, err = readPurchases(t, b, acctest.Values{"last": "1d", "on_error": "report"})
		if err != nil {
			t.Errorf("%s fails: %v", path, err)
			continue
		}
		reasons := v["errors"].(acctest.Values)
		if reason, _ := reasons[tailspin].(string); len(reasons) != 1 || !strings.Contains(reason, "3000") || strings.Contains(reason, "Request ID") {
			t.Errorf("%s fails: the errors are %v", path, reasons)
		}
		purchases := map[any]acctest.Values{}
		for _, p := range list(t, v, "purchases") {
			purchases[p["customer_id"]] = p
		}
		if p := purchases[contoso]; p == nil || p["bought_by"] != "customer" || p["permission_was_on"] != true || len(list(t, p, "reservations")) != 1 {
			t.Errorf("%s fails: the other purchase is %v", path, p)
		}
		p := purchases[tailspin]
		if missing == "purchase" && p != nil || missing != "purchase" && (p == nil || p[missing] != nil || p[missing+"_unknown_reason"] == nil && p["bought_by_reason"] == nil) {
			t.Errorf("%s fails: the purchase is %v", path, p)
		}
		acctest.FailOnViolations(t, b)
	}
}

func TestProtoSelfServePurchases_customerRefused(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.EndRelationship(mockbackend.AdatumID)
	for id, want := range map[string]string{
		"00000000-0000-4000-8000-000000000000": "There is no customer tenant with this ID.",
		mockbackend.AdatumID:                   "The customer has no reseller relationship with this partner",
	} {
		_, err := readPurchases(t, b, acctest.Values{"customer_id": id})
		if err == nil || !strings.Contains(err.Error(), "Could not read the purchases of customer "+id) || !strings.Contains(err.Error(), want) {
			t.Errorf("customer %s: %v", id, err)
		}
	}
	acctest.FailOnViolations(t, b)
}

// A customer whose relationship has ended is not one of all customers.
func TestProtoSelfServePurchases_relationshipEnded(t *testing.T) {
	t.Parallel()
	for _, mode := range []mockbackend.RelationshipEnded{mockbackend.RelationshipEndedForbidden, mockbackend.RelationshipEndedNotFound, mockbackend.RelationshipEndedEmptyList} {
		b := mockbackend.New(mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = mode })
		buy(t, b)
		b.EndRelationship(mockbackend.TailspinID)
		for _, token := range []string{b.User(mockbackend.SalesAgent).RefreshToken, ""} {
			v, err := acctest.NewProtocol(t, b, token).ReadDataSource(t.Context(), purchasesType, acctest.Values{})
			if p := onePurchase(t, v, err); p["customer_id"] != mockbackend.ContosoID {
				t.Errorf("%s: %v", mode, p)
			}
		}
		acctest.FailOnViolations(t, b)
	}
}

func TestProtoSelfServePurchases_faults(t *testing.T) {
	t.Parallel()
	everyFaultBut(t, purchasesType, mockbackend.ContosoID, func(b *mockbackend.Backend) {
		order := b.AddOrder(mockbackend.ContosoID, mockbackend.Order{Lines: []mockbackend.OrderLine{{OfferID: "x:y:z", Reservation: &mockbackend.Reservation{}}}})
		b.AddUser(mockbackend.ContosoID, mockbackend.Principal{UserPrincipalName: "jo@contoso.example"})
		b.AddAuditRecord(mockbackend.ContosoID, mockbackend.AuditRecord{
			ResourceType: "order", OperationType: "create_order", UserPrincipalName: "jo@contoso.example",
			CustomizedData: []mockbackend.CustomizedDatum{{Key: "OrderId", Value: order.ID}},
		})
	}, func() acctest.Values {
		return acctest.Values{"customer_id": mockbackend.ContosoID, "last": "1d", "timeouts": acctest.Values{"read": "20m"}}
	}, func(got acctest.Values) bool {
		p := list(t, got, "purchases")
		if len(p) != 1 || p[0]["bought_by"] != nil {
			return false
		}
		reason, _ := p[0]["bought_by_reason"].(string)
		return strings.HasPrefix(reason, "Partner Center has no activity log here.") || strings.HasPrefix(reason, "Partner Center refuses to list the customer's users")
	})
}

// twoHundred returns a server with 200 customers whose permission was enabled long ago. 3 of them have bought a
// reservation.
func twoHundred(t *testing.T) *mockbackend.Backend {
	t.Helper()
	b := mockbackend.New(mockbackend.Config{Customers: 300})
	customers := b.Customers()[50:250]
	for _, c := range customers {
		b.SetPermissions(c.ID, mockbackend.AzureReservedInstances)
	}
	b.SetPermissions(mockbackend.ContosoID) // in a synctest bubble, its seeded order is in the future
	acctest.Pass(60 * 24 * time.Hour)
	for _, i := range []int{1, 71, 141} {
		if _, err := b.BuyReservationAsPartner(customers[i].ID, mockbackend.Purchase{}); err != nil {
			t.Fatal(err)
		}
	}
	b.ResetJournal()
	b.ResetCounters()
	return b
}

// The number of requests is the one that the documentation says.
func TestProtoSelfServePurchases_requests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := twoHundred(t)
		v, err := readPurchases(t, b, acctest.Values{"last": "2d"})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(list(t, v, "purchases")); n != 3 || v["customers_read"] != int64(201) {
			t.Errorf("%d purchases of %v customers", n, v["customers_read"])
		}
		const artifacts = "GET /v1/customers/{customer}/artifacts/reservedinstance/groups/{group}/lineitems/{lineItem}/resource/{resource}"
		for route, want := range map[string]int{
			"GET /v1/customers": 1, "GET /v1/SelfServePolicy": 300, "GET /v1/customers/{customer}/orders": 201, "GET /v1/customers/{customer}/subscriptions": 201, "GET /v1/customers/{customer}/entitlements": 3, artifacts: 3,
			"GET /v1/customers/{customer}": 0, "GET /v1/auditrecords": 2, "GET /v1/profiles/organization": 1, "GET /v1/customers/{customer}/users": 0,
		} {
			if got := b.Counters().Route(route); got != want {
				t.Errorf("%s: %d times, not %d", route, got, want)
			}
		}
		if n := len(acctest.Sent(b)); n != 712 {
			t.Errorf("%d requests", n)
		}
		var ids []any
		for _, c := range b.Customers()[50:250] {
			ids = append(ids, c.ID)
		}
		const forOne = 4 // entitlements, artifact, profile and policy
		for _, c := range []struct {
			ids  []any
			want int
		}{
			{ids, 2*200 + 3*forOne + 2 + 1}, // orders and subscriptions; two types of records; the partner's profile
			{ids[:1], 2},
			{ids[1:2], 2 + forOne + 1 + 1},
			{[]any{}, 0},
		} {
			b.ResetJournal()
			if v, err = readPurchases(t, b, acctest.Values{"last": "2d", "customer_ids": c.ids}); err != nil || len(v["errors"].(acctest.Values)) != 0 {
				t.Fatal(v["errors"], err)
			}
			if sent := acctest.Sent(b); len(sent) != c.want {
				t.Errorf("%d customers by %d requests, not %d", len(c.ids), len(sent), c.want)
			}
		}
		acctest.FailOnViolations(t, b)
	})
}

func TestProtoSelfServePurchases_cancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := twoHundred(t)
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = time.Minute })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		const after = 5*time.Minute + 30*time.Second
		time.AfterFunc(after, cancel)
		start := time.Now()
		v, err := p.ReadDataSource(ctx, purchasesType, acctest.Values{"last": "2d", "on_error": "report"})
		if err == nil || v != nil || !strings.Contains(err.Error(), "Could not read the purchases of the customers") || !strings.Contains(err.Error(), "The run was interrupted.") {
			t.Errorf("%v, %v", v, err)
		}
		if took := time.Since(start); took < after || took > after+time.Second {
			t.Errorf("it took %s", took)
		}
		if sent := len(acctest.Sent(b)); sent < 10 || sent > 300 {
			t.Errorf("%d requests were sent", sent)
		}
		acctest.FailOnViolations(t, b)
	})
}

// All customers share one deadline, and the error says how to change it.
func TestProtoSelfServePurchases_deadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := twoHundred(t)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 3 * time.Minute })
		start := time.Now()
		_, err := readPurchases(t, b, acctest.Values{"timeouts": acctest.Values{"read": "10m"}})
		if err == nil || !strings.Contains(err.Error(), "Could not read the purchases of the customers") || !strings.Contains(err.Error(), "timeouts.read (10m) ran out") {
			t.Error(err)
		}
		if took := time.Since(start); took > 10*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// The changes in the log and the present state show whether the permission was enabled.
func TestProtoSelfServePurchases_permission(t *testing.T) {
	t.Parallel()
	const both, reservations, plans = mockbackend.AzureReservedInstances + " " + mockbackend.AzureSavingsPlan, mockbackend.AzureReservedInstances, mockbackend.AzureSavingsPlan
	for name, c := range map[string]struct {
		before, after string // permissions before and after the order, "" for none
		savingsPlan   bool
		late          time.Duration // delay of the log
		want          any
		reason        string
	}{
		"on":                              {before: both, after: both, want: true},
		"turned off since":                {before: reservations, after: "", want: true},
		"turned on since":                 {before: "", after: reservations, want: false},
		"narrowed since":                  {before: both, after: plans, want: true},
		"the other one was on":            {before: plans, after: both, want: false},
		"off":                             {want: nil, reason: "Unknown for now: the permission is disabled"},
		"the log is late":                 {before: reservations, after: "", late: time.Hour, want: nil, reason: "contradict each other"},
		"a savings plan, both on":         {before: both, after: both, savingsPlan: true, want: true},
		"a savings plan, both turned off": {before: both, after: "", savingsPlan: true, want: true},
		"a savings plan, one on":          {before: plans, after: plans, savingsPlan: true, want: nil, reason: "and the order does not say which it was for"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := mockbackend.New(mockbackend.Config{})
			line := mockbackend.OrderLine{OfferID: "x:y:z", TermDuration: "P1Y"}
			if !c.savingsPlan {
				line.Reservation = &mockbackend.Reservation{}
			}
			set := func(permissions string) { b.SetPermissions(mockbackend.AdatumID, strings.Fields(permissions)...) }
			if c.before != "" {
				set(c.before)
			}
			acctest.Pass(2 * time.Hour)
			b.AddOrder(mockbackend.AdatumID, mockbackend.Order{Lines: []mockbackend.OrderLine{line}})
			acctest.Pass(time.Minute)
			b.SetKnobs(func(k *mockbackend.Knobs) { k.AuditDelay = c.late })
			if c.after != c.before {
				set(c.after)
			}
			acctest.Pass(time.Minute)
			// The change before the order is only in the log of the longer period.
			v, err := readPurchases(t, b, acctest.Values{"last": "1d"})
			if c.before == "" && c.after == "" {
				v, err = readPurchases(t, b, acctest.Values{"customer_id": mockbackend.AdatumID})
			}
			p := onePurchase(t, v, err)
			reason, _ := p["permission_unknown_reason"].(string)
			if p["permission_was_on"] != c.want || !strings.Contains(reason, c.reason) || (reason == "") != (c.want != nil) {
				t.Errorf("%s: %v, %s", name, p["permission_was_on"], reason)
			}
			acctest.FailOnViolations(t, b)
		})
	}
}
