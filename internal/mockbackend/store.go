package mockbackend

import (
	"strings"
	"time"
)

// store is the state of the partner's account. The lock of the Backend guards it.
type store struct {
	partner       Partner
	customers     []*customerRecord // in the order in which they were added
	customerIndex map[string]int    // by lower-case id
	domains       map[string]string // customer id by lower-case verified domain
	azureOwners   map[string]string // customer id by lower-case Azure subscription id; nil until asked for

	azure           map[string]*azureRecord    // by lower-case Azure subscription id, as they are asked for
	roleAssignments map[string]*RoleAssignment // by lower-case name, over all subscriptions
	lastSerial      uint64                     // of role assignments
	buckets         map[string]tokenBucket

	changes    []Change
	audit      []AuditRecord // oldest first
	firstAudit int           // number of the oldest
	lastTicks  int64
	signIn     signInState
	random     shuffler
}

type customerRecord struct {
	Customer
	generated     int // index of a generated customer whose subscriptions were not asked for yet; 0 = not one
	subscriptions []*Subscription
	orders        []*Order // besides those of the subscriptions
	policy        *Policy
	stale         *Policy // what stale reads show
	staleReads    int     // how many are left
	staleUntil    time.Time
	lagging       []pastPolicy
	directory     *directory // nil until asked for
	access        delegatedAccess
}

// customer finds a customer by ID in any case. It returns nil if there is none.
func (b *Backend) customer(id string) *customerRecord {
	if at, ok := b.customerIndex[strings.ToLower(id)]; ok {
		return b.customers[at]
	}
	return nil
}

// customerFor is customer for the exported method of that name. A customer that does not exist is a violation.
func (b *Backend) customerFor(method, id string) *customerRecord {
	record := b.customer(id)
	if record == nil {
		b.violate("%s: no customer %s", method, id)
	}
	return record
}
