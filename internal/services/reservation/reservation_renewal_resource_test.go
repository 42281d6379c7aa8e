package reservation_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	renewalType = "partnercenter_reservation_renewal"
	address     = renewalType + ".one"
	contoso     = mockbackend.ContosoID
	bought      = mockbackend.ContosoAzureReservationOrderID + "/" + mockbackend.ContosoReservationID
	armID       = "/providers/Microsoft.Capacity/reservationOrders/" + mockbackend.ContosoAzureReservationOrderID + "/reservations/" + mockbackend.ContosoReservationID

	tokenRoute    = "POST /{tenant}/oauth2/v2.0/token"
	customerRoute = "GET /v1/customers/{customer}"
	listRoute     = "GET /providers/Microsoft.Capacity/reservations"
	getRoute      = "GET /providers/Microsoft.Capacity/reservationOrders/{reservationOrder}/reservations/{reservation}"
	patchRoute    = "PATCH /providers/Microsoft.Capacity/reservationOrders/{reservationOrder}/reservations/{reservation}"
)

var (
	off = acctest.Values{"customer_id": contoso, "reservation_id": bought}
	on  = acctest.Values{"customer_id": contoso, "reservation_id": bought, "renew": true}
)

// renews reports whether the reservation renews on the server.
func renews(b *mockbackend.Backend) bool { return !b.AzureReservations(contoso)[0].NoRenewal }

// setOutside sets the renewal outside Terraform, as in the Azure portal.
func setOutside(b *mockbackend.Backend, renew bool) {
	b.ChangeAzureReservation(contoso, mockbackend.ContosoReservationID, func(a *mockbackend.AzureReservation) { a.NoRenewal = !renew })
}

func TestAccRenewal_lifecycle(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationUpdateTime = time.Second })
	block := func(id string, more ...string) string {
		return b.Config(fmt.Sprintf("resource %q \"one\" {\n  customer_id = %q\n  reservation_id = %q\n%s\n}\n", renewalType, contoso, id, strings.Join(more, "\n")))
	}
	does := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
	}
	state := func(name string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), check)
	}
	server := func(want bool) func() {
		return func() {
			if renews(b.Backend) != want {
				t.Errorf("on the server, renew is %t", renews(b.Backend))
			}
		}
	}
	expires := b.AzureReservations(contoso)[0].Expires.UTC().Format(time.RFC3339)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: block("contoso"), ExpectError: acctest.Says("must be a reservation such as")},
			{
				Config: block(bought), ConfigPlanChecks: does(plancheck.ResourceActionCreate), PostApplyFunc: server(false),
				ConfigStateChecks: []statecheck.StateCheck{
					state("id", knownvalue.StringExact(contoso+"/"+bought)), state("renew", knownvalue.Bool(false)), state("expires_on", knownvalue.StringExact(expires)),
					state("name", knownvalue.StringRegexp(acctest.Says("(2 × Standard_D2s_v5 P3Y) of Contoso Demo"))),
				},
			},
			{ // the same IDs in other forms
				Config:           strings.ReplaceAll(block(strings.ToUpper(armID)), contoso, strings.ToUpper(contoso)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
			{Config: block(bought, "renew = true"), ConfigPlanChecks: does(plancheck.ResourceActionUpdate), PostApplyFunc: server(true)},
			{ResourceName: address, ImportState: true, ImportStateId: contoso + "/" + bought, ImportStateVerify: true},
			{ResourceName: address, ImportState: true, ImportStateId: armID + "|" + contoso, ImportStateVerify: true},
			{ResourceName: address, ImportState: true, ImportStateId: contoso, ExpectError: acctest.Says("The import ID is {customer ID}/{reservation order ID}/{reservation ID}")},
		},
	})
	server(true)() // destroying changes nothing
}

// start returns a resource with a new mock.
func start(t *testing.T) (*mockbackend.Backend, *acctest.Protocol, *acctest.Resource) {
	t.Helper()
	b := mockbackend.New(mockbackend.Config{})
	t.Cleanup(func() { acctest.FailOnViolations(t, b) })
	p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
	return b, p, p.Resource(renewalType)
}

