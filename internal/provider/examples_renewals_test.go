package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// stopPurchases disables the permissions and every renewal. Destroy must leave them disabled.
func (e example) stopPurchases(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	if _, err := b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{}); err != nil {
		e.Fatal(err)
	}
	b.AddAzureReservation(mockbackend.TailspinID, mockbackend.AzureReservation{SKU: "Standard_DS2_v2"}) // Azure no longer renews this series
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	stopped := func() {
		e.Helper()
		for _, a := range b.AzureReservations(mockbackend.ContosoID) {
			if !a.NoRenewal {
				e.Errorf("it renews: %+v", a)
			}
		}
		acctest.ExpectPermissions(e.T, b.Backend, mockbackend.ContosoID, mockbackend.AzureSavingsPlan)
		acctest.ExpectPermissions(e.T, b.Backend, mockbackend.TailspinID)
	}
	stopped()
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessPartner })
	b.EndDelegatedAccess(mockbackend.TailspinID)
	if out := run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode"); !acctest.Says("Reservations of these customers are not known and may renew:").MatchString(out) ||
		!strings.Contains(out, "\n  "+mockbackend.TailspinID+": Azure Resource Manager answered 403 Forbidden") {
		e.Errorf("the plan does not say what is not known:\n%s", out)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessAll })
	if out := run(e.T, w, 0, "destroy", "-input=false", "-auto-approve"); !acctest.Says("changes nothing in Azure. The renewal is disabled.").MatchString(out) {
		e.Errorf("destroy does not say that it changes nothing:\n%s", out)
	}
	stopped()
}

// renewalsDue must not warn until a renewal is due soon. Then it shows the costs, the most expensive renewal first.
func (e example) renewalsDue(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	if out := run(e.T, w, 0, "apply", "-input=false", "-auto-approve"); strings.Contains(out, "Warning") {
		e.Errorf("nothing renews soon:\n%s", out)
	}
	soon := time.Now().Add(30 * 24 * time.Hour)
	for _, a := range []mockbackend.AzureReservation{
		{RenewalCents: 99_900}, {RenewalCents: 123_456, Quantity: 3}, {NoRenewal: true}, {State: "Cancelled"}, {SKU: "Standard_D8s_v5", RenewalCents: 1_000_000},
	} {
		a.Expires = soon
		b.AddAzureReservation(mockbackend.TailspinID, a)
	}
	out := run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode")
	on := "\n  " + soon.UTC().Format(time.DateOnly) + ": "
	want := on + "10000.00 USD, 1 × Standard_D8s_v5 (P1Y), customer " + mockbackend.TailspinID + on + "1234.56 USD, 3 × Standard_D2s_v5 (P1Y), customer " + mockbackend.TailspinID +
		on + "999.00 USD, 1 × Standard_D2s_v5 (P1Y), customer " + mockbackend.TailspinID + "\n  together 12233.56 USD\n"
	if plain := strings.ReplaceAll(out, "│ ", ""); !strings.Contains(plain, want) || !acctest.Says("Azure will purchase 3 reservations again").MatchString(out) {
		e.Errorf("the plan does not say %s\nbut\n%s", want, out)
	}
	b.EndDelegatedAccess(mockbackend.ContosoID)
	if out := run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode"); !strings.Contains(out, "\n  "+mockbackend.ContosoID+": Azure Resource Manager answered 403 Forbidden") {
		e.Errorf("the plan does not say who could not be read:\n%s", out)
	}
}

// TestExamples_checkThenEnable applies the configuration that checks first and then enables. The second plan must
// be empty, although the permission is enabled then.
func TestExamples_checkThenEnable(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID})
	const text = `
data "partnercenter_reservation_readiness" "one" {
  customer_id = "` + mockbackend.AdatumID + `"
}

resource "partnercenter_customer_permission_reservations" "one" {
  customer_id = data.partnercenter_reservation_readiness.one.customer_id
  enabled     = data.partnercenter_reservation_readiness.one.prerequisites_met
}
`
	w := workspace(t, b.WorkspaceEnvironment(), map[string]string{"main.tf": requirement + text})
	run(t, w, 0, "apply", "-input=false", "-auto-approve")
	acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	run(t, w, 0, "plan", "-input=false", "-detailed-exitcode")
}
