package partnercenter

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// writers ensures that one goroutine at a time writes a customer's policy. Two resources of one run
// therefore cause no etag conflict.
type writers struct {
	mu         sync.Mutex
	byCustomer map[string]*writer
}

// writer is the lock on one customer's policy, and what is known from the answers to this process's
// writes. Reads may be older than that for up to [ReadLag].
type writer struct {
	turn *semaphore.Weighted
	// at is the time of the last answer.
	at time.Time
	// exists means that a policy existed at that time.
	exists bool
	// ours is the etag of a policy that this process created and that no other process has written
	// since. It is "" if there is none, or if this process removed permissions from it.
	ours string
	// outdated contains the etags of earlier versions.
	outdated map[string]bool
}

// acquire waits for the lock on a customer; release unlocks it.
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
	if time.Since(one.at) >= ReadLag {
		one.exists, one.ours, one.outdated = false, "", nil
	}
	return one, nil
}

func (w *writer) release() { w.turn.Release(1) }

// wrote records a write that replaced the policy before with after; both may be zero.
func (w *writer) wrote(before, after SelfServePolicy, want change) {
	created := before.ID == "" || w.createdHere(before) && len(want.off) == 0
	w.outdate(before)
	w.exists, w.ours = after.ID != "", ""
	if created {
		w.ours = after.etag()
	}
}

// createdHere reports whether this process created the policy and no other process has written it. No
// process that manages another permission would delete such a policy.
func (w *writer) createdHere(p SelfServePolicy) bool { return w.ours != "" && p.etag() == w.ours }

// moved records an error that shows that the policy changed since it was read.
func (w *writer) moved(read SelfServePolicy, exists bool) {
	w.outdate(read)
	w.exists, w.ours = exists, ""
}

// unsure records a write with an unknown outcome.
func (w *writer) unsure() { w.exists, w.ours = false, "" }

func (w *writer) outdate(p SelfServePolicy) {
	w.at = time.Now()
	if p.etag() == "" {
		return
	}
	if w.outdated == nil {
		w.outdated = make(map[string]bool)
	}
	w.outdated[p.etag()] = true
}

// stale reports whether a read is older than what the answers to writes showed.
func (w *writer) stale(p SelfServePolicy) bool {
	if p.ID == "" {
		return w.exists
	}
	return w.outdated[p.etag()]
}
