package subscription_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const typeName = "partnercenter_subscriptions"

// read reads the data source, signed in as an application only.
func read(t *testing.T, b *mockbackend.Backend, config acctest.Values) (acctest.Values, error) {
	t.Helper()
	return acctest.NewProtocol(t, b, "").ReadDataSource(t.Context(), typeName, config)
}

func TestAccSubscriptions(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	const one = "data.partnercenter_subscriptions.one"
	text := knownvalue.StringExact
	config := func(arguments ...string) string {
		return b.ConfigAs("", "data \"partnercenter_subscriptions\" \"one\" {\n"+strings.Join(arguments, "\n")+"\n}")
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{
				Config:      config(`customer_id = "adatum"`),
				ExpectError: acctest.Says("The value of customer_id must be a GUID such as"),
			},
			{
				Config:      config(`customer_id = "00000000-0000-4000-8000-000000000000"`),
				ExpectError: acctest.Says("Could not list the subscriptions of customer 00000000-0000-4000-8000-000000000000"),
			},
			{
				Config: config(`customer_id = "`+strings.ToUpper(mockbackend.AdatumID)+`"`, "azure_only = true"),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(one, tfjsonpath.New("has_active_azure_subscription"), knownvalue.Bool(true)),
					statecheck.ExpectKnownValue(one, tfjsonpath.New("subscriptions"), knownvalue.ListExact([]knownvalue.Check{
						knownvalue.ObjectExact(map[string]knownvalue.Check{
							"subscription_id": text(mockbackend.AdatumAzurePlanID), "kind": text("azure_plan"), "status": text("active"),
							"offer_id": text(mockbackend.AzurePlanOfferID), "offer_name": text("Azure plan"), "friendly_name": text("Azure plan"),
							"order_id": text("Qm4xZ1sampleOrder1"), "creation_date": text("2024-03-11T09:12:44.1875517Z"),
							"azure_subscriptions": knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
								"subscription_id": text(mockbackend.AdatumAzureID), "friendly_name": text("Production"), "status": text("active"),
							})}),
						}),
					})),
				},
			},
		},
	})
}

// many adds a customer with subscriptions of all kinds, and returns its ID.
func many(b *mockbackend.Backend) string {
	return b.AddCustomer(mockbackend.Customer{CompanyName: "Wingtip"},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-00000000000d", AzureSubscriptions: []mockbackend.AzureEntitlement{
			{ID: "aaaaaaaa-0000-4000-8000-000000000002"}, {ID: "aaaaaaaa-0000-4000-8000-000000000001", Status: "disabled"},
		}},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-00000000000C", OfferID: mockbackend.LegacyAzureOfferID, Status: "deleted"},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-00000000000B", OfferID: "ms-azr-0146p", Status: "Active"},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-00000000000A", OfferID: "0B7E5D3C-9A8F-4C21-B6D4-E1F0A2B3C40A"},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-000000000009", OfferID: "CFQ7TTC0LH18:0001:CFQ7TTC0K971", Status: "suspended"},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-000000000008", OfferID: "dzh318z0bps6:0001:DZH318Z0BM01", Status: "suspended"},
		mockbackend.Subscription{ID: "00000000-0000-4000-8000-000000000007", OfferID: "MS-AZR-0148P"}, // DreamSpark
	).ID
}

// short returns "ID kind status [Azure subscriptions]" for each subscription, with the last digit of each ID.
func short(t *testing.T, v acctest.Values) []string {
	t.Helper()
	end := func(id any) string { s, _ := id.(string); return s[len(s)-1:] }
	list, ok := v["subscriptions"].([]any)
	if !ok {
		t.Fatalf("subscriptions is %v", v["subscriptions"])
	}
	out := []string{}
	for _, e := range list {
		s, _ := e.(acctest.Values)
		azure := []string{}
		below, _ := s["azure_subscriptions"].([]any)
		for _, a := range below {
			one, _ := a.(acctest.Values)
			azure = append(azure, fmt.Sprint(end(one["subscription_id"]), " ", one["status"]))
		}
		out = append(out, fmt.Sprint(end(s["subscription_id"]), " ", s["kind"], " ", s["status"], " ", azure))
	}
	return out
}

