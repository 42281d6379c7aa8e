package customer_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const resellersType = "partnercenter_indirect_resellers"

func TestAccIndirectResellers(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	text := knownvalue.StringExact
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: b.ConfigAs("", `data "partnercenter_indirect_resellers" "all" {}`), ExpectError: acctest.Says("Could not list the indirect resellers")},
			{
				Config: b.Config(`data "partnercenter_indirect_resellers" "all" {}`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.partnercenter_indirect_resellers.all", tfjsonpath.New("indirect_resellers"), knownvalue.ListExact([]knownvalue.Check{
						knownvalue.ObjectExact(map[string]knownvalue.Check{
							"indirect_reseller_id": text(mockbackend.TailspinResellerID), "company_name": text("First Up Reseller"), "partner_id": text(mockbackend.TailspinResellerMPNID),
							"location": text("US"), "state": text("active"),
						}),
						knownvalue.ObjectPartial(map[string]knownvalue.Check{"indirect_reseller_id": text(mockbackend.OtherResellerID), "location": text("BR")}),
					})),
				},
			},
		},
	})
}

// The list is the same for every order and spelling of the server.
func TestProtoIndirectResellers_stable(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	for range 20 {
		b.AddIndirectReseller(mockbackend.IndirectReseller{})
	}
	read := func() (acctest.Values, error) {
		return acctest.NewProtocol(t, b, b.User(mockbackend.HelpdeskAgent).RefreshToken).ReadDataSource(t.Context(), resellersType, nil)
	}
	want, err := read()
	if err != nil || len(want["indirect_resellers"].([]any)) != 22 {
		t.Fatalf("%v, %v", want, err)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ShuffleOrder, k.UpperCaseGUIDs, k.TotalCountWrong = true, true, true })
	if got, err := read(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, not %v", got, err, want)
	}
	acctest.FailOnViolations(t, b)
}

func TestProtoIndirectResellers_faults(t *testing.T) {
	t.Parallel()
	acctest.EachReadFault(t, "Could not list the indirect resellers", resellersType, func(t *testing.T, b *mockbackend.Backend) (*acctest.Protocol, acctest.Values) {
		t.Helper()
		p := acctest.NewProtocol(t, b, b.User(mockbackend.SalesAgent).RefreshToken)
		acctest.Pass(time.Hour)
		return p, nil
	})
}
