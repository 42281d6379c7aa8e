package subscription_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// inLists runs a test of the list resource with a new mock, in a synctest bubble.
func inLists(t *testing.T, test func(*testing.T, *mockbackend.Backend, *acctest.Protocol)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		test(t, b, acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken))
		acctest.FailOnViolations(t, b)
	})
}

// ofContoso is the configuration of a list block for Contoso.
var ofContoso = acctest.Values{"customer_id": strings.ToUpper(mockbackend.ContosoID)}

func principals(l acctest.Listed) []string {
	var out []string
	for _, one := range l.Results {
		id, _ := one.Identity["principal_id"].(string)
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// The list contains what can be imported, the same as after import and refresh. The first plan of the generated
// configuration is empty.
func TestProtoOwnerList_takeOver(t *testing.T) {
	t.Parallel()
	inLists(t, func(t *testing.T, b *mockbackend.Backend, p *acctest.Protocol) {
		group := b.AddGroup(mockbackend.ContosoID, mockbackend.Principal{})
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.ContosoSecondAzureID, PrincipalID: group.ID, Description: "Buyers"})
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.ContosoAzureID, PrincipalID: group.ID, RoleID: mockbackend.ReaderRole})
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.ContosoAzureID, PrincipalID: mockbackend.ContosoSecondUserID, Scope: "/providers/Microsoft.Management/managementGroups/root"})
		got, err := p.List(t.Context(), ownerType, ofContoso, 100, true)
		if err != nil || len(got.Warnings) > 0 {
			t.Fatal(err, got.Warnings)
		}
		want := []string{mockbackend.ContosoUserID, group.ID}
		slices.Sort(want)
		if !slices.Equal(principals(got), want) {
			t.Errorf("listed %v, not %v", principals(got), want)
		}
		for _, one := range got.Results {
			r := p.Resource(ownerType)
			if err := r.Import(t.Context(), "", one.Identity); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(r.State(), one.Resource) || !reflect.DeepEqual(r.Identity(), one.Identity) {
				t.Errorf("listed %v, imported %v", one.Resource, r.State())
			}
			if action, err := r.Plan(t.Context(), p.Generated(ownerType, one.Resource)); action != acctest.NoOp || err != nil {
				t.Errorf("%s: the first plan is %s, %v", one.DisplayName, action, err)
			}
		}
		for _, name := range []string{mockbackend.ContosoUserPrincipalName + " on Production of Contoso Demo", group.ID + " on Development of Contoso Demo"} {
			if !slices.ContainsFunc(got.Results, func(one acctest.ListedResource) bool { return one.DisplayName == name }) {
				t.Errorf("%s is not in %v", name, got.Results)
			}
		}
		if writes := acctest.Writes(b); len(writes) > 0 {
			t.Errorf("written: %v", acctest.Routes(writes))
		}
	})
}

// If the limit ends the list early, there is a warning.
func TestProtoOwnerList_limit(t *testing.T) {
	t.Parallel()
	inLists(t, func(t *testing.T, b *mockbackend.Backend, p *acctest.Protocol) {
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.ContosoSecondAzureID, PrincipalID: mockbackend.ContosoSecondUserID, Condition: "@Resource", ConditionVersion: "2.0"})
		for _, c := range []struct {
			config   acctest.Values
			limit    int64
			results  int
			warnings int
		}{
			{ofContoso, 0, 2, 1},
			{ofContoso, 1, 1, 1},
			{ofContoso, 2, 2, 1},
			{ofContoso, 3, 2, 1},
			{with(ofContoso, "subscription_id", mockbackend.ContosoAzureID), 1, 1, 0},
			{with(ofContoso, "subscription_id", "/subscriptions/"+mockbackend.ContosoSecondAzureID), 100, 1, 1},
		} {
			p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
			got, err := p.List(t.Context(), ownerType, c.config, c.limit, false)
			if err != nil || len(got.Results) != c.results || len(got.Warnings) != c.warnings {
				t.Errorf("limit %d of %v: %d results, %q, %v", c.limit, c.config, len(got.Results), got.Warnings, err)
			}
			if left := c.limit == 1 && c.warnings == 1; left != strings.Contains(strings.Join(got.Warnings, ""), "The list stops at its limit of 1") {
				t.Errorf("limit %d: %q", c.limit, got.Warnings)
			}
		}
	})
}

// Missing access is a warning. Other failures are errors.
func TestProtoOwnerList_noAccess(t *testing.T) {
	t.Parallel()
	inLists(t, func(t *testing.T, b *mockbackend.Backend, p *acctest.Protocol) {
		b.RemoveApplicationConsents(mockbackend.ContosoID)
		got, err := p.List(t.Context(), ownerType, ofContoso, 100, false)
		if err != nil || len(got.Results) > 0 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "Could not list the Azure subscriptions of Contoso Demo") {
			t.Errorf("no consent: %v, %q, %v", got.Results, got.Warnings, err)
		}
	})
	inLists(t, func(t *testing.T, b *mockbackend.Backend, p *acctest.Protocol) {
		b.Fail(mockbackend.Fault{Path: "/subscriptions/" + mockbackend.ContosoAzureID + "/providers/**", Kind: mockbackend.APIError, Status: http.StatusForbidden, Error: "AuthorizationFailed", Times: -1})
		got, err := p.List(t.Context(), ownerType, ofContoso, 100, false)
		if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], mockbackend.ContosoAzureID) {
			t.Errorf("no access to one: %v, %q, %v", got.Results, got.Warnings, err)
		}
		if _, err := p.List(t.Context(), ownerType, with(ofContoso, "subscription_id", "11111111-2222-3333-4444-555555555555"), 100, false); err == nil ||
			!strings.Contains(err.Error(), "Could not list the owners of subscription 11111111-2222-3333-4444-555555555555") {
			t.Errorf("another subscription: %v", err)
		}
	})
}

// Each request fails in every way. The list is complete, or warns about what is missing, or is an error.
func TestProtoOwnerList_faults(t *testing.T) {
	t.Parallel()
	acctest.EachFault(t, "Could not ", func(t *testing.T, b *mockbackend.Backend) acctest.Trial {
		t.Helper()
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		var got acctest.Listed
		return acctest.Trial{
			Run: func() (err error) {
				got, err = p.List(t.Context(), ownerType, ofContoso, 100, true)
				return err
			},
			Check: func(failed error) error {
				switch {
				case failed != nil && len(got.Results) > 0:
					return fmt.Errorf("it failed and returned a part of the list: %v", got)
				case failed == nil && len(got.Results) != 1 && len(got.Warnings) == 0:
					return fmt.Errorf("another list: %v", got)
				}
				p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
				again, err := p.List(t.Context(), ownerType, ofContoso, 100, true)
				if err != nil || !slices.Equal(principals(again), []string{mockbackend.ContosoUserID}) {
					return fmt.Errorf("the next time: %v, %w", again, err)
				}
				return nil
			},
		}
	})
}

// The list works with a CLI that supports terraform query.
func TestAccOwnerList(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{{
			Query: true,
			Config: b.Config(fmt.Sprintf(`
list "partnercenter_subscription_owner_assignment" "contoso" {
  provider = partnercenter
  config {
    customer_id = %q
  }
}`, mockbackend.ContosoID)),
			QueryResultChecks: []querycheck.QueryResultCheck{querycheck.ExpectLength("partnercenter_subscription_owner_assignment.contoso", 1)},
		}},
	})
}
