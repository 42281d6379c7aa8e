package permission_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// expectOutside fails the test unless exactly one warning has these lines about changes outside Terraform.
// Without lines, there must be no such warning.
func expectOutside(t *testing.T, warnings []string, want ...string) {
	t.Helper()
	var found []string
	for _, w := range warnings {
		if strings.HasPrefix(w, "Permissions changed outside Terraform") {
			found = append(found, w)
		}
	}
	if want == nil && len(found) > 0 || want != nil && len(found) != 1 {
		t.Fatalf("the warnings are %q", found)
	}
	for _, line := range want {
		if !strings.Contains(found[0], line) {
			t.Errorf("%q does not say %q", found[0], line)
		}
	}
}

const portalAgent = "portal.agent@partner-demo.onmicrosoft.com"

// A refresh that finds changes warns once. It says what was changed, for which customer, by which user, and
// when. It takes an additional request only if something has changed.
func TestProtoFleet_changedOutside(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		config := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: bothOff}, "unlisted", "deny")
		r.MustApply(config)
		applied := time.Now().UTC()
		acctest.Pass(48 * time.Hour)
		r.Again()
		r.MustRefresh()
		expectOutside(t, r.Warnings)
		r.SetPermissions(mockbackend.AdatumID)
		r.SetPermissions(mockbackend.LitwareID, ri, sp)
		r.SetPermissions(mockbackend.TailspinID, sp)
		when := " by " + portalAgent + " on " + time.Now().UTC().Format("2006-01-02 15:04") + " UTC"
		acctest.Pass(time.Hour)
		r.Again()
		r.ResetCounters()
		r.MustRefresh()
		expectOutside(t, r.Warnings, "Changed outside Terraform since "+applied.Format(time.DateOnly)+":\n",
			adatum+": reservations disabled"+when, litware+": reservations enabled"+when, litware+": savings plans enabled"+when, tailspin+": savings plans enabled"+when)
		if n := r.Counters().Route("GET /v1/auditrecords"); n != 1 {
			t.Errorf("the activity log was read %d times", n)
		}
		if _, err := r.Plan(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		expectChanges(t, "the plan", r.Planned, acctest.Values{
			adatum: "reservations: off -> on (disabled outside Terraform)", litware: "reservations: on -> off, savings plans: on -> off (enabled outside Terraform)",
			tailspin: "savings plans: on -> off (unlisted)",
		}, "enables 1, disables 2, releases 0, cannot enable 0; 0 already as declared")
	})
}

// Without the activity log, the warning only says what changed.
func TestProtoFleet_changedOutsideWithoutLog(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: onlyRI}))
		acctest.Pass(time.Hour)
		r.SetPermissions(mockbackend.AdatumID)
		acctest.Pass(time.Hour)
		r.Again()
		r.Fail(mockbackend.Fault{Method: http.MethodGet, Path: "/auditrecords", Kind: mockbackend.APIError, Status: http.StatusForbidden, Code: 900150, Times: -1})
		r.MustRefresh()
		expectOutside(t, r.Warnings, adatum+": reservations disabled")
		if strings.Contains(strings.Join(r.Warnings, ""), " by ") {
			t.Errorf("the warnings are %q", r.Warnings)
		}
	})
}

// Single resources warn under the same headline, so that the CLI groups the warnings. They read the log once.
func TestProtoReservations_changedOutside(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		second := r.Protocol.Resource(typeName)
		r.MustApply(acctest.Values{"customer_id": customer})
		if err := second.Apply(t.Context(), acctest.Values{"customer_id": mockbackend.LitwareID, "enabled": false}); err != nil {
			t.Fatal(err)
		}
		acctest.Pass(48 * time.Hour)
		r.SetPermissions(customer)
		r.SetPermissions(mockbackend.LitwareID, ri)
		acctest.Pass(time.Hour)
		r.Again()
		r.ResetCounters()
		for one, line := range map[*acctest.Resource]string{r.Resource: adatum + ": reservations disabled by " + portalAgent, second: litware + ": reservations enabled by " + portalAgent} {
			if err := one.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			expectOutside(t, one.Warnings, line)
		}
		if n := r.Counters().Route("GET /v1/auditrecords"); n != 1 {
			t.Errorf("the activity log was read %d times", n)
		}
	})
}

