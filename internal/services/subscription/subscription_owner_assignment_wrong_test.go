package subscription_test

import (
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// If neither Azure nor Partner Center has the Azure subscription, the plan fails and lists the customer's Azure
// subscriptions.
func TestProtoOwner_wrongSubscription(t *testing.T) {
	t.Parallel()
	const nobody = "11111111-1111-1111-1111-111111111111"
	const has = azure + " (Production, active)"
	for name, c := range map[string]struct {
		customer, subscription string
		says                   []string
	}{
		"the Azure plan":  {adatum, mockbackend.AdatumAzurePlanID, []string{"Adatum Demo", "has no Azure subscription " + mockbackend.AdatumAzurePlanID, "the customer's Azure plan in Partner Center", has, "In Terraform: subscription_id"}},
		"licences":        {adatum, strings.ToLower(mockbackend.AdatumLicencesID), []string{"the customer's subscription to Sample Licences", has}},
		"nothing at all":  {adatum, "/subscriptions/" + nobody, []string{"has no Azure subscription " + nobody, "none of the customer's subscriptions in Partner Center", has}},
		"no subscription": {mockbackend.NorthwindID, nobody, []string{"The customer has no Azure subscription. Create one"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				start := time.Now()
				_, err := r.Plan(t.Context(), acctest.Values{"customer_id": c.customer, "subscription_id": c.subscription, "principal_id": user})
				for _, s := range c.says {
					if err == nil || !strings.Contains(err.Error(), s) {
						t.Errorf("got %v, want %q", err, s)
					}
				}
				if took := time.Since(start); took > time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// If Azure does not find a subscription that may be new, the plan only warns: because Partner Center has it, or
// cannot be read.
func TestProtoOwner_newSubscription(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(acctest.Run){
		"new": func(r acctest.Run) { r.SetKnobs(func(k *mockbackend.Knobs) { k.UnknownSubscriptions = 5 }) },
		"Partner Center refuses": func(r acctest.Run) {
			r.SetKnobs(func(k *mockbackend.Knobs) { k.UnknownSubscriptions = 5 })
			r.Fail(mockbackend.Fault{Path: "/customers/*/subscriptions", Kind: mockbackend.EmptyForbidden, Times: -1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				prepare(r)
				if _, err := r.Plan(t.Context(), byID); err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Apply waits for up to 5 minutes") {
					t.Errorf("got %v, the warnings are %q", err, r.Warnings)
				}
				r.Again()
				if err := r.Apply(t.Context(), byID); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
