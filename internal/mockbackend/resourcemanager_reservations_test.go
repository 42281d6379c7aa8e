package mockbackend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	reservationsPath = "/providers/Microsoft.Capacity/reservations?api-version=2022-11-01"
	contosoRenewal   = "/providers/Microsoft.Capacity/reservationOrders/" + mockbackend.ContosoAzureReservationOrderID + "/reservations/" + mockbackend.ContosoReservationID
)

// inAzure returns a client with a token of a customer's tenant.
func inAzure(t testing.TB, b *mockbackend.Backend, tenant string) *rawClient {
	t.Helper()
	c := anonymous(t, b)
	c.bearer = c.token(tenant, resourceManagerScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
	return c
}

// values returns the reservations of a list.
func values(r reply) []map[string]any {
	out := []map[string]any{}
	list, _ := r.body["value"].([]any)
	for _, one := range list {
		out = append(out, one.(map[string]any))
	}
	return out
}

func properties(v map[string]any) map[string]any {
	p, _ := v["properties"].(map[string]any)
	return p
}

func TestAzureReservations(t *testing.T) { // https://learn.microsoft.com/rest/api/reserved-vm-instances/reservation
	b := newBackend(t, mockbackend.Config{})
	c := inAzure(t, b, mockbackend.ContosoID)
	list := c.arm(reservationsPath)
	if got := values(list); list.status != 200 || len(got) != 1 {
		t.Fatalf("%d %s", list.status, list.raw)
	}
	one := values(list)[0]
	p := properties(one)
	for name, want := range map[string]any{
		"renew": true, "userFriendlyRenewState": "On", "provisioningState": "Succeeded", "quantity": 2.0, "term": "P3Y", "appliedScopeType": "Shared", "reservedResourceType": "VirtualMachines",
	} {
		if p[name] != want {
			t.Errorf("%s is %v, not %v", name, p[name], want)
		}
	}
	if id, _ := one["id"].(string); !strings.EqualFold(id, contosoRenewal) || !strings.HasPrefix(id, "/providers/microsoft.capacity/") ||
		one["name"] != mockbackend.ContosoAzureReservationOrderID+"/"+mockbackend.ContosoReservationID {
		t.Errorf("in the list: %v, %v", one["id"], one["name"])
	}
	got := c.arm(contosoRenewal + "?api-version=2022-11-01&expand=renewProperties")
	price := properties(got.body)["renewProperties"]
	if got.status != 200 || got.body["name"] != mockbackend.ContosoReservationID || !strings.Contains(string(got.raw), `"billingCurrencyTotal":{"currencyCode":"USD","amount":1975.30}`) {
		t.Errorf("%d %s, %v", got.status, got.raw, price)
	}
	for path, want := range map[string]string{
		"/providers/Microsoft.Capacity/reservationOrders/x/reservations/y?api-version=2022-11-01":                                                                                                   "400 InvalidReservationOrderId",
		"/providers/Microsoft.Capacity/reservationOrders/" + mockbackend.ContosoReservationID + "/reservations/" + mockbackend.ContosoReservationID + "?api-version=2022-11-01":                     "404 ReservationOrderNotFound",
		"/providers/Microsoft.Capacity/reservationOrders/" + mockbackend.ContosoAzureReservationOrderID + "/reservations/" + mockbackend.ContosoAzureReservationOrderID + "?api-version=2022-11-01": "404 ReservationIdNotInReservationOrder",
		contosoRenewal + "?api-version=2017-01-01": "400 UnsupportedApiVersion",
	} {
		if got := c.arm(path); fmt.Sprint(got.status, " ", armCode(got)) != want {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
	if got := inAzure(t, b, mockbackend.AdatumID).arm(reservationsPath); got.status != 200 || len(values(got)) != 0 {
		t.Errorf("Adatum has bought none: %d %s", got.status, got.raw)
	}
	if got := inAzure(t, b, mockbackend.AdatumID).arm(contosoRenewal + "?api-version=2022-11-01"); got.status != 404 {
		t.Errorf("in another tenant: %d %s", got.status, got.raw)
	}
}

// TestAzureReservations_purchases: a purchase adds a reservation to Azure, and a return cancels it there.
func TestAzureReservations_purchases(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	order, err := b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{Quantity: 3, AppliedScope: mockbackend.ContosoAzureID})
	if err != nil {
		t.Fatal(err)
	}
	c := inAzure(t, b, mockbackend.ContosoID)
	bought := properties(values(c.arm(reservationsPath))[1])
	if bought["quantity"] != 3.0 || bought["appliedScopeType"] != "Single" || bought["renew"] != true {
		t.Errorf("bought was %v", bought)
	}
	b.AddAzureReservation(mockbackend.ContosoID, mockbackend.AzureReservation{SKU: "Standard_DS2_v2", Archived: true, NoRenewal: true, Expires: time.Now()})
	if err := b.ReturnReservation(mockbackend.ContosoID, order.ID); err != nil {
		t.Fatal(err)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationPageSize = 1 })
	var states []any
	pages := 0
	for next := reservationsPath; next != ""; pages++ {
		page := c.arm(next)
		for _, v := range values(page) {
			states = append(states, properties(v)["provisioningState"])
		}
		link, _ := page.body["nextLink"].(string)
		next = strings.TrimPrefix(link, b.Endpoints().ResourceManager)
	}
	if !slices.Equal(states, []any{"Succeeded", "Cancelled", "Expired"}) || pages != 3 {
		t.Errorf("%d pages with %v", pages, states)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationPageSize = 0 })
	if got := values(c.arm(reservationsPath + "&$filter=(properties%2Farchived%20eq%20false)")); len(got) != 2 {
		t.Errorf("%d reservations are not archived", len(got))
	}
}