func apply(t *testing.T, r *acctest.Resource, config acctest.Values) {
	t.Helper()
	if err := r.Apply(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}

// expectWarning fails the test unless there is exactly one warning, which contains all texts.
func expectWarning(t *testing.T, r *acctest.Resource, says ...string) {
	t.Helper()
	if len(r.Warnings) != 1 {
		t.Errorf("the warnings are %q", r.Warnings)
		return
	}
	for _, s := range says {
		if !strings.Contains(r.Warnings[0], s) {
			t.Errorf("the warning does not say %q: %s", s, r.Warnings[0])
		}
	}
}

func TestProtoRenewal_requests(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, renewalType, func(t *testing.T, r acctest.Run) {
		r.MustApply(off)
		r.ExpectSent(tokenRoute, listRoute, tokenRoute, customerRoute, patchRoute)
		r.ExpectPlan(off, acctest.NoOp)
		r.ExpectSent(tokenRoute, getRoute) // a short time after the change
		acctest.Pass(time.Hour)
		r.ExpectPlan(off, acctest.NoOp)
		r.ExpectSent(tokenRoute, listRoute)
		r.MustApply(on)
		r.ExpectSent(tokenRoute, patchRoute)
		r.MustApply(nil)
		r.ExpectSent()
		if !renews(r.Backend) {
			t.Error("destroying has changed the renewal")
		}
		// If the renewal is already as declared, nothing is written.
		r.Again()
		if err := r.Apply(t.Context(), on); err != nil {
			t.Fatal(err)
		}
		r.ExpectSent(tokenRoute, listRoute, tokenRoute, customerRoute)
	})
}

// All renewals of a customer share one list request.
func TestProtoRenewal_many(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, renewalType, func(t *testing.T, r acctest.Run) {
		var resources []*acctest.Resource
		var configs []acctest.Values
		for range 50 {
			a := r.AddAzureReservation(contoso, mockbackend.AzureReservation{ByCustomer: true})
			configs = append(configs, acctest.Values{"customer_id": contoso, "reservation_id": a.OrderID + "/" + a.ID})
			resources = append(resources, r.Protocol.Resource(renewalType))
		}
		acctest.Parallel(len(configs), func(i int) {
			if err := resources[i].Apply(t.Context(), configs[i]); err != nil {
				t.Error(err)
			}
		})
		for _, a := range r.AzureReservations(contoso) {
			if !a.NoRenewal != (a.ID == mockbackend.ContosoReservationID) {
				t.Errorf("the server has %+v", a)
			}
		}
		counters := r.Counters()
		if lists, changes := counters.Route(listRoute), counters.Route(patchRoute); lists != 1 || changes != 50 {
			t.Errorf("%d lists and %d changes", lists, changes)
		}
		acctest.Pass(time.Hour)
		r.Again()
		r.ResetJournal()
		acctest.Parallel(len(configs), func(i int) {
			if err := resources[i].Refresh(t.Context()); err != nil {
				t.Error(err)
			}
		})
		r.ExpectSent(tokenRoute, listRoute)
	})
}

func TestProtoRenewal_outside(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  acctest.Values
		outside func(*mockbackend.Backend)
		plan    acctest.Action
		warns   []string
		stays   bool
	}{
		"nothing": {off, func(*mockbackend.Backend) {}, acctest.NoOp, nil, true},
		"turned on": {
			off, func(b *mockbackend.Backend) { setOutside(b, true) }, acctest.Update,
			[]string{"Reservation renewals changed outside Terraform", "of Contoso Demo", ": turned on"},
			true,
		},
		"turned off": {
			on, func(b *mockbackend.Backend) { setOutside(b, false) }, acctest.Update, []string{": turned off"}, true,
		},
		"cancelled": {
			on, func(b *mockbackend.Backend) {
				b.ChangeAzureReservation(contoso, mockbackend.ContosoReservationID, func(a *mockbackend.AzureReservation) { a.State, a.NoRenewal = "Cancelled", true })
			}, acctest.NoOp, []string{"Reservations with a declared renewal have ended", "state Cancelled", "remove the resource"}, true,
		},
		"archived": {
			off, func(b *mockbackend.Backend) {
				b.ChangeAzureReservation(contoso, mockbackend.ContosoReservationID, func(a *mockbackend.AzureReservation) { a.Archived = true })
			}, acctest.NoOp, nil, true,
		},
		"access lost": {
			off, func(b *mockbackend.Backend) { b.EndDelegatedAccess(contoso) }, acctest.NoOp,
			[]string{"No access to the renewal of reservation", "403 Forbidden (AuthorizationFailed)", "Reader on the reservation order", "The state stays as it is."},
			true,
		},
		"consent withdrawn": {
			off, func(b *mockbackend.Backend) { b.RemoveApplicationConsents(contoso) }, acctest.NoOp, []string{"No access to the renewal of reservation", "AADSTS65001"}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, renewalType, func(t *testing.T, r acctest.Run) {
				r.MustApply(c.config)
				acctest.Pass(time.Hour)
				c.outside(r.Backend)
				r.Again()
				r.MustRefresh()
				if c.warns != nil {
					expectWarning(t, r.Resource, c.warns...)
				} else if len(r.Warnings) > 0 {
					t.Errorf("the warnings are %q", r.Warnings)
				}
				if r.Exists() != c.stays {
					t.Errorf("the state is %v", r.State())
				}
				if action, err := r.Plan(t.Context(), c.config); action != c.plan || err != nil {
					t.Errorf("the plan is %s, %v", action, err)
				}
			})
		})
	}
}

