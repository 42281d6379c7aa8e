package azureplan_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// in runs a test with one Azure plan, signed in as an Admin agent.
func in(t *testing.T, test func(*testing.T, acctest.Run)) {
	t.Helper()
	acctest.InBubble(t, planType, test)
}

// says fails the test unless the error contains all texts.
func says(t *testing.T, what string, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error does not say %q:\n%v", what, text, err)
		}
	}
}

// only returns the ID of the customer's plan. It fails the test unless there is exactly one plan, with this status.
func only(t *testing.T, b *mockbackend.Backend, customerID, status string) string {
	t.Helper()
	has := bought(b, customerID)
	if len(has) != 1 || !strings.HasSuffix(has[0], " "+status) {
		t.Errorf("the customer has %q, not one plan that is %s", has, status)
		return ""
	}
	return strings.Fields(has[0])[0]
}

// A plan is bought, reactivated, renamed and abandoned. Each next plan is empty.
func TestProtoAzurePlan_lifecycle(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { slowly(k); k.OrderPendingPolls = 3; k.UpperCaseGUIDs = true })
		r.ResetJournal()
		r.MustApply(named)
		state := r.State()
		id := only(t, r.Backend, northwind, "active")
		azure, _ := state["azure_subscriptions"].([]any)
		if state["id"] != northwind || state["name"] != "Northwind Demo" || state["subscription_id"] != id || state["status"] != "active" || state["cart_id"] == nil ||
			state["order_id"] == nil || state["friendly_name"] != "Northwind plan" || len(azure) != 1 ||
			azure[0].(acctest.Values)["name"] != "Microsoft Azure" || state["azure_subscription_id"] != azure[0].(acctest.Values)["subscription_id"] {
			t.Errorf("the state is %v", state)
		}
		if len(r.Warnings) > 0 {
			t.Errorf("warnings: %q", r.Warnings)
		}
		r.ResetJournal()
		r.ExpectPlan(named, acctest.NoOp)
		r.ExpectSent("POST /{tenant}/oauth2/v2.0/token", "GET /v1/customers/{customer}/subscriptions", "GET /v1/customers/{customer}/subscriptions/{subscription}/azureEntitlements")

		r.SetSubscriptionStatus(northwind, id, "suspended")
		r.ExpectPlan(named, acctest.Update)
		r.MustApply(named)
		only(t, r.Backend, northwind, "active")
		r.ExpectPlan(named, acctest.NoOp)

		other := configure(northwind, "friendly_name", "Another name")
		r.ExpectPlan(other, acctest.Update)
		r.MustApply(other)
		if got := r.State()["friendly_name"]; got != "Another name" {
			t.Errorf("the name is %v", got)
		}
		r.ExpectPlan(other, acctest.NoOp)
		r.ExpectPlan(named, acctest.Update) // the same as after a rename outside Terraform

		if _, err := r.Plan(t.Context(), nil); err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Destroy leaves the Azure plan of Northwind Demo") ||
			!strings.Contains(r.Warnings[0], "Microsoft Azure (") {
			t.Errorf("the plan of a destroy warns %q, %v", r.Warnings, err)
		}
		r.MustApply(nil)
		only(t, r.Backend, northwind, "active")
		r.Again()
		if err := r.Apply(t.Context(), other); err != nil { // the plan is still new, so it is adopted
			t.Error(err)
		}
		only(t, r.Backend, northwind, "active")
	})
}

// After a deletion outside Terraform, the refresh warns and the next apply buys another plan.
func TestProtoAzurePlan_deletedOutside(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		r.MustApply(config)
		id := only(t, r.Backend, northwind, "active")
		acctest.Pass(3 * time.Hour)
		r.SetSubscriptionStatus(northwind, id, "deleted")
		r.Again()
		r.MustRefresh()
		if r.Exists() || len(r.Warnings) != 1 {
			t.Fatalf("the state is %v, %q", r.State(), r.Warnings)
		}
		r.Again()
		r.MustApply(config)
		if again := only(t, r.Backend, northwind, "active"); again == id {
			t.Error("the plan is the deleted one")
		}
	})
}