func TestProtoSubscriptions_filters(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	wingtip := many(b)
	const (
		licence    = "a other active []"
		suspended  = "9 other suspended []"
		dreamspark = "7 other active []"
		oldPlan    = "8 azure_plan suspended []"
		sandbox    = "b azure_global Active [b Active]"
		deleted    = "c azure_global deleted [c deleted]"
		plan       = "d azure_plan active [1 disabled 2 active]"
	)
	for _, c := range []struct {
		config acctest.Values
		want   []string
		active bool
	}{
		{acctest.Values{"customer_id": wingtip}, []string{dreamspark, oldPlan, suspended, licence, sandbox, deleted, plan}, true},
		{acctest.Values{"customer_id": wingtip, "azure_only": false, "status": "active"}, []string{dreamspark, licence, sandbox, plan}, true},
		{acctest.Values{"customer_id": wingtip, "azure_only": true}, []string{oldPlan, sandbox, deleted, plan}, true},
		{acctest.Values{"customer_id": wingtip, "azure_only": true, "status": "ACTIVE"}, []string{sandbox, plan}, true},
		// The attribute has_active_azure_subscription does not depend on the filters.
		{acctest.Values{"customer_id": wingtip, "azure_only": true, "status": "suspended"}, []string{oldPlan}, true},
		{acctest.Values{"customer_id": wingtip, "status": "expired"}, []string{}, true},
		{acctest.Values{"customer_id": mockbackend.FabrikamID}, []string{"8 azure_plan suspended []"}, false},
		{acctest.Values{"customer_id": mockbackend.NorthwindID, "azure_only": true}, []string{}, false},
		{acctest.Values{"customer_id": mockbackend.LitwareID}, []string{"7 azure_global active [7 active]"}, true},
		{acctest.Values{"customer_id": mockbackend.ContosoID}, []string{"5 azure_plan active [6 active 7 active]"}, true},
	} {
		v, err := read(t, b, c.config)
		if err != nil {
			t.Errorf("%v: %v", c.config, err)
			continue
		}
		if got := short(t, v); !slices.Equal(got, c.want) || v["has_active_azure_subscription"] != c.active {
			t.Errorf("%v: %q, active %v; not %q, active %t", c.config, got, v["has_active_azure_subscription"], c.want, c.active)
		}
	}
	acctest.FailOnViolations(t, b)
}

// The result does not depend on the order and the spelling of the server.
func TestProtoSubscriptions_stable(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	wingtip := many(b)
	want, err := read(t, b, acctest.Values{"customer_id": wingtip})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ShuffleOrder, k.UpperCaseGUIDs, k.TotalCountWrong = true, true, true })
		got, err := read(t, b, acctest.Values{"customer_id": wingtip})
		if err != nil {
			t.Fatal(err)
		}
		// The API does not say that offer and order IDs are GUIDs, so their case is kept.
		for _, v := range []acctest.Values{got, want} {
			for _, e := range v["subscriptions"].([]any) {
				s, _ := e.(acctest.Values)
				for _, name := range []string{"offer_id", "order_id"} {
					text, _ := s[name].(string)
					s[name] = strings.ToUpper(text)
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("another result:\n%v\nnot\n%v", got, want)
		}
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoSubscriptions_customerRefused(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.EndRelationship(mockbackend.AdatumID)
	for id, want := range map[string]string{
		"00000000-0000-4000-8000-000000000000": "There is no customer tenant with this ID.",
		mockbackend.AdatumID:                   "The customer has no reseller relationship with this partner",
	} {
		_, err := read(t, b, acctest.Values{"customer_id": id})
		if err == nil || !strings.Contains(err.Error(), "Could not list the subscriptions of customer "+id) || !strings.Contains(err.Error(), want) {
			t.Errorf("customer %s: %v", id, err)
		}
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoSubscriptions_faults(t *testing.T) {
	t.Parallel()
	on := "Could not list the subscriptions of customer " + mockbackend.ContosoID
	acctest.EachReadFault(t, on, typeName, func(t *testing.T, b *mockbackend.Backend) (*acctest.Protocol, acctest.Values) {
		t.Helper()
		p := acctest.NewProtocol(t, b, b.User(mockbackend.SalesAgent).RefreshToken)
		acctest.Pass(time.Hour)
		return p, acctest.Values{"customer_id": mockbackend.ContosoID}
	})
}
