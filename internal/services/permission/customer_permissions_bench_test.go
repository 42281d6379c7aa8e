package permission_test

import (
	"runtime"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// BenchmarkFleet refreshes and plans 10,000 unchanged customers by the activity log, with almost no request.
// Allocations are those of the provider and of this test together.
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

// BenchmarkPermissionList lists 10,000 customers with their resources, as "terraform query" does. The memory in
// use, without the mock's, is that of the provider and of the results, which this test keeps.
func BenchmarkPermissionList(b *testing.B) {
	mock, p := fleet(b, mockbackend.Config{Customers: 10_000})
	inUse := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / 1e6
	}
	before, most := inUse(), 0.0
	b.ReportAllocs()
	for b.Loop() {
		p.Restart(mock.User(mockbackend.HelpdeskAgent).RefreshToken)
		mock.ResetJournal()
		results := 0
		got, err := p.ListUntil(b.Context(), typeName, nil, 10_000, true, func(acctest.ListedResource) bool {
			if results++; results%1000 == 0 {
				b.StopTimer()
				most = max(most, inUse()-before)
				b.StartTimer()
			}
			return false
		})
		if err != nil || len(got.Results) != 5000 {
			b.Fatal(len(got.Results), err)
		}
	}
	b.ReportMetric(most, "MB-in-use")
}
