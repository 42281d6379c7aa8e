package permission_test

import (
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// scaleFleet declares all customers of the mock with reservations enabled, and applies that.
func scaleFleet(r acctest.Run, refresh string) (config acctest.Values) {
	permissions := acctest.Values{}
	for _, c := range r.Customers() {
		permissions[c.ID] = onlyRI
	}
	config = of(permissions, "verify_azure_subscription", false, "refresh", refresh)
	r.MustApply(config)
	return config
}

// scale is the number of customers in tests of scale. The race detector makes them ten times as slow, and more customers
// would not find more races.
var scale = map[bool]int{false: 10_000, true: 1_000}[acctest.RaceDetector]

// Three of 10,000 customers are changed outside Terraform. The refresh finds them in the activity log with
// fewer than 20 requests.
func TestProtoFleet_activityLogAtScale(t *testing.T) {
	t.Parallel()
	acctest.AtScale(t)
	inFleet(t, mockbackend.Config{Customers: scale}, func(t *testing.T, r acctest.Run) {
		config := scaleFleet(r, "activity_log")
		// The part of the log that is read again contains the apply itself, with 500 records per page.
		r.ResetJournal()
		r.ExpectPlan(config, acctest.NoOp)
		if n := count(r); n > scale/500+1 {
			t.Errorf("right after the apply a plan took %d requests", n)
		}
		acctest.Pass(48 * time.Hour) // the next refresh is a full one
		r.Again()
		r.MustRefresh()
		if n := count(r); n != scale {
			t.Errorf("the full refresh took %d requests", n)
		}
		acctest.Pass(8 * time.Hour)
		changed := map[string]bool{r.Customers()[7].ID: true, r.Customers()[scale/2].ID: true, r.Customers()[scale-1].ID: true}
		for id := range changed {
			r.SetPermissions(id, sp)
		}
		acctest.Pass(time.Hour)
		r.ExpectPlan(config, acctest.Update)
		if n := count(r); n >= 20 {
			t.Errorf("the plan took %d requests", n)
		}
		permissions, _ := r.State()["permissions"].(acctest.Values)
		for id, v := range permissions {
			if one, _ := v.(acctest.Values); one["azure_reservations"] != !changed[id] {
				t.Errorf("customer %s is %v in the state", id, one)
			}
		}
		if len(permissions) != scale {
			t.Errorf("%d customers are in the state", len(permissions))
		}
	})
}
