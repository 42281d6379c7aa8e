package subscription_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const ownerAddress = ownerType + ".ana"

// ownerBlock returns a resource block with arguments such as `principal_id = "…"`.
func ownerBlock(arguments ...string) string {
	return ownerBlockOf(adatum, azure, arguments...)
}

func ownerBlockOf(customerID, subscriptionID string, arguments ...string) string {
	return fmt.Sprintf("resource %q \"ana\" {\n  customer_id = %q\n  subscription_id = %q\n  %s\n}\n", ownerType, customerID, subscriptionID, strings.Join(arguments, "\n  "))
}

const anasID = `principal_id = "` + user + `"`

// testOwner runs the steps. It checks on the server that only the partner's own access is left after the
// destroy.
func testOwner(t *testing.T, b *acctest.Backend, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy: func(*terraform.State) error {
			if left := owners(b.Backend); len(left) != 0 || len(b.RoleAssignments(azure)) != 1 {
				return fmt.Errorf("after destroy the server has %+v", b.RoleAssignments(azure))
			}
			return nil
		},
		Steps: steps,
	})
}

func ownerDoes(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(ownerAddress, action)}}
}

func TestAccOwner_lifecycle(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	text := knownvalue.StringExact
	state := func(name string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(ownerAddress, tfjsonpath.New(name), check)
	}
	has := func(description, principal string) func() {
		return func() {
			if got := owners(b.Backend); len(got) != 1 || got[0].Description != description || got[0].PrincipalID != principal {
				t.Errorf("the server has %+v", got)
			}
		}
	}
	testOwner(t, b,
		resource.TestStep{
			Config:           b.Config(ownerBlock(`user_principal_name = "` + upn + `"`)),
			ConfigPlanChecks: ownerDoes(plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				state("principal_id", text(user)), state("principal_type", text("User")), state("condition", knownvalue.Null()),
				state("created_on", knownvalue.NotNull()), state("id", knownvalue.NotNull()), state("description", knownvalue.Null()),
			},
			PostApplyFunc: has("", user),
		},
		resource.TestStep{
			Config:            b.Config(ownerBlock(`user_principal_name = "`+upn+`"`, `description = "buys reservations"`)),
			ConfigPlanChecks:  ownerDoes(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{state("description", text("buys reservations"))},
			PostApplyFunc:     has("buys reservations", user),
		},
		resource.TestStep{
			Config:           b.Config(ownerBlock(anasID, `description = "buys reservations"`)),
			ConfigPlanChecks: ownerDoes(plancheck.ResourceActionUpdate),
			PostApplyFunc:    has("buys reservations", user),
		},
		resource.TestStep{
			Config:           b.Config(ownerBlock(`principal_id = "`+mockbackend.AdatumGroupID+`"`, `principal_type = "Group"`)),
			ConfigPlanChecks: ownerDoes(plancheck.ResourceActionReplace),
			PostApplyFunc:    has("", mockbackend.AdatumGroupID),
		},
		resource.TestStep{
			ResourceName: ownerAddress, ImportState: true, ImportStateId: adatum + "/" + azure + "/" + mockbackend.AdatumGroupID,
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "id",
		},
		resource.TestStep{
			ResourceName: ownerAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithID,
			ImportStateId: adatum + "/" + azure + "/" + mockbackend.AdatumGroupID,
		},
		resource.TestStep{ // the same IDs in other spellings
			Config: b.Config(ownerBlockOf(strings.ToUpper(adatum), "/subscriptions/"+strings.ToUpper(azure),
				`principal_id = "`+strings.ToUpper(mockbackend.AdatumGroupID)+`"`)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	)
}

// changedOutside changes an imported role assignment outside Terraform. It is imported, not created, because the provider
// accepts a change shortly after its own write only after a minute of reads. TestProtoOwner_readsLag and
// TestProtoOwner_changedOutside test that with simulated time.
func changedOutside(t *testing.T, change func(*acctest.Backend, mockbackend.RoleAssignment), does plancheck.ResourceActionType) {
	t.Helper()
	b := acctest.New(t, mockbackend.Config{})
	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user})
	imported := fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", ownerAddress, adatum+"/"+azure+"/"+user)
	testOwner(t, b,
		resource.TestStep{Config: b.Config(imported, ownerBlock(anasID))},
		resource.TestStep{
			PreConfig:        func() { change(b, owners(b.Backend)[0]) },
			Config:           b.Config(ownerBlock(anasID)),
			ConfigPlanChecks: ownerDoes(does),
			PostApplyFunc: func() {
				if got := owners(b.Backend); len(got) != 1 || got[0].Condition != "" {
					t.Errorf("the server has %+v", got)
				}
			},
		},
	)
}

func TestAccOwner_removedOutside(t *testing.T) {
	t.Parallel()
	changedOutside(t, func(b *acctest.Backend, a mockbackend.RoleAssignment) { b.RemoveAssignment(azure, a.Name) }, plancheck.ResourceActionCreate)
}

func TestAccOwner_createdAgainOutside(t *testing.T) {
	t.Parallel()
	changedOutside(t, func(b *acctest.Backend, a mockbackend.RoleAssignment) {
		b.RemoveAssignment(azure, a.Name)
		a.Condition, a.ConditionVersion = "false", "2.0"
		b.AssignRole(a)
	}, plancheck.ResourceActionUpdate)
}

// An imported role assignment is replaced by itself, in both orders. The principal type can be the result of
// another resource.
func TestAccOwner_replaced(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user})
	config := func(version int, first bool, arguments ...string) string {
		return b.Config(fmt.Sprintf("resource \"terraform_data\" \"x\" {\n  input = %d\n}\nimport {\n  to = %s\n  id = %q\n}\n", version, ownerAddress, adatum+"/"+azure+"/"+user) +
			ownerBlock(anasID, strings.Join(arguments, "\n"), fmt.Sprintf("lifecycle {\n    replace_triggered_by = [terraform_data.x]\n    create_before_destroy = %t\n  }", first)))
	}
	one := func() {
		if got := owners(b.Backend); len(got) != 1 {
			t.Errorf("the server has %+v", got)
		}
	}
	testOwner(t, b,
		resource.TestStep{Config: config(1, false), PostApplyFunc: one},
		resource.TestStep{Config: config(2, false), ConfigPlanChecks: ownerDoes(plancheck.ResourceActionDestroyBeforeCreate), PostApplyFunc: one},
		resource.TestStep{Config: config(3, true), ExpectError: acctest.Says("adopt_existing = true")}, // leaves a deposed object only
		resource.TestStep{Config: config(3, true, "adopt_existing = true"), ConfigPlanChecks: ownerDoes(plancheck.ResourceActionCreate), PostApplyFunc: one},
		resource.TestStep{Config: config(4, true, "adopt_existing = true"), ConfigPlanChecks: ownerDoes(plancheck.ResourceActionCreateBeforeDestroy), PostApplyFunc: one},
	)
	testOwner(t, b, resource.TestStep{
		Config: b.Config("resource \"terraform_data\" \"type\" {\n  input = \"User\"\n}\n" +
			ownerBlock(`user_principal_name = "`+upn+`"`, "principal_type = terraform_data.type.output")),
	})
}

