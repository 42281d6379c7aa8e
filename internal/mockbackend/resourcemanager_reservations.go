package mockbackend

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// AzureReservation is a reservation as Azure Resource Manager has it in the tenant of the customer: provider
// Microsoft.Capacity. Each reservation of an order in Partner Center is one, with the IDs of its entitlement.
// AddAzureReservation adds others and fills in empty fields.
// https://learn.microsoft.com/rest/api/reserved-vm-instances/reservation
type AzureReservation struct {
	OrderID       string    `json:"orderId"` // of the reservation order in Azure, a GUID
	ID            string    `json:"id"`      // a GUID
	DisplayName   string    `json:"displayName"`
	SKU           string    `json:"sku"`           // Standard_D2s_v5 …
	ResourceType  string    `json:"resourceType"`  // VirtualMachines, SqlDatabases …; empty = VirtualMachines
	Location      string    `json:"location"`      // empty = westeurope
	Quantity      int       `json:"quantity"`      // 0 = 1
	Term          string    `json:"term"`          // P1Y, P3Y; empty = P1Y
	AppliedScope  string    `json:"appliedScope"`  // "/subscriptions/{id}"; empty = shared
	BillingScope  string    `json:"billingScope"`  // "/subscriptions/{id}"
	Purchased     time.Time `json:"purchased"`     // zero = now
	Expires       time.Time `json:"expires"`       // zero = end of the term
	State         string    `json:"state"`         // Succeeded, Cancelled, Split, Merged …; empty = Succeeded, and Expired after the end
	NoRenewal     bool      `json:"noRenewal"`     // renewal is disabled; it is enabled for new reservations (CBR/reservation-renew)
	Archived      bool      `json:"archived"`      // hidden in lists with the filter of Microsoft's example
	ByCustomer    bool      `json:"byCustomer"`    // the customer bought it: Knobs.ReservationAccess
	RenewalCents  int64     `json:"renewalCents"`  // price of the renewal; 0 = 50000 for each instance
	Utilization   float64   `json:"utilization"`   // per cent, for 7 days; 1 day has a little more and 30 days a little less
	NoUtilization bool      `json:"noUtilization"` // Azure has no data yet

	pending *pendingRenewal
}

// pendingRenewal is a change that was accepted or that reads do not show yet.
type pendingRenewal struct {
	off  bool      // the new value of NoRenewal
	at   time.Time // when reads show it
	lost bool      // Knobs.ReservationUpdatesLost
}

// The reservation that the partner bought for Contoso in the seed, as Azure has it.
const (
	ContosoReservationID           = "c33df6ba-9b55-5dda-96ff-535361164279"
	ContosoAzureReservationOrderID = "86e1b22a-595b-55e2-b2bb-236d9a2e36e0"
)

// ReservationAccess selects which reservations the partner's Admin agents have access to. Reservations inherit no roles
// from subscriptions; whether Admin agents have access to those that a customer bought is not documented.
type ReservationAccess string

// The values of Knobs.ReservationAccess.
const (
	ReservationAccessAll     ReservationAccess = "all"     // all reservations of customers with a GDAP relationship
	ReservationAccessPartner ReservationAccess = "partner" // those that the partner bought
	ReservationAccessNone    ReservationAccess = "none"
)

// ReservationRole is a built-in role at /providers/Microsoft.Capacity of a tenant.
type ReservationRole string

// The roles. Reservations Administrator and Contributor differ only in actions that the mock does not support.
const (
	ReservationsAdministrator ReservationRole = "Reservations Administrator"
	ReservationsContributor   ReservationRole = "Reservations Contributor"
	ReservationsReader        ReservationRole = "Reservations Reader"
)

var skuInName = regexp.MustCompile(`Standard_[A-Za-z0-9_-]+`)

