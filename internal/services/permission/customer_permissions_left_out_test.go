package permission_test

import (
	"testing"
	"testing/synctest"
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

// A resource that has left a customer out is destroyed, and a new one enables the customer. The plan says so, whatever
// Terraform plans and applies first.
func TestProtoFleet_leftOutTakenOver(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			b := mockbackend.New(mockbackend.Config{})
			token := b.User(mockbackend.AdminAgent).RefreshToken
			core := acctest.NewProtocol(t, b, token).NewCore(token, seed)
			d := acctest.Declaration{
				Type: fleetType, Config: of(acctest.Values{mockbackend.AdatumID: onlyRI}, "on_error", "report"), CreateBeforeDestroy: seed%2 == 0,
			}
			b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzurePlanID, "suspended")
			for _, module := range []acctest.Module{{"old": d}, {"new": d}} {
				p, err := core.Plan(t.Context(), module, acctest.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := core.Apply(t.Context(), p); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzurePlanID, "active")
				acctest.Pass(time.Hour)
			}
			acctest.ExpectPermissions(t, b, mockbackend.AdatumID, ri)
			for _, o := range core.Objects() {
				if want := "enables 1, disables 0, releases 0, cannot enable 0; 0 already as declared"; o.State["change_summary"] != want {
					t.Errorf("seed %d: the state says %v", seed, o.State["change_summary"])
				}
			}
		})
	}
}
