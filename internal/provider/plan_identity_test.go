package provider_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestPlanIdentity checks the statements of the pipelines guide about roles at plan time. A Helpdesk agent can plan
// permissions. It can plan Owner assignments only with read access to the customer's Azure subscription.
func TestPlanIdentity(t *testing.T) {
	t.Parallel()
	example := func(name string) string {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(acctest.Root(), "examples", "resources", name, "resource.tf"))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	b := acctest.New(t, mockbackend.Config{})
	w := workspace(t, b.WorkspaceEnvironment(), map[string]string{
		"main.tf":    requirement + example("partnercenter_customer_permissions") + singleConfig("savings_plans", mockbackend.ContosoID),
		"consent.tf": example("partnercenter_application_consent"),
		"data.tf":    "data \"partnercenter_activity_log\" \"all\" {\n  last = \"1d\"\n}\n",
	})
	run(t, w, 0, "apply", "-input=false", "-auto-approve")
	admin := w.Env
	as := func(env ...string) {
		w.Env = slices.Concat(admin, []string{"PARTNERCENTER_REFRESH_TOKEN=" + b.User(mockbackend.HelpdeskAgent).RefreshToken}, env)
	}
	as()
	run(t, w, 0, "plan", "-input=false", "-detailed-exitcode")

	w.Env = admin
	if err := os.WriteFile(filepath.Join(w.Dir, "owner.tf"), []byte(example("partnercenter_subscription_owner_assignment")), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, w, 0, "apply", "-input=false", "-auto-approve")
	as()
	blind := func() {
		t.Helper()
		if out := run(t, w, 0, "plan", "-input=false", "-detailed-exitcode"); strings.Count(out, "Warning: Could not read ") != 2 {
			t.Errorf("the plan does not warn of what it cannot read:\n%s", out)
		}
	}
	blind()
	b.AssignRole(mockbackend.RoleAssignment{
		SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.GroupID(mockbackend.HelpdeskAgent), PrincipalType: mockbackend.ForeignGroupPrincipal,
		RoleID: mockbackend.ReaderRole,
	})
	sees := func() {
		t.Helper()
		if out := run(t, w, 0, "plan", "-input=false", "-detailed-exitcode"); strings.Contains(out, "Warning") {
			t.Errorf("the plan warns:\n%s", out)
		}
	}
	sees()
	as("PARTNERCENTER_AZURE_AUTH_MODE=app")
	blind()
	b.AssignRole(mockbackend.RoleAssignment{
		SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: b.ServicePrincipalID(mockbackend.AdatumID), PrincipalType: mockbackend.ServicePrincipal,
		RoleID: mockbackend.ReaderRole,
	})
	sees()
}