// azureReservationsOf returns the reservations of a customer in the order in which they were added. The lock is held.
func (b *Backend) azureReservationsOf(record *customerRecord) []*AzureReservation {
	lines := b.entitledLines(record)
	slices.SortStableFunc(lines, func(a, b entitledLine) int { return a.order.Created.Compare(b.order.Created) })
	for _, line := range lines {
		r := line.Reservation
		if r == nil {
			continue
		}
		a := record.azureReservation(r.ID)
		if a == nil {
			a = &AzureReservation{
				OrderID: strings.ToLower(r.ResourceID), ID: strings.ToLower(r.ID), DisplayName: r.DisplayName, Quantity: max(1, line.Quantity), Term: line.TermDuration,
				Purchased: line.order.Created, Expires: r.Expires, ByCustomer: line.order.Client.Name == azurePortalName,
				RenewalCents: line.UnitPriceCents * int64(max(1, line.Quantity)), SKU: skuInName.FindString(line.FriendlyName),
			}
			if r.Type != virtualMachines {
				a.ResourceType = "SqlDatabases"
				setDefault(&a.SKU, "SQLDB_GP_Compute_Gen5")
			}
			if len(r.AppliedScopes) > 0 {
				a.AppliedScope = strings.ToLower(r.AppliedScopes[0])
			}
			b.fillAzureReservation(record, a)
			record.reservations = append(record.reservations, a)
		}
		if r.State == "Cancelled" {
			a.State = "Cancelled"
		}
	}
	return record.reservations
}

func (b *Backend) fillAzureReservation(record *customerRecord, a *AzureReservation) {
	a.OrderID, a.ID = strings.ToLower(a.OrderID), strings.ToLower(a.ID)
	setDefault(&a.OrderID, newGUID())
	setDefault(&a.ID, newGUID())
	setDefault(&a.SKU, "Standard_D2s_v5")
	setDefault(&a.ResourceType, "VirtualMachines")
	setDefault(&a.Location, "westeurope")
	setDefault(&a.Quantity, 1)
	setDefault(&a.Term, "P1Y")
	setDefault(&a.State, "Succeeded")
	setDefault(&a.RenewalCents, 50_000*int64(a.Quantity))
	setDefault(&a.Utilization, 97.5)
	if a.Purchased.IsZero() {
		a.Purchased = time.Now()
	}
	setDefault(&a.DisplayName, "VM_RI_"+a.Purchased.UTC().Format("01-02-2006_15-04"))
	if a.Expires.IsZero() {
		years := 1
		if a.Term == "P3Y" {
			years = 3
		}
		a.Expires = a.Purchased.AddDate(years, 0, 0)
	}
	if a.BillingScope == "" {
		for _, subscription := range b.azureSubscriptionsOf(record) {
			a.BillingScope = subscription.ID
			break
		}
	}
}

// azureReservation finds a reservation that azureReservationsOf has added, or returns nil.
func (r *customerRecord) azureReservation(id string) *AzureReservation {
	for _, a := range r.reservations {
		if strings.EqualFold(a.ID, id) {
			return a
		}
	}
	return nil
}

// renews reports whether renewal is enabled, as reads show it now, or with later set, when the pending change is
// applied.
func (a *AzureReservation) renews(later bool) bool {
	if p := a.pending; p != nil && !p.lost && (later || !time.Now().Before(p.at)) {
		return !p.off
	}
	return !a.NoRenewal
}

// settle applies a pending change whose time has come.
func (a *AzureReservation) settle() {
	if p := a.pending; p != nil && !time.Now().Before(p.at) {
		if a.pending = nil; !p.lost {
			a.NoRenewal = p.off
		}
	}
}

// state returns provisioningState.
func (a *AzureReservation) state() string {
	if a.State == "Succeeded" && !time.Now().Before(a.Expires) {
		return "Expired"
	}
	return a.State
}

// AzureReservations returns the reservations of a customer as Azure has them, in the order in which they were added. Changes
// that were accepted are in effect.
func (b *Backend) AzureReservations(customerID string) []AzureReservation {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []AzureReservation{}
	if record := b.customer(customerID); record != nil {
		for _, a := range b.azureReservationsOf(record) {
			copied := *a
			copied.NoRenewal, copied.pending, copied.State = !a.renews(true), nil, a.state()
			found = append(found, copied)
		}
	}
	return found
}

