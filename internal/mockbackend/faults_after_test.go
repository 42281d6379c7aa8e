package mockbackend_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestExecutedAfterDisconnect checks that a write stays executed if the client disconnects before the answer.
func TestExecutedAfterDisconnect(t *testing.T) {
	for _, kind := range []mockbackend.FaultKind{mockbackend.SlowAfter, mockbackend.LostAfter} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := admin(t, b)
			b.Fail(mockbackend.Fault{Method: "POST", Kind: kind})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			begin := time.Now()
			req := c.request("POST", "/v1/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan))
			if _, err := c.try(req.WithContext(ctx)); err == nil || time.Since(begin) != 10*time.Second {
				t.Errorf("%s: %v after %s", kind, err, time.Since(begin))
			}
			if _, made := b.Policy(mockbackend.AdatumID); !made {
				t.Errorf("%s: not executed", kind)
			}
			if last := lastRequest(b); last.Status != 0 || !last.Executed || last.Fault != string(kind) {
				t.Errorf("%s: journal: %+v", kind, last)
			}
		})
	}
}

func lastRequest(b *mockbackend.Backend) mockbackend.Request {
	requests := b.Requests()
	return requests[len(requests)-1]
}

// TestExecutedAfterDisconnectOverTLS checks the same over sockets, where the handler reads the disconnect from the
// connection.
func TestExecutedAfterDisconnectOverTLS(t *testing.T) {
	for _, kind := range []mockbackend.FaultKind{mockbackend.SlowAfter, mockbackend.LostAfter} {
		b := newBackend(t, mockbackend.Config{})
		c := overTLS(t, b)
		c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
		b.Fail(mockbackend.Fault{Method: "POST", Kind: kind, Delay: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		req := c.request("POST", "/v1/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).WithContext(ctx)
		go func() {
			_, err := c.try(req)
			left <- err
		}()
		for made := false; !made; _, made = b.Policy(mockbackend.AdatumID) {
			runtime.Gosched()
		}
		cancel()
		if err := <-left; err == nil {
			t.Errorf("%s: an answer", kind)
		}
		for lastRequest(b).Service != mockbackend.PartnerCenter { // until the handler has seen the disconnect
			runtime.Gosched()
		}
		if last := lastRequest(b); last.Status != 0 || !last.Executed {
			t.Errorf("%s: journal: %+v", kind, last)
		}
	}
}

// TestLatencyBeforeAndAfterExecution checks that half of the latency is before the execution, and half after it.
func TestLatencyBeforeAndAfterExecution(t *testing.T) {
	for wait, executed := range map[time.Duration]bool{400 * time.Millisecond: false, 600 * time.Millisecond: true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{Latency: time.Second})
			c := admin(t, b)
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			req := c.request("POST", "/v1/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan))
			if _, err := c.try(req.WithContext(ctx)); err == nil {
				t.Error("an answer")
			}
			if _, made := b.Policy(mockbackend.AdatumID); made != executed {
				t.Errorf("the client disconnected after %s: executed: %t", wait, made)
			}
		})
	}
}