// Only a proven not-found removes the resource.
func TestProtoRenewal_gone(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, renewalType, func(t *testing.T, r acctest.Run) {
		a := r.AddAzureReservation(contoso, mockbackend.AzureReservation{})
		config := acctest.Values{"customer_id": contoso, "reservation_id": a.OrderID + "/" + a.ID}
		r.MustApply(config)
		acctest.Pass(time.Hour)
		r.RemoveAzureReservation(contoso, a.ID)
		r.Again()
		r.MustRefresh()
		if r.Exists() {
			t.Errorf("the state is %v", r.State())
		}
		expectWarning(t, r.Resource, "no longer exists")
		if _, err := r.Plan(t.Context(), config); err == nil || !strings.Contains(err.Error(), "ReservationOrderNotFound") {
			t.Errorf("got %v", err)
		}
	})
}

// Destroying the resource changes nothing in Azure. Plan and apply warn about that.
func TestProtoRenewal_forgets(t *testing.T) {
	t.Parallel()
	for says, config := range map[string]acctest.Values{"The renewal is disabled. It stays disabled": off, "The renewal is enabled: Azure will purchase the reservation again on ": on} {
		b, p, r := start(t)
		apply(t, r, config)
		before := renews(b)
		p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
		if _, err := r.Plan(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		expectWarning(t, r, "Destroying leaves reservation renewals ", "No longer managed: the renewal of reservation", "changes nothing in Azure", says)
		b.ResetJournal()
		apply(t, r, nil)
		if len(r.Warnings) != 2 || !strings.Contains(r.Warnings[1], says) || r.Exists() || renews(b) != before || len(b.Requests()) != 0 {
			t.Errorf("the warnings are %q, the requests %+v", r.Warnings, b.Requests())
		}
	}
}

// The plan warns if enabling a renewal leads to a purchase.
func TestProtoRenewal_warnsOfPurchases(t *testing.T) {
	t.Parallel()
	b, p, r := start(t)
	setOutside(b, false)
	for range 2 { // first a new resource, then one that was disabled before
		if _, err := r.Plan(t.Context(), on); err != nil {
			t.Fatal(err)
		}
		expectWarning(t, r, "Enabling the renewal of ", "of Contoso Demo", "the partner will be billed")
		p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
		apply(t, r, off)
		p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
	}
}

func TestProtoRenewal_refusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*mockbackend.Backend)
		config  acctest.Values
		says    []string
	}{
		"another form":     {nil, acctest.Values{"customer_id": contoso, "reservation_id": mockbackend.ContosoReservationID}, []string{"must be a reservation such as"}},
		"no such order":    {nil, acctest.Values{"customer_id": contoso, "reservation_id": contoso + "/" + contoso}, []string{"404 Not Found (ReservationOrderNotFound)", "Check the reservation"}},
		"another customer": {nil, acctest.Values{"customer_id": mockbackend.AdatumID, "reservation_id": bought}, []string{"ReservationOrderNotFound", mockbackend.AdatumID}},
		"no access": {
			func(b *mockbackend.Backend) {
				b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessNone })
			}, off,
			[]string{"403 Forbidden (AuthorizationFailed)", "inherit none from subscriptions", "Reservations Reader at /providers/Microsoft.Capacity", "GDAP"},
		},
		"no consent": {func(b *mockbackend.Backend) { b.RemoveApplicationConsents(contoso) }, off, []string{"AADSTS65001", "application consent"}},
		"ended": {func(b *mockbackend.Backend) {
			b.ChangeAzureReservation(contoso, mockbackend.ContosoReservationID, func(a *mockbackend.AzureReservation) { a.State, a.NoRenewal = "Expired", true })
		}, on, []string{"the state Expired", "remove the resource"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, _, r := start(t)
			if c.prepare != nil {
				c.prepare(b)
			}
			_, err := r.Plan(t.Context(), c.config)
			for _, s := range c.says {
				if err == nil || !strings.Contains(err.Error(), s) {
					t.Errorf("got %v, want %q", err, s)
				}
			}
		})
	}
}