// AddAzureReservation adds a reservation that Partner Center does not list, and returns it with the empty fields
// filled in. An unknown customer, or an ID that the customer already has, is a violation.
func (b *Backend) AddAzureReservation(customerID string, reservation AzureReservation) AzureReservation {
	added, err := b.addAzureReservation(customerID, reservation)
	if err != nil {
		b.lockAndViolate("AddAzureReservation: %v", err)
	}
	return added
}

func (b *Backend) addAzureReservation(customerID string, a AzureReservation) (AzureReservation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil {
		return AzureReservation{}, fmt.Errorf("no customer %s", customerID)
	}
	b.azureReservationsOf(record)
	b.fillAzureReservation(record, &a)
	if !isGUID(a.ID) || !isGUID(a.OrderID) || record.azureReservation(a.ID) != nil {
		return AzureReservation{}, fmt.Errorf("reservation %s of order %s: not GUIDs, or it exists already", a.ID, a.OrderID)
	}
	record.reservations = append(record.reservations, &a)
	return a, nil
}

// ChangeAzureReservation changes a reservation as a user in the Azure portal. It reports whether the reservation exists. If
// not, that is also a violation. The function runs with the lock held.
func (b *Backend) ChangeAzureReservation(customerID, reservationID string, change func(*AzureReservation)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record := b.customer(customerID); record != nil {
		b.azureReservationsOf(record)
		if a := record.azureReservation(reservationID); a != nil {
			before := a.renews(true)
			a.NoRenewal, a.pending = !before, nil
			change(a)
			b.renewalChanged(record.ID, a, before, true)
			return true
		}
	}
	b.violate("ChangeAzureReservation: customer %s has no reservation %s", customerID, reservationID)
	return false
}

// RemoveAzureReservation removes a reservation that Partner Center does not list. Azure keeps reservations for years.
func (b *Backend) RemoveAzureReservation(customerID, reservationID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record := b.customer(customerID); record != nil {
		if at := slices.IndexFunc(record.reservations, func(a *AzureReservation) bool { return strings.EqualFold(a.ID, reservationID) }); at >= 0 {
			record.reservations = slices.Delete(record.reservations, at, at+1)
			return true
		}
	}
	b.violate("RemoveAzureReservation: customer %s has no reservation %s", customerID, reservationID)
	return false
}

// AssignReservationRole gives a principal a role at /providers/Microsoft.Capacity in the tenant of a customer. An unknown
// customer or role is a violation.
func (b *Backend) AssignReservationRole(customerID, principalID string, role ReservationRole) {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor("AssignReservationRole", customerID)
	if err := oneOf("role", role, ReservationsAdministrator, ReservationsContributor, ReservationsReader); record == nil || err != nil {
		b.violate("AssignReservationRole: %v", err)
		return
	}
	if record.reservationRoles == nil {
		record.reservationRoles = map[string]ReservationRole{}
	}
	record.reservationRoles[strings.ToLower(principalID)] = role
}

// mayUseReservation reports whether the caller may read or change a reservation. Users of the partner act through the group
// of the Admin agents; a role at the provider counts for all reservations.
func (b *Backend) mayUseReservation(x *exchange, record *customerRecord, a *AzureReservation, write bool) bool {
	if role, ok := record.reservationRoles[strings.ToLower(x.caller.ObjectID)]; ok && (!write || role != ReservationsReader) {
		return true
	}
	user := x.caller.user
	if user == nil || record.access.ended || !slices.Contains(user.Roles, AdminAgent) {
		return false
	}
	switch x.knobs.ReservationAccess {
	case ReservationAccessNone:
		return false
	case ReservationAccessPartner:
		return !a.ByCustomer
	}
	return true
}
