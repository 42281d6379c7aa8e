package resourcemanager

import (
	"strings"
	"sync"
	"time"
)

// refusals bound how long refusals that may be temporary are retried. The time runs for all that
// meet the same one together: a thousand assignments in a subscription that the caller has lost
// access to wait once, not each.
type refusals struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// retriedFor is how long a refusal is retried.
func retriedFor(o OwnerAssignment, code string) time.Duration {
	switch {
	case code == codePrincipalNotFound && o.PrincipalType != "":
		return 2 * time.Minute
	case code == codePrincipalNotFound, code == codeSubscriptionNotFound, code == codeAuthorizationFailed:
		return 5 * time.Minute
	}
	return 0
}

func (o OwnerAssignment) refusal(code string) string {
	about := o.SubscriptionID
	if code == codePrincipalNotFound {
		about = o.PrincipalID
	}
	return strings.ToLower(o.TenantID + "/" + about + "/" + code)
}

// next returns how long to wait before the next attempt, or false when the time is over. It
// notes in the error how long it has been so.
func (r *refusals) next(o OwnerAssignment, refused *Error, attempt int) (time.Duration, bool) {
	limit := retriedFor(o, refused.Code)
	if limit == 0 {
		return 0, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since == nil {
		r.since = make(map[string]time.Time)
	}
	key := o.refusal(refused.Code)
	if _, ok := r.since[key]; !ok {
		r.since[key] = time.Now()
	}
	refused.Waited = time.Since(r.since[key])
	left := limit - refused.Waited
	return min(2*time.Second<<min(attempt, 4), 30*time.Second, left), left > 0
}

// end forgets the refusals that are over.
func (r *refusals) end(o OwnerAssignment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, code := range []string{codePrincipalNotFound, codeSubscriptionNotFound, codeAuthorizationFailed} {
		delete(r.since, o.refusal(code))
	}
}
