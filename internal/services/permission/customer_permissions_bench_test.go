package permission_test

import (
	"testing"

	"terraform-provider-partnercenter/internal/acctest"
	"terraform-provider-partnercenter/internal/mockbackend"
)

// BenchmarkFleet refreshes and plans 10,000 customers of which nothing has changed, by the activity log, so
// that next to no request is in it. Allocations are those of the provider and of this test together.
func BenchmarkFleet(b *testing.B) {
	mock := mockbackend.New(mockbackend.Config{Customers: 10_000})
	r := acctest.NewProtocol(b, mock, mock.User(mockbackend.AdminAgent).RefreshToken).Resource(fleetType)
	permissions := acctest.Values{}
	for _, c := range mock.Customers() {
		permissions[c.ID] = onlyRI
	}
	mock.SetKnobs(func(k *mockbackend.Knobs) { k.AuditDelay = 24 * 3600 * 1e9 })
	config := of(permissions, "verify_azure_subscription", false, "refresh", "activity_log")
	if err := r.Apply(b.Context(), config); err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := r.Refresh(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if action, err := r.Plan(b.Context(), config); err != nil || action != acctest.NoOp {
				b.Fatal(action, err)
			}
		}
	})
	b.Run("destroy plan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if action, err := r.Plan(b.Context(), nil); err != nil || action != acctest.Destroy {
				b.Fatal(action, err)
			}
		}
	})
}
