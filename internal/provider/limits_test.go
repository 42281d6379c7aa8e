package provider_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestLimits: the settings limit the requests. Without settings, a throttled read succeeds.
func TestLimits(t *testing.T) {
	const pages = 10
	for name, c := range map[string]struct {
		settings acctest.Values
		rate     mockbackend.Rate
		fault    *mockbackend.Fault
		says     string // text of the error; empty = no error
		requests int
		took     time.Duration
	}{
		"nothing set":            {requests: pages, took: pages * 20 * time.Millisecond},
		"nothing set, throttled": {rate: mockbackend.Rate{Requests: 4, Per: time.Minute}, requests: pages + 2, took: 2*time.Minute + (pages+2)*20*time.Millisecond},
		"two per second":         {settings: acctest.Values{"requests_per_second": 2}, requests: pages, took: (pages-1)*500*time.Millisecond + 20*time.Millisecond},
		"less than one":          {settings: acctest.Values{"requests_per_second": 0.25}, requests: pages, took: (pages-1)*4*time.Second + 20*time.Millisecond},
		"one retry": {
			settings: acctest.Values{"max_retries": 1}, fault: &mockbackend.Fault{Kind: mockbackend.ServerError, Times: 1},
			requests: pages + 1,
		},
		"no retry": {
			settings: acctest.Values{"max_retries": 0}, fault: &mockbackend.Fault{Kind: mockbackend.ServerError, Times: 1},
			says: "500", requests: 1,
		},
		"no retry, throttled": {
			settings: acctest.Values{"max_retries": 0}, fault: &mockbackend.Fault{Kind: mockbackend.Throttle, RetryAfter: time.Minute, Times: 1},
			requests: pages + 1, took: time.Minute + (pages+1)*20*time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{Customers: pages * 10, Latency: 20 * time.Millisecond, Rate: c.rate})
				b.SetKnobs(func(k *mockbackend.Knobs) { k.PageSize = 10 })
				d := acctest.NewProtocol(t, b, "")
				settings := acctest.Values{"client_secret": b.Partner().ClientSecret}
				maps.Copy(settings, c.settings)
				if err := d.RestartWith(settings); err != nil {
					t.Fatal(err)
				}
				if c.fault != nil {
					c.fault.Path = "/customers"
					b.Fail(*c.fault)
				}
				start := time.Now()
				_, err := d.ReadDataSource(t.Context(), "partnercenter_customers", acctest.Values{})
				took := time.Since(start)
				if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
					t.Errorf("got %v", err)
				}
				if n := b.Counters().Route("GET /v1/customers"); n != c.requests {
					t.Errorf("%d requests were sent, want %d", n, c.requests)
				}
				// A timer may be up to 20 ms late.
				if c.took > 0 && (took > c.took || took < c.took-20*time.Millisecond) {
					t.Errorf("took %v, want %v", took, c.took)
				}
				acctest.FailOnViolations(t, b)
			})
		})
	}
}
