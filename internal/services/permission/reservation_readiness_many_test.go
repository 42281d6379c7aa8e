package permission_test

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

// rowsOf returns the rows by customer ID.
func rowsOf(v acctest.Values) map[string]acctest.Values {
	out := map[string]acctest.Values{}
	all, _ := v["customers"].([]any)
	for _, one := range all {
		row, _ := one.(acctest.Values)
		id, _ := row["customer_id"].(string)
		out[id] = row
	}
	return out
}

// Each customer of the partner has a row. One warning names all customers with an old agreement.
func TestProtoReservationReadiness_all(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
	v, err := p.ReadDataSource(t.Context(), readinessName, acctest.Values{})
	if err != nil {
		t.Fatal(err)
	}
	got := rowsOf(v)
	for id, want := range map[string]string{ // ready, prerequisites met, plan, agreement, owner, permission, number of blockers
		mockbackend.ContosoID:   "Contoso Demo true true true true true true 0",
		mockbackend.AdatumID:    "Adatum Demo false false true true false false 2",
		mockbackend.LitwareID:   "Litware Demo false false true true false false 2",
		mockbackend.FabrikamID:  "Fabrikam Demo false false false false false false 3",
		mockbackend.NorthwindID: "Northwind Demo false false false true false false 2",
		mockbackend.TailspinID:  "Tailspin Demo false false true true false true 1",
	} {
		r := got[id]
		blockers, _ := r["blockers"].([]any)
		if s := fmt.Sprint(r["company_name"], " ", r["ready"], " ", r["prerequisites_met"], " ", r["has_active_azure_subscription"], " ", r["agreement_accepted"], " ",
			r["has_owner"], " ", r["permission_enabled"], " ", len(blockers)); s != want {
			t.Errorf("got %s, not %s: %v", s, want, blockers)
		}
	}
	if len(got) != 6 || v["ready"] != nil || v["blockers"] != nil || v["azure_subscriptions"] != nil {
		t.Errorf("got %v", v)
	}
	if w := p.Warned(); len(w) != 1 || !strings.Contains(w[0], "Litware Demo ("+mockbackend.LitwareID+")") || !strings.Contains(w[0], "before 1 April 2023") {
		t.Errorf("the warnings are %q", w)
	}
	acctest.FailOnViolations(t, b)
}

// prerequisites_met does not change with the permission, so a configuration can check it before it enables the
// permission.
func TestProtoReservationReadiness_prerequisites(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	assignOwner(b, mockbackend.AdatumUserID)
	for _, permissions := range [][]string{nil, {mockbackend.AzureReservedInstances}} {
		b.SetPermissions(mockbackend.AdatumID, permissions...)
		if v := readiness(t, b, mockbackend.AdatumID); v["prerequisites_met"] != true || v["ready"] != (permissions != nil) {
			t.Errorf("with %q: ready is %v, prerequisites_met %v", permissions, v["ready"], v["prerequisites_met"])
		}
	}
	b.EndDelegatedAccess(mockbackend.AdatumID)
	if v := readiness(t, b, mockbackend.AdatumID); v["prerequisites_met"] != nil || v["ready"] != nil {
		t.Errorf("without access: ready is %v, prerequisites_met %v", v["ready"], v["prerequisites_met"])
	}
}

// An old agreement is a warning and not a missing condition, unless the customer has accepted directly after
// that.
func TestProtoReservationReadiness_oldAgreement(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
	old := mockbackend.CustomerAgreements{Confirmed: []mockbackend.CustomerAgreement{{DateAgreed: time.Date(2021, time.June, 15, 0, 0, 0, 0, time.UTC)}}}
	for _, direct := range []bool{false, true} {
		old.SignedDirectly = direct
		b.SetCustomerAgreements(mockbackend.ContosoID, old)
		p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
		v, err := p.ReadDataSource(t.Context(), readinessName, acctest.Values{"customer_id": mockbackend.ContosoID})
		if err != nil || v["ready"] != true {
			t.Fatal(v, err)
		}
		if warnings, _ := v["warnings"].([]any); len(warnings) != len(p.Warned()) || (len(warnings) == 0) != direct || !direct && !strings.Contains(fmt.Sprint(warnings), "on 2021-06-15") {
			t.Errorf("signed directly: %t, the warnings are %v and %q", direct, warnings, p.Warned())
		}
	}
}

