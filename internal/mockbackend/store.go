package mockbackend

import (
	"strings"
	"time"
)

// store is the state of the partner's account. The lock of the Backend guards it.
type store struct {
	partner       Partner
	customers     []*customerRecord // in the order in which they were added
	customerIndex map[string]int    // by lower-case ID
	resellers     []IndirectReseller
	domains       map[string]string // customer ID by lower-case verified domain
	azureOwners   map[string]string // customer ID by lower-case Azure subscription ID; azureOwner fills it
	azureNext     time.Time         // when the next Azure subscription becomes visible in Azure, which makes azureOwners out of date

	azure           map[string]*azureRecord    // by lower-case Azure subscription ID; azureRecordOf fills it
	roleAssignments map[string]*RoleAssignment // by lower-case name, for all subscriptions
	lastSerial      uint64                     // of role assignments
	aliases         map[string]*alias          // by lower-case name
	buckets         map[string]tokenBucket
	catalogVersion  int // see RenewAvailabilities
	consentWindow   rateWindow

	changes    []Change
	audit      []AuditRecord // oldest first
	firstAudit int           // number of the oldest record
	lastTicks  int64
	signIn     signInState
	random     shuffler
}

type customerRecord struct {
	Customer
	generated     int // index of a generated customer until subscriptionsOf creates its subscriptions; otherwise 0
	subscriptions []*Subscription
	orders        []*Order // without the orders of the subscriptions
	policy        *Policy
	stale         *Policy // the policy that stale reads return
	staleReads    int     // number of stale reads left
	staleUntil    time.Time
	lagging       []pastPolicy
	directory     *directory // directoryOf creates it
	access        delegatedAccess
	consents      map[string]ApplicationConsent // by lower-case application ID; consentsOf creates it
	consentAt     time.Time                     // time of the last one that a call created
	carts         []*cart
	agreements    *CustomerAgreements // agreementsOf creates it

	reservations     []*AzureReservation // azureReservationsOf adds the reservations of orders
	reservationRoles map[string]ReservationRole
}

// customer finds a customer by ID in any case. It returns nil if there is none.
func (b *Backend) customer(id string) *customerRecord {
	if at, ok := b.customerIndex[strings.ToLower(id)]; ok {
		return b.customers[at]
	}
	return nil
}

// customerFor is customer for the exported method with the given name. A customer that does not exist is a violation.
func (b *Backend) customerFor(method, id string) *customerRecord {
	record := b.customer(id)
	if record == nil {
		b.violate("%s: no customer %s", method, id)
	}
	return record
}
