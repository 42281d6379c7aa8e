package order_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const reservationsType = "partnercenter_reservations"

// readReservations reads the data source, signed in as a Helpdesk agent.
func readReservations(t *testing.T, b *mockbackend.Backend, customerID string) (acctest.Values, error) {
	t.Helper()
	p := acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken)
	return p.ReadDataSource(t.Context(), reservationsType, acctest.Values{"customer_id": customerID})
}

// reserve adds an order with a reservation.
func reserve(b *mockbackend.Backend, customerID string, created time.Time, r mockbackend.Reservation) mockbackend.Order {
	return b.AddOrder(customerID, mockbackend.Order{Created: created, Lines: []mockbackend.OrderLine{
		{OfferID: "x:y:z", FriendlyName: "Server", Software: true},
		{OfferID: "DZH318Z0BQ36:004G:DZH318Z0SAMP", Quantity: 2, TermDuration: "P1Y", Reservation: &r},
	}})
}

func TestAccReservations(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	order := reserve(b.Backend, mockbackend.AdatumID, time.Date(2026, time.March, 1, 8, 31, 7, 645_567_400, time.UTC), mockbackend.Reservation{
		ID: "F2C4B6A8-0e1d-4c3b-9a58-7d6e5f4c300f", ResourceID: "8E7D6C5B-4a39-4281-9f0e-1d2c3b4a500e", DisplayName: "web", Type: "sqldatabases",
		ScopeType: "Single", AppliedScopes: []string{"/subscriptions/" + strings.ToUpper(mockbackend.AdatumAzureID)},
	})
	const one = "data.partnercenter_reservations.one"
	text := knownvalue.StringExact
	config := func(customerID string) string {
		return "data \"partnercenter_reservations\" \"one\" {\n customer_id = \"" + customerID + "\"\n}"
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: b.Config(config("adatum")), ExpectError: acctest.Says("The value of customer_id must be a GUID such as")},
			{
				Config:      b.ConfigAs("", config(mockbackend.AdatumID)),
				ExpectError: acctest.Says("What to do: This call needs app+user sign-in: use a refresh token of an Admin agent"),
			},
			{
				Config: b.Config(config(mockbackend.AdatumID)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(one, tfjsonpath.New("reservations"), knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
						"reservation_id": text("f2c4b6a8-0e1d-4c3b-9a58-7d6e5f4c300f"), "display_name": text("web"), "reservation_type": text("sqldatabases"),
						"quantity": knownvalue.Int64Exact(2), "effective_date_time": text("2026-03-01T08:31:07.6455674Z"), "expiry_date_time": text("2027-03-01T00:00:00Z"),
						"provisioning_state": text("created"), "scope_type": text("single"),
						"applied_scopes": knownvalue.ListExact([]knownvalue.Check{text("/subscriptions/" + mockbackend.AdatumAzureID)}),
						"order_id":       text(order.ID), "order_alternate_id": text(order.AlternateID), "line_item_number": knownvalue.Int64Exact(1),
						"product_id": text("DZH318Z0BQ36"), "sku_id": text("004G"), "resource_id": text("8e7d6c5b-4a39-4281-9f0e-1d2c3b4a500e"),
						"quantity_details": knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
							"quantity": knownvalue.Int64Exact(2), "status": text("fulfilled"),
						})}),
					})})),
				},
			},
		},
	})
}

// several adds a customer with 12 reservations and other orders. Two of the reservations start at the same
// time.
func several(b *mockbackend.Backend) string {
	id := b.AddCustomer(mockbackend.Customer{CompanyName: "Wingtip"}, mockbackend.Subscription{}).ID
	for i := range 12 {
		reserve(b, id, time.Date(2026, time.January, max(1, i), 0, 0, 0, 0, time.UTC), mockbackend.Reservation{
			ID: fmt.Sprintf("00000000-0000-4000-8000-0000000000%02d", i), AppliedScopes: []string{"/subscriptions/b", "/subscriptions/a"},
		})
	}
	return id
}

