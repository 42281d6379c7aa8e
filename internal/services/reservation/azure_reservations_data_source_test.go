package reservation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const listType = "partnercenter_azure_reservations"

func TestAccAzureReservations(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	of := b.AzureReservations(contoso)[0]
	text, null := knownvalue.StringExact, knownvalue.Null()
	const format = "2006-01-02T15:04:05Z"
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		Steps: []resource.TestStep{
			{Config: b.Config(`data "partnercenter_azure_reservations" "one" { customer_id = "contoso" }`), ExpectError: acctest.Says("The value of customer_id must be a GUID")},
			{
				Config: b.Config(`data "partnercenter_azure_reservations" "one" {
  customer_id = "` + strings.ToUpper(contoso) + `"
  include_renewal_price = true
}`),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data."+listType+".one", tfjsonpath.New("unknown_reason"), null),
					statecheck.ExpectKnownValue("data."+listType+".one", tfjsonpath.New("reservations"), knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
						"reservation_id": text(bought), "reservation_order_id": text(mockbackend.ContosoAzureReservationOrderID), "display_name": text(of.DisplayName),
						"sku": text("Standard_D2s_v5"), "reservation_type": text("VirtualMachines"), "region": text("westeurope"), "quantity": knownvalue.Int64Exact(2),
						"term_duration": text("P3Y"), "purchased_on": text(of.Purchased.UTC().Format(format)), "expires_on": text(of.Expires.UTC().Format(format)),
						"renew": knownvalue.Bool(true), "renewable": knownvalue.Bool(true), "scope_type": text("Shared"), "applied_scopes": knownvalue.ListSizeExact(0),
						"provisioning_state": text("Succeeded"), "billing_scope_id": text("/subscriptions/" + mockbackend.ContosoAzureID),
						"utilization_1_day": knownvalue.Float64Exact(97.5 * 1.02), "utilization_7_days": knownvalue.Float64Exact(97.5), "utilization_30_days": knownvalue.Float64Exact(48.75),
						"renewal_price": text("1975.30"), "renewal_currency_code": text("USD"),
					})})),
				},
			},
		},
	})
}

// list reads the data source and returns the reservations and unknown_reason.
func list(t *testing.T, b *mockbackend.Backend, refreshToken string, config acctest.Values) ([]acctest.Values, string, error) {
	t.Helper()
	v, err := acctest.NewProtocol(t, b, refreshToken).ReadDataSource(t.Context(), listType, config)
	if err != nil || v["reservations"] == nil {
		return nil, fmt.Sprint(v["unknown_reason"]), err
	}
	out := []acctest.Values{}
	for _, one := range v["reservations"].([]any) {
		out = append(out, one.(acctest.Values))
	}
	return out, fmt.Sprint(v["unknown_reason"]), nil
}

func TestProtoAzureReservations_pagesAndPrices(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationPageSize = 3 })
	for i := range 9 {
		b.AddAzureReservation(contoso, mockbackend.AzureReservation{NoRenewal: i%2 == 0, NoUtilization: true, State: map[bool]string{true: "Cancelled"}[i == 1]})
	}
	admin := b.User(mockbackend.AdminAgent).RefreshToken
	got, _, err := list(t, b, admin, acctest.Values{"customer_id": contoso, "include_renewal_price": true})
	if err != nil || len(got) != 10 {
		t.Fatalf("got %d, %v", len(got), err)
	}
	renew, prices := 0, 0
	for _, one := range got {
		if one["renew"] == true {
			renew++
		}
		if one["renewal_price"] != nil {
			prices++
		}
	}
	if c := b.Counters(); renew != 4 || prices != 4 || c.Route(listRoute) != 4 || c.Route(getRoute) != 4 {
		t.Errorf("%d renew, %d have a price, by %d lists and %d reads", renew, prices, c.Route(listRoute), c.Route(getRoute))
	}
	b.ResetCounters()
	again, _, err := list(t, b, admin, acctest.Values{"customer_id": contoso})
	if err != nil || len(again) != 10 || again[3]["renewal_price"] != nil || b.Counters().Route(getRoute) != 0 {
		t.Errorf("got %v, %v", again, err)
	}
	if !slices.IsSortedFunc(again, func(a, b acctest.Values) int {
		return strings.Compare(fmt.Sprint(a["reservation_id"]), fmt.Sprint(b["reservation_id"]))
	}) {
		t.Error("they are not sorted")
	}
	acctest.FailOnViolations(t, b)
}

// Without access the list is null, with a reason. Without reservations the list is empty.
func TestProtoAzureReservations_noAccess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*mockbackend.Backend)
		role    mockbackend.Role
		reason  string // "": an empty list
	}{
		"no GDAP":    {func(b *mockbackend.Backend) { b.EndDelegatedAccess(mockbackend.AdatumID) }, mockbackend.AdminAgent, "403 Forbidden (AuthorizationFailed)"},
		"no consent": {func(b *mockbackend.Backend) { b.RemoveApplicationConsents(mockbackend.AdatumID) }, mockbackend.AdminAgent, "AADSTS65001"},
		"a policy": {func(b *mockbackend.Backend) {
			b.FailSignIn(mockbackend.SignInFault{Tenant: mockbackend.AdatumID, Code: 53003, Times: -1})
		}, mockbackend.AdminAgent, "customer's administrator"},
		"no role": {func(b *mockbackend.Backend) {
			b.SetKnobs(func(k *mockbackend.Knobs) { k.ReservationListForbidden = true })
		}, mockbackend.HelpdeskAgent, "Ask the customer for Reader on the reservation order"},
		"none was found": {func(*mockbackend.Backend) {}, mockbackend.AdminAgent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mockbackend.New(mockbackend.Config{})
			c.prepare(b)
			got, reason, err := list(t, b, b.User(c.role).RefreshToken, acctest.Values{"customer_id": mockbackend.AdatumID})
			switch {
			case err != nil:
				t.Error(err)
			case c.reason == "" && (got == nil || len(got) != 0), c.reason != "" && (got != nil || !strings.Contains(reason, c.reason) || !strings.HasSuffix(reason, ".") && !strings.HasSuffix(reason, ").")):
				t.Errorf("got %v, %s", got, reason)
			}
			acctest.FailOnViolations(t, b)
		})
	}
}

func TestProtoAzureReservations_faults(t *testing.T) {
	t.Parallel()
	acctest.EachFault(t, contoso, func(t *testing.T, b *mockbackend.Backend) acctest.Trial {
		t.Helper()
		p := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		var got acctest.Values
		return acctest.Trial{
			Run: func() (err error) {
				got, err = p.ReadDataSource(t.Context(), listType, acctest.Values{"customer_id": contoso, "include_renewal_price": true})
				return err
			},
			Check: func(failed error) error {
				switch {
				case failed != nil && got != nil:
					return fmt.Errorf("it failed and returned a result: %v", got)
				case failed == nil && got["reservations"] == nil && got["unknown_reason"] == nil:
					return fmt.Errorf("the reservations are unknown, without a reason: %v", got)
				case failed == nil && got["reservations"] != nil && len(got["reservations"].([]any)) != 1:
					return fmt.Errorf("the result is %v", got)
				}
				return nil
			},
		}
	})
}
