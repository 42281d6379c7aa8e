package permission_test

import (
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// A customer that is left out can have one of its permissions enabled: from before, or by somebody else. Whatever ends the
// management of the customer disables it.
func TestProtoFleet_leftOutInPart(t *testing.T) {
	t.Parallel()
	config := func(permissions acctest.Values) acctest.Values {
		return of(acctest.Values{mockbackend.AdatumID: permissions, mockbackend.LitwareID: acctest.Values{}}, "on_error", "report")
	}
	for name, before := range map[string]func(acctest.Run){
		"enabled before": func(r acctest.Run) {
			r.MustApply(config(onlyRI))
			r.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzurePlanID, "suspended")
			r.Again()
			r.MustRefresh()
			r.MustApply(config(bothOn))
		},
		"enabled outside": func(r acctest.Run) {
			r.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzurePlanID, "suspended")
			r.MustApply(config(bothOn))
			acctest.Pass(time.Hour)
			r.SetPermissions(mockbackend.AdatumID, ri)
		},
	} {
		for end, after := range map[string]acctest.Values{"destroyed": nil, "removed": of(acctest.Values{}, "on_error", "report"), "declared disabled": config(bothOff)} {
			for refreshed, refresh := range map[string]bool{"": true, ", without a refresh": false} {
				if !refresh && name == "enabled outside" { // no state can know of it
					continue
				}
				t.Run(name+", "+end+refreshed, func(t *testing.T) {
					t.Parallel()
					inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
						before(r)
						acctest.ExpectPermissions(t, r.Backend, mockbackend.AdatumID, ri)
						r.Again()
						if refresh {
							r.MustRefresh()
						}
						if err := r.Apply(t.Context(), after); err != nil {
							t.Fatal(err)
						}
						acctest.ExpectPermissions(t, r.Backend, mockbackend.AdatumID)
					})
				})
			}
		}
	}
}