// Terraform's plan fails, or warns, if the customer already has an Azure plan or lacks a prerequisite. It says what to do.
func TestProtoAzurePlan_planTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare  func(*mockbackend.Backend)
		customer string
		config   acctest.Values
		texts    []string // of the error
		warns    string
	}{
		"a plan": {customer: mockbackend.AdatumID, texts: []string{
			"The customer has an Azure plan already: the Azure plan of Adatum Demo", mockbackend.AdatumID + "/" + mockbackend.AdatumAzurePlanID, "adopt_existing = true", "Nothing was bought",
		}},
		"a plan, adopted":           {customer: mockbackend.AdatumID, config: configure(mockbackend.AdatumID, "adopt_existing", true), warns: "It is adopted because adopt_existing is set"},
		"a suspended plan":          {customer: mockbackend.FabrikamID, texts: []string{"The Azure plan is suspended: the Azure plan of Fabrikam Demo", "set adopt_existing = true", mockbackend.FabrikamID + "/" + mockbackend.FabrikamAzurePlanID}},
		"a suspended plan, adopted": {customer: mockbackend.FabrikamID, config: configure(mockbackend.FabrikamID, "adopt_existing", true), warns: "suspended, and apply reactivates it"},
		"MS-AZR-0145P":              {customer: mockbackend.LitwareID, texts: []string{"No Azure plan can be bought: the Azure plan of Litware Demo", "MS-AZR-0145P", "cannot be undone"}},
		"no agreement": {
			prepare: func(b *mockbackend.Backend) {
				b.SetCustomerAgreements(northwind, mockbackend.CustomerAgreements{})
			}, customer: northwind, texts: []string{"The agreement is missing: the Azure plan of Northwind Demo", "https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement"},
		},
		"an old agreement": {
			prepare: func(b *mockbackend.Backend) {
				b.SetCustomerAgreements(northwind, mockbackend.CustomerAgreements{Confirmed: []mockbackend.CustomerAgreement{{DateAgreed: time.Date(2022, time.March, 1, 0, 0, 0, 0, time.UTC)}}})
			}, customer: northwind, warns: "accepted the Microsoft Customer Agreement on 2022-03-01",
		},
		"a new plan": {
			prepare:  func(b *mockbackend.Backend) { b.BuyAzurePlan(northwind); acctest.Pass(10 * time.Minute) },
			customer: northwind, warns: "presumably by a run that was interrupted",
		},
		"another reseller": {
			customer: mockbackend.TailspinID, config: configure(mockbackend.TailspinID, "adopt_existing", true, "indirect_reseller_mpn_id", "7654321"),
			texts: []string{"through the indirect reseller 1234567 instead of 7654321"},
		},
		"no customer":           {customer: mockbackend.AdatumUserID, texts: []string{"Could not plan the Azure plan of customer " + mockbackend.AdatumUserID, "no customer tenant with this ID"}},
		"not attested":          {customer: northwind, config: configure(northwind, "partner_on_record_attestation_accepted", false), texts: []string{"The attestation is not accepted", "What to do: if the partner makes this statement, set partner_on_record_attestation_accepted = true."}},
		"an unknown Partner ID": {customer: northwind, config: configure(northwind, "indirect_reseller_mpn_id", "MPN 1"), texts: []string{"must be a Partner ID such as 4847383"}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			in(t, func(t *testing.T, r acctest.Run) {
				if c.prepare != nil {
					c.prepare(r.Backend)
				}
				config := c.config
				if config == nil {
					config = configure(c.customer)
				}
				r.ResetJournal()
				before := bought(r.Backend, c.customer)
				action, err := r.Plan(t.Context(), config)
				if c.texts != nil {
					says(t, name, err, c.texts...)
				} else if err != nil || action != acctest.Create || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], c.warns) {
					t.Errorf("the plan says %s, %v, %q", action, err, r.Warnings)
				}
				if c.texts == nil {
					r.Again()
					if err := r.Apply(t.Context(), config); err != nil {
						t.Fatal(err)
					}
					only(t, r.Backend, c.customer, "active")
					r.ExpectPlan(config, acctest.NoOp)
				} else if !slices.Equal(before, bought(r.Backend, c.customer)) || len(acctest.Writes(r.Backend)) > 0 {
					t.Errorf("something was written: %v", acctest.Writes(r.Backend))
				}
			})
		})
	}
}

