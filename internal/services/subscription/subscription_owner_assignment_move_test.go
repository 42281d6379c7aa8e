package subscription_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// armID returns the Resource Manager ID of a role assignment.
func armID(a mockbackend.RoleAssignment) string {
	return "/subscriptions/" + azure + "/providers/Microsoft.Authorization/roleAssignments/" + a.Name
}

// azurermState returns the state of azurerm_role_assignment 4.x, as Terraform stores it.
func azurermState(id, scope, roleID, roleName string) string {
	return fmt.Sprintf(`{"condition":"","condition_version":"","delegated_managed_identity_resource_id":"","description":"Buyer","id":%q,`+
		`"name":"c4","principal_id":%q,"principal_type":"User","role_definition_id":%q,"role_definition_name":%q,"scope":%q,`+
		`"skip_service_principal_aad_check":null,"timeouts":null}`, id, user, roleID, roleName, scope)
}

const ownerRoleID = "/subscriptions/" + azure + "/providers/Microsoft.Authorization/roleDefinitions/" + mockbackend.OwnerRole

// The state of other providers, in several versions, is moved. The first plan after a refresh is empty.
func TestProtoOwner_moved(t *testing.T) {
	t.Parallel()
	const scope = "/subscriptions/" + azure
	for name, c := range map[string]struct {
		source string
		state  func(id string) string
	}{
		"azurerm":               {"azurerm_role_assignment", func(id string) string { return azurermState(id, scope, ownerRoleID, "Owner") }},
		"azurerm, tenant in id": {"azurerm_role_assignment", func(id string) string { return azurermState(id+"|"+adatum, scope, ownerRoleID, "Owner") }},
		"azurerm, tenant level": {"azurerm_role_assignment", func(id string) string {
			return azurermState(id, scope, "/providers/Microsoft.Authorization/roleDefinitions/"+strings.ToUpper(mockbackend.OwnerRole), "Owner")
		}},
		"azurerm, role by name": {"azurerm_role_assignment", func(id string) string { return azurermState(id, strings.ToUpper(scope[:15])+scope[15:], "", "Owner") }},
		"azapi 2, dynamic": {"azapi_resource", func(id string) string {
			return azapiState(id, scope, `{"type":["object",{}],"value":`+azapiBody+`}`, "null")
		}},
		"azapi 1, text": {"azapi_resource", func(id string) string { return azapiState(id, scope, fmt.Sprintf("%q", azapiBody), `"{}"`) }},
		"azapi, type from output": {"azapi_resource", func(id string) string {
			return azapiState(id, scope, fmt.Sprintf("%q", strings.Replace(azapiBody, `"principalType":"User",`, "", 1)), fmt.Sprintf("%q", azapiBody))
		}},
		"azapi, type known to API": {"azapi_resource", func(id string) string {
			return azapiState(id, scope, fmt.Sprintf("%q", strings.Replace(azapiBody, `"principalType":"User",`, "", 1)), "null")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
				a := r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user, Description: "Buyer"})
				if err := r.Move(t.Context(), c.source, c.state(armID(a))); err != nil {
					t.Fatal(err)
				}
				if s := r.State(); s["principal_id"] != user || s["description"] != "Buyer" || s["id"] != armID(a) || (s["customer_id"] == nil) == strings.Contains(name, "tenant in id") {
					t.Errorf("moved to %v", s)
				}
				config := with(byID, "description", "Buyer")
				saved := r.Save()
				// Without a refresh nothing is replaced, and the apply sets what is unknown.
				action, err := r.Plan(t.Context(), config)
				if err != nil || action == acctest.Replace {
					t.Errorf("without a refresh: %s, %v", action, err)
				}
				r.MustApply(config)
				r.ExpectPlan(config, acctest.NoOp)
				r.Load(saved)
				r.Restart(r.User(mockbackend.AdminAgent).RefreshToken)
				r.MustRefresh()
				r.ExpectPlan(config, acctest.NoOp)
				if s := r.State(); s["customer_id"] != adatum || r.Identity()["customer_id"] != adatum {
					t.Errorf("after a refresh: %v, %v", s, r.Identity())
				}
				// A destroy right after the move works without a refresh.
				r.Load(saved)
				r.Restart(r.User(mockbackend.AdminAgent).RefreshToken)
				r.MustApply(nil)
				if left := owners(r.Backend); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
		})
	}
}

