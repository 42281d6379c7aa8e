package httppipe

import (
	"context"
	"fmt"
	"time"
)

// DeadlineError means that a required wait is longer than the operation's remaining time. Usually
// the server asked for the wait.
type DeadlineError struct {
	// Wait is 0 if the time ran out while the request was in the queue of the gate.
	Wait, Left time.Duration
	// Waited is how long the call took before, if known.
	Waited time.Duration
	// Paced means that the wait is caused by [Limits] and not by the server.
	Paced bool
}

func (e *DeadlineError) Error() string {
	if e.Wait == 0 {
		return "the operation timed out before the request could be sent"
	}
	text := fmt.Sprintf("a wait of %s is needed, but only %s are left before the operation times out",
		e.Wait.Round(time.Second), e.Left.Round(time.Second))
	if e.Waited >= time.Second {
		text += fmt.Sprintf(", after %s", e.Waited.Round(time.Second))
	}
	return text
}

// ThrottledRemedy is the remedy for the server's limit.
const ThrottledRemedy = "The limit is counted per partner, over all its applications and runs. Run again later, or with fewer concurrent runs."

// Remedy returns what to do.
func (e *DeadlineError) Remedy() string {
	switch {
	case e.Paced:
		return "Raise the limit of requests per second, or remove it: the server's own limit is detected."
	case e.Wait == 0:
		return "Too many requests were waiting, for the server's limit or for the limit of concurrent requests. Give the operation more time, or divide the configuration."
	}
	return ThrottledRemedy
}

// NonRetriable marks the error for azcore.
func (*DeadlineError) NonRetriable() {}

// Sleep waits for d. If the context's deadline is earlier, it returns a [DeadlineError]
// immediately.
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
