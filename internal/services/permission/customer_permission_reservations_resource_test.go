package permission_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	typeName = "partnercenter_customer_permission_reservations"
	ri       = mockbackend.AzureReservedInstances
	sp       = mockbackend.AzureSavingsPlan
)

// block returns a resource block with further arguments, such as "enabled = false".
func block(name, customerID string, arguments ...string) string {
	return fmt.Sprintf("resource %q %q {\n  customer_id = %q\n  %s\n}\n", typeName, name, customerID, strings.Join(arguments, "\n  "))
}

func address(name string) string { return typeName + "." + name }

func policyID(customerID string) string { return mockbackend.PartnerTenantID + "_" + customerID }

// isOn returns checks of the state of a permission that is enabled or disabled.
func isOn(name, customerID string, on bool) []statecheck.StateCheck {
	return []statecheck.StateCheck{
		statecheck.ExpectKnownValue(address(name), tfjsonpath.New("customer_id"), knownvalue.StringExact(customerID)),
		statecheck.ExpectKnownValue(address(name), tfjsonpath.New("enabled"), knownvalue.Bool(on)),
		statecheck.ExpectKnownValue(address(name), tfjsonpath.New("unconfirmed"), knownvalue.Null()),
	}
}

// does returns a check of the planned action for a resource.
func does(name string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address(name), action)}}
}

var changesNothing = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

// leaves returns a check of the customers' permissions on the server after the destroy.
func leaves(t *testing.T, b *acctest.Backend, permissions map[string][]string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		for customerID, want := range permissions {
			acctest.ExpectPermissions(t, b.Backend, customerID, want...)
		}
		return nil
	}
}

// test runs the steps. Each of them ends with a plan that must be empty.
func test(t *testing.T, b *acctest.Backend, left map[string][]string, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, acctest.AgeBetweenSteps(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy:             leaves(t, b, left),
		Steps:                    steps,
	}))
}

func TestAccReservations_lifecycle(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	server := func(adatum, contoso []string) func() {
		return func() {
			acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, adatum...)
			acctest.ExpectPermissions(t, b.Backend, mockbackend.ContosoID, contoso...)
		}
	}
	test(t, b, map[string][]string{mockbackend.AdatumID: nil, mockbackend.ContosoID: {sp}},
		resource.TestStep{
			Config:            b.Config(block("adatum", mockbackend.AdatumID), block("contoso", mockbackend.ContosoID)),
			ConfigPlanChecks:  does("adatum", plancheck.ResourceActionCreate),
			ConfigStateChecks: append(isOn("adatum", mockbackend.AdatumID, true), isOn("contoso", mockbackend.ContosoID, true)...),
			PostApplyFunc:     server([]string{ri}, []string{ri, sp}),
		},
		resource.TestStep{
			Config:            b.Config(block("adatum", mockbackend.AdatumID, "enabled = false"), block("contoso", mockbackend.ContosoID, "enabled = false")),
			ConfigPlanChecks:  does("adatum", plancheck.ResourceActionUpdate),
			ConfigStateChecks: isOn("adatum", mockbackend.AdatumID, false),
			PostApplyFunc:     server(nil, []string{sp}),
		},
		resource.TestStep{
			Config:            b.Config(block("adatum", mockbackend.AdatumID, "enabled = true"), block("contoso", mockbackend.ContosoID, "enabled = true")),
			ConfigPlanChecks:  does("adatum", plancheck.ResourceActionUpdate),
			ConfigStateChecks: append(isOn("adatum", mockbackend.AdatumID, true), isOn("contoso", mockbackend.ContosoID, true)...),
			PostApplyFunc:     server([]string{ri}, []string{ri, sp}),
		},
	)
}

