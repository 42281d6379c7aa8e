package subscription_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
)

// The name in a plan has the principal, the subscription and the company. If the subscription is not known yet,
// the apply sets the name.
func TestProtoOwner_name(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		for name, config := range map[string]acctest.Values{upn + " on Production of Adatum Demo": byName, user + " on Production of Adatum Demo": byID} {
			r.Again()
			if _, err := r.Plan(t.Context(), config); err != nil || r.Planned["name"] != name {
				t.Errorf("the planned name is %v, want %s (%v)", r.Planned["name"], name, err)
			}
		}
		r.Again()
		if _, err := r.Plan(t.Context(), with(byName, "subscription_id", acctest.Unknown)); err != nil || r.Planned["name"] != acctest.Unknown {
			t.Errorf("the planned name is %v (%v)", r.Planned["name"], err)
		}
		r.Again()
		r.MustApply(byName)
		if got := r.State()["name"]; got != upn+" on Production of Adatum Demo" {
			t.Errorf("the state has %v", got)
		}
	})
}

// A refresh warns if the role assignment was removed.
func TestProtoOwner_removedOutsideWarns(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		r.MustApply(byID)
		acctest.Pass(time.Hour)
		r.Again()
		r.MustRefresh()
		if len(r.Warnings) > 0 {
			t.Errorf("the warnings are %q", r.Warnings)
		}
		r.RemoveAssignment(azure, owners(r.Backend)[0].Name)
		acctest.Pass(time.Hour)
		r.Again()
		r.MustRefresh()
		if !slices.ContainsFunc(r.Warnings, func(w string) bool {
			return strings.HasPrefix(w, "Owner role assignments changed outside Terraform") && strings.Contains(w, user) && strings.Contains(w, "removed")
		}) {
			t.Errorf("the warnings are %q", r.Warnings)
		}
	})
}
