package mockbackend_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestConcurrentCallers checks that concurrent writes are executed once. It also exercises the code for the race
// detector.
func TestConcurrentCallers(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 40})
	bearer := admin(t, b).bearer
	azureBearer := anonymous(t, b).token(mockbackend.AdatumID, resourceManagerScope+"/.default", "")
	var created, conflicts atomic.Int32
	var wait sync.WaitGroup
	for worker := range 16 {
		wait.Go(func() {
			c := anonymous(t, b)
			c.bearer = bearer
			azure := anonymous(t, b)
			azure.bearer = azureBearer
			for i := range 10 {
				switch c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances)).status {
				case 201:
					created.Add(1)
				case 409:
					conflicts.Add(1)
				}
				c.call("GET", "/customers?size=7", nil)
				c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.AdatumID, nil)
				c.call("GET", "/auditrecords", nil)
				azure.arm("/subscriptions/" + mockbackend.AdatumAzureID + "?api-version=2022-12-01")
				switch (worker + i) % 4 {
				case 0:
					b.SetPermissions(mockbackend.ContosoID, mockbackend.AzureSavingsPlan)
				case 1:
					b.SetKnobs(func(k *mockbackend.Knobs) { k.ShuffleOrder = !k.ShuffleOrder })
				case 2:
					b.AddCustomer(mockbackend.Customer{CompanyName: fmt.Sprint("Added ", worker, i)}, mockbackend.Subscription{})
				case 3:
					b.Fail(mockbackend.Fault{Path: "/nowhere", Kind: mockbackend.Throttle})
				}
				_, _, _, _ = b.Requests(), b.Counters(), b.Customers(), b.AuditRecords()
			}
		})
	}
	wait.Wait()
	if created.Load() != 1 || conflicts.Load() != 159 {
		t.Errorf("%d created, %d conflicts", created.Load(), conflicts.Load())
	}
	if n := len(b.Requests()); n != 2+16*10*5 {
		t.Errorf("%d requests in the journal", n)
	}
}
