package conformance_test

import (
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// check compares some answers with the wanted ones, and plays the report.
func (r *trial) check(want map[string]string) {
	r.Helper()
	got := r.answers()
	for probe, answer := range want {
		if got[probe] != answer {
			r.Errorf("%s is %q, want %q", probe, got[probe], answer)
		}
	}
	playedAgain(r.T, r.report, got)
}

// TestSavingsPlans checks the answers about savings plans for several knobs and forms of savings
// plans.
func TestSavingsPlans(t *testing.T) {
	t.Parallel()
	const all = "autoRenewEnabled,friendlyName,id,purchaseCommitment,scope,status"
	for _, k := range []struct {
		change func(*mockbackend.Knobs)
		plan   mockbackend.SavingsPlan
		want   map[string]string
	}{
		{func(*mockbackend.Knobs) {}, mockbackend.SavingsPlan{}, map[string]string{
			"savings_plan_order": "yes", "savings_plan_unit_type": "Benefit", "savings_plan_billing_type": "benefit", "savings_plan_line_fields": all,
			"savings_plan_commitment": "number", "savings_plan_scope": "type",
		}},
		{
			func(k *mockbackend.Knobs) {
				k.SavingsPlanUnitType, k.SavingsPlanBillingType, k.CommitmentAsString = "none", "usage", true
			},
			mockbackend.SavingsPlan{OutsidePartnerCenter: true, ScopeID: mockbackend.TailspinAzurePlanID},
			map[string]string{
				"savings_plan_order": "no", "savings_plan_unit_type": "none", "savings_plan_billing_type": "usage", "savings_plan_commitment": "text",
				"savings_plan_scope": "subscriptionId,type",
			},
		},
		{
			func(k *mockbackend.Knobs) { k.SavingsPlanUnitType, k.SavingsPlanLineFields = "Nights", "id,scope" },
			mockbackend.SavingsPlan{ScopeType: "Single", ScopeID: mockbackend.TailspinAzureID},
			map[string]string{
				"savings_plan_unit_type": "other", "savings_plan_line_fields": "id,scope", "savings_plan_commitment": "absent", "savings_plan_scope": "entitlementId,type",
			},
		},
		{func(k *mockbackend.Knobs) { k.SavingsPlanLineFields = "none" }, mockbackend.SavingsPlan{}, map[string]string{
			"savings_plan_line_fields": "none", "savings_plan_commitment": "absent", "savings_plan_scope": "none",
		}},
	} {
		r := newTrial(t, mockbackend.Config{})
		r.b.AddSubscription(mockbackend.TailspinID, mockbackend.Subscription{SavingsPlan: &k.plan})
		r.b.SetKnobs(k.change)
		r.check(k.want)
	}
}

// TestSelfServe checks that a purchase of a customer's user is found in the activity log, and compared with orders,
// entitlements and Azure.
func TestSelfServe(t *testing.T) {
	t.Parallel()
	const noOrder = "not observed: no order of a customer's user in the activity log"
	for i, k := range []struct {
		change func(*mockbackend.Knobs)
		want   map[string]string
	}{
		{func(*mockbackend.Knobs) {}, map[string]string{
			"self_serve_order": "listed", "self_serve_order_client": "Azure Portal", "self_serve_order_context": "no", "self_serve_application": "name",
			"self_serve_entitlement": "listed", "self_serve_in_azure": "listed", "azure_reservations": "all", "azure_reservations_listed": "all",
		}},
		{func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessPartner }, map[string]string{
			"azure_reservations": "some", "self_serve_in_azure": "missing",
		}},
		{func(k *mockbackend.Knobs) { k.ReservationAccess = mockbackend.ReservationAccessNone }, map[string]string{
			"azure_reservations": "empty list", "self_serve_in_azure": "missing",
		}},
		{func(k *mockbackend.Knobs) {
			k.ReservationAccess, k.ReservationListForbidden = mockbackend.ReservationAccessNone, true
		}, map[string]string{"azure_reservations": "403", "self_serve_in_azure": "403"}},
		{func(k *mockbackend.Knobs) { k.NoOrderClient, k.PurchaseApplicationID = true, true }, map[string]string{
			"self_serve_order_client": "absent", "self_serve_application": "ID",
		}},
		{func(k *mockbackend.Knobs) { k.PurchaseAudit = mockbackend.PurchaseAuditAnonymous }, map[string]string{"self_serve_order": noOrder, "self_serve_in_azure": noOrder}},
		{func(k *mockbackend.Knobs) { k.PurchaseAudit = mockbackend.PurchaseAuditNone }, map[string]string{"self_serve_order": noOrder}},
		{func(k *mockbackend.Knobs) { k.OrderDelayReads = 100 }, map[string]string{
			"self_serve_order": "missing", "self_serve_order_client": "not observed: the order of a customer's user is not listed", "self_serve_entitlement": "listed",
		}},
		{func(k *mockbackend.Knobs) { k.ReservationDelay = 1 << 50 }, map[string]string{
			"self_serve_order": "listed", "self_serve_entitlement": "missing", "self_serve_in_azure": "not observed: no entitlement of an order of a customer's user",
		}},
	} {
		r := newTrial(t, mockbackend.Config{})
		r.b.SetKnobs(k.change)
		if _, err := r.b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{}); err != nil {
			t.Fatal(i, err)
		}
		r.check(k.want)
	}
	r := newTrial(t, mockbackend.Config{}) // Azure has a reservation that Partner Center does not list
	r.b.AddAzureReservation(mockbackend.ContosoID, mockbackend.AzureReservation{})
	r.check(map[string]string{"azure_reservations": "all", "azure_reservations_listed": "some"})
}

// TestAgreements checks that the answers depend on the existing customers.
func TestAgreements(t *testing.T) {
	t.Parallel()
	const allAgreed = "not observed: all customers that were read have an agreement"
	r := newTrial(t, mockbackend.Config{})
	confirmed := r.b.CustomerAgreements(mockbackend.AdatumID)
	r.b.SetCustomerAgreements(mockbackend.FabrikamID, confirmed)
	r.b.SetCustomerAgreements(mockbackend.ContosoID, confirmed)
	r.check(map[string]string{"no_agreement": allAgreed, "direct_agreement": "not observed: no customer that was read accepted the agreement directly"})
	confirmed.SignedDirectly = true
	r.b.SetKnobs(func(k *mockbackend.Knobs) { k.DirectAgreementListed = true })
	r.b.SetCustomerAgreements(mockbackend.ContosoID, confirmed)
	r.check(map[string]string{"no_agreement": allAgreed, "direct_agreement": "listed"})
}
