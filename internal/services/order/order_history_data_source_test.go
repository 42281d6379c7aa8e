package order_test

import (
	"context"
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

const historyType = "partnercenter_order_history"

// readHistory reads the data source with app-only sign-in.
func readHistory(t *testing.T, b *mockbackend.Backend, config acctest.Values) (acctest.Values, error) {
	t.Helper()
	return acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), historyType, config)
}

// list returns a list of objects from a result.
func list(t *testing.T, v acctest.Values, name string) []acctest.Values {
	t.Helper()
	in, ok := v[name].([]any)
	if !ok {
		t.Fatalf("%s is %v", name, v[name])
	}
	out := make([]acctest.Values, 0, len(in))
	for _, e := range in {
		out = append(out, e.(acctest.Values))
	}
	return out
}

func TestAccOrderHistory(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	order := b.AddOrder(mockbackend.NorthwindID, mockbackend.Order{
		Created: time.Date(2026, time.March, 1, 8, 31, 7, 645_567_400, time.UTC),
		Lines: []mockbackend.OrderLine{
			{OfferID: "DZH318Z0BQ36:004G:DZH318Z0SAMP", FriendlyName: "Reserved_VM_Instance_Standard_D1_AP_East_1_Year", Quantity: 3, TermDuration: "P1Y", UnitPriceCents: 98_765, Reservation: &mockbackend.Reservation{}},
			{OfferID: "DG7GSAMPLE01:0005:DG7GSAMPLE02", FriendlyName: "Server", TransactionType: "AddQuantity", PartnerID: "1234567"},
		},
	})
	const one = "data.partnercenter_order_history.one"
	text, null := knownvalue.StringExact, knownvalue.Null()
	config := func(arguments ...string) string {
		return b.ConfigAs("", "data \"partnercenter_order_history\" \"one\" {\n"+strings.Join(arguments, "\n")+"\n}")
	}
	price := func(of, all string) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"list_price": text(of), "discounted_price": text(of), "prorated_price": text(of), "price": text(of), "extended_price": text(all),
		})
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{
				Config:      config(`customer_id = "northwind"`),
				ExpectError: acctest.Says("The value of customer_id must be a GUID such as"),
			},
			{
				Config:      config(`customer_id = "`+mockbackend.NorthwindID+`"`, `start = "yesterday"`),
				ExpectError: acctest.Says("The value of start must be a time in RFC 3339 format such as 2026-01-31T00:00:00Z."),
			},
			{
				Config:      config(`customer_id = "`+mockbackend.NorthwindID+`"`, `start = "2026-02-01T00:00:00Z"`, `end = "2026-02-01T01:00:00+01:00"`),
				ExpectError: acctest.Says("must be later than that of start, 2026-02-01T00:00:00Z."),
			},
			{
				Config:      config(`customer_id = "`+mockbackend.NorthwindID+`"`, `start = "2126-02-01T00:00:00Z"`),
				ExpectError: acctest.Says("The value of start, 2126-02-01T00:00:00Z, is in the future."),
			},
			{
				Config:      config(`customer_id = "`+mockbackend.NorthwindID+`"`, `start = "2026-02-01T00:00:00Z"`, `last = "1d"`),
				ExpectError: acctest.Says("cannot be specified when"),
			},
			{
				Config:      config(`customer_id = "`+mockbackend.NorthwindID+`"`, `billing_cycle = "weekly"`),
				ExpectError: acctest.Says(`billing_cycle value must be one of: ["one_time"`),
			},
			{
				Config:      config(`customer_id = "00000000-0000-4000-8000-000000000000"`),
				ExpectError: acctest.Says("Could not read the order history of customer 00000000-0000-4000-8000-000000000000"),
			},
			{
				Config: config(`customer_id = "`+strings.ToUpper(mockbackend.NorthwindID)+`"`, `start = "2026-01-01T00:00:00Z"`, "include_price = true"),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(one, tfjsonpath.New("orders"), knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
						"order_id": text(order.ID), "alternate_id": text(order.AlternateID), "creation_date": text("2026-03-01T08:31:07.6455674Z"),
						"status": text("completed"), "billing_cycle": text("one_time"), "transaction_type": text("user_purchase"),
						"client_name": text("Partner Center Web"), "currency_code": text("USD"), "total_price": text("2962.95"),
						"line_items": knownvalue.ListExact([]knownvalue.Check{
							knownvalue.ObjectExact(map[string]knownvalue.Check{
								"line_item_number": knownvalue.Int64Exact(0), "offer_id": text("DZH318Z0BQ36:004G:DZH318Z0SAMP"), "friendly_name": text("Reserved_VM_Instance_Standard_D1_AP_East_1_Year"),
								"subscription_id": null, "quantity": knownvalue.Int64Exact(3), "term_duration": text("P1Y"), "transaction_type": text("new"),
								"partner_id_on_record": null, "product_kind": text("reservation"), "pricing": price("987.65", "2962.95"),
							}),
							knownvalue.ObjectExact(map[string]knownvalue.Check{
								"line_item_number": knownvalue.Int64Exact(1), "offer_id": text("DG7GSAMPLE01:0005:DG7GSAMPLE02"), "friendly_name": text("Server"),
								"subscription_id": null, "quantity": knownvalue.Int64Exact(1), "term_duration": null, "transaction_type": text("add_quantity"),
								"partner_id_on_record": text("1234567"), "product_kind": text("unclear"), "pricing": price("0.00", "0.00"),
							}),
						}),
					})})),
				},
			},
			{
				Config: config(`customer_id = "`+mockbackend.NorthwindID+`"`, `start = "2026-01-01T00:00:00Z"`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(one, tfjsonpath.New("orders").AtSliceIndex(0).AtMapKey("total_price"), null),
					statecheck.ExpectKnownValue(one, tfjsonpath.New("orders").AtSliceIndex(0).AtMapKey("line_items").AtSliceIndex(0).AtMapKey("pricing"), null),
				},
			},
		},
	})
}

