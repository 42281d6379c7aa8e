package partnercenter_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// TestOrders reads the orders of a customer as a list and one by one.
func TestOrders(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	client := newClient(t, b)
	found := 0
	for o, err := range client.Orders.Of(t.Context(), mockbackend.ContosoID, partnercenter.OrderFilter{IncludePrice: true}) {
		if err != nil {
			t.Fatal(err)
		}
		found++
		one, err := client.Orders.Get(t.Context(), mockbackend.ContosoID, o.ID, true)
		if err != nil || one.TotalPrice != o.TotalPrice || len(one.Lines) != len(o.Lines) || !one.CreationDate.Equal(o.CreationDate.Time) {
			t.Errorf("got %+v, %v by ID, and %+v in the list", one, err, o)
		}
		want := map[string]partnercenter.ProductKind{mockbackend.ContosoReservationOrderID: partnercenter.ReservationProduct, mockbackend.ContosoSoftwareOrderID: partnercenter.UnclearProduct}[o.ID]
		if kind := o.Kind(o.Lines[0]); kind != cmp.Or(want, partnercenter.OtherProduct) {
			t.Errorf("order %s is for %s", o.ID, kind)
		}
	}
	if want := len(b.Orders(mockbackend.ContosoID)); found != want || want < 3 {
		t.Errorf("%d orders of %d", found, want)
	}
	if o, err := client.Orders.Get(t.Context(), mockbackend.ContosoID, "none/../of%20them", false); err == nil || !strings.Contains(err.Error(), "20000") {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := client.Orders.Get(t.Context(), mockbackend.ContosoID, mockbackend.ContosoReservationOrderID, false); err != nil || o.TotalPrice != "" || o.Lines[0].Pricing != nil {
		t.Errorf("without prices: %+v, %v", o, err)
	}
}

// TestPurchase checks that a purchase appears in orders, reservations and the activity log, and
// that the three can be matched.
func TestPurchase(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	client := newClient(t, b)
	const owner = mockbackend.ContosoUserPrincipalName
	start := time.Now()
	bought, err := b.BuyReservation(mockbackend.ContosoID, owner, mockbackend.Purchase{Quantity: 3, AppliedScope: mockbackend.ContosoAzureID})
	if err != nil {
		t.Fatal(err)
	}
	var order partnercenter.Order
	for o, err := range client.Orders.Of(t.Context(), mockbackend.ContosoID, partnercenter.OrderFilter{BillingCycle: "one_time"}) {
		if err != nil {
			t.Fatal(err)
		}
		if o.ID == bought.ID {
			order = o
		}
	}
	if len(order.Lines) != 1 || !order.MayBeReservation(order.Lines[0]) || *order.Lines[0].Quantity != 3 {
		t.Errorf("the order is %+v", order)
	}
	reservations, err := client.Reservations.Of(t.Context(), mockbackend.ContosoID)
	if err != nil {
		t.Fatal(err)
	}
	var matching []partnercenter.Reservation
	for _, r := range reservations {
		if r.OrderID == order.ID && *r.OrderLine == *order.Lines[0].Number {
			matching = append(matching, r)
		}
	}
	if len(reservations) != 2 || len(matching) != 1 || matching[0].ScopeType != "single" || len(matching[0].AppliedScopes) != 1 || *matching[0].Quantity != 3 {
		t.Errorf("the reservations are %+v", reservations)
	}
	var records []partnercenter.AuditRecord
	filter := partnercenter.AuditFilter{Start: start, CustomerIDs: []string{strings.ToUpper(mockbackend.ContosoID)}, OperationTypes: []string{"create_order"}}
	for r, err := range client.AuditRecords.All(t.Context(), filter) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	if len(records) != 1 || records[0].UserPrincipalName != owner || !strings.Contains(string(records[0].ResourceNewValue), order.ID) || string(records[0].OriginalCorrelationID) != bought.CorrelationID {
		t.Errorf("the records are %+v", records)
	}
}
