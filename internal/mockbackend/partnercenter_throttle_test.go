package mockbackend_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestThrottle(t *testing.T) { // DEV/api-throttling-guidance
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{Rate: mockbackend.Rate{Requests: 3, Per: time.Minute}})
		c := admin(t, b)
		for i := range 3 {
			c.call("GET", "/customers", nil).want(t, "within the limit", 200, 0)
			if i < 2 {
				advance(time.Second)
			}
		}
		advance(500 * time.Millisecond)
		got := c.call("GET", "/customers/"+mockbackend.AdatumID, nil)
		if got.status != 429 || got.header.Get("Retry-After") != "58" || string(got.raw) != `{"statusCode":429,"message":"Rate limit is exceeded. Try again in 58 seconds."}` {
			t.Errorf("%d %v %s", got.status, got.header, got.raw)
		}
		azure := anonymous(t, b) // Resource Manager calls are not counted
		azure.bearer = azure.token(mockbackend.AdatumID, resourceManagerScope+"/.default", "")
		azure.arm("/subscriptions?api-version=2022-12-01").want(t, "Resource Manager", 200, 0)
		advance(57*time.Second + 400*time.Millisecond)
		if got = c.call("GET", "/customers", nil); got.status != 429 || got.header.Get("Retry-After") != "1" {
			t.Errorf("%d %v", got.status, got.header)
		}
		advance(100 * time.Millisecond)
		for range 3 {
			c.call("GET", "/customers", nil).want(t, "the next window", 200, 0)
		}
		if got = c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)); got.status != 429 {
			t.Errorf("%d", got.status)
		}
		if _, made := b.Policy(mockbackend.AdatumID); made {
			t.Error("a refused write was executed")
		}
	})
}

func TestParseRate(t *testing.T) {
	if rate, err := mockbackend.ParseRate("500/1m"); err != nil || rate != (mockbackend.Rate{Requests: 500, Per: time.Minute}) {
		t.Errorf("%v %v", rate, err)
	}
	for _, bad := range []string{"", "500", "/1m", "0/1m", "-1/1m", "5/0s", "5/minute", "5/-1s"} {
		if _, err := mockbackend.ParseRate(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