// A plan names the company. An unchanged plan does not read the name.
func TestProtoReservations_names(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, typeName, func(t *testing.T, r acctest.Run) {
		upper := acctest.Values{"customer_id": strings.ToUpper(customer), "verify_azure_subscription": false}
		if _, err := r.Plan(t.Context(), upper); err != nil {
			t.Fatal(err)
		}
		if r.Planned["id"] != customer || r.Planned["name"] != "Adatum Demo" {
			t.Errorf("planned are %v and %v", r.Planned["id"], r.Planned["name"])
		}
		r.ExpectSent(tokenRoute, "GET /v1/customers/{customer}")
		r.Again()
		r.MustApply(upper)
		r.ResetJournal()
		r.ExpectPlan(upper, acctest.NoOp)
		r.ExpectSent(tokenRoute, listRoute)
		r.Again()
		if err := r.Import(t.Context(), customer, nil); err != nil {
			t.Fatal(err)
		}
		if got := r.State(); got["id"] != customer || got["name"] != "Adatum Demo" {
			t.Errorf("the import has %v", got)
		}
		// Many new resources take three single reads and one list.
		r.Again()
		r.ResetCounters()
		for _, c := range r.Customers() {
			if _, err := r.Protocol.Resource(typeName).Plan(t.Context(), with(upper, "customer_id", c.ID)); err != nil {
				t.Fatal(err)
			}
		}
		if one, all := r.Counters().Route("GET /v1/customers/{customer}"), r.Counters().Route("GET /v1/customers"); one != 3 || all != 1 {
			t.Errorf("%d names were read, and %d lists", one, all)
		}
	})
}

// The ID of an imported resource is short, whatever the import ID was.
func TestProtoFleet_importIDs(t *testing.T) {
	t.Parallel()
	both := mockbackend.AdatumID + "," + mockbackend.ContosoID
	file := t.TempDir() + "/customers.txt"
	writeFile(t, file, "\n"+strings.ToUpper(mockbackend.AdatumID)+"\n "+mockbackend.ContosoID+" \r\n"+mockbackend.AdatumID+"\n")
	for id, want := range map[string][]string{
		"all": nil, "ON": {mockbackend.ContosoID, mockbackend.TailspinID}, both: {mockbackend.AdatumID, mockbackend.ContosoID}, "@" + file: {mockbackend.AdatumID, mockbackend.ContosoID},
	} {
		inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
			if want == nil {
				for _, c := range r.Customers() {
					want = append(want, c.ID)
				}
			}
			if err := r.Import(t.Context(), id, nil); err != nil {
				t.Fatal(err)
			}
			permissions, _ := r.State()["permissions"].(acctest.Values)
			var got []string
			for customerID := range permissions {
				got = append(got, customerID)
			}
			slices.Sort(got)
			slices.Sort(want)
			if short, _ := r.State()["id"].(string); !slices.Equal(got, want) || len(short) > 36 || r.Identity()["id"] != short {
				t.Errorf("%s: the import has %v, %q and %v", id, got, short, r.Identity())
			}
			r.ResetJournal()
			r.ExpectPlan(of(permissions), acctest.NoOp)
			if n := len(acctest.Writes(r.Backend)); n > 0 {
				t.Errorf("%d writes", n)
			}
		})
	}
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		for id, want := range map[string]string{"@/no/such/file": "Could not read the customers to import", "some": "The import ID is all, on"} {
			if err := r.Import(t.Context(), id, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v", id, err)
			}
		}
		r.SetPermissions(mockbackend.ContosoID)
		r.SetPermissions(mockbackend.TailspinID)
		if err := r.Import(t.Context(), "on", nil); err == nil || !strings.Contains(err.Error(), "No customer has a permission enabled") {
			t.Errorf("got %v", err)
		}
	})
}
