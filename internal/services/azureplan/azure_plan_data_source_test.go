package azureplan_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestAccAzurePlanDataSource(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	source := "data." + planType + ".some"
	text, null := knownvalue.StringExact, knownvalue.Null()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: b.Config("data \"" + planType + "\" \"some\" {\n  customer_ids = [\"adatum\"]\n}"), ExpectError: acctest.Says("must be a GUID such as")},
			{
				Config: b.Config(fmt.Sprintf("data %q \"some\" {\n  customer_ids = [%q, %q]\n}", planType, strings.ToUpper(mockbackend.TailspinID), mockbackend.LitwareID)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(source, tfjsonpath.New("customers"), knownvalue.ListExact([]knownvalue.Check{
						knownvalue.ObjectExact(map[string]knownvalue.Check{
							"customer_id": text(mockbackend.LitwareID), "name": text("Litware Demo"), "has_plan": knownvalue.Bool(false), "active": knownvalue.Bool(false),
							"has_azure_global": knownvalue.Bool(true), "subscription_id": null, "friendly_name": null, "status": null, "bought_on": null, "order_id": null,
							"indirect_reseller_mpn_id": null, "azure_subscriptions": knownvalue.ListExact(nil),
						}),
						knownvalue.ObjectExact(map[string]knownvalue.Check{
							"customer_id": text(mockbackend.TailspinID), "name": text("Tailspin Demo"), "has_plan": knownvalue.Bool(true), "active": knownvalue.Bool(true),
							"has_azure_global": knownvalue.Bool(false), "subscription_id": text(mockbackend.TailspinAzurePlanID), "friendly_name": text("Azure plan"), "status": text("active"),
							"bought_on": text("2024-03-11T09:12:44.1875517Z"), "order_id": text("Lc9dR4sampleOrder4"), "indirect_reseller_mpn_id": text(mockbackend.TailspinResellerMPNID),
							"azure_subscriptions": knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
								"subscription_id": text(mockbackend.TailspinAzureID), "name": text("Production"), "status": text("active"),
							})}),
						}),
					})),
				},
			},
		},
	})
}

// The data source reads all customers, no customers, and customers that cannot be read.
func TestProtoAzurePlanDataSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		read := func(token string, config acctest.Values) (map[string]acctest.Values, acctest.Values, error) {
			t.Helper()
			defer acctest.Pass(time.Hour)
			v, err := acctest.NewProtocol(t, b, token).ReadDataSource(t.Context(), planType, config)
			out := map[string]acctest.Values{}
			list, _ := v["customers"].([]any)
			for _, one := range list {
				out[one.(acctest.Values)["customer_id"].(string)] = one.(acctest.Values)
			}
			return out, v, err
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ShuffleOrder, k.UpperCaseGUIDs = true, true })
		all, _, err := read("", acctest.Values{}) // app-only
		if err != nil || len(all) != 6 {
			t.Fatalf("all: %v, %v", all, err)
		}
		for id, want := range map[string][2]bool{
			mockbackend.AdatumID: {true, true}, mockbackend.ContosoID: {true, true}, mockbackend.FabrikamID: {true, false}, mockbackend.NorthwindID: {false, false}, mockbackend.LitwareID: {false, false},
		} {
			if got := all[id]; got["has_plan"] != want[0] || got["active"] != want[1] {
				t.Errorf("%s: %v", id, got)
			}
		}
		if azure, _ := all[mockbackend.ContosoID]["azure_subscriptions"].([]any); len(azure) != 2 || all[mockbackend.FabrikamID]["status"] != "suspended" {
			t.Errorf("%v", all)
		}
		admin := b.User(mockbackend.AdminAgent).RefreshToken
		if none, _, err := read(admin, acctest.Values{"customer_ids": []any{}}); err != nil || len(none) != 0 {
			t.Errorf("none: %v, %v", none, err)
		}
		_, _, err = read(admin, acctest.Values{"customer_ids": []any{mockbackend.AdatumID, mockbackend.AdatumUserID}})
		says(t, "no customer", err, "Could not read the Azure plans of 1 of 2 customers", "no customer tenant with this ID", `on_error = "report"`)
		some, v, err := read(admin, acctest.Values{"customer_ids": []any{mockbackend.AdatumID, mockbackend.AdatumUserID}, "on_error": "report"})
		failed, _ := v["errors"].(acctest.Values)
		if err != nil || len(some) != 1 || !strings.Contains(fmt.Sprint(failed[mockbackend.AdatumUserID]), "no customer tenant") {
			t.Errorf("report: %v, %v, %v", some, failed, err)
		}
		for _, path := range []string{"/customers/*/subscriptions", "/customers/*/subscriptions/*/azureEntitlements"} {
			for _, kind := range []mockbackend.FaultKind{mockbackend.Garbage, mockbackend.EmptyForbidden, mockbackend.ServerError} {
				b.Fail(mockbackend.Fault{Path: path, Kind: kind, Times: -1})
				_, _, err := read(admin, acctest.Values{"customer_ids": []any{mockbackend.AdatumID}})
				says(t, string(kind)+" of "+path, err, "Could not read the Azure plan", mockbackend.AdatumID)
				b.ClearFaults()
			}
		}
		acctest.FailOnViolations(t, b)
	})
}