// manyOrders adds a customer with orders of all kinds. The order IDs name the kind.
func manyOrders(b *mockbackend.Backend) string {
	id := b.AddCustomer(mockbackend.Customer{CompanyName: "Wingtip"}, mockbackend.Subscription{
		ID: "00000000-0000-4000-8000-00000000000d", OrderID: "plan", Created: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
	}).ID
	at := func(d, h int) time.Time { return time.Date(2026, time.February, d, h, 0, 0, 0, time.UTC) }
	add := func(orderID, cycle string, created time.Time, lines ...mockbackend.OrderLine) {
		b.AddOrder(id, mockbackend.Order{ID: orderID, BillingCycle: cycle, Created: created, Lines: lines})
	}
	reserved := mockbackend.OrderLine{OfferID: "DZH318Z0BQ36:004G:DZH318Z0SAMP", FriendlyName: "Reserved", TermDuration: "P3Y", Quantity: 2}
	add("reserved-B", "one_time", at(2, 0), reserved)
	add("reserved-A", "one_time", at(2, 0), mockbackend.OrderLine{OfferID: "x:y:z", FriendlyName: "Server"}, reserved)
	add("software", "one_time", at(3, 12), mockbackend.OrderLine{OfferID: "x:y:z", FriendlyName: "Server"})
	add("monthly", "monthly", at(4, 0), reserved)
	add("licences", "annual", at(5, 0), mockbackend.OrderLine{OfferID: "CFQ7TTC0LH18:0001:CFQ7TTC0K971", TermDuration: "P1Y", SubscriptionID: "00000000-0000-4000-8000-00000000000A"})
	return id
}

func orderIDs(t *testing.T, v acctest.Values) []string {
	t.Helper()
	out := []string{}
	for _, o := range list(t, v, "orders") {
		out = append(out, o["order_id"].(string))
	}
	return out
}

