package httppipe

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Gate holds back all requests of a client after one of them was throttled: the
// server counts refused requests too, so sending on would only lengthen the wait
// (https://learn.microsoft.com/partner-center/developer/api-throttling-guidance).
// The zero value is an open gate.
type Gate struct {
	mu    sync.Mutex
	until time.Time
}

// DeadlineError says that a wait, mostly one that the server asked for, is longer
// than what is left of the operation's time.
type DeadlineError struct {
	Wait, Left time.Duration
}

func (e *DeadlineError) Error() string {
	return fmt.Sprintf("a wait of %s is needed, but only %s of the operation's time are left",
		e.Wait.Round(time.Second), e.Left.Round(time.Second))
}

// NonRetriable marks the error for azcore.
func (*DeadlineError) NonRetriable() {}

// pause closes the gate for d from now, unless it is closed for longer already.
func (g *Gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

// closedFor is how long the gate stays closed; 0 means it is open.
func (g *Gate) closedFor() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(time.Until(g.until), 0)
}

// wait returns when the gate is open. It fails at once when that would be after
// the context's deadline.
func (g *Gate) wait(ctx context.Context) error {
	for {
		d := g.closedFor()
		if d == 0 {
			return ctx.Err()
		}
		if err := Sleep(ctx, d); err != nil {
			return err
		}
	}
}

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
