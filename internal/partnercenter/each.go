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

// maxInVain is how many calls for different customers may fail in a row before the reason is
// taken to be none of the customers'.
const maxInVain = 100

// ErrNotStarted is what [Client.Each] returns for customers whose turn did not come.
var ErrNotStarted error = notStarted{}

// Each calls do for 0 to n-1, the indexes of a list of customers, for as many at a time as the
// client sends requests. It returns what each of them failed with, always n errors, most of them
// nil.
//
// The failure for one customer does not keep the others from their turn. One that concerns all
// does: a failed sign-in, a user without the role, the end of the time, or anything but an
// answer about the customer for 100 customers in a row, as in an outage. Then Each cancels the
// context of those under way, waits for them, calls do for no other and returns that one error,
// too. Those that did not begin have failed with [ErrNotStarted].
func (c *Client) Each(ctx context.Context, n int, do func(ctx context.Context, i int) error) ([]error, error) {
	failed := slices.Repeat([]error{ErrNotStarted}, n)
	var next, inVain atomic.Int64
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
					inVain.Store(0)
				case ctx.Err() != nil || concernsAll(err) || inVain.Add(1) >= maxInVain:
					return err
				}
			}
			return nil
		})
	}
	return failed, group.Wait()
}

// concernsAll tells whether a call failed for a reason that no other customer's would escape.
func concernsAll(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	var final interface{ NonRetriable() } // as of a failed sign-in
	return e.StatusCode == 0 && errors.As(e.Err, &final) || IsOutOfTime(err) || e.StatusCode == http.StatusUnauthorized ||
		is(err, http.StatusForbidden, "900329", "900150", "900309")
}

// IsOutOfTime tells whether the server's or our own limits let a call wait for longer than the
// operation had time.
func IsOutOfTime(err error) bool {
	return is(err, http.StatusTooManyRequests) || errors.As(err, new(*httppipe.DeadlineError))
}
