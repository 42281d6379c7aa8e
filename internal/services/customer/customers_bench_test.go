package customer_test

import (
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// BenchmarkCustomersDataSource lists 10,000 customers over the plugin protocol. Allocations are those of the
// provider, of the mock and of this test together.
func BenchmarkCustomersDataSource(b *testing.B) {
	mock := mockbackend.New(mockbackend.Config{Customers: 10_000})
	p := acctest.NewProtocol(b, mock, mock.User(mockbackend.AdminAgent).RefreshToken)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.ReadDataSource(b.Context(), "partnercenter_customers", nil); err != nil {
			b.Fatal(err)
		}
	}
}