// The write succeeds, but its answer is lost and all reads after it fail. The state has the role assignment, as
// tainted, and the next apply keeps it.
func TestAccOwner_interrupted(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := b.Config(ownerBlock(anasID, `timeouts = { create = "2s" }`))
	var made string
	testOwner(t, b,
		resource.TestStep{
			PreConfig:   func() { lost(b.Backend) },
			Config:      config,
			ExpectError: acctest.Says("The principal may be Owner"),
		},
		resource.TestStep{
			PreConfig: func() {
				if got := owners(b.Backend); len(got) == 1 {
					made = got[0].Name
				}
				b.ClearFaults()
				b.ResetJournal()
			},
			Config:           config,
			ConfigPlanChecks: ownerDoes(plancheck.ResourceActionDestroyBeforeCreate),
			PostApplyFunc: func() {
				if got := owners(b.Backend); len(got) != 1 || got[0].Name != made || len(acctest.Writes(b.Backend)) != 0 {
					t.Errorf("the server has %+v, want %s, after %d writes", got, made, len(acctest.Writes(b.Backend)))
				}
			},
		},
		resource.TestStep{
			Config: config, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	)
}

// Errors of Resource Manager that users can act on have their own texts.
func TestAccOwner_errors(t *testing.T) {
	t.Parallel()
	const nobody = "11111111-1111-1111-1111-111111111111"
	const soon = `timeouts = { create = "1s", delete = "1s" }`
	answered := func(status int, code string) func(*acctest.Backend) {
		return func(b *acctest.Backend) {
			b.Fail(mockbackend.Fault{Service: mockbackend.ResourceManager, Method: http.MethodPut, Kind: mockbackend.APIError, Status: status, Error: code, Times: -1})
		}
	}
	for name, c := range map[string]struct {
		before  func(*acctest.Backend)
		block   string
		appOnly bool
		want    []string
	}{
		"PrincipalNotFound": {
			block: ownerBlock(`principal_id = "`+nobody+`"`, `principal_type = "User"`, soon),
			want:  []string{"Could not assign " + nobody + " as Owner", "400 Bad Request (PrincipalNotFound)", nobody, adatum, "It must be one of the customer's own directory"},
		},
		"UnmatchedPrincipalType": {
			block: ownerBlock(anasID, `principal_type = "Group"`, soon),
			want:  []string{"(UnmatchedPrincipalType)", "Set the principal type to what the principal is, or leave it out. In Terraform: principal_type."},
		},
		"InvalidRoleAssignmentId":          {before: answered(http.StatusBadRequest, "InvalidRoleAssignmentId"), want: []string{"400 Bad Request (InvalidRoleAssignmentId)"}},
		"RoleAssignmentUpdateNotPermitted": {before: answered(http.StatusBadRequest, "RoleAssignmentUpdateNotPermitted"), want: []string{"A role assignment with this name exists for something else."}},
		"RoleAssignmentLimitExceeded": {
			before: func(b *acctest.Backend) { b.SetKnobs(func(k *mockbackend.Knobs) { k.RoleAssignmentLimit = 1 }) },
			want:   []string{"(RoleAssignmentLimitExceeded)", "assign the role to a group"},
		},
		"InvalidAuthenticationTokenTenant": {
			block: ownerBlockOf(mockbackend.ContosoID, azure, anasID),
			want:  []string{"401 Unauthorized (InvalidAuthenticationTokenTenant)", "The subscription belongs to the tenant " + adatum + ", not to " + mockbackend.ContosoID},
		},
		"InvalidAuthenticationToken": {
			before: func(b *acctest.Backend) { b.SetKnobs(func(k *mockbackend.Knobs) { k.NoServicePrincipal = true }) }, appOnly: true,
			want: []string{"401 Unauthorized (InvalidAuthenticationToken)", "needs a service principal in the customer's tenant"},
		},
		"claims challenge": {
			before: func(b *acctest.Backend) {
				b.SetKnobs(func(k *mockbackend.Knobs) { k.ClaimsChallenge = mockbackend.ClaimsChallengeResourceManager })
			},
			want: []string{"Sign-in failed", "multifactor authentication"},
		},
		"AuthorizationFailed": {
			before: func(b *acctest.Backend) { b.EndDelegatedAccess(adatum) }, block: ownerBlock(anasID, soon),
			want: []string{"403 Forbidden (AuthorizationFailed)", "member of AdminAgents with a GDAP relationship to the customer", "Correlation ID:"},
		},
		"LinkedAuthorizationFailed": {before: answered(http.StatusForbidden, "LinkedAuthorizationFailed"), want: []string{"Access across tenants is not in effect yet."}},
		"RequestDisallowedByPolicy": {before: answered(http.StatusForbidden, "RequestDisallowedByPolicy"), want: []string{"multifactor authentication for changes by users"}},
		"SubscriptionNotFound": {
			block: ownerBlockOf(adatum, nobody, anasID, soon),
			want:  []string{"Adatum Demo (" + adatum + ") has no Azure subscription " + nobody, "404 Not Found (SubscriptionNotFound)", "In Terraform: subscription_id, customer_id."},
		},
		"MissingSubscription": {before: answered(http.StatusNotFound, "MissingSubscription"), want: []string{"not the ID of the Azure plan in Partner Center"}},
		"RoleAssignmentExists": {
			before: func(b *acctest.Backend) {
				b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user})
			},
			want: []string{"The role assignment exists already", "import it with the ID", adatum + "/" + azure + "/" + user, "adopt_existing = true"},
		},
		"ReadOnlyDisabledSubscription": {before: answered(http.StatusConflict, "ReadOnlyDisabledSubscription"), want: []string{"The subscription is disabled, so nothing can be changed in it."}},
		"disabled, in the plan": {
			before: func(b *acctest.Backend) { b.SetSubscriptionStatus(adatum, azure, "suspended") },
			want:   []string{"is disabled, so nothing can be changed in it", "Reactivate the subscription in Partner Center first."},
		},
		"ScopeLocked": {
			before: func(b *acctest.Backend) { b.LockSubscription(azure, mockbackend.ReadOnly) },
			want:   []string{"409 Conflict (ScopeLocked)", "Remove the lock first."},
		},
		"the partner's own access": {
			block: ownerBlock(`principal_id = "`+mockbackend.GroupID(mockbackend.AdminAgent)+`"`, "adopt_existing = true"),
			want:  []string{"This is the partner's own access", "name a user, group or service principal of the customer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			if c.before != nil {
				c.before(b)
			}
			if c.block == "" {
				c.block = ownerBlock(anasID)
			}
			config := b.Config(c.block)
			if c.appOnly {
				config = b.ConfigAs("", c.block)
			}
			var steps []resource.TestStep
			for _, want := range c.want {
				steps = append(steps, resource.TestStep{Config: config, ExpectError: acctest.Says(want)})
			}
			resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: b.Factories(), Steps: steps})
		})
	}
}