// Purchaser roles are listed separately, and do not count.
func TestProtoReservationReadiness_purchasers(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	for role, name := range map[string]string{mockbackend.ReservationPurchaserRole: "reservation_purchasers", mockbackend.SavingsPlanPurchaserRole: "savings_plan_purchasers"} {
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, RoleID: role})
		v := readiness(t, b, mockbackend.AdatumID)
		one, _ := v["azure_subscriptions"].([]any)[0].(acctest.Values)
		if found, _ := one[name].([]any); len(found) != 1 || one["has_owner"] != false {
			t.Errorf("%s: got %v", name, one)
		}
	}
}

func TestProtoReservationReadiness_some(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
	const nobody = "00000000-0000-4000-8000-000000000000"
	ids := []any{strings.ToUpper(mockbackend.ContosoID), mockbackend.AdatumID, mockbackend.ContosoID, nobody}
	_, err := p.ReadDataSource(t.Context(), readinessName, acctest.Values{"customer_ids": ids})
	if err == nil || !strings.Contains(err.Error(), "Could not read the prerequisites of 1 of 3 customers") || !strings.Contains(err.Error(), nobody) {
		t.Errorf("got %v", err)
	}
	v, err := p.ReadDataSource(t.Context(), readinessName, acctest.Values{"customer_ids": ids, "on_error": "report"})
	errors, _ := v["errors"].(acctest.Values)
	if err != nil || len(rowsOf(v)) != 2 || len(errors) != 1 || errors[nobody] == nil || len(p.Warned()) != 1 {
		t.Errorf("got %v, %v, the warnings %q", v, err, p.Warned())
	}
	if v, err := p.ReadDataSource(t.Context(), readinessName, acctest.Values{"customer_ids": []any{}}); err != nil || len(rowsOf(v)) != 0 {
		t.Errorf("without customers: %v, %v", v, err)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensExpired })
	p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
	if _, err := p.ReadDataSource(t.Context(), readinessName, acctest.Values{"on_error": "report"}); err == nil || !strings.Contains(err.Error(), "Sign-in failed") {
		t.Errorf("a failure for all customers: got %v", err)
	}
}

// A data source with three thousand customers takes a known number of requests for each of them. Tenants that
// refuse take no more requests, and a customer that Partner Center refuses does not stop the others.
func TestProtoReservationReadiness_atScale(t *testing.T) {
	t.Parallel()
	acctest.AtScale(t)
	customers := map[bool]int{false: 3_000, true: 300}[acctest.RaceDetector]
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{Customers: customers})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		all := b.Customers()
		lost, refused := all[customers/2].ID, all[customers/3].ID
		b.EndDelegatedAccess(lost)
		b.Fail(mockbackend.Fault{Path: "/customers/" + refused + "/subscriptions", Kind: mockbackend.APIError, Status: http.StatusForbidden, Code: 20002, Times: -1})
		b.ResetCounters()
		v, err := p.ReadDataSource(t.Context(), readinessName, acctest.Values{"on_error": "report"})
		if err != nil {
			t.Fatal(err)
		}
		rows := rowsOf(v)
		unknowns, _ := rows[lost]["unknowns"].([]any)
		if errors, _ := v["errors"].(acctest.Values); len(rows) != customers-1 || len(errors) != 1 || errors[refused] == nil || len(unknowns) != 1 || rows[lost]["has_owner"] != nil {
			t.Errorf("%d rows, the errors %v, the row without access is %v", len(rows), v["errors"], rows[lost])
		}
		if list, _ := v["customers"].([]any); !slices.IsSortedFunc(list, func(a, b any) int {
			return strings.Compare(fmt.Sprint(a.(acctest.Values)["customer_id"]), fmt.Sprint(b.(acctest.Values)["customer_id"]))
		}) {
			t.Error("the rows are not sorted")
		}
		c := b.Counters()
		const notActive = 2 // Fabrikam's plan is suspended, and Northwind has none
		for route, want := range map[string]int{
			"GET /v1/customers": (customers + 499) / 500, subsRoute: customers, agreementsRoute: customers - 1, directRoute: customers - 1, listRoute: customers - 1,
			entitlementsRoute: customers - 1 - notActive - 1, // Litware has an Azure (global) subscription, which has no entitlements
			assignmentsRoute:  customers - 1 - notActive + 1, // Contoso has two Azure subscriptions
		} {
			if got := c.Route(route); got != want {
				t.Errorf("%s: %d requests, not %d", route, got, want)
			}
		}
		if n := c.TokensIssued(); n > customers {
			t.Errorf("%d tokens for %d customers", n, customers)
		}
		acctest.FailOnViolations(t, b)
	})
}
