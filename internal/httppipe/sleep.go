package httppipe

import (
	"context"
	"fmt"
	"time"
)

// DeadlineError says that a wait, mostly one that the server asked for, is longer
// than what is left of the operation's time.
type DeadlineError struct {
	// Wait is 0 when the time ran out before the requests ahead were done.
	Wait, Left time.Duration
	// Paced says that the wait is due to [Limits], not to the server.
	Paced bool
}

func (e *DeadlineError) Error() string {
	if e.Wait == 0 {
		return "the operation's time ran out before it was the request's turn"
	}
	return fmt.Sprintf("a wait of %s is needed, but only %s of the operation's time are left",
		e.Wait.Round(time.Second), e.Left.Round(time.Second))
}

// NonRetriable marks the error for azcore.
func (*DeadlineError) NonRetriable() {}

// Sleep waits for d. When the context's deadline comes first it does not wait and
// answers with a [DeadlineError].
func Sleep(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return &DeadlineError{Wait: d, Left: max(time.Until(deadline), 0)}
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