// If Partner Center refuses the purchase, the error says what to do, and the state stays empty. The next apply buys
// the plan.
func TestProtoAzurePlan_refusals(t *testing.T) {
	t.Parallel()
	for code, c := range map[int]struct {
		status int
		text   string
	}{
		13605: {403, "https://admin.microsoft.com/AdminPortal"}, 900206: {400, "attestation of the partner of record"}, 900203: {400, "requires an attestation"},
		900123: {403, "indirect reseller has not accepted"}, 900124: {403, "partner has not accepted"}, 20002: {403, "no reseller relationship"}, 900159: {403, "no reseller relationship"},
		2006: {403, "may not sell this offer"}, 2030: {403, "not onboarded to sell"}, 2085: {403, "not for sale to this customer"},
		900308: {403, "AdminAgents"}, 900309: {403, "Conditional Access"}, 900329: {403, "app+user"}, 800070: {400, "not sold in the country"},
		800009: {400, "refuses what is in the cart"}, 900112: {409, "Run again when that is done"}, 900113: {409, "can take a day"}, 900114: {409, "Ask Microsoft support"},
		800066: {403, "maximum number of subscriptions"}, 800067: {403, "maximum number of seats"}, 800068: {403, "maximum number of Azure subscriptions"}, 800069: {403, "risk management"},
		800073: {403, "reviews the customer's account"}, 800074: {403, "reviews the customer's account"}, 800075: {403, "reviews the customer's account"},
		800022: {400, "partner's credit"}, 800024: {400, "partner's credit"}, 800025: {400, "partner's credit"}, 800026: {400, "partner's credit"}, 800023: {403, "partner's credit"}, 900121: {403, "partner's credit"},
		800018: {400, "integration sandbox"}, 900116: {400, "integration sandbox"}, 900416: {403, "account is locked"}, 900419: {400, "too many subscriptions"},
		800039: {403, "programme is not active"}, 900149: {403, "programme is not active"}, 4018: {400, "Azure (global) subscription"},
		800015: {404, "no indirect reseller with this Partner ID"}, 800016: {400, "Check the Partner ID"}, 900154: {400, "Check the Partner ID"},
	} {
		for _, path := range []string{"/customers/*/carts", "/customers/*/carts/*/checkout"} {
			synctest.Test(t, func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{})
				r := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).Resource(planType)
				b.Fail(mockbackend.Fault{Method: http.MethodPost, Path: path, Kind: mockbackend.APIError, Status: c.status, Code: code})
				err := r.Apply(t.Context(), config)
				says(t, fmt.Sprint(code, " at ", path), err, "Could not buy the Azure plan of Northwind Demo ("+northwind+")", fmt.Sprintf("answered %d", c.status), fmt.Sprintf("code %d", code), c.text, "What to do:")
				if r.Exists() || len(bought(b, northwind)) > 0 {
					t.Errorf("%d: the state is %v, and there is %q", code, r.State(), bought(b, northwind))
				}
				r.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
				if err := r.Apply(t.Context(), config); err != nil {
					t.Errorf("%d: the next apply: %v", code, err)
				}
				only(t, b, northwind, "active")
				acctest.FailOnViolations(t, b)
			})
		}
	}
}

// Missing catalog items, countries without an offer and errors in the cart prevent the purchase. A reseller cannot be
// changed after it.
func TestProtoAzurePlan_answeredErrors(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		again := func() acctest.Run {
			r.Again()
			return r
		}
		r.SetKnobs(func(k *mockbackend.Knobs) { k.NoCatalogItemID = true })
		says(t, "no catalog item", again().Apply(t.Context(), config), "Could not buy the Azure plan of Northwind Demo", "The catalog names no item")
		r.SetKnobs(func(k *mockbackend.Knobs) { k.NoCatalogItemID = false })
		r.AddCustomer(mockbackend.Customer{ID: mockbackend.AdatumSecondUserID, Country: "KP"})
		says(t, "not for sale", again().Apply(t.Context(), configure(mockbackend.AdatumSecondUserID)), "no Azure plan that can be bought in the country")
		says(t, "no reseller", again().Apply(t.Context(), configure(northwind, "indirect_reseller_mpn_id", "999")), "999", "Check the Partner ID")
		if len(bought(r.Backend, northwind)) > 0 || r.Exists() {
			t.Fatalf("there is %q, and the state is %v", bought(r.Backend, northwind), r.State())
		}
		r.Again()
		r.SetKnobs(func(k *mockbackend.Knobs) { k.MoreAvailabilities = true })
		reseller := configure(northwind, "indirect_reseller_mpn_id", mockbackend.TailspinResellerMPNID)
		r.MustApply(reseller)
		only(t, r.Backend, northwind, "active")
		if got := r.State()["indirect_reseller_mpn_id"]; got != mockbackend.TailspinResellerMPNID {
			t.Errorf("the reseller is %v", got)
		}
		r.ExpectPlan(reseller, acctest.NoOp)
		_, err := r.Plan(t.Context(), configure(northwind, "indirect_reseller_mpn_id", "7654321"))
		says(t, "another reseller", err, "The indirect reseller cannot be changed: the Azure plan of Northwind Demo")
	})
}

