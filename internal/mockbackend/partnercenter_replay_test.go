package mockbackend_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestReplay: after a lost answer, the same MS-RequestId returns the answer without a second execution (DEV/headers).
func TestReplay(t *testing.T) {
	for _, lost := range []mockbackend.FaultKind{mockbackend.DropAfter, mockbackend.DropMidBody} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			b := newBackend(t, mockbackend.Config{})
			c := admin(t, b)
			customer, path, want := mockbackend.ContosoID, "/SelfServePolicy/"+policyID(mockbackend.ContosoID), 200
			var body any
			switch method {
			case "POST":
				customer, path, want, body = mockbackend.AdatumID, "/SelfServePolicy", 201, policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
			case "PUT":
				read := c.call("GET", path, nil).body
				read["permissions"] = permission(mockbackend.AzureSavingsPlan, "Purchase")
				body = read
			case "DELETE":
				want = 204
			}
			c.header.Set("MS-RequestId", strings.ToUpper(uuid.NewString()))
			b.Fail(mockbackend.Fault{Method: method, Kind: lost})
			if _, err := c.try(c.request(method, "/v1"+path, body)); err == nil {
				t.Fatal("no error")
			}
			after, _ := b.Policy(customer)
			got := c.call(method, path, body)
			got.want(t, string(lost)+" "+method, want, 0)
			now, _ := b.Policy(customer)
			if now.ETag != after.ETag || len(policyRecords(b)) != 1 {
				t.Errorf("%s %s was executed twice", lost, method)
			}
			requests := b.Requests()
			if last := requests[len(requests)-1]; !last.Replayed || last.Executed {
				t.Errorf("journal: %+v", last)
			}
			c.header.Del("MS-RequestId")
			again := map[string]int{"POST": 409, "PUT": 400, "DELETE": 404}[method]
			if got = c.call(method, path, body); got.status != again {
				t.Errorf("%s with a new request id: %d %s", method, got.status, got.raw)
			}
		}
	}
}

func TestRefusedWritesAreNotRemembered(t *testing.T) {
	for _, kind := range []mockbackend.FaultKind{mockbackend.Throttle, mockbackend.ServerError, mockbackend.DropBefore, mockbackend.HTMLError, mockbackend.APIError} {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		c.header.Set("MS-RequestId", uuid.NewString())
		b.Fail(mockbackend.Fault{Kind: kind})
		body := policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
		if got, err := c.try(c.request("POST", "/v1/SelfServePolicy", body)); err == nil && got.status < 400 {
			t.Errorf("%s: %d", kind, got.status)
		}
		c.call("POST", "/SelfServePolicy", body).want(t, string(kind), 201, 0)
	}
}
