package resourcemanager_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
)

const (
	listReservations = "GET /providers/Microsoft.Capacity/reservations"
	getReservation   = "GET /providers/Microsoft.Capacity/reservationOrders/{reservationOrder}/reservations/{reservation}"
	setReservation   = "PATCH /providers/Microsoft.Capacity/reservationOrders/{reservationOrder}/reservations/{reservation}"
	contoso          = mockbackend.ContosoID
)

var contosoReservation = resourcemanager.ReservationID{OrderID: mockbackend.ContosoAzureReservationOrderID, ID: mockbackend.ContosoReservationID}

// renews reports whether the renewal is enabled on the server.
func renews(b *mockbackend.Backend) bool { return !b.AzureReservations(contoso)[0].NoRenewal }

func TestParseReservationID(t *testing.T) {
	const order, id = "86e1b22a-595b-55e2-b2bb-236d9a2e36e0", "c33df6ba-9b55-5dda-96ff-535361164279"
	for _, s := range []string{
		order + "/" + id, strings.ToUpper(order + "/" + id),
		"/providers/Microsoft.Capacity/reservationOrders/" + order + "/reservations/" + id,
		"/providers/microsoft.capacity/reservationorders/" + strings.ToUpper(order) + "/RESERVATIONS/" + id,
	} {
		got, err := resourcemanager.ParseReservationID(s)
		if err != nil || got != (resourcemanager.ReservationID{OrderID: order, ID: id}) || got.String() != order+"/"+id {
			t.Errorf("%s: got %v, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", id, order + "/", order + "/" + id + "/", "x/" + id, "/" + order + "/" + id, "/providers/Microsoft.Compute/reservationOrders/" + order + "/reservations/" + id,
		"/subscriptions/" + order + "/reservations/" + id, "{" + order + "}/" + id,
	} {
		if got, err := resourcemanager.ParseReservationID(s); err == nil {
			t.Errorf("%q counts as %v", s, got)
		}
	}
}

// TestReservation_renewable uses sizes of the series on Microsoft's list (purchases-2026.md 5.4).
func TestReservation_renewable(t *testing.T) {
	after, before := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		sku, term string
		expires   time.Time
		state     string
		want      bool
	}{
		{"Standard_D4s_v5", "P1Y", after, "Succeeded", true},
		{"Standard_D2as_v4", "P3Y", after, "Succeeded", true},
		{"Standard_B2s_v2", "P1Y", after, "Succeeded", true},
		{"Standard_E4-2s_v5", "P1Y", after, "Succeeded", true},
		{"SQLDB_GP_Compute_Gen5", "P1Y", after, "Succeeded", true},
		{"Standard_D2s_v3", "P3Y", after, "Succeeded", false},
		{"Standard_D2s_v3", "P1Y", after, "Succeeded", false},
		{"Standard_E4-2s_v3", "P1Y", after, "Succeeded", false},
		{"Standard_DS2_v2", "P1Y", after, "Succeeded", false},
		{"Standard_DS2_v2_Promo", "P1Y", after, "Succeeded", false},
		{"Standard_DS2_v2", "P3Y", after, "Succeeded", true}, // not on Microsoft's list
		{"Standard_DS2_v2", "P1Y", before, "Succeeded", true},
		{"Standard_B2ms", "P1Y", after, "Succeeded", false},
		{"Standard_A2m_v2", "P1Y", after, "Succeeded", false},
		{"Standard_F4s_v2", "P1Y", after, "Succeeded", false},
		{"Standard_L8s", "P1Y", after, "Succeeded", false},
		{"Standard_GS3", "P1Y", after, "Succeeded", false},
		{"Standard_D1", "P1Y", after, "Succeeded", false},
		{"Standard_D4s_v5", "P1Y", after, "Cancelled", false},
		{"Standard_D4s_v5", "P1Y", after, "Merged", false},
	} {
		r := resourcemanager.Reservation{SKU: test.sku, Term: test.term, ExpiresOn: test.expires, State: test.state}
		if got := r.Renewable(); got != test.want {
			t.Errorf("%s %s until %s, %s: renewable is %t", test.sku, test.term, test.expires.Format(time.DateOnly), test.state, got)
		}
	}
}

func TestReservations_list(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	bought := b.AddAzureReservation(contoso, mockbackend.AzureReservation{AppliedScope: "/subscriptions/" + mockbackend.ContosoAzureID, Utilization: 50, NoRenewal: true, Quantity: 4})
	for range 5 {
		b.AddAzureReservation(contoso, mockbackend.AzureReservation{NoUtilization: true})
	}
	var want []resourcemanager.Reservation
	for name, knobs := range map[string]func(*mockbackend.Knobs){
		"plain": func(*mockbackend.Knobs) {}, "pages": func(k *mockbackend.Knobs) { k.ReservationPageSize = 2 }, "upper case": func(k *mockbackend.Knobs) { k.UpperCaseGUIDs = true },
	} {
		b.SetKnobs(func(k *mockbackend.Knobs) { *k = mockbackend.DefaultKnobs(); knobs(k) })
		got, err := newClient(t, b).Reservations.List(t.Context(), contoso)
		if err != nil || len(got) != 7 || !slices.IsSortedFunc(got, func(a, b resourcemanager.Reservation) int { return strings.Compare(a.String(), b.String()) }) {
			t.Fatalf("%s: got %d, %v", name, len(got), err)
		}
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, not %+v", name, got, want)
		}
	}
	i := slices.IndexFunc(want, func(r resourcemanager.Reservation) bool { return r.ID == bought.ID })
	one := want[i]
	if one.Renew || one.Quantity != 4 || one.ScopeType != "Single" || !slices.Equal(one.AppliedScopes, []string{"/subscriptions/" + mockbackend.ContosoAzureID}) ||
		one.Utilization[7] != 50 || one.Utilization[1] != 51 || one.Utilization[30] != 25 || !one.ExpiresOn.Equal(bought.Expires.UTC().Truncate(100)) || one.State != "Succeeded" ||
		one.BillingScope != "/subscriptions/"+mockbackend.ContosoAzureID || one.SKU != "Standard_D2s_v5" || one.ResourceType != "VirtualMachines" {
		t.Errorf("got %+v", one)
	}
	priced, err := newClient(t, b).Reservations.WithRenewalPrice(t.Context(), contoso, contosoReservation)
	if err != nil || priced.RenewalPrice != (resourcemanager.Amount{Amount: "1975.30", Currency: "USD"}) {
		t.Errorf("got %+v, %v", priced, err)
	}
}

