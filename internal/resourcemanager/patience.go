package resourcemanager

import (
	"strings"
	"sync"
	"time"
)

// The codes of refusals that may pass.
const (
	codePrincipalNotFound    = "PrincipalNotFound"
	codeSubscriptionNotFound = "SubscriptionNotFound"
	codeAuthorizationFailed  = "AuthorizationFailed"
)

// patience bounds how long refusals that may pass are borne. The time runs for all who meet
// the same one together: a thousand assignments in a subscription that the caller has lost
// access to wait once, not each.
type patience struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// patienceWith is how long a refusal is borne.
func patienceWith(o OwnerAssignment, code string) time.Duration {
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
func (p *patience) next(o OwnerAssignment, refused *Error, attempt int) (time.Duration, bool) {
	limit := patienceWith(o, refused.Code)
	if limit == 0 {
		return 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since == nil {
		p.since = make(map[string]time.Time)
	}
	key := o.refusal(refused.Code)
	if _, ok := p.since[key]; !ok {
		p.since[key] = time.Now()
	}
	refused.Waited = time.Since(p.since[key])
	left := limit - refused.Waited
	return min(2*time.Second<<min(attempt, 4), 30*time.Second, left), left > 0
}

// end forgets the refusals that are over.
func (p *patience) end(o OwnerAssignment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, code := range []string{codePrincipalNotFound, codeSubscriptionNotFound, codeAuthorizationFailed} {
		delete(p.since, o.refusal(code))
	}
}