// If the catalog item changes between two requests, a second cart is created.
func TestProtoAzurePlan_staleAvailability(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = time.Second })
		r.Fail(mockbackend.Fault{Method: http.MethodPost, Path: "/customers/*/carts/*/checkout", Kind: mockbackend.Slow, Delay: 20 * time.Second})
		stop := time.AfterFunc(20*time.Second, r.RenewAvailabilities)
		defer stop.Stop()
		r.MustApply(config)
		only(t, r.Backend, northwind, "active")
		carts := 0
		for _, one := range acctest.Writes(r.Backend) {
			if strings.HasSuffix(one.Path, "/carts") {
				carts++
			}
		}
		if carts != 2 {
			t.Errorf("%d carts were created, not 2", carts)
		}
	})
}

// If Microsoft reviews the order, the apply fails and the state keeps the order. The next apply continues with it.
func TestProtoAzurePlan_review(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { k.OrderReview = true })
		err := r.Apply(t.Context(), config)
		says(t, "review", err, "Could not buy the Azure plan of Northwind Demo", "pending_review", "Microsoft reviews the order", "continues with this order", "tainted")
		order, cart := r.State()["order_id"], r.State()["cart_id"]
		if order == nil || cart == nil || r.State()["status"] != "pending_review" || !r.Tainted() {
			t.Fatalf("the state is %v", r.State())
		}
		for range 2 {
			acctest.Pass(24 * time.Hour)
			r.Again()
			r.MustRefresh()
			says(t, "still in review", r.Apply(t.Context(), config), "pending_review")
			if r.State()["order_id"] != order || r.State()["cart_id"] != cart || len(bought(r.Backend, northwind)) != 1 {
				t.Fatalf("the state is %v, and there is %q", r.State(), bought(r.Backend, northwind))
			}
		}
		r.SetOrderStatus(northwind, order.(string), "pending")
		acctest.Pass(24 * time.Hour)
		r.Again()
		r.MustRefresh()
		if err := r.Apply(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		only(t, r.Backend, northwind, "active")
		if r.State()["order_id"] != order || r.Tainted() {
			t.Errorf("the state is %v", r.State())
		}
		r.ExpectPlan(config, acctest.NoOp)
	})
}

// If the order ends without a plan, the next apply buys one.
func TestProtoAzurePlan_orderCancelled(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { k.OrderReview = true })
		says(t, "review", r.Apply(t.Context(), config), "pending_review")
		r.SetKnobs(func(k *mockbackend.Knobs) { k.OrderReview = false })
		r.SetOrderStatus(northwind, r.State()["order_id"].(string), "cancelled")
		r.Again()
		says(t, "cancelled", r.Apply(t.Context(), config), "ended with the status cancelled", "places a new order")
		if r.Exists() {
			t.Fatalf("the state is %v", r.State())
		}
		r.Again()
		r.MustApply(config)
		only(t, r.Backend, northwind, "active")
	})
}

// After terraform untaint, an update continues the purchase.
func TestProtoAzurePlan_untainted(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { k.OrderReview = true })
		says(t, "review", r.Apply(t.Context(), named), "pending_review")
		order := r.State()["order_id"]
		r.Untaint()
		r.Again()
		r.MustRefresh()
		says(t, "still in review", r.Apply(t.Context(), named), "pending_review")
		r.SetOrderStatus(northwind, order.(string), "pending")
		r.ExpectPlan(named, acctest.Update)
		r.MustApply(named)
		only(t, r.Backend, northwind, "active")
		if r.State()["order_id"] != order || r.State()["friendly_name"] != "Northwind plan" {
			t.Errorf("the state is %v", r.State())
		}
		r.ExpectPlan(named, acctest.NoOp)
	})
}

