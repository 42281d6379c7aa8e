package resourcemanager

import (
	"strings"
	"sync"
	"time"
)

// refusals limits how long errors that may be temporary are retried. Calls with the same error
// share one time limit. If the caller has lost access to a subscription, a thousand assignments in
// it therefore wait once and not each.
type refusals struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// retriedFor returns how long an error is retried.
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

// next returns how long to wait before the next attempt, or false if the time is over. It sets in
// the error how long it has occurred.
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

// end removes the errors that no longer occur.
func (r *refusals) end(o OwnerAssignment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, code := range []string{codePrincipalNotFound, codeSubscriptionNotFound, codeAuthorizationFailed} {
		delete(r.since, o.refusal(code))
	}
}