const azapiBody = `{"properties":{"description":"Buyer","principalId":"` + user + `","principalType":"User","roleDefinitionId":"` + ownerRoleID + `"}}`

// azapiState returns the state of azapi_resource.
func azapiState(id, parent, body, output string) string {
	return fmt.Sprintf(`{"id":%q,"name":"c4","type":"Microsoft.Authorization/roleAssignments@2022-04-01","parent_id":%q,"body":%s,"output":%s,"locks":null}`, id, parent, body, output)
}

// Moving anything else than a role assignment of Owner on a subscription is an error that says why.
func TestProtoOwner_notMoved(t *testing.T) {
	t.Parallel()
	const scope, id = "/subscriptions/" + azure, "/subscriptions/" + azure + "/providers/Microsoft.Authorization/roleAssignments/" + user
	for says, c := range map[string]struct{ source, state string }{
		"Its role is Reader.":                   {"azurerm_role_assignment", azurermState(id, scope, strings.Replace(ownerRoleID, mockbackend.OwnerRole, mockbackend.ReaderRole, 1), "Reader")},
		"Its role is " + mockbackend.ReaderRole: {"azapi_resource", azapiState(id, scope, strings.Replace(azapiBody, mockbackend.OwnerRole, mockbackend.ReaderRole, 1), "null")},
		"Its scope is /subscriptions/" + azure + "/resourceGroups/buyers.": {"azurerm_role_assignment", azurermState(
			scope+"/resourceGroups/buyers/providers/Microsoft.Authorization/roleAssignments/"+user, scope+"/resourceGroups/buyers", ownerRoleID, "Owner")},
		"It is a Microsoft.Storage/storageAccounts@2023-01-01": {"azapi_resource", `{"id":"/subscriptions/x","type":"Microsoft.Storage/storageAccounts@2023-01-01"}`},
		"Its state cannot be read":                             {"azurerm_role_assignment", `{"id": 7}`},
		"does not include support for the given source":        {"aws_instance", `{"id":"i-1"}`},
	} {
		acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
			err := r.Move(t.Context(), c.source, c.state)
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", says, err)
			}
		})
	}
}

// The refresh after a move finds the tenant of the subscription by a request without a token. If the subscription
// no longer exists, the refresh fails and the state stays.
func TestProtoOwner_movedTenant(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		a := r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user, Description: "Buyer"})
		state := azurermState(armID(a), "/subscriptions/"+azure, ownerRoleID, "Owner")
		if err := r.Move(t.Context(), "azurerm_role_assignment", state); err != nil {
			t.Fatal(err)
		}
		r.MustRefresh()
		r.ExpectSent(subscriptionRoute, tokenRoute, listRoute, subscriptionRoute, tokenRoute, customerRoute)
		for _, sent := range r.Requests() {
			if sent.Route == subscriptionRoute && sent.TokenMode == "" && sent.Status != 401 {
				t.Errorf("the request without a token was answered %d", sent.Status)
			}
		}
		other := strings.ReplaceAll(state, azure, "11111111-2222-3333-4444-555555555555")
		if err := r.Move(t.Context(), "azurerm_role_assignment", other); err != nil {
			t.Fatal(err)
		}
		if err := r.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "Could not find the customer of subscription 11111111-2222-3333-4444-555555555555") || !r.Exists() {
			t.Errorf("an unknown subscription: %v", err)
		}
	})
}

// The ID of a role assignment is enough to import it.
func TestProtoOwner_importByRoleAssignment(t *testing.T) {
	t.Parallel()
	acctest.InBubble(t, ownerType, func(t *testing.T, r acctest.Run) {
		a := r.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user})
		if err := r.Import(t.Context(), armID(a), nil); err != nil {
			t.Fatal(err)
		}
		if r.State()["customer_id"] != adatum {
			t.Errorf("imported %v", r.State())
		}
		r.ExpectPlan(byID, acctest.NoOp)
	})
}

// azurermSchema returns the schema of azurerm_role_assignment.
func azurermSchema() schema.Schema {
	attributes := map[string]schema.Attribute{"scope": schema.StringAttribute{Required: true}, "principal_id": schema.StringAttribute{Required: true}, "skip_service_principal_aad_check": schema.BoolAttribute{Optional: true}}
	for _, name := range []string{"id", "name", "role_definition_id", "role_definition_name", "principal_type", "delegated_managed_identity_resource_id", "description", "condition", "condition_version"} {
		attributes[name] = schema.StringAttribute{Optional: true}
	}
	return schema.Schema{Attributes: attributes}
}