// Three concurrent runs buy one plan, for all answers of the server to a second purchase and a repeated checkout.
func TestProtoAzurePlan_atOnce(t *testing.T) {
	t.Parallel()
	for _, second := range []mockbackend.SecondPlan{mockbackend.SecondPlanOrderError, mockbackend.SecondPlanRefuse, mockbackend.SecondPlanConflict, mockbackend.SecondPlanSell} {
		for _, repeated := range []mockbackend.RepeatedCheckout{mockbackend.RepeatedCheckoutSame, mockbackend.RepeatedCheckoutRefuse} {
			for _, forgotten := range []bool{false, true} {
				if forgotten && second == mockbackend.SecondPlanSell {
					continue // then the provider cannot prevent a second purchase
				}
				for _, apart := range []time.Duration{0, 500 * time.Millisecond, 2 * time.Second, 3 * time.Second, 5 * time.Second} {
					synctest.Test(t, func(t *testing.T) {
						b := mockbackend.New(mockbackend.Config{})
						b.SetKnobs(func(k *mockbackend.Knobs) {
							slowly(k)
							k.SecondPlan, k.RepeatedCheckout, k.RequestIDsForgotten, k.Latency = second, repeated, forgotten, time.Second
						})
						token := b.User(mockbackend.AdminAgent).RefreshToken
						var runs []*acctest.Resource
						for range 3 {
							runs = append(runs, acctest.NewProtocol(t, b, token).Resource(planType))
						}
						failed := make([]error, len(runs))
						acctest.Parallel(len(runs), func(i int) {
							acctest.Pass(time.Duration(i)*apart + time.Nanosecond)
							failed[i] = runs[i].Apply(t.Context(), config)
						})
						id := only(t, b, northwind, "active")
						for i, r := range runs {
							if failed[i] != nil || r.State()["subscription_id"] != id {
								t.Errorf("%s, %s, forgotten %t, %s apart: run %d: %v, %v", second, repeated, forgotten, apart, i, r.State(), failed[i])
							}
						}
						acctest.FailOnViolations(t, b)
					})
				}
			}
		}
	}
}

// Suspending fails while something below the plan is active. The error names it.
func TestProtoAzurePlan_suspend(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		suspending := configure(northwind, "on_destroy", "suspend")
		r.MustApply(suspending)
		id := only(t, r.Backend, northwind, "active")
		azure := r.Subscriptions(northwind)[1].AzureSubscriptions[0].ID
		r.Again()
		r.MustRefresh()
		if _, err := r.Plan(t.Context(), nil); err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Destroy cannot suspend the Azure plan of Northwind Demo") {
			t.Errorf("the plan of the destroy: %v, %q", err, r.Warnings)
		}
		says(t, "in use", r.Apply(t.Context(), nil), "Could not suspend the Azure plan of Northwind Demo", "Microsoft Azure ("+azure+")", `set on_destroy = "abandon"`)
		only(t, r.Backend, northwind, "active")
		r.SetSubscriptionStatus(northwind, azure, "inactive")
		order := r.AddOrder(northwind, mockbackend.Order{Lines: []mockbackend.OrderLine{{OfferID: "DZH318Z0BQ36:004G:DZH318Z0SAMP", TermDuration: "P3Y", Reservation: &mockbackend.Reservation{}}}})
		r.Again()
		says(t, "a reservation", r.Apply(t.Context(), nil), "code 900115", "reservations are returned")
		if err := r.ReturnReservation(northwind, order.ID); err != nil {
			t.Fatal(err)
		}
		r.SetKnobs(func(k *mockbackend.Knobs) { k.UpdateLater = time.Minute })
		r.MustApply(nil)
		if r.Exists() || only(t, r.Backend, northwind, "suspended") != id {
			t.Errorf("the state is %v", r.State())
		}
		// A suspended plan is not bought again.
		r.Again()
		says(t, "again", r.Apply(t.Context(), suspending), "The Azure plan is suspended")
		r.Again()
		adopting := configure(northwind, "adopt_existing", true, "on_destroy", "suspend")
		if err := r.Apply(t.Context(), adopting); err != nil {
			t.Fatal(err)
		}
		if only(t, r.Backend, northwind, "active") != id {
			t.Error("it is another plan")
		}
		// -replace neither suspends nor buys.
		r.Again()
		if err := r.Replace(t.Context(), adopting); err != nil {
			t.Fatal(err)
		}
		if only(t, r.Backend, northwind, "active") != id || r.State()["subscription_id"] != id {
			t.Error("it was replaced")
		}
	})
}

