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

// writer is the right to write one customer's policy, and what the answers to this process's writes
// say about it. Up to [ReadLag] later a read can show less.
type writer struct {
	turn *semaphore.Weighted
	// at is when the server answered last.
	at time.Time
	// exists says that there was a policy then.
	exists bool
	// ours is the etag of the policy that this process has made, while nobody but it has written it
	// and it has only added permissions; else "".
	ours string
	// outdated are the etags of earlier versions.
	outdated map[string]bool
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
	if time.Since(one.at) >= ReadLag {
		one.exists, one.ours, one.outdated = false, "", nil
	}
	return one, nil
}

func (w *writer) release() { w.turn.Release(1) }

// wrote records a write that replaced the policy before by after; both may be the zero policy.
func (w *writer) wrote(before, after SelfServePolicy, want change) {
	made := before.ID == "" || w.made(before) && len(want.off) == 0
	w.outdate(before)
	w.exists, w.ours = after.ID != "", ""
	if made {
		w.ours = after.etag()
	}
}

// made tells whether this process has made the policy and nobody else has written it. Then it is
// deleted by nobody who manages another permission.
func (w *writer) made(p SelfServePolicy) bool { return w.ours != "" && p.etag() == w.ours }

// moved records a refusal that shows that the policy is not as it was read.
func (w *writer) moved(read SelfServePolicy, exists bool) {
	w.outdate(read)
	w.exists, w.ours = exists, ""
}

// doubt records a write of which nobody knows whether it took place.
func (w *writer) doubt() { w.exists, w.ours = false, "" }

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

// stale tells whether a read shows the policy as it was before what is known from answers.
func (w *writer) stale(p SelfServePolicy) bool {
	if p.ID == "" {
		return w.exists
	}
	return w.outdated[p.etag()]
}