// With the real CLI, a moved block moves role assignments from a state in azurerm's schema. The keys of for_each stay,
// and nothing changes. Without a refresh nothing is replaced.
func TestCLIOwner_moved(t *testing.T) {
	t.Parallel()
	acctest.SkipBelow(t, 8, 10, "moved blocks between types")
	example, err := os.ReadFile(filepath.Join(acctest.Root(), "examples", "moved", "azurerm", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		flags    []string
		role     string
		exitCode int
		says     []string
	}{
		"refreshed":     {nil, mockbackend.OwnerRole, 0, []string{"azurerm_role_assignment.buyers[\"adatum\"] has moved to", "Plan: 0 to add, 0 to change, 0 to destroy."}},
		"not refreshed": {[]string{"-refresh=false"}, mockbackend.OwnerRole, 2, []string{`+ customer_id     = "` + adatum, "Plan: 0 to add, 1 to change, 0 to destroy."}},
		"another role":  {nil, mockbackend.ReaderRole, 1, []string{"Cannot move azurerm_role_assignment to", "Its role is Reader.", "remove the moved block"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			a := b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: azure, PrincipalID: user, RoleID: c.role})
			roleName := map[string]string{mockbackend.OwnerRole: "Owner", mockbackend.ReaderRole: "Reader"}[c.role]
			attributes := azurermState(armID(a), "/subscriptions/"+azure, strings.Replace(ownerRoleID, mockbackend.OwnerRole, c.role, 1), roleName)
			cli, err := acctest.FindCLI()
			if err != nil {
				t.Fatal(err)
			}
			host := "registry.terraform.io"
			if cli.Tofu {
				host = "registry.opentofu.org"
			}
			state := fmt.Sprintf(`{"version":4,"terraform_version":"1.8.0","serial":1,"lineage":"7f1c3c1e-0000-4000-8000-000000000000","outputs":{},"resources":[{"mode":"managed",`+
				`"type":"azurerm_role_assignment","name":"buyers","provider":"provider[\"%s/hashicorp/azurerm\"]","instances":[{"index_key":"adatum","schema_version":0,`+
				`"attributes":%s,"private":"bnVsbA=="}]}]}`, host, strings.Replace(attributes, `"description":"Buyer"`, `"description":""`, 1))
			dir := t.TempDir()
			for file, text := range map[string]string{"main.tf": "terraform {\n  required_providers {\n    partnercenter = {\n      source = \"partnercenter/partnercenter\"\n    }\n  }\n}\n\n" + string(example), "terraform.tfstate": state} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			w, err := acctest.NewWorkspace(t.Context(), dir, append(b.WorkspaceEnvironment(), acctest.StandIn(t, "azurerm", "azurerm_role_assignment", azurermSchema())))
			if err != nil {
				t.Fatal(err)
			}
			r := w.Run(t.Context(), append([]string{"plan", "-input=false", "-detailed-exitcode", "-out=tfplan"}, c.flags...)...)
			if r.ExitCode != c.exitCode && !(c.exitCode == 0 && r.ExitCode == 2) { // the move itself counts as a change
				t.Errorf("exit code %d", r.ExitCode)
			}
			for _, says := range c.says {
				if !strings.Contains(r.Output, says) && !acctest.Says(says).MatchString(r.Output) {
					t.Errorf("the plan does not say %q:\n%s", says, r.Output)
				}
			}
			if c.exitCode == 1 {
				return
			}
			for _, args := range [][]string{{"apply", "-input=false", "tfplan"}, {"plan", "-input=false", "-detailed-exitcode"}} {
				if r := w.Run(t.Context(), args...); r.ExitCode != 0 {
					t.Errorf("%v: exit code %d\n%s", args, r.ExitCode, r.Output)
				}
			}
			for _, sent := range acctest.Writes(b.Backend) {
				if sent.Method == "DELETE" || len(c.flags) == 0 {
					t.Errorf("written: %s %s", sent.Method, sent.Path)
				}
			}
		})
	}
}
