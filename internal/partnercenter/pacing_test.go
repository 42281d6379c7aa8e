package partnercenter_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// read reads the policies of all customers from the given number of goroutines. It returns the
// duration and the number of throttled requests.
func read(ctx context.Context, t *testing.T, b *mockbackend.Backend, c *partnercenter.Client, goroutines int) (took time.Duration, refused int) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(goroutines)
	start := time.Now()
	for _, customer := range b.Customers() {
		group.Go(func() error {
			_, err := c.SelfServePolicies.Get(ctx, customer.ID)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	return time.Since(start), b.Counters().Routes["GET /v1/SelfServePolicy"][http.StatusTooManyRequests]
}

// TestPacing checks that requests run close to the server's limit, without errors and with few
// throttled requests, for any number of goroutines.
func TestPacing(t *testing.T) {
	const requests, latency = 2000, 20 * time.Millisecond
	for _, c := range []struct {
		rate   mockbackend.Rate
		limits httppipe.Limits
		most   float64 // multiple of the ideal duration
		first  int     // 1 if the client has to find the limit
	}{
		{rate: mockbackend.Rate{Requests: 500, Per: time.Minute}, most: 1.1, first: 1},
		// The server sends Retry-After in whole seconds, so a window of one second becomes longer.
		{rate: mockbackend.Rate{Requests: 60, Per: time.Second}, most: 1.2, first: 1},
		{rate: mockbackend.Rate{Requests: 60, Per: time.Second}, limits: httppipe.Limits{PerSecond: 58}, most: 1.1},
		{rate: mockbackend.Rate{Requests: 500, Per: time.Minute}, limits: httppipe.Limits{PerSecond: 8, Concurrent: 4}, most: 1.1},
		{limits: httppipe.Limits{Concurrent: 32}, most: 1.1},
	} {
		for _, goroutines := range []int{1, 8, 32} {
			t.Run(fmt.Sprintf("at %q and %+v from %d goroutines", c.rate, c.limits, goroutines), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBackend(t, mockbackend.Config{Customers: requests, Latency: latency, Rate: c.rate})
					client := newClientOver(t, b, b.Transport(), func(o *partnercenter.Options) { o.Limits = c.limits })
					ideal := requests * latency / time.Duration(goroutines)
					windows := 0
					if c.rate.Requests > 0 {
						windows = requests / c.rate.Requests
						ideal = max(ideal, requests*c.rate.Per/time.Duration(c.rate.Requests))
					}
					took, refused := read(t.Context(), t, b, client, goroutines)
					t.Logf("%.2f of the ideal %v, %d refused", float64(took)/float64(ideal), ideal, refused)
					if float64(took) > c.most*float64(ideal) {
						t.Errorf("took %v, want at most %v times %v", took, c.most, ideal)
					}
					if refused > c.first*goroutines+2*c.first*windows {
						t.Errorf("%d requests were throttled within %d windows", refused, windows)
					}
				})
			})
		}
	}
}

// TestPacing_deadline checks that a call fails immediately, with a remedy, if the remaining time is too
// short.
func TestPacing_deadline(t *testing.T) {
	for name, c := range map[string]struct {
		rate   mockbackend.Rate
		limits httppipe.Limits
		says   string
	}{
		"at the server's limit":    {mockbackend.Rate{Requests: 3, Per: time.Hour}, httppipe.Limits{Concurrent: 1}, "Run again later, or with fewer concurrent runs."},
		"at the client's own rate": {mockbackend.Rate{}, httppipe.Limits{PerSecond: 0.1}, "Raise the limit of requests per second, or remove it"},
		"in a long queue":          {mockbackend.Rate{}, httppipe.Limits{Concurrent: 1}, "Give the operation more time"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{Customers: 20, Latency: 10 * time.Second, Rate: c.rate})
				client := newClientOver(t, b, b.Transport(), func(o *partnercenter.Options) { o.Limits = c.limits })
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				errs := make(chan error, 20)
				for _, customer := range b.Customers() {
					go func() {
						_, err := client.SelfServePolicies.Get(ctx, customer.ID)
						errs <- err
					}()
				}
				failed := 0
				for range 20 {
					var e *partnercenter.Error
					if err := <-errs; errors.As(err, &e) && errors.As(err, new(*httppipe.DeadlineError)) {
						failed++
						if e.Sent() || !strings.Contains(e.Remedy(), c.says) {
							t.Errorf("%v has the remedy %q", err, e.Remedy())
						}
					}
				}
				if failed < 5 {
					t.Errorf("%d calls were not sent, want most", failed)
				}
			})
		})
	}
}