func TestProtoOrderHistory_filters(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	wingtip := manyOrders(b)
	for _, c := range []struct {
		config acctest.Values
		want   []string
		asked  string
	}{
		{acctest.Values{}, []string{"licences", "monthly", "software", "reserved-A", "reserved-B", "plan"}, ""},
		{acctest.Values{"reservations_only": true}, []string{"monthly", "software", "reserved-A", "reserved-B"}, ""},
		{acctest.Values{"reservations_only": true, "billing_cycle": "one_time"}, []string{"software", "reserved-A", "reserved-B"}, "billingType=onetime"},
		{acctest.Values{"billing_cycle": "one_time", "include_price": true}, []string{"software", "reserved-A", "reserved-B", "plan"}, "billingType=onetime&include_price=true"},
		{acctest.Values{"billing_cycle": "annual", "include_price": false}, []string{"licences"}, "billingType=annual"},
		{acctest.Values{"billing_cycle": "triennial"}, []string{}, "billingType=triennial"},
		{acctest.Values{"start": "2026-02-02T00:00:00Z", "end": "2026-02-03T12:00:00Z"}, []string{"reserved-A", "reserved-B"}, ""},
		{acctest.Values{"start": "2026-02-03T13:00:00+01:00"}, []string{"licences", "monthly", "software"}, ""},
		{acctest.Values{"end": "2026-02-02T00:00:00.0000001Z"}, []string{"reserved-A", "reserved-B", "plan"}, ""},
		{acctest.Values{"end": "2026-02-03T00:00:00Z", "last": "24h"}, []string{"reserved-A", "reserved-B"}, ""},
		{acctest.Values{"last": "1m"}, []string{}, ""},
	} {
		c.config["customer_id"] = wingtip
		b.ResetJournal()
		v, err := readHistory(t, b, c.config)
		if err != nil {
			t.Errorf("%v: %v", c.config, err)
			continue
		}
		sent := acctest.Sent(b)
		if got := orderIDs(t, v); !slices.Equal(got, c.want) || len(sent) != 1 || sent[0].Query != c.asked {
			t.Errorf("%v: %q by %v, not %q", c.config, got, sent, c.want)
		}
	}
	b.AddOrder(wingtip, mockbackend.Order{ID: "renewal", TransactionType: "SystemPurchase", Created: time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)})
	for with, want := range map[any]string{nil: "licences", false: "licences", true: "renewal"} {
		b.ResetJournal()
		v, err := readHistory(t, b, acctest.Values{"customer_id": wingtip, "include_system_purchases": with})
		if err != nil {
			t.Fatal(err)
		}
		if got := orderIDs(t, v)[0]; got != want || strings.Contains(acctest.Sent(b)[0].Query, "include_system_purchases") != (with == true) {
			t.Errorf("include_system_purchases = %v: %s is first by %v", with, got, acctest.Sent(b))
		}
	}
	empty := b.AddCustomer(mockbackend.Customer{CompanyName: "Nothing"}).ID
	if v, err := readHistory(t, b, acctest.Values{"customer_id": empty}); err != nil || len(list(t, v, "orders")) != 0 {
		t.Errorf("a customer without orders: %v, %v", v, err)
	}
	acctest.FailOnViolations(t, b)
}

