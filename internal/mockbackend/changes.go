package mockbackend

import (
	"slices"
	"time"
)

// Change is a change of a policy, a role assignment, an application consent or the renewal of a reservation. Changes
// are in the order in which they took effect. The journal is in the order in which requests were answered.
type Change struct {
	Time           time.Time
	CustomerID     string // of a policy, an application consent or a renewal
	SubscriptionID string // of a role assignment
	Name           string // of a role assignment
	Outside        bool   // made by a method of Backend, as if in the portal

	// Before and After are the permissions of the policy, the principal of the role assignment or the application of
	// the consent. For a renewal, they are the reservation while its renewal is enabled, or empty.
	Before, After []string
}

// Changes returns all changes since the start.
func (b *Backend) Changes() []Change {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.changes)
}

// policyChanged records a change. The lock is held.
func (b *Backend) policyChanged(record *customerRecord, before, after *Policy, outside bool) {
	permissions := func(p *Policy) []string {
		if p == nil {
			return nil
		}
		return slices.Clone(p.Permissions)
	}
	b.changes = append(b.changes, Change{
		Time: time.Now(), CustomerID: record.ID, Before: permissions(before), After: permissions(after), Outside: outside,
	})
}

// consentChanged records that a consent was created or removed. The lock is held.
func (b *Backend) consentChanged(record *customerRecord, applicationID string, made, outside bool) {
	c := Change{Time: time.Now(), CustomerID: record.ID, Outside: outside}
	if made {
		c.After = []string{applicationID}
	} else {
		c.Before = []string{applicationID}
	}
	b.changes = append(b.changes, c)
}

// assignmentChanged records that an assignment was created or removed. The lock is held.
func (b *Backend) assignmentChanged(a *RoleAssignment, made, outside bool) {
	c := Change{Time: time.Now(), SubscriptionID: a.SubscriptionID, Name: a.Name, Outside: outside}
	if made {
		c.After = []string{a.PrincipalID}
	} else {
		c.Before = []string{a.PrincipalID}
	}
	b.changes = append(b.changes, c)
}

// renewalChanged records that the renewal of a reservation was enabled or disabled. The lock is held.
func (b *Backend) renewalChanged(customerID string, a *AzureReservation, before, outside bool) {
	after := a.renews(true)
	if before == after {
		return
	}
	c := Change{Time: time.Now(), CustomerID: customerID, Outside: outside}
	if after {
		c.After = []string{a.ID}
	} else {
		c.Before = []string{a.ID}
	}
	b.changes = append(b.changes, c)
}
