package partnercenter

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// writers lets one goroutine at a time write a customer's policy, so that two resources
// of one run need no etag conflict to find each other.
type writers struct {
	mu         sync.Mutex
	byCustomer map[string]*writer
}

// writer is the right to write one customer's policy.
type writer struct {
	turn *semaphore.Weighted
	// wrote is when this process changed the policy last.
	wrote time.Time
}

// acquire waits for the customer's turn; release ends it.
func (w *writers) acquire(ctx context.Context, customerID string) (*writer, error) {
	key := strings.ToLower(customerID)
	w.mu.Lock()
	if w.byCustomer == nil {
		w.byCustomer = make(map[string]*writer)
	}
	one := w.byCustomer[key]
	if one == nil {
		one = &writer{turn: semaphore.NewWeighted(1)}
		w.byCustomer[key] = one
	}
	w.mu.Unlock()
	if err := one.turn.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return one, nil
}

func (w *writer) release() { w.turn.Release(1) }