// A declared permission that is disabled is protected against changes like an enabled one.
func TestAccReservations_off(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := b.Config(
		block("adatum", mockbackend.AdatumID, "enabled = false"),
		block("northwind", mockbackend.NorthwindID, "enabled = false"), // has no Azure plan, and does not need one
		block("tailspin", mockbackend.TailspinID, "enabled = false"),   // is enabled
	)
	server := func() {
		for _, id := range []string{mockbackend.AdatumID, mockbackend.NorthwindID, mockbackend.TailspinID} {
			acctest.ExpectPermissions(t, b.Backend, id)
		}
	}
	test(t, b, map[string][]string{mockbackend.AdatumID: nil, mockbackend.TailspinID: nil},
		resource.TestStep{
			Config:            config,
			ConfigStateChecks: append(isOn("adatum", mockbackend.AdatumID, false), isOn("tailspin", mockbackend.TailspinID, false)...),
			PostApplyFunc:     server,
		},
		resource.TestStep{
			PreConfig:        func() { b.SetPermissions(mockbackend.AdatumID, ri) },
			Config:           config,
			ConfigPlanChecks: does("adatum", plancheck.ResourceActionUpdate),
			PostApplyFunc:    server,
		},
	)
}

func TestAccReservations_adoptsWhatIsOn(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	tailspin, _ := b.Policy(mockbackend.TailspinID)
	contoso, _ := b.Policy(mockbackend.ContosoID)
	test(t, b, map[string][]string{mockbackend.TailspinID: nil, mockbackend.ContosoID: {sp}},
		resource.TestStep{
			Config:            b.Config(block("tailspin", mockbackend.TailspinID), block("contoso", mockbackend.ContosoID)),
			ConfigStateChecks: append(isOn("tailspin", mockbackend.TailspinID, true), isOn("contoso", mockbackend.ContosoID, true)...),
			PostApplyFunc: func() {
				if w := acctest.Writes(b.Backend); len(w) > 0 {
					t.Errorf("the adoption sent writes: %v", acctest.Routes(w))
				}
				for id, before := range map[string]string{mockbackend.TailspinID: tailspin.ETag, mockbackend.ContosoID: contoso.ETag} {
					if after, _ := b.Policy(id); after.ETag != before {
						t.Errorf("the policy of %s was written: its etag is %s, not %s", id, after.ETag, before)
					}
				}
			},
		},
	)
}

func TestAccReservations_import(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := b.Config(block("on", mockbackend.AdatumID), block("off", mockbackend.LitwareID, "enabled = false"))
	steps := []resource.TestStep{{Config: config}}
	for name, id := range map[string]string{"on": mockbackend.AdatumID, "off": strings.ToUpper(mockbackend.LitwareID)} {
		steps = append(steps,
			resource.TestStep{
				ResourceName: address(name), ImportState: true, ImportStateId: id,
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "customer_id",
			},
			// Both steps fail unless the plan after the import is empty.
			resource.TestStep{ResourceName: address(name), ImportState: true, ImportStateId: id, ImportStateKind: resource.ImportBlockWithID},
			resource.TestStep{ResourceName: address(name), ImportState: true, ImportStateId: id, GenerateConfig: true, ImportStateKind: resource.ImportBlockWithID},
		)
	}
	test(t, b, map[string][]string{mockbackend.AdatumID: nil, mockbackend.LitwareID: nil}, steps...)
}

// The plan after an import with the import command is empty. In this way, existing permissions come under
// Terraform's management.
func TestAccReservations_importThenPlan(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := b.Config(block("tailspin", mockbackend.TailspinID))
	test(t, b, map[string][]string{mockbackend.TailspinID: nil},
		resource.TestStep{
			Config: config, ResourceName: address("tailspin"), ImportState: true, ImportStateId: mockbackend.TailspinID, ImportStatePersist: true,
		},
		resource.TestStep{Config: config, ConfigPlanChecks: changesNothing, ConfigStateChecks: isOn("tailspin", mockbackend.TailspinID, true)},
	)
}