// TestReservations_bodies covers all fields of Microsoft's examples, and missing fields.
func TestReservations_bodies(t *testing.T) {
	const path = "/providers/microsoft.capacity/reservationOrders/86e1b22a-595b-55e2-b2bb-236d9a2e36e0/reservations/c33df6ba-9b55-5dda-96ff-535361164279"
	for body, want := range map[string]resourcemanager.Reservation{
		`{"id":"` + path + `","properties":{}}`: {Utilization: map[int]float64{}},
		`{"id":"` + path + `","sku":{"name":"Standard_D1"},"location":"westus","etag":4,"name":"x","type":"Microsoft.Capacity/reservationOrders/reservations","properties":{
			"appliedScopeType":"Single","appliedScopeProperties":{"displayName":"Azure subscription 1","subscriptionId":"/subscriptions/98DF3792-7962-4f18-8be2-d5576f122de3"},
			"benefitStartTime":"2017-09-22T22:46:32.7632798Z","billingPlan":"Monthly","billingScopeId":"/subscriptions/19376483-64B8-49e4-a931-d5248828720a","displayName":"cabri_test",
			"effectiveDateTime":"2017-09-22T22:46:32.7632798Z","expiryDate":"2018-09-22","purchaseDate":"2017-09-22","instanceFlexibility":"Off","provisioningState":"Succeeded","provisioningSubState":null,
			"quantity":3,"renew":false,"skuDescription":null,"term":"P1Y","renewProperties":{"pricingCurrencyTotal":{"amount":466,"currencyCode":"USD"}},"reservedResourceType":"VirtualMachines",
			"utilization":{"trend":"UP","aggregates":[{"grain":1,"grainUnit":"days","value":0.05,"valueUnit":"percentage"},{"grain":2,"grainUnit":"weeks","value":1,"valueUnit":"percentage"}]}}}`: {
			DisplayName: "cabri_test", SKU: "Standard_D1", Region: "westus", ResourceType: "VirtualMachines", Quantity: 3, Term: "P1Y",
			PurchasedOn: time.Date(2017, 9, 22, 0, 0, 0, 0, time.UTC), ExpiresOn: time.Date(2018, 9, 22, 0, 0, 0, 0, time.UTC), ScopeType: "Single",
			AppliedScopes: []string{"/subscriptions/98df3792-7962-4f18-8be2-d5576f122de3"}, State: "Succeeded", BillingScope: "/subscriptions/19376483-64b8-49e4-a931-d5248828720a",
			Utilization: map[int]float64{1: 0.05}, RenewalPrice: resourcemanager.Amount{Amount: "466", Currency: "USD"},
		},
		`{"id":"` + path + `","properties":{"renew":true,"expiryDateTime":"2027-05-02T08:35:24","renewProperties":{"billingCurrencyTotal":{"amount":1.5e3,"currencyCode":"EUR"},"pricingCurrencyTotal":{"amount":1,"currencyCode":"USD"}}}}`: {
			Renew: true, ExpiresOn: time.Date(2027, 5, 2, 8, 35, 24, 0, time.UTC), Utilization: map[int]float64{}, RenewalPrice: resourcemanager.Amount{Amount: "1500", Currency: "EUR"},
		},
	} {
		want.ReservationID = contosoReservation
		b := newBackend(t, mockbackend.Config{})
		c := newClientOver(t, b, b.User(mockbackend.AdminAgent).RefreshToken, answering{b.Transport(), body})
		got, err := c.Reservations.Get(t.Context(), contoso, contosoReservation)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("of %s\ngot  %+v, %v\nwant %+v", body, got, err, want)
		}
	}
	for _, body := range []string{`{}`, `{"id":"` + path + `"}`, `{"id":"/subscriptions/x","properties":{}}`, `[]`, ``} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := newClientOver(t, b, b.User(mockbackend.AdminAgent).RefreshToken, answering{b.Transport(), body})
			if got, err := c.Reservations.Get(t.Context(), contoso, contosoReservation); !errors.Is(err, httppipe.ErrUnreadable) {
				t.Errorf("of %s: got %+v, %v", body, got, err)
			}
		})
	}
}

