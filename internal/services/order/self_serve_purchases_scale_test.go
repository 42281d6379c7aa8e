//go:build !race

package order_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// With 10,000 customers, of which 1,000 have the permission, the number of requests is the one that the
// documentation says.
func TestProtoSelfServePurchases_tenThousand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const customers, on, bought = 10_000, 1_000, 50
		b := mockbackend.New(mockbackend.Config{Customers: customers})
		all := b.Customers()
		b.SetPermissions(mockbackend.ContosoID) // in a synctest bubble, its seeded order is in the future
		for i := range on - 1 {                 // Tailspin also has it
			b.SetPermissions(all[10+i*9].ID, mockbackend.AzureReservedInstances, mockbackend.AzureSavingsPlan)
		}
		acctest.Pass(60 * 24 * time.Hour) // puts the changes of the permissions before the period
		for i := range bought {
			id := all[10+i*90].ID
			b.AddSubscription(id, mockbackend.Subscription{Created: time.Now(), SavingsPlan: &mockbackend.SavingsPlan{OutsidePartnerCenter: true}})
			if _, err := b.BuyReservationAsPartner(id, mockbackend.Purchase{}); err != nil {
				t.Fatal(err)
			}
		}
		b.ResetCounters()
		v, err := readPurchases(t, b, acctest.Values{"last": "2d", "include_price": true, "timeouts": acctest.Values{"read": "2h"}})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(list(t, v, "purchases")); n != 2*bought || v["customers_read"] != int64(on) || len(list(t, v, "totals_by_customer")) != bought {
			t.Errorf("%d purchases of %v customers", n, v["customers_read"])
		}
		if got := list(t, v, "totals_by_currency")[0]; got["amount"] != fmt.Sprintf("%d.00", bought*(500+13_140)) || got["purchases"] != int64(2*bought) {
			t.Errorf("%v", got)
		}
		for route, want := range map[string]int{
			"GET /v1/customers": customers / 500, "GET /v1/SelfServePolicy": customers, "GET /v1/customers/{customer}/orders": on, "GET /v1/customers/{customer}/subscriptions": on,
			"GET /v1/customers/{customer}/entitlements": bought, "GET /v1/customers/{customer}": 0, "GET /v1/auditrecords": 2, "GET /v1/profiles/organization": 1,
		} {
			if got := b.Counters().Route(route); got != want {
				t.Errorf("%s: %d times, not %d", route, got, want)
			}
		}
		acctest.FailOnViolations(t, b)
	})
}

// The read stays below the limit of the server, and no error reaches the user.
func TestProtoSelfServePurchases_throttled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{Customers: 300, Rate: mockbackend.Rate{Requests: 100, Per: time.Minute}})
		customers := b.Customers()
		for _, c := range customers[50:250] {
			b.SetPermissions(c.ID, mockbackend.AzureReservedInstances)
		}
		b.SetPermissions(mockbackend.ContosoID)
		acctest.Pass(60 * 24 * time.Hour)
		for _, i := range []int{51, 121, 191} {
			if _, err := b.BuyReservationAsPartner(customers[i].ID, mockbackend.Purchase{}); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		v, err := readPurchases(t, b, acctest.Values{"last": "2d", "timeouts": acctest.Values{"read": "2h"}})
		if err != nil || len(list(t, v, "purchases")) != 3 {
			t.Fatalf("%v, %v", v, err)
		}
		if took := time.Since(start); took > 9*time.Minute { // 712 requests
			t.Errorf("it took %s", took)
		}
	})
}
