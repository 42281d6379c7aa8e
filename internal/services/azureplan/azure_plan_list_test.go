package azureplan_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// A list returns the same as import and refresh. The first plan of the generated configuration is empty.
func TestProtoAzurePlanList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const typeName = "partnercenter_azure_plan"
		b := mockbackend.New(mockbackend.Config{Customers: 60})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		var want []string
		for _, c := range b.Customers() {
			if slices.ContainsFunc(b.Subscriptions(c.ID), func(s mockbackend.Subscription) bool { return s.OfferName == "Azure plan" && s.Status != "deleted" }) {
				want = append(want, c.ID)
			}
		}
		got, err := p.List(t.Context(), typeName, nil, 100, true)
		if err != nil || len(got.Warnings) > 0 {
			t.Fatal(err, got.Warnings)
		}
		var ids []string
		for _, one := range got.Results {
			id, _ := one.Identity["customer_id"].(string)
			ids = append(ids, id)
			r := p.Resource(typeName)
			if err := r.Import(t.Context(), "", one.Identity); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(r.State(), one.Resource) || one.DisplayName != r.State()["name"] {
				t.Errorf("listed %v, imported %v", one.Resource, r.State())
			}
			if r.State()["status"] != "active" { // a suspended plan needs a decision of the user
				continue
			}
			if action, err := r.Plan(t.Context(), p.Generated(typeName, one.Resource)); action != acctest.NoOp || err != nil {
				t.Errorf("%s: the first plan is %s, %v", one.DisplayName, action, err)
			}
		}
		if !slices.Equal(ids, want) || len(ids) < 10 {
			t.Errorf("listed %v, not %v", ids, want)
		}
		if writes := acctest.Writes(b); len(writes) > 0 {
			t.Errorf("written: %v", acctest.Routes(writes))
		}
		p.Restart("") // app-only
		if got, err = p.List(t.Context(), typeName, acctest.Values{"exclude_customer_ids": []any{want[0]}}, 2, false); err != nil || len(got.Results) != 2 ||
			got.Results[0].Identity["customer_id"] != want[1] || !strings.Contains(strings.Join(got.Warnings, ""), "The list stops at its limit of 2") {
			t.Errorf("%v, %v", got, err)
		}
		acctest.FailOnViolations(t, b)
	})
}