func TestAccReservations_importRefused(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := b.Config(block("adatum", mockbackend.AdatumID))
	refused := func(id, message string) resource.TestStep {
		return resource.TestStep{
			Config: config, ResourceName: address("adatum"), ImportState: true, ImportStateId: id, ExpectError: acctest.Says(message),
		}
	}
	test(t, b, map[string][]string{mockbackend.AdatumID: nil},
		refused("adatum-demo.onmicrosoft.com", "What to do: terraform import partnercenter_customer_permission_reservations.example 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"),
		refused("00000000-0000-4000-8000-000000000000", "There is no customer tenant with this ID. Check the customer's ID."),
	)
}

// With a newer CLI, the import block may contain the identity instead of the ID.
func TestAccReservations_importByIdentity(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy:             leaves(t, b, map[string][]string{mockbackend.AdatumID: nil}),
		Steps: []resource.TestStep{
			{
				Config: b.Config(block("adatum", strings.ToUpper(mockbackend.AdatumID))),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentity(address("adatum"), map[string]knownvalue.Check{
					"customer_id": knownvalue.StringExact(mockbackend.AdatumID),
				})},
			},
			{ResourceName: address("adatum"), ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}

// Whatever changes in the policy outside Terraform, the plan shows the changes of this permission, and never
// changes the other one.
func TestAccReservations_drift(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	outside := func(permissions ...string) func() {
		return func() { b.SetPermissions(mockbackend.AdatumID, permissions...) }
	}
	server := func(permissions ...string) func() {
		return func() { acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, permissions...) }
	}
	config := b.Config(block("adatum", mockbackend.AdatumID))
	test(t, b, map[string][]string{mockbackend.AdatumID: {sp}},
		resource.TestStep{Config: config},
		resource.TestStep{ // deleted
			PreConfig: outside(), Config: config,
			ConfigPlanChecks: does("adatum", plancheck.ResourceActionUpdate), PostApplyFunc: server(ri),
		},
		resource.TestStep{ // the other permission added
			PreConfig: outside(ri, sp), Config: config, ConfigPlanChecks: changesNothing, PostApplyFunc: server(ri, sp),
		},
		resource.TestStep{ // the other permission removed
			PreConfig: outside(ri), Config: config, ConfigPlanChecks: changesNothing, PostApplyFunc: server(ri),
		},
		resource.TestStep{ // the other permission added, and this one disabled by Terraform
			PreConfig: outside(sp, ri), Config: b.Config(block("adatum", mockbackend.AdatumID, "enabled = false")),
			ConfigPlanChecks: does("adatum", plancheck.ResourceActionUpdate), PostApplyFunc: server(sp),
		},
	)
}

// Microsoft does not document how an ended relationship shows. The mock has three ways.
func TestAccReservations_relationshipEnded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		how   mockbackend.RelationshipEnded
		shown plancheck.ResourceActionType
	}{
		{mockbackend.RelationshipEndedForbidden, plancheck.ResourceActionUpdate},
		{mockbackend.RelationshipEndedNotFound, plancheck.ResourceActionCreate},
		{mockbackend.RelationshipEndedEmptyList, plancheck.ResourceActionUpdate},
	} {
		t.Run(string(c.how), func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			b.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = c.how })
			checked := b.Config(block("adatum", mockbackend.AdatumID))
			// A change outside Terraform is only a warning. The last step is the destroy, which plans first and
			// must succeed.
			test(t, b, nil,
				resource.TestStep{Config: checked},
				resource.TestStep{
					PreConfig: func() { b.EndRelationship(mockbackend.AdatumID) },
					Config:    checked, PlanOnly: true, ExpectNonEmptyPlan: true,
					ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address("adatum"), c.shown)}},
				},
			)
		})
	}
}