// answering answers every request about reservations with the same body.
type answering struct {
	http.RoundTripper
	body string
}

func (a answering) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.Contains(req.URL.Path, "Microsoft.Capacity") {
		return a.RoundTripper.RoundTrip(req)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), Request: req}, nil
}

func TestReservations_setRenewal(t *testing.T) {
	for name, test := range map[string]struct {
		knobs func(*mockbackend.Knobs)
		sent  []string
		took  time.Duration
	}{
		"immediately":   {func(*mockbackend.Knobs) {}, []string{setReservation}, 0},
		"accepted":      {func(k *mockbackend.Knobs) { k.ReservationUpdateTime = 5 * time.Second }, []string{setReservation, getReservation}, 5 * time.Second},
		"accepted late": {func(k *mockbackend.Knobs) { k.ReservationUpdateTime = 150 * time.Second }, []string{setReservation, getReservation, getReservation}, 5 * time.Minute},
		"read late":     {func(k *mockbackend.Knobs) { k.ReservationReadLag = 30 * time.Second }, []string{setReservation}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				c := newClient(t, b)
				if r, err := c.Reservations.Find(t.Context(), contoso, contosoReservation); err != nil || !r.Renew {
					t.Fatalf("got %+v, %v", r, err)
				}
				b.SetKnobs(test.knobs)
				b.ResetJournal()
				start := time.Now()
				r, err := c.Reservations.SetRenewal(t.Context(), contoso, contosoReservation, false)
				if err != nil || r.Renew || renews(b) {
					t.Errorf("got %+v, %v", r, err)
				}
				if took := time.Since(start); took > test.took {
					t.Errorf("it took %s", took)
				}
				expectSent(t, b, test.sent...)
				// The shared list shows the change.
				if r, err := c.Reservations.Find(t.Context(), contoso, contosoReservation); err != nil || test.took < time.Minute && r.Renew {
					t.Errorf("got %+v, %v", r, err)
				}
				if r, err := newClient(t, b).Reservations.ReadWritten(t.Context(), contoso, contosoReservation, false); err != nil || r.Renew {
					t.Errorf("got %+v, %v", r, err)
				}
			})
		})
	}
}

// TestReservations_setSameRenewal checks that an update that changes nothing is not an error. Some
// versions of the API refuse it.
func TestReservations_setSameRenewal(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.SameRenewalRefused = true })
	if r, err := newClient(t, b).Reservations.SetRenewal(t.Context(), contoso, contosoReservation, true); err != nil || !r.Renew {
		t.Errorf("got %+v, %v", r, err)
	}
	expectSent(t, b, setReservation, getReservation)
}

