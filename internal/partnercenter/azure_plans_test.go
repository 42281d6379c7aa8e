package partnercenter_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// cartIDs returns the request IDs of the carts created since the last reset of the journal, and resets it.
func cartIDs(b *mockbackend.Backend) []string {
	var out []string
	for _, r := range b.Requests() {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/carts") {
			out = append(out, r.RequestID)
		}
	}
	b.ResetJournal()
	return out
}

// TestAzurePlans_requestID checks when the request ID of a cart changes. It is the same in each process and after
// answers that say that nothing was executed. It differs after other failures, for another customer, and after another
// order.
func TestAzurePlans_requestID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		other := b.AddCustomer(mockbackend.Customer{})
		b.Fail(mockbackend.Fault{Path: "/customers/*/carts/*/checkout", Kind: mockbackend.APIError, Status: 403, Code: 900308, Times: -1})
		ids := func(customerID string, kinds ...mockbackend.FaultKind) []string {
			t.Helper()
			for _, kind := range kinds {
				b.Fail(mockbackend.Fault{Method: http.MethodPost, Path: "/customers/*/carts", Kind: kind})
			}
			var purchase partnercenter.AzurePlanPurchase
			if _, err := newClient(t, b).AzurePlans.Buy(t.Context(), customerID, partnercenter.AzurePlanOptions{}, &purchase); err == nil || purchase.Begun() {
				t.Errorf("%v, %+v", err, purchase)
			}
			return cartIDs(b)
		}
		first := ids(mockbackend.NorthwindID)[0]
		if again := ids(strings.ToUpper(mockbackend.NorthwindID)); len(again) != 1 || again[0] != first {
			t.Errorf("in another process, the request ID is %q, not %s", again, first)
		}
		if throttled := ids(mockbackend.NorthwindID, mockbackend.Throttle); len(throttled) != 2 || throttled[0] != first || throttled[1] != first {
			t.Errorf("throttled: %q", throttled)
		}
		if failed := ids(mockbackend.NorthwindID, mockbackend.ServerError); len(failed) != 2 || failed[0] != first || failed[1] == first {
			t.Errorf("after a failure: %q", failed)
		}
		if lost := ids(mockbackend.NorthwindID, mockbackend.DropBefore); len(lost) != 2 || lost[1] != first {
			t.Errorf("after a dropped request: %q", lost)
		}
		if another := ids(other.ID); another[0] == first {
			t.Error("another customer has the same request ID")
		}
		b.AddOrder(mockbackend.NorthwindID, mockbackend.Order{Status: "cancelled", Lines: []mockbackend.OrderLine{{OfferID: mockbackend.AzurePlanOfferID}}})
		if later := ids(mockbackend.NorthwindID); later[0] == first {
			t.Error("the request ID is the same after a cancelled order")
		}
	})
}

// TestAzurePlans_expiredCart checks that an expired cart is replaced.
func TestAzurePlans_expiredCart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		purchase := partnercenter.AzurePlanPurchase{CartID: mockbackend.AdatumID}
		plan, err := newClient(t, b).AzurePlans.Buy(t.Context(), mockbackend.NorthwindID, partnercenter.AzurePlanOptions{}, &purchase)
		if err != nil || !plan.Active() || purchase.CartID == mockbackend.AdatumID || purchase.OrderID != plan.OrderID || purchase.SubscriptionID != plan.ID {
			t.Errorf("%+v, %+v, %v", plan, purchase, err)
		}
	})
}

// TestAzurePlans_update checks that an update retries after a concurrent change and keeps all other properties.
func TestAzurePlans_update(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		client := newClient(t, b)
		plan := b.BuyAzurePlan(mockbackend.NorthwindID)
		b.Fail(mockbackend.Fault{Method: http.MethodPatch, Kind: mockbackend.APIError, Status: 400, Code: 2055})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.UpdateLater = 20 * time.Second })
		renamed, err := client.AzurePlans.Rename(t.Context(), mockbackend.NorthwindID, plan.ID, "Another name")
		if err != nil || renamed.FriendlyName != "Another name" || renamed.ID != plan.ID {
			t.Errorf("%+v, %v", renamed, err)
		}
		err = client.AzurePlans.Suspend(t.Context(), mockbackend.NorthwindID, plan.ID)
		var inUse *partnercenter.AzurePlanInUseError
		if !errors.As(err, &inUse) || len(inUse.Active) != 1 || !strings.Contains(err.Error(), inUse.Active[0].ID) {
			t.Errorf("in use: %v", err)
		}
		b.SetSubscriptionStatus(mockbackend.NorthwindID, inUse.Active[0].ID, "inactive")
		if err := client.AzurePlans.Suspend(t.Context(), mockbackend.NorthwindID, plan.ID); err != nil {
			t.Error(err)
		}
		if err := client.AzurePlans.Suspend(t.Context(), mockbackend.NorthwindID, plan.ID); err != nil { // already suspended
			t.Error(err)
		}
		if found, err := client.AzurePlans.Of(t.Context(), mockbackend.NorthwindID); err != nil || !found.HasPlan() || found.Plan.Status != "suspended" {
			t.Errorf("%+v, %v", found, err)
		}
		if err := client.AzurePlans.Suspend(t.Context(), mockbackend.NorthwindID, mockbackend.AdatumID); err != nil { // does not exist
			t.Error(err)
		}
	})
}