// The attribute azure_subscription_id stays the same as long as that Azure subscription is active.
func TestProtoAzurePlan_azureSubscriptionID(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		const low, middle, high = "00000000-0000-4000-8000-000000000001", "44444444-0000-4000-8000-000000000001", "ffffffff-0000-4000-8000-000000000001"
		with := func(ids ...string) string {
			t.Helper()
			plan := mockbackend.Subscription{ID: mockbackend.AdatumAzurePlanID}
			for _, id := range ids {
				id, status, _ := strings.Cut(id, " ")
				plan.AzureSubscriptions = append(plan.AzureSubscriptions, mockbackend.AzureEntitlement{ID: id, Status: status})
			}
			r.AddCustomer(mockbackend.Customer{ID: mockbackend.AdatumID}, plan)
			r.Again()
			if !r.Exists() {
				if err := r.Import(t.Context(), mockbackend.AdatumID, nil); err != nil {
					t.Fatal(err)
				}
			}
			r.MustRefresh()
			id, _ := r.State()["azure_subscription_id"].(string)
			return id
		}
		for _, c := range []struct {
			below []string
			want  string
		}{
			{[]string{low + " inactive", middle}, middle}, {[]string{low, middle, high}, middle}, {[]string{low, high}, low}, {[]string{low + " inactive", high}, high}, {nil, ""},
		} {
			if got := with(c.below...); got != c.want {
				t.Errorf("with %q it is %q, not %s", c.below, got, c.want)
			}
		}
	})
}

// The plan after an import is empty.
func TestProtoAzurePlan_import(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		adatum := acctest.Values{"customer_id": mockbackend.AdatumID, "partner_on_record_attestation_accepted": true}
		for _, id := range []string{
			mockbackend.AdatumID, strings.ToUpper(mockbackend.AdatumID), mockbackend.AdatumID + "/" + mockbackend.AdatumAzurePlanID,
			mockbackend.AdatumID + "/" + strings.ToUpper(mockbackend.AdatumAzurePlanID), "",
		} {
			if err := r.Import(t.Context(), id, acctest.Values{"customer_id": mockbackend.AdatumID}); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
			if s := r.State(); s["id"] != mockbackend.AdatumID || s["subscription_id"] != mockbackend.AdatumAzurePlanID || s["order_id"] != "Qm4xZ1sampleOrder1" || s["name"] != "Adatum Demo" {
				t.Errorf("%s: the state is %v", id, s)
			}
			r.ExpectPlan(adatum, acctest.NoOp)
		}
		for id, text := range map[string]string{
			"adatum": "Invalid import ID", northwind: "The customer has no Azure plan", mockbackend.AdatumID + "/" + mockbackend.AdatumAzureID: mockbackend.AdatumID + "/" + mockbackend.AdatumAzurePlanID,
			mockbackend.AdatumUserID: "no customer tenant", mockbackend.AdatumID + "/x": "Invalid import ID",
		} {
			says(t, id, r.Import(t.Context(), id, nil), text)
		}
	})
}

// Without a user the agreement cannot be read. Partner Center then checks it during the purchase.
func TestProtoAzurePlan_appOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		r := acctest.NewProtocol(t, b, "").Resource(planType)
		b.SetCustomerAgreements(northwind, mockbackend.CustomerAgreements{})
		says(t, "no agreement", r.Apply(t.Context(), config), "Could not buy the Azure plan of Northwind Demo", "code 13605", "https://admin.microsoft.com")
		b.SetCustomerAgreements(northwind, mockbackend.CustomerAgreements{SignedDirectly: true})
		r.Restart("")
		if err := r.Apply(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		only(t, b, northwind, "active")
		acctest.FailOnViolations(t, b)
	})
}

// A customer that has left does not prevent plan and destroy.
func TestProtoAzurePlan_customerLeft(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		suspending := configure(northwind, "on_destroy", "suspend")
		r.MustApply(suspending)
		for _, how := range []mockbackend.RelationshipEnded{mockbackend.RelationshipEndedForbidden, mockbackend.RelationshipEndedNotFound} {
			r.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = how })
			r.EndRelationship(northwind)
			r.Again()
			r.MustRefresh()
			if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Could not read the Azure plan of Northwind Demo") {
				t.Errorf("warnings: %q", r.Warnings)
			}
			if action, err := r.Plan(t.Context(), suspending); err != nil || action != acctest.NoOp {
				t.Errorf("the plan: %s, %v", action, err)
			}
		}
		r.MustApply(nil)
		if r.Exists() {
			t.Error("it is still in the state")
		}
	})
}

