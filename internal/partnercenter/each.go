package partnercenter

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// maxConsecutiveFailures is the number of consecutive failures after which a failure is assumed to concern all
// customers.
const maxConsecutiveFailures = 100

// ErrNotStarted is the error that [Client.Each] returns for indexes that it did not start.
var ErrNotStarted error = notStarted{}

// Each calls do for the indexes 0 to n-1, with as many concurrent calls as the client sends
// concurrent requests. It returns n errors, one for each index; nil means success.
//
// An error of one customer does not stop the others. An error that concerns all customers stops
// Each: a failed sign-in, a missing role, or not enough time. So do 100 consecutive failures that
// are not about the customer, as in an outage. Each then cancels the context of the running calls,
// waits for them, starts no more calls, and also returns that error. Indexes that were not started
// have [ErrNotStarted].
func (c *Client) Each(ctx context.Context, n int, do func(ctx context.Context, i int) error) ([]error, error) {
	failed := slices.Repeat([]error{ErrNotStarted}, n)
	var next, failures atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(n, cmp.Or(c.concurrency, n)) {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				err := do(ctx, i)
				failed[i] = err
				switch {
				case err == nil || IsCustomerNotFound(err) || IsNoRelationship(err) || errors.As(err, new(*NoAzureSubscriptionError)):
					failures.Store(0)
				case ctx.Err() != nil || concernsAll(err) || failures.Add(1) >= maxConsecutiveFailures:
					return err
				}
			}
			return nil
		})
	}
	return failed, answered(failed, group.Wait())
}

// answered returns the first error, or one with the server's answer. The calls that wait for a limit fail without an answer,
// perhaps before the call that was told of the limit.
func answered(failed []error, first error) error {
	var e *Error
	if !errors.As(first, &e) || e.StatusCode != 0 || !IsOutOfTime(first) {
		return first
	}
	for _, err := range failed {
		if errors.As(err, &e) && e.StatusCode != 0 && IsOutOfTime(err) {
			return err
		}
	}
	return first
}

// concernsAll reports whether the reason of the failure affects all customers.
func concernsAll(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	var final interface{ NonRetriable() } // implemented by sign-in errors
	return e.StatusCode == 0 && errors.As(e.Err, &final) || IsOutOfTime(err) || e.StatusCode == http.StatusUnauthorized ||
		is(err, http.StatusForbidden, "900329", "900150", "900309")
}

// IsOutOfTime reports whether a call would have to wait longer than the operation's remaining time,
// because of the server's limits or the client's own limits.
func IsOutOfTime(err error) bool {
	return is(err, http.StatusTooManyRequests) || errors.As(err, new(*httppipe.DeadlineError))
}
