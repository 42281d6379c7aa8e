package permission_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const savingsType = "partnercenter_customer_permission_savings_plans"

func savingsBlock(name, customerID string, arguments ...string) string {
	return fmt.Sprintf("resource %q %q {\n  customer_id = %q\n  %s\n}\n", savingsType, name, customerID, strings.Join(arguments, "\n  "))
}

// Both permissions of a customer can be managed independently.
func TestAccSavingsPlans_besideReservations(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	server := func(want ...string) func() {
		return func() { acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, want...) }
	}
	is := func(on bool) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue(savingsType+".adatum", tfjsonpath.New("enabled"), knownvalue.Bool(on))}
	}
	both := b.Config(block("adatum", mockbackend.AdatumID), savingsBlock("adatum", mockbackend.AdatumID))
	test(t, b, map[string][]string{mockbackend.AdatumID: nil},
		resource.TestStep{Config: both, ConfigStateChecks: is(true), PostApplyFunc: server(ri, sp)},
		resource.TestStep{
			Config:            b.Config(block("adatum", mockbackend.AdatumID), savingsBlock("adatum", mockbackend.AdatumID, "enabled = false")),
			ConfigStateChecks: is(false), PostApplyFunc: server(ri),
		},
		resource.TestStep{Config: both, ConfigStateChecks: is(true), PostApplyFunc: server(ri, sp)},
		resource.TestStep{Config: b.Config(savingsBlock("adatum", mockbackend.AdatumID)), ConfigStateChecks: is(true), PostApplyFunc: server(sp)},
		resource.TestStep{
			ResourceName: savingsType + ".adatum", ImportState: true, ImportStateId: mockbackend.AdatumID,
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "customer_id",
		},
		resource.TestStep{ // disabled outside Terraform
			PreConfig:        func() { b.SetPermissions(mockbackend.AdatumID) },
			Config:           b.Config(savingsBlock("adatum", mockbackend.AdatumID)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(savingsType+".adatum", plancheck.ResourceActionUpdate)}},
			PostApplyFunc:    server(sp),
		},
	)
}

func TestAccSavingsPlans_refused(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	var steps []resource.TestStep
	for _, c := range [][2]string{
		{b.Config(savingsBlock("fabrikam", mockbackend.FabrikamID)), fabrikam + " does not qualify for Azure savings plans"},
		{b.ConfigAs("", savingsBlock("adatum", mockbackend.AdatumID)), "Sign-in without a user cannot set customer permissions"},
		{b.ConfigAs(b.User(mockbackend.SalesAgent).RefreshToken, savingsBlock("adatum", mockbackend.AdatumID)), "Could not enable savings plans for " + adatum},
	} {
		steps = append(steps, resource.TestStep{Config: c[0], ExpectError: acctest.Says(c[1])})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: b.Factories(), Steps: steps})
}

// Terraform creates and destroys both resources of a customer at the same time.
func TestProtoSavingsPlans_atOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{Customers: 50})
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		var resources []*acctest.Resource
		var configs []acctest.Values
		for _, c := range b.Customers() {
			for _, typ := range []string{typeName, savingsType} {
				resources = append(resources, p.Resource(typ))
				configs = append(configs, acctest.Values{"customer_id": c.ID, "verify_azure_subscription": false})
			}
		}
		for _, want := range [][]string{{ri, sp}, nil} {
			p.Restart(b.User(mockbackend.AdminAgent).RefreshToken)
			acctest.Parallel(len(resources), func(i int) {
				config := configs[i]
				if want == nil {
					config = nil
				}
				if err := resources[i].Apply(t.Context(), config); err != nil {
					t.Error(err)
				}
			})
			for _, c := range b.Customers() {
				acctest.ExpectPermissions(t, b, c.ID, want...)
			}
		}
		acctest.FailOnViolations(t, b)
	})
}