func TestAccReservations_customerIDCase(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	upper := strings.ToUpper(mockbackend.AdatumID)
	test(t, b, map[string][]string{mockbackend.AdatumID: nil, mockbackend.LitwareID: nil},
		resource.TestStep{Config: b.Config(block("one", mockbackend.AdatumID))},
		resource.TestStep{Config: b.Config(block("one", upper)), ConfigPlanChecks: changesNothing},
		resource.TestStep{
			Config:            b.Config(block("one", strings.ToUpper(mockbackend.LitwareID))),
			ConfigPlanChecks:  does("one", plancheck.ResourceActionDestroyBeforeCreate),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(address("one"), tfjsonpath.New("customer_id"), knownvalue.StringExact(strings.ToUpper(mockbackend.LitwareID)))},
			PostApplyFunc: func() {
				acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID)
				acctest.ExpectPermissions(t, b.Backend, mockbackend.LitwareID, ri)
			},
		},
		resource.TestStep{Config: b.Config(block("one", mockbackend.LitwareID)), ConfigPlanChecks: changesNothing},
	)
}

func TestAccReservations_unqualifiedCustomer(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	const missing = "has no active Azure plan or Azure (global) subscription, which its users need to buy. "
	refused := func(id, message string) resource.TestStep {
		return resource.TestStep{Config: b.Config(block("one", id)), PlanOnly: true, ExpectError: acctest.Says(message)}
	}
	test(t, b, map[string][]string{mockbackend.FabrikamID: nil},
		refused(mockbackend.FabrikamID, missing+"Found: Azure plan "+mockbackend.FabrikamAzurePlanID+" is suspended."),
		refused(mockbackend.NorthwindID, missing+"Found: 1 subscription of other products only."),
		refused(mockbackend.NorthwindID, "What to do: Buy an Azure plan for the customer"),
		refused("00000000-0000-4000-8000-000000000000", "There is no customer tenant with this ID."),
		resource.TestStep{
			Config:            b.Config(block("one", mockbackend.FabrikamID, "verify_azure_subscription = false")),
			ConfigStateChecks: isOn("one", mockbackend.FabrikamID, true),
			PostApplyFunc:     func() { acctest.ExpectPermissions(t, b.Backend, mockbackend.FabrikamID, ri) },
		},
	)
}

// A customer that is known only during the apply is checked there.
func TestAccReservations_customerKnownAtApply(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := func(id string) string {
		return b.Config(fmt.Sprintf(`
resource "terraform_data" "id" {
  input = %q
}
resource %q "one" {
  customer_id = terraform_data.id.output
}`, id, typeName))
	}
	test(t, b, map[string][]string{mockbackend.AdatumID: nil, mockbackend.NorthwindID: nil},
		resource.TestStep{
			Config:      config(mockbackend.NorthwindID),
			ExpectError: regexp.MustCompile(`(?s)Error running apply: .*` + acctest.Says("does not qualify for Azure reservations").String()),
		},
		resource.TestStep{
			Config:            config(mockbackend.AdatumID),
			ConfigStateChecks: isOn("one", mockbackend.AdatumID, true),
			PostApplyFunc:     func() { acctest.ExpectPermissions(t, b.Backend, mockbackend.NorthwindID) },
		},
	)
}

func TestAccReservations_malformedCustomerID(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	test(t, b, nil, resource.TestStep{
		Config: b.Config(block("one", "adatum-demo.onmicrosoft.com")), PlanOnly: true,
		ExpectError: acctest.Says("The value of customer_id must be a GUID such as 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202."),
	})
	if sent := b.Requests(); len(sent) > 0 {
		t.Errorf("requests were sent for a check that needs no server: %v", acctest.Routes(sent))
	}
}

func TestAccReservations_role(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	one := block("one", mockbackend.AdatumID)
	sales := func(blocks ...string) string {
		return b.ConfigAs(b.User(mockbackend.SalesAgent).RefreshToken, blocks...)
	}
	test(t, b, map[string][]string{mockbackend.AdatumID: nil},
		resource.TestStep{
			Config: sales(one),
			ExpectError: acctest.Says("Could not enable reservations for " + adatum +
				" with " + address("one") + ","),
		},
		resource.TestStep{Config: sales(one), ExpectError: acctest.Says("Only an Admin agent can enable or disable customer permissions")},
		// All roles may read.
		resource.TestStep{Config: b.Config(one)},
		resource.TestStep{Config: sales(one), ConfigPlanChecks: changesNothing},
		resource.TestStep{Config: b.ConfigAs(b.User(mockbackend.HelpdeskAgent).RefreshToken, one), ConfigPlanChecks: changesNothing},
		resource.TestStep{Config: b.Config(one)},
	)
}