// TestReservations_setRenewalNotApplied checks that an accepted change that is never made is an
// error after 10 minutes, and that it may still be made.
func TestReservations_setRenewalNotApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationUpdateTime, k.ReservationUpdatesLost = 5*time.Second, true })
		c := newClient(t, b)
		start := time.Now()
		_, err := c.Reservations.SetRenewal(t.Context(), contoso, contosoReservation, false)
		var e *resourcemanager.NotAppliedError
		if took := time.Since(start); !errors.As(err, &e) || !resourcemanager.MayBeDone(err) || took < 10*time.Minute || took > 13*time.Minute || !strings.Contains(err.Error(), "its renewal is still enabled") {
			t.Errorf("after %s got %v", took, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.Reservations.SetRenewal(ctx, contoso, contosoReservation, false); err == nil || !resourcemanager.MayBeDone(err) {
			t.Errorf("when the time is over: got %v", err)
		}
	})
}

func TestReservations_outcomes(t *testing.T) {
	for kind, test := range map[string]struct {
		fault     mockbackend.Fault
		err       string
		mayBeDone bool
	}{
		"lost answer, applied": {mockbackend.Fault{Kind: mockbackend.DropAfter, Times: -1}, "", false},
		"unreadable":           {mockbackend.Fault{Kind: mockbackend.Garbage}, "not what the API documents", true},
		"server error":         {mockbackend.Fault{Kind: mockbackend.ServerError, Times: -1}, "500", true},
		"refused":              {mockbackend.Fault{Kind: mockbackend.APIError, Status: http.StatusForbidden, Error: "AuthorizationFailed"}, "Owner of the reservation order", false},
		"without a code":       {mockbackend.Fault{Kind: mockbackend.EmptyForbidden}, "Owner of the reservation order", false},
		"throttled":            {mockbackend.Fault{Kind: mockbackend.Throttle, Times: 3}, "", false},
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				test.fault.Method = http.MethodPatch
				b.Fail(test.fault)
				_, err := newClient(t, b).Reservations.SetRenewal(t.Context(), contoso, contosoReservation, false)
				text := ""
				if err != nil {
					text = err.Error() + resourcemanager.Reason(err)
				}
				if (err == nil) != (test.err == "") || !strings.Contains(text, test.err) || err != nil && resourcemanager.MayBeDone(err) != test.mayBeDone || err == nil && renews(b) {
					t.Errorf("got %v; it renews: %t", err, renews(b))
				}
			})
		})
	}
}

func TestReservations_find(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*mockbackend.Backend)
		id      resourcemanager.ReservationID
		want    string
	}{
		"found":               {func(*mockbackend.Backend) {}, contosoReservation, "true"},
		"no such order":       {func(*mockbackend.Backend) {}, resourcemanager.ReservationID{OrderID: tenant, ID: tenant}, "not found"},
		"no such reservation": {func(*mockbackend.Backend) {}, resourcemanager.ReservationID{OrderID: contosoReservation.OrderID, ID: tenant}, "not found"},
		"no access":           {func(b *mockbackend.Backend) { access(b, mockbackend.ReservationAccessNone) }, contosoReservation, "no access"},
		"no GDAP":             {func(b *mockbackend.Backend) { b.EndDelegatedAccess(contoso) }, contosoReservation, "no access"},
		"no consent":          {func(b *mockbackend.Backend) { b.RemoveApplicationConsents(contoso) }, contosoReservation, "no access"},
		"the list alone is refused": {func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Path: "/providers/Microsoft.Capacity/reservations", Kind: mockbackend.APIError, Status: http.StatusForbidden, Error: "AuthorizationFailed", Times: -1})
		}, contosoReservation, "true"},
		"a 404 without a code": {func(b *mockbackend.Backend) {
			b.Fail(mockbackend.Fault{Path: "/providers/Microsoft.Capacity/**", Kind: mockbackend.HTMLError, Status: http.StatusNotFound, Times: -1})
		}, contosoReservation, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			test.prepare(b)
			r, err := newClient(t, b).Reservations.Find(t.Context(), contoso, test.id)
			got := fmt.Sprint(r.Renew)
			switch {
			case resourcemanager.IsReservationNotFound(err):
				got = "not found"
			case resourcemanager.IsNoAccess(err):
				got = "no access"
			case err != nil:
				got = "error"
			}
			if got != test.want {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

func access(b *mockbackend.Backend, a mockbackend.ReservationAccess) {
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationAccess, k.ReservationListForbidden = a, true })
}
