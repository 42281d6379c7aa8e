package azurerbac

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"
)

// turns let an assignment change hands in one run: Terraform makes a resource that got another
// address there and destroys it here, in any order. What was taken over is not removed.
type turns struct {
	mu  sync.Mutex
	all map[string]*turn
}

// turn is the right to take over or to remove the assignment of one principal.
type turn struct {
	right *semaphore.Weighted
	// taken is the id of what was taken over in this run, or "".
	taken string
}

// acquire waits for the turn; release ends it.
func (t *turns) acquire(ctx context.Context, o OwnerAssignment) (*turn, error) {
	key := strings.ToLower(o.TenantID + "/" + o.SubscriptionID + "/" + o.PrincipalID)
	t.mu.Lock()
	one := t.all[key]
	if one == nil {
		if t.all == nil {
			t.all = make(map[string]*turn)
		}
		one = &turn{right: semaphore.NewWeighted(1)}
		t.all[key] = one
	}
	t.mu.Unlock()
	return one, one.right.Acquire(ctx, 1)
}

func (t *turn) release() { t.right.Release(1) }
