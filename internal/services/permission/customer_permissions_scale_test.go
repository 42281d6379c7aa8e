package permission_test

import (
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// scaleFleet is ten thousand customers with reservations on: on the server, in the state and in
// the configuration.
func scaleFleet(r acctest.Run, refresh string) (config acctest.Values) {
	permissions := acctest.Values{}
	for _, c := range r.Customers() {
		permissions[c.ID] = onlyRI
	}
	config = of(permissions, "verify_azure_subscription", false, "refresh", refresh)
	r.MustApply(config)
	return config
}

// scale is how many customers the test of scale has. The race detector makes it ten times as
// slow, and there is no more to race for with more of them.
var scale = map[bool]int{false: 10_000, true: 1_000}[acctest.RaceDetector]

// Of 10,000 customers three are changed outside. The activity log tells which, with fewer than
// 20 requests.
func TestProtoFleet_activityLogAtScale(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{Customers: scale}, func(t *testing.T, r acctest.Run) {
		config := scaleFleet(r, "activity_log")
		// The log of the first hours has the apply itself, 500 records a page.
		r.ResetJournal()
		r.ExpectPlan(config, acctest.NoOp)
		if n := count(r); n > scale/500+1 {
			t.Errorf("right after the apply a plan took %d requests", n)
		}
		acctest.Pass(48 * time.Hour) // and the next refresh is a full one
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