// The result is the same for every order and spelling of the server.
func TestProtoOrderHistory_stable(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	config := acctest.Values{"customer_id": manyOrders(b), "include_price": true}
	want, err := readHistory(t, b, config)
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []func(*mockbackend.Knobs){
		func(k *mockbackend.Knobs) { k.ShuffleOrder = true },
		func(k *mockbackend.Knobs) { k.NumbersAsStrings, k.BOM = true, false },
		func(k *mockbackend.Knobs) { k.OrderDates = mockbackend.OrderDatesZeroOffset },
		func(k *mockbackend.Knobs) { k.OrderDates = mockbackend.OrderDatesPacific },
		func(k *mockbackend.Knobs) {
			k.LowerCaseTransactionTypes, k.TotalCountWrong, k.UpperCaseGUIDs = true, true, true
		},
	} {
		b.SetKnobs(set)
		for range 3 {
			got, err := readHistory(t, b, config)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v: %v: different result:\n%v\nnot\n%v", b.Knobs(), err, got, want)
			}
		}
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.UnknownEnums, k.NoOrderClient = true, true })
	got, err := readHistory(t, b, acctest.Values{"customer_id": config["customer_id"], "reservations_only": true})
	if err != nil {
		t.Fatal(err)
	}
	if ids := orderIDs(t, got); !slices.Equal(ids, []string{"monthly", "software", "reserved-A", "reserved-B"}) {
		t.Errorf("with enumerations that are not documented: %q", ids)
	}
	o := list(t, got, "orders")[0]
	if o["status"] != "on_hold" || o["billing_cycle"] != "every_five_years" || o["transaction_type"] != "partner_purchase" || o["client_name"] != nil ||
		list(t, o, "line_items")[0]["transaction_type"] != "swap" {
		t.Errorf("values that are not documented became %v", o)
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoOrderHistory_customerRefused(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.EndRelationship(mockbackend.AdatumID)
	for id, want := range map[string]string{
		"00000000-0000-4000-8000-000000000000": "There is no customer tenant with this ID.",
		mockbackend.AdatumID:                   "The customer has no reseller relationship with this partner",
	} {
		_, err := readHistory(t, b, acctest.Values{"customer_id": id})
		if err == nil || !strings.Contains(err.Error(), "Could not read the order history of customer "+id) || !strings.Contains(err.Error(), want) {
			t.Errorf("customer %s: %v", id, err)
		}
	}
	acctest.FailOnViolations(t, b)
}

// everyFault tests each fault on a data source. The result must be a complete list or an error.
func everyFault(t *testing.T, typeName, on string, prepare func(*mockbackend.Backend), config func() acctest.Values) {
	t.Helper()
	everyFaultBut(t, typeName, on, prepare, config, func(acctest.Values) bool { return false })
}

// everyFaultBut is everyFault, but also accepts a result for which saysSo is true: one that says what is
// missing.
func everyFaultBut(t *testing.T, typeName, on string, prepare func(*mockbackend.Backend), config func() acctest.Values, saysSo func(acctest.Values) bool) {
	t.Helper()
	acctest.EachReadFaultOr(t, on, typeName, func(t *testing.T, b *mockbackend.Backend) (*acctest.Protocol, acctest.Values) {
		t.Helper()
		prepare(b)
		p := acctest.NewProtocol(t, b, b.User(mockbackend.SalesAgent).RefreshToken)
		acctest.Pass(time.Hour)
		return p, config()
	}, saysSo)
}

func TestProtoOrderHistory_faults(t *testing.T) {
	t.Parallel()
	everyFault(t, historyType, "Could not read the order history of customer "+mockbackend.ContosoID, func(*mockbackend.Backend) {},
		func() acctest.Values {
			return acctest.Values{"customer_id": mockbackend.ContosoID, "include_price": true}
		})
}

// cancelled reads from a server that answers after a minute, and cancels the read after a duration.
func cancelled(t *testing.T, after time.Duration, typeName, on string, prepare func(*mockbackend.Backend), config acctest.Values) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		prepare(b)
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = time.Minute })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(after, cancel)
		start := time.Now()
		v, err := p.ReadDataSource(ctx, typeName, config)
		if err == nil || v != nil || !strings.Contains(err.Error(), on) || !strings.Contains(err.Error(), "The run was interrupted.") {
			t.Errorf("%v, %v", v, err)
		}
		if took := time.Since(start); took < after || took > after+time.Second {
			t.Errorf("it took %s", took)
		}
		acctest.FailOnViolations(t, b)
	})
}

func TestProtoOrderHistory_cancelled(t *testing.T) {
	t.Parallel()
	cancelled(t, 10*time.Second, historyType, "Could not read the order history of customer "+mockbackend.ContosoID, func(*mockbackend.Backend) {},
		acctest.Values{"customer_id": mockbackend.ContosoID})
}

// Reservations are listed if the server returns only the fields that Microsoft's pages document.
func TestProtoOrderHistory_documented(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.BareOrders = true })
	id := b.AddCustomer(mockbackend.Customer{}).ID
	for name, orderID := range map[string]string{"Reserved_VM_Instance_Standard_D1_AP_East_1_Year": "by its name", "SQL-Datenbank": "unclear", "Copilot Credit Pre-Purchase Plan": "plan"} {
		b.AddOrder(id, mockbackend.Order{ID: orderID, Status: "pending", Lines: []mockbackend.OrderLine{{OfferID: "DZH318Z0BQ4B:000Z:DZH318Z0DSPL", FriendlyName: name, TermDuration: "P1Y"}}})
	}
	v, err := readHistory(t, b, acctest.Values{"customer_id": id, "reservations_only": true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, o := range list(t, v, "orders") {
		line := list(t, o, "line_items")[0]
		if line["term_duration"] != nil || line["subscription_id"] != nil || o["alternate_id"] != nil {
			t.Errorf("more than documented: %v", o)
		}
		got[o["order_id"].(string)] = line["product_kind"]
	}
	if want := map[string]any{"by its name": "reservation", "unclear": "unclear", "plan": "pre_purchase_plan"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	acctest.FailOnViolations(t, b)
}