func TestAzureReservations_access(t *testing.T) { // reservations do not inherit roles from subscriptions
	for name, test := range map[string]struct {
		prepare            func(*mockbackend.Backend)
		role               mockbackend.Role // "": app-only
		list, read, change int
		listed             int
	}{
		"Admin agent":    {func(*mockbackend.Backend) {}, mockbackend.AdminAgent, 200, 200, 200, 2},
		"Helpdesk agent": {func(*mockbackend.Backend) {}, mockbackend.HelpdeskAgent, 200, 403, 403, 0},
		"no access, forbidden": {func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationListForbidden = true })
		}, mockbackend.HelpdeskAgent, 403, 403, 403, 0},
		"only the partner's": {func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessPartner })
		}, mockbackend.AdminAgent, 200, 403, 403, 1},
		"none": {func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessNone })
		}, mockbackend.AdminAgent, 200, 403, 403, 0},
		"no GDAP":       {func(b *mockbackend.Backend) { b.EndDelegatedAccess(mockbackend.ContosoID) }, mockbackend.AdminAgent, 403, 403, 403, 0},
		"application":   {func(*mockbackend.Backend) {}, "", 200, 403, 403, 0},
		"reader":        {func(b *mockbackend.Backend) { assignReservations(b, mockbackend.ReservationsReader) }, "", 200, 200, 403, 2},
		"administrator": {func(b *mockbackend.Backend) { assignReservations(b, mockbackend.ReservationsAdministrator) }, "", 200, 200, 200, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			if _, err := b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{}); err != nil {
				t.Fatal(err)
			}
			test.prepare(b)
			refresh := ""
			if test.role != "" {
				refresh = b.User(test.role).RefreshToken
			}
			c := anonymous(t, b)
			c.bearer = c.token(mockbackend.ContosoID, resourceManagerScope+"/.default", refresh)
			bought := b.AzureReservations(mockbackend.ContosoID)[1]
			path := "/providers/Microsoft.Capacity/reservationOrders/" + bought.OrderID + "/reservations/" + bought.ID + "?api-version=2022-11-01"
			if got := c.arm(reservationsPath); got.status != test.list || len(values(got)) != test.listed {
				t.Errorf("list: %d %s", got.status, got.raw)
			}
			if got := c.arm(path); got.status != test.read {
				t.Errorf("read: %d %s", got.status, got.raw)
			}
			if got := c.armCall("PATCH", path, `{"properties":{"renew":false}}`); got.status != test.change {
				t.Errorf("change: %d %s", got.status, got.raw)
			}
		})
	}
}

func assignReservations(b *mockbackend.Backend, role mockbackend.ReservationRole) {
	b.AssignReservationRole(mockbackend.ContosoID, b.ServicePrincipalID(mockbackend.ContosoID), role)
}

func TestAzureReservations_update(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := inAzure(t, b, mockbackend.ContosoID)
		path := contosoRenewal + "?api-version=2022-11-01"
		set := func(renew bool) reply {
			t.Helper()
			return c.armCall("PATCH", path, fmt.Sprintf(`{"properties":{"renew":%t}}`, renew))
		}
		renews := func() any { return properties(c.arm(path).body)["renew"] }
		if got := set(false); got.status != 200 || properties(got.body)["renew"] != false || renews() != false {
			t.Errorf("at once: %d %s", got.status, got.raw)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.SameRenewalRefused = true })
		set(false).wantARM(t, "the same", 400, "PatchValuesSameAsExisting")
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationUpdateTime = time.Minute })
		got := set(true)
		if got.status != 202 || got.header.Get("Retry-After") != "60" || !strings.Contains(strings.ToLower(got.header.Get("Azure-AsyncOperation")), strings.ToLower(contosoRenewal)) || got.header.Get("Location") == "" {
			t.Errorf("accepted: %d %v", got.status, got.header)
		}
		if renews() != false || b.AzureReservations(mockbackend.ContosoID)[0].NoRenewal {
			t.Error("reads show the update too early, or not at all")
		}
		advance(time.Minute)
		if renews() != true {
			t.Error("reads do not show the update")
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationUpdatesLost = true })
		set(false)
		advance(10 * time.Minute)
		if renews() != true || b.AzureReservations(mockbackend.ContosoID)[0].NoRenewal {
			t.Error("a lost update took effect")
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { *k = mockbackend.DefaultKnobs(); k.ReservationReadLag = time.Minute })
		if got := set(false); got.status != 200 || properties(got.body)["renew"] != false || renews() != true {
			t.Errorf("with a lag: %d %s", got.status, got.raw)
		}
		advance(time.Minute)
		if renews() != false {
			t.Error("the lag does not end")
		}
		b.ChangeAzureReservation(mockbackend.ContosoID, mockbackend.ContosoReservationID, func(a *mockbackend.AzureReservation) { a.State = "Cancelled" })
		set(true).wantARM(t, "cancelled", 400, "OperationCannotBePerformedInCurrentState")
		c.armCall("PATCH", path, `{"properties":{"renews":true}}`).wantARM(t, "unknown field", 400, "InvalidRequestContent")
		wantViolation(t, b, "unknown field", "renews")
	})
}