// Two resources for one customer fail the plan.
func TestProtoAzurePlan_twice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		if _, err := p.Resource(planType).Plan(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		_, err := p.Resource(planType).Plan(t.Context(), configure(strings.ToUpper(northwind)))
		says(t, "the second", err, "Two resources declare the Azure plan of Northwind Demo")
	})
}

// The check of a permission passes if the same configuration buys the Azure plan that the customer needs.
func TestProtoAzurePlan_permission(t *testing.T) {
	t.Parallel()
	for typeName, config := range map[string]acctest.Values{
		"partnercenter_customer_permission_reservations": {"customer_id": northwind},
		"partnercenter_customer_permissions":             {"permissions": acctest.Values{northwind: acctest.Values{"azure_savings_plans": true}}},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := mockbackend.New(mockbackend.Config{})
			p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
			plan, permission := p.Resource(planType), p.Resource(typeName)
			if _, err := permission.Plan(t.Context(), config); err == nil {
				t.Errorf("%s: the permission was planned without an Azure plan", typeName)
			}
			p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
			_, err := plan.Plan(t.Context(), configure(northwind))
			if err == nil {
				_, err = permission.Plan(t.Context(), config)
			}
			if err != nil {
				t.Errorf("%s: %v", typeName, err)
			}
			for _, r := range []*acctest.Resource{plan, permission} {
				p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
				config := config
				if r == plan {
					config = configure(northwind)
				}
				if err := r.Apply(t.Context(), config); err != nil {
					t.Errorf("%s: %v", typeName, err)
				}
			}
		})
	}
}

// If the Azure subscription does not appear within 10 minutes, the apply warns.
func TestProtoAzurePlan_noAzureSubscription(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, r acctest.Run) {
		r.SetKnobs(func(k *mockbackend.Knobs) { k.EntitlementDelay = time.Hour })
		start := time.Now()
		r.MustApply(config)
		if took := time.Since(start); took > 11*time.Minute || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "No Azure subscription yet: the Azure plan of Northwind Demo") {
			t.Errorf("after %s, warnings: %q", took, r.Warnings)
		}
		acctest.Pass(time.Hour)
		r.ExpectPlan(config, acctest.NoOp)
		if azure, _ := r.State()["azure_subscriptions"].([]any); len(azure) != 1 {
			t.Errorf("the Azure subscriptions are %v", azure)
		}
	})
}

// One apply buys plans for 100 customers from a server that allows 500 requests per minute.
func TestProtoAzurePlan_hundredAtScale(t *testing.T) {
	t.Parallel()
	acctest.AtScale(t)
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{Rate: mockbackend.Rate{Requests: 500, Per: time.Minute}})
		b.SetKnobs(func(k *mockbackend.Knobs) { slowly(k); k.Latency = 200 * time.Millisecond })
		module := acctest.Module{}
		for i := range 100 {
			c := b.AddCustomer(mockbackend.Customer{CompanyName: fmt.Sprintf("Customer %03d", i)})
			module[fmt.Sprintf("plan.%03d", i)] = acctest.Declaration{Type: planType, Config: acctest.Values{"customer_id": c.ID, "partner_on_record_attestation_accepted": true}}
		}
		token := b.User(mockbackend.AdminAgent).RefreshToken
		core := acctest.NewProtocol(t, b, token).NewCore(token, 1)
		core.AtOnce = 10
		start := time.Now()
		p, err := core.Plan(t.Context(), module, acctest.Options{})
		if err == nil {
			err = core.Apply(t.Context(), p)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range module {
			only(t, b, d.Config["customer_id"].(string), "active")
		}
		requests := len(acctest.Sent(b))
		t.Logf("%d requests in %s", requests, time.Since(start).Round(time.Second))
		if p, err = core.Plan(t.Context(), module, acctest.Options{}); err != nil || p.String() != "" {
			t.Errorf("the next plan: %s, %v", p, err)
		}
		acctest.FailOnViolations(t, b)
	})
}
