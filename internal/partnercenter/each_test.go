package partnercenter_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

const concurrent = 32

// eachPolicy reads the policies of all customers of the mock.
func eachPolicy(ctx context.Context, t *testing.T, b *mockbackend.Backend) ([]error, error) {
	t.Helper()
	client := newClientOver(t, b, b.Transport(), func(o *partnercenter.Options) { o.Limits.Concurrent = concurrent })
	customers := b.Customers()
	return client.Each(ctx, len(customers), func(ctx context.Context, i int) error {
		_, err := client.SelfServePolicies.Get(ctx, customers[i].ID)
		return err
	})
}

// policyReads returns the number of policy reads that the mock received.
func policyReads(b *mockbackend.Backend) int { return b.Counters().Route("GET /v1/SelfServePolicy") }

// TestEach checks that each index is called once, and that concurrency reaches exactly the limit.
func TestEach(t *testing.T) {
	for _, c := range []struct{ n, limit, most int }{
		{0, concurrent, 0}, {1, concurrent, 1}, {31, concurrent, 31}, {1000, concurrent, concurrent}, {1000, 1, 1}, {40, 0, 40},
	} {
		t.Run(fmt.Sprintf("%d at a limit of %d", c.n, c.limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				client := newClientOver(t, b, b.Transport(), func(o *partnercenter.Options) { o.Limits.Concurrent = c.limit })
				var underWay, most atomic.Int64
				calls := make([]int, c.n)
				failed, err := client.Each(t.Context(), c.n, func(_ context.Context, i int) error {
					now := underWay.Add(1)
					for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
					}
					defer underWay.Add(-1)
					calls[i]++
					pass(t, time.Second)
					return nil
				})
				if err != nil || len(failed) != c.n || int(most.Load()) != c.most {
					t.Errorf("%d results, %d at a time, %v", len(failed), most.Load(), err)
				}
				for i, n := range calls {
					if n != 1 || failed[i] != nil {
						t.Errorf("%d was called %d times: %v", i, n, failed[i])
					}
				}
			})
		})
	}
}

// TestEach_failures checks that errors of single customers do not stop Each, whatever their number,
// and that an error that concerns all customers does.
func TestEach_failures(t *testing.T) {
	const customers = 1000
	type fault = mockbackend.Fault
	for name, c := range map[string]struct {
		fault
		failed int // number of customers; -1 if Each stops
		most   int // maximum number of requests
	}{
		"one customer":                        {fault{Kind: mockbackend.EmptyForbidden, Times: 1, Skip: 500}, 1, customers},
		"many tenants without a relationship": {fault{Kind: mockbackend.APIError, Status: 403, Code: 20002, Times: 900}, 900, customers},
		"many tenants that do not exist":      {fault{Kind: mockbackend.APIError, Status: 404, Code: 60003, Times: 900}, 900, customers},
		"fewer in a row than an outage":       {fault{Kind: mockbackend.APIError, Status: 400, Code: 3000, Times: 99, Skip: 10}, 99, customers},
		"as many in a row as an outage":       {fault{Kind: mockbackend.APIError, Status: 400, Code: 3000, Times: 200, Skip: 10}, -1, 10 + 100 + 2*concurrent},
		"the wrong URL":                       {fault{Kind: mockbackend.Redirect, Times: -1}, -1, 100 + 2*concurrent},
		"no role":                             {fault{Kind: mockbackend.EmptyForbidden, Times: -1}, -1, 100 + 2*concurrent},
		"no role, by its code":                {fault{Kind: mockbackend.APIError, Status: 403, Code: 900150, Times: 1, Skip: 500}, -1, 501 + 2*concurrent},
		"the server is down":                  {fault{Kind: mockbackend.ServerError, Times: -1}, -1, 5 * (100 + 2*concurrent)},
		"the network is down":                 {fault{Kind: mockbackend.DropBefore, Times: -1}, -1, 5 * (100 + 2*concurrent)},
		"the token is not accepted":           {fault{Kind: mockbackend.APIError, Status: 401, Code: 900421, Times: -1}, -1, 2 * concurrent},
		"throttled for longer than time":      {fault{Kind: mockbackend.Throttle, RetryAfter: 2 * time.Hour, Skip: 100}, -1, 100 + 2*concurrent},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{Customers: customers, Latency: 20 * time.Millisecond})
				c.Path = "/SelfServePolicy"
				b.Fail(c.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				failed, err := eachPolicy(ctx, t, b)
				n := 0
				for _, one := range failed {
					if one != nil {
						n++
					}
				}
				switch {
				case c.failed >= 0 && (err != nil || len(failed) != customers || n != c.failed):
					t.Errorf("%d of %d failed, %v", n, len(failed), err)
				case c.failed < 0 && (err == nil || len(failed) != customers || errors.Is(err, context.Canceled)):
					t.Errorf("%d of %d failed, %v", n, len(failed), err)
				}
				if n := policyReads(b); n > c.most {
					t.Errorf("%d requests, want at most %d", n, c.most)
				}
			})
		})
	}
}

// TestEach_signIn checks that a failed sign-in is one error, and that no other request is sent.
func TestEach_signIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{Customers: 1000})
		b.RevokeRefreshTokens(b.User(mockbackend.AdminAgent))
		_, err := eachPolicy(t.Context(), t, b)
		var e *partnercenter.Error
		if !errors.As(err, &e) || e.Sent() || policyReads(b) != 0 {
			t.Errorf("%d requests, %v", policyReads(b), err)
		}
	})
}

// TestEach_ends checks that Each returns as soon as the run is interrupted or the time is over. It
// leaves no goroutine running; synctest would fail otherwise.
func TestEach_ends(t *testing.T) {
	for name, c := range map[string]struct {
		rate mockbackend.Rate
		want func(error) bool
		end  func(context.Context) (context.Context, context.CancelFunc)
	}{
		"interrupted": {
			want: func(err error) bool { return errors.Is(err, context.Canceled) },
			end: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			},
		},
		"interrupted while throttled": {
			rate: mockbackend.Rate{Requests: 100, Per: time.Minute},
			want: func(err error) bool { return errors.Is(err, context.Canceled) },
			end: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			},
		},
		"out of time": {
			want: func(err error) bool { return !errors.Is(err, context.Canceled) },
			end: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Second)
			},
		},
		"out of time since throttled": {
			rate: mockbackend.Rate{Requests: 100, Per: time.Minute},
			want: partnercenter.IsOutOfTime,
			end: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Second)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{Customers: 10_000, Latency: 20 * time.Millisecond, Rate: c.rate})
				ctx, cancel := c.end(t.Context())
				defer cancel()
				start := time.Now()
				failed, err := eachPolicy(ctx, t, b)
				if err == nil || len(failed) != 10_000 || !errors.Is(failed[9_999], partnercenter.ErrNotStarted) || !c.want(err) || time.Since(start) > time.Second {
					t.Errorf("after %v: %d results, %v", time.Since(start), len(failed), err)
				}
				if n := b.Counters().Routes["GET /v1/SelfServePolicy"][http.StatusOK]; n < 90 || n > 50*concurrent {
					t.Errorf("%d requests succeeded", n)
				}
			})
		})
	}
}