// The result is the same for every order and spelling of the server.
func TestProtoReservations_stable(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	wingtip := several(b)
	want, err := readReservations(t, b, wingtip)
	if err != nil {
		t.Fatal(err)
	}
	var ends []string
	for _, r := range list(t, want, "reservations") {
		ends = append(ends, r["reservation_id"].(string)[34:])
		if scopes := r["applied_scopes"]; !reflect.DeepEqual(scopes, []any{"/subscriptions/a", "/subscriptions/b"}) {
			t.Errorf("the scopes are %v", scopes)
		}
	}
	if !slices.Equal(ends, []string{"11", "10", "09", "08", "07", "06", "05", "04", "03", "02", "00", "01"}) {
		t.Errorf("the order is %q", ends)
	}
	for _, set := range []func(*mockbackend.Knobs){
		func(k *mockbackend.Knobs) { k.ShuffleOrder = true },
		func(k *mockbackend.Knobs) { k.ReservationsKey = mockbackend.ReservationsKeyOld },
		func(k *mockbackend.Knobs) {
			k.DynamicAttributes, k.NumbersAsStrings = mockbackend.DynamicAttributesOnArtifact, true
		},
		func(k *mockbackend.Knobs) {
			k.DynamicAttributes, k.ExpiryWithZone = mockbackend.DynamicAttributesOnBoth, true
		},
		func(k *mockbackend.Knobs) { k.LinkPrefixV1, k.BOM, k.TotalCountWrong = true, false, true },
	} {
		b.SetKnobs(set)
		for range 3 {
			got, err := readReservations(t, b, wingtip)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v: %v: different result:\n%v\nnot\n%v", b.Knobs(), err, got, want)
			}
		}
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoReservations_forms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  func(*mockbackend.Knobs)
		want string // type, quantity, state, scope and quantity details of the first reservation
	}{
		"as documented":     {func(*mockbackend.Knobs) {}, "virtualmachines 2 created shared [2 fulfilled]"},
		"old contract":      {func(k *mockbackend.Knobs) { k.OldEntitlements = true }, "<nil> 2 created shared []"},
		"not fulfilled":     {func(k *mockbackend.Knobs) { k.Fulfilment = mockbackend.Unfulfilled }, "virtualmachines 2 created shared [2 unfulfilled]"},
		"pending":           {func(k *mockbackend.Knobs) { k.Fulfilment = mockbackend.PrefulfillmentPending }, "virtualmachines 2 created shared [2 prefulfillment_pending]"},
		"not documented":    {func(k *mockbackend.Knobs) { k.UnknownEnums = true }, "virtualmachines 2 merged management_group [2 postfulfillment_pending]"},
		"upper-case ids":    {func(k *mockbackend.Knobs) { k.UpperCaseGUIDs = true }, "virtualmachines 2 created shared [2 fulfilled]"},
		"app-only, allowed": {func(k *mockbackend.Knobs) { k.EntitlementsAppOnly = true }, "virtualmachines 2 created shared [2 fulfilled]"},
	} {
		b := mockbackend.New(mockbackend.Config{})
		b.SetKnobs(c.set)
		token := b.User(mockbackend.HelpdeskAgent).RefreshToken
		if b.Knobs().EntitlementsAppOnly {
			token = ""
		}
		v, err := acctest.NewProtocol(t, b, token).ReadDataSource(t.Context(), reservationsType, acctest.Values{"customer_id": mockbackend.ContosoID})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := list(t, v, "reservations")
		if len(r) != 1 {
			t.Errorf("%s: %v", name, r)
			continue
		}
		details := []string{}
		for _, d := range list(t, r[0], "quantity_details") {
			details = append(details, fmt.Sprint(d["quantity"], " ", d["status"]))
		}
		got := fmt.Sprint(r[0]["reservation_type"], " ", r[0]["quantity"], " ", r[0]["provisioning_state"], " ", r[0]["scope_type"], " ", details)
		if got != c.want || r[0]["order_id"] != mockbackend.ContosoReservationOrderID || r[0]["line_item_number"] != int64(0) {
			t.Errorf("%s: %s of %v", name, got, r[0])
		}
		if id, _ := r[0]["reservation_id"].(string); id == "" || id != strings.ToLower(id) {
			t.Errorf("%s: the id is %q", name, id)
		}
		acctest.FailOnViolations(t, b)
	}
	b := mockbackend.New(mockbackend.Config{})
	for _, none := range []string{mockbackend.NorthwindID, b.AddCustomer(mockbackend.Customer{CompanyName: "Nothing"}).ID} {
		b.ResetJournal()
		if v, err := readReservations(t, b, none); err != nil || len(list(t, v, "reservations")) != 0 || len(acctest.Sent(b)) != 1 {
			t.Errorf("a customer without reservations: %v, %v", v, err)
		}
	}
	acctest.FailOnViolations(t, b)
}

// App-only sign-in is refused with a message that says what to do, for every form of the server's answer.
func TestProtoReservations_appOnly(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	config := acctest.Values{"customer_id": mockbackend.ContosoID}
	_, err := acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), reservationsType, config)
	if err == nil || !strings.Contains(err.Error(), "Could not list the reservations of customer "+mockbackend.ContosoID) || !strings.Contains(err.Error(), "needs app+user sign-in") {
		t.Error(err)
	}
	b.Fail(mockbackend.Fault{Path: "/customers/*/entitlements", Kind: mockbackend.EmptyForbidden})
	_, err = acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), reservationsType, config)
	if err == nil || !strings.Contains(err.Error(), "Reservations need app+user authentication") {
		t.Error(err)
	}
}

func TestProtoReservations_faults(t *testing.T) {
	t.Parallel()
	everyFault(t, reservationsType, "Could not list the reservations of customer "+mockbackend.ContosoID, func(*mockbackend.Backend) {},
		func() acctest.Values { return acctest.Values{"customer_id": mockbackend.ContosoID} })
}

// If the details of one reservation cannot be read, the read fails: an incomplete list must not look complete.
func TestProtoReservations_partialFailure(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	wingtip := several(b)
	b.Fail(mockbackend.Fault{Path: "/customers/*/artifacts/*/groups/*/lineitems/*/resource/*", Skip: 7, Kind: mockbackend.APIError, Status: 404, Code: 1000})
	v, err := readReservations(t, b, wingtip)
	if err == nil || v != nil || !strings.Contains(err.Error(), "Could not list the reservations of customer "+wingtip) || !strings.Contains(err.Error(), "/artifacts/") {
		t.Errorf("%v, %v", v, err)
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoReservations_cancelled(t *testing.T) {
	t.Parallel()
	// At that time the list has been read, and the details are being read.
	cancelled(t, 70*time.Second, reservationsType, "Could not list the reservations of customer "+mockbackend.ContosoID, func(b *mockbackend.Backend) {
		for range 20 {
			reserve(b, mockbackend.ContosoID, time.Now(), mockbackend.Reservation{})
		}
	}, acctest.Values{"customer_id": mockbackend.ContosoID})
}
