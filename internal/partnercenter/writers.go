package partnercenter

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"
)

// writers lets one goroutine at a time write a customer's policy, so that two resources
// of one run need no etag conflict to find each other.
type writers struct {
	mu         sync.Mutex
	byCustomer map[string]*semaphore.Weighted
}

// acquire waits for the customer's turn and returns what ends it.
func (w *writers) acquire(ctx context.Context, customerID string) (func(), error) {
	key := strings.ToLower(customerID)
	w.mu.Lock()
	if w.byCustomer == nil {
		w.byCustomer = make(map[string]*semaphore.Weighted)
	}
	turn := w.byCustomer[key]
	if turn == nil {
		turn = semaphore.NewWeighted(1)
		w.byCustomer[key] = turn
	}
	w.mu.Unlock()
	if err := turn.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { turn.Release(1) }, nil
}