// An application needs one role to read reservations and another one to change them.
func TestProtoRenewal_appOnly(t *testing.T) {
	t.Parallel()
	b, p, r := start(t)
	p.Restart("")
	b.AssignReservationRole(contoso, b.ServicePrincipalID(contoso), mockbackend.ReservationsReader)
	if err := r.Apply(t.Context(), off); err == nil || !strings.Contains(err.Error(), "Ask the customer for Owner of the reservation order") || r.Exists() {
		t.Errorf("got %v, the state is %v", err, r.State())
	}
	b.AssignReservationRole(contoso, b.ServicePrincipalID(contoso), mockbackend.ReservationsContributor)
	apply(t, r, off)
	if renews(b) {
		t.Error("it renews")
	}
}

// If the same configuration gives the consent, the plan succeeds without it.
func TestProtoRenewal_consentPlanned(t *testing.T) {
	t.Parallel()
	b, p, r := start(t)
	b.RemoveApplicationConsents(contoso)
	consent := p.Resource("partnercenter_application_consent")
	config := acctest.Values{"customer_id": contoso, "display_name": "automation"}
	if _, err := consent.Plan(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if action, err := r.Plan(t.Context(), off); action != acctest.Create || err != nil {
		t.Errorf("the plan is %s, %v", action, err)
	}
	p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
	apply(t, consent, config)
	apply(t, r, off)
	if renews(b) {
		t.Error("it renews")
	}
}

// The plan fails if two resources want the opposite. Two resources that want the same are allowed.
func TestProtoRenewal_twoResources(t *testing.T) {
	t.Parallel()
	_, p, first := start(t)
	apply(t, first, off)
	second := p.Resource(renewalType)
	apply(t, second, acctest.Values{"customer_id": strings.ToUpper(contoso), "reservation_id": armID})
	if _, err := p.Resource(renewalType).Plan(t.Context(), on); err == nil || !strings.Contains(err.Error(), "Two resources declare the opposite") {
		t.Errorf("got %v", err)
	}
}

func TestProtoRenewal_import(t *testing.T) {
	t.Parallel()
	b, p, r := start(t)
	for _, id := range []string{contoso + "/" + bought, strings.ToUpper(contoso + "/" + bought), armID + "|" + contoso, contoso + "|" + armID} {
		if err := r.Import(t.Context(), id, nil); err != nil {
			t.Errorf("%s: %v", id, err)
		} else if s := r.State(); s["renew"] != true || s["customer_id"] != contoso || s["reservation_id"] != bought || !strings.HasSuffix(fmt.Sprint(s["name"]), " of Contoso Demo") {
			t.Errorf("%s: the state is %v", id, s)
		}
	}
	if err := r.Import(t.Context(), "", acctest.Values{"customer_id": contoso, "reservation_id": bought}); err != nil {
		t.Error(err)
	}
	if action, err := r.Plan(t.Context(), on); action != acctest.NoOp || err != nil {
		t.Errorf("the plan is %s, %v", action, err)
	}
	fresh := p.Resource(renewalType)
	b.EndDelegatedAccess(contoso)
	if err := fresh.Import(t.Context(), contoso+"/"+contoso+"/"+contoso, nil); err == nil || !strings.Contains(err.Error(), "AuthorizationFailed") {
		t.Errorf("without access: got %v", err)
	}
}

// Shortly after a change, a read that does not show it is repeated.
func TestProtoRenewal_readsLag(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, renewalType, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationReadLag = 30 * time.Second })
		r.MustApply(off)
		r.ExpectPlan(off, acctest.NoOp)
		acctest.Pass(time.Hour)
		r.MustApply(on)
		r.ExpectPlan(on, acctest.NoOp)
		if len(r.Warnings) > 0 {
			t.Errorf("the warnings are %q", r.Warnings)
		}
	})
}

// If Azure accepts a change and does not make it, the renewal counts as enabled. The next apply sets it again.
func TestProtoRenewal_neverDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		r := p.Resource(renewalType)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationUpdateTime, k.ReservationUpdatesLost = time.Minute, true })
		err := r.Apply(t.Context(), off)
		if err == nil || !strings.Contains(err.Error(), "its renewal is still enabled") || !strings.Contains(err.Error(), "The renewal may be enabled") || r.State()["renew"] != true || !r.Tainted() {
			t.Errorf("got %v, the state is %v", err, r.State())
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { *k = mockbackend.DefaultKnobs() })
		p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
		if err := r.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.ReplaceTainted(t.Context(), off, func() { p.Restart(b.User(mockbackend.AdminAgent).RefreshToken) }); err != nil || renews(b) {
			t.Errorf("got %v", err)
		}
		acctest.FailOnViolations(t, b)
	})
}