func TestAccReservations_signIn(t *testing.T) {
	t.Parallel()
	one := block("one", mockbackend.AdatumID)
	for _, c := range []struct {
		name    string
		config  func(*acctest.Backend) string
		knobs   func(*mockbackend.Knobs)
		message string
	}{
		{
			name: "app-only", config: func(b *acctest.Backend) string { return b.ConfigAs("", one) },
			message: "What to do: sign in an Admin agent with terraform-provider-partnercenter login, and set refresh_token (or PARTNERCENTER_REFRESH_TOKEN)",
		},
		{
			name: "without MFA", config: func(b *acctest.Backend) string { return b.ConfigAs(b.UserWithoutMFA().RefreshToken, one) },
			message: "The sign-in lacks multifactor authentication",
		},
		{
			name: "expired", config: func(b *acctest.Backend) string { return b.Config(one) },
			knobs:   func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensExpired },
			message: "The refresh token expired: it was issued more than 90 days ago, and no newer one was stored.",
		},
		{
			name: "revoked", config: func(b *acctest.Backend) string { return b.Config(one) },
			knobs:   func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensRevoked },
			message: "The refresh token was revoked, for example by a password reset.",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			if c.knobs != nil {
				b.SetKnobs(c.knobs)
			}
			test(t, b, map[string][]string{mockbackend.AdatumID: nil}, resource.TestStep{
				Config: c.config(b), PlanOnly: true, ExpectError: acctest.Says(c.message),
			})
		})
	}
}

// This uses the real CLI and the built provider, because terraform-plugin-testing does not support for_each.
func TestAccReservations_manyAtOnceWhileThrottled(t *testing.T) {
	t.Parallel()
	manyAtOnceWhileThrottled(t, 50)
}

// BenchmarkReservationsWhileThrottled does the same with more customers. It takes half a minute.
func BenchmarkReservationsWhileThrottled(b *testing.B) {
	for b.Loop() {
		manyAtOnceWhileThrottled(b, 200)
	}
}

func manyAtOnceWhileThrottled(t testing.TB, n int) {
	t.Helper()
	// The limit is low enough that even a slow machine is throttled.
	b := acctest.New(t, mockbackend.Config{Customers: n + 10, Rate: mockbackend.Rate{Requests: 30, Per: time.Second}})
	ids := map[string]bool{}
	for _, c := range b.Customers()[10:] {
		ids[c.ID] = true
	}
	dir := t.TempDir()
	list, err := json.Marshal(slices.Sorted(maps.Keys(ids)))
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("terraform {\n  required_providers {\n    partnercenter = {\n      source = \"partnercenter/partnercenter\"\n    }\n  }\n}\n"+
		"resource %q \"all\" {\n  for_each = toset(%s)\n  customer_id = each.key\n}\n", typeName, list)
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := acctest.NewWorkspace(t.Context(), dir, b.WorkspaceEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"apply", "-auto-approve", "-input=false"},
		{"plan", "-detailed-exitcode", "-input=false"}, // 2 means changes
	} {
		if r := w.Run(t.Context(), args...); r.Err != nil || r.ExitCode != 0 {
			t.Fatalf("%s: exit code %d\n%s", args[0], r.ExitCode, r.Output)
		}
	}
	for id := range ids {
		acctest.ExpectPermissions(t, b.Backend, id, ri)
	}
	throttled := 0
	for _, statuses := range b.Counters().Routes {
		throttled += statuses[429]
	}
	if throttled == 0 {
		t.Error("the server throttled nothing, so the test proves nothing")
	}
	t.Logf("%d customers, %d of %d requests throttled", len(ids), throttled, len(b.Requests()))
}