// Azure keeps the last role assignment that can manage access. The error says what to do.
func TestAccOwner_lastOwner(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := b.Config(ownerBlock(anasID))
	var partners mockbackend.RoleAssignment
	testOwner(t, b,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				for _, a := range b.RoleAssignments(azure) {
					if a.PrincipalType == mockbackend.ForeignGroupPrincipal {
						partners = a
						b.RemoveAssignment(azure, a.Name)
						a.Name, a.Scope = "", "/providers/Microsoft.Management/managementGroups/adatum"
						b.AssignRole(a)
					}
				}
			},
			Config: config, Destroy: true,
			ExpectError: acctest.Says("412 Precondition Failed (CannotDeleteLastRbacAdminAssignment)"),
		},
		resource.TestStep{Config: config, Destroy: true, ExpectError: acctest.Says("a removed block with destroy = false")},
		resource.TestStep{
			PreConfig: func() {
				for _, a := range b.RoleAssignments(azure) {
					if a.PrincipalType == mockbackend.ForeignGroupPrincipal {
						b.RemoveAssignment(azure, a.Name)
					}
				}
				b.AssignRole(partners)
			},
			Config: config,
		},
	)
}

// One provider block works for 50 tenants in one apply, with one token for each. The next plan is empty.
func TestAccOwner_fiftyTenants(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	var lines []string
	subscriptions := map[string]string{}
	for range 50 {
		c := b.AddCustomer(mockbackend.Customer{}, mockbackend.Subscription{AzureSubscriptions: []mockbackend.AzureEntitlement{{}}})
		subscriptions[c.ID] = b.Subscriptions(c.ID)[0].AzureSubscriptions[0].ID
		lines = append(lines, fmt.Sprintf("{ id = %q, subscription = %q, user = %q },", c.ID, subscriptions[c.ID], b.AddUser(c.ID, mockbackend.Principal{}).ID))
	}
	// plugin-testing cannot check destruction with for_each.
	block := fmt.Sprintf("locals {\n  customers = [\n    %s\n  ]\n}\nresource %q \"all\" {\n  count = length(local.customers)\n  customer_id = local.customers[count.index].id\n"+
		"  subscription_id = local.customers[count.index].subscription\n  principal_id = local.customers[count.index].user\n}\n", strings.Join(lines, "\n    "), ownerType)
	perTenant := func() map[string]int {
		n := map[string]int{}
		for _, token := range b.Counters().Tokens {
			if subscriptions[token.Tenant] != "" {
				n[token.Tenant] += token.Count
			}
		}
		return n
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy: func(*terraform.State) error {
			for customerID, id := range subscriptions {
				if left := b.RoleAssignments(id); len(left) != 1 {
					return fmt.Errorf("customer %s has %+v", customerID, left)
				}
			}
			return nil
		},
		Steps: []resource.TestStep{{
			Config: b.Config(block),
			PostApplyFunc: func() {
				for customerID, id := range subscriptions {
					if n := len(b.RoleAssignments(id)); n != 2 {
						t.Errorf("customer %s has %d role assignments", customerID, n)
					}
				}
				// Refresh, plan and apply are three runs of the provider.
				for customerID, n := range perTenant() {
					if n > 3 {
						t.Errorf("%d tokens of customer %s", n, customerID)
					}
				}
				if len(perTenant()) != 50 {
					t.Errorf("tokens of %d tenants", len(perTenant()))
				}
			},
		}},
	})
}
