package partnercenter

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Purchases finds what customers may have bought themselves. No API call returns this; it is combined
// from several. Orders contain what was bought, reservations and subscriptions the results. The
// activity log contains the buyer and the permission changes. How a customer's own purchase appears
// there is documented for savings plans only. All fields of a purchase may therefore be incomplete.
type Purchases struct{ c *Client }

// Purchase is an order that a customer may have placed itself, or a savings plan, with related data.
type Purchase struct {
	CustomerID string
	// CustomerName is the company name, or "".
	CustomerName string
	// Kind is what was bought. It is [OtherProduct] only if a user of the customer bought it.
	Kind ProductKind
	// BoughtAt is the time of the purchase. It is zero if it is unknown.
	BoughtAt Time
	// Order is the order of the purchase. If the order of a savings plan was not found, only the ID is
	// set. A savings plan that was bought outside Partner Center has no order.
	Order Order
	// SavingsPlans contains the savings plans of the order, or the one without an order.
	SavingsPlans []SavingsPlan
	// Source is where a savings plan was bought. It is "" for everything else, because orders do not
	// contain it.
	Source Source
	// Amount is the total price in CurrencyCode: for savings plans, the commitment for the whole term.
	// It is "" if a part of it is unknown.
	Amount       Decimal
	CurrencyCode string
	// Reservations contains the reservations of the order; savings plans have none.
	// ReservationsUnknown is why they could not be read, or "".
	Reservations        []Reservation
	ReservationsUnknown string
	// Record is the record of the purchase in the activity log, or nil. BuyerUnknown is why it has
	// no user principal name, or "".
	Record       *AuditRecord
	BuyerUnknown string
	// BoughtBy is the side that the buyer belongs to, or "". Evidence explains it, or why it is
	// unknown.
	BoughtBy Side
	Evidence string
	// PermissionWasOn is whether the customer was allowed to buy at that time, or nil if unknown.
	// PermissionUnknown is why it is unknown.
	PermissionWasOn   *bool
	PermissionUnknown string
}

// Side is the organization that a buyer belongs to.
type Side string

// These are the sides. The system places some orders itself, such as renewals.
const (
	BoughtByCustomer Side = "customer"
	BoughtByPartner  Side = "partner"
	BoughtBySystem   Side = "system"
)

// Source is where a savings plan was bought.
type Source string

// These are the sources. OutsidePartnerCenter is the Azure portal or its API, where both customer
// and partner can buy.
const (
	FromPartnerCenter    Source = "partner_center"
	OutsidePartnerCenter Source = "outside_partner_center"
)

// PurchaseFilter selects purchases.
type PurchaseFilter struct {
	// Start is inclusive, End is exclusive. A zero End means until now.
	Start, End time.Time
	// CustomerIDs are tenant IDs of customers. Nil means customers with an enabled permission, and
	// those whose permission changed since Start according to the activity log. With app-only
	// sign-in, which cannot read permissions, nil means all customers.
	CustomerIDs []string
	// IndirectResellerID selects the customers of a reseller by its tenant ID, if CustomerIDs is nil.
	// It needs app+user sign-in.
	IndirectResellerID string
	// IncludePrice and IncludeSystemPurchases have the same meaning as in [OrderFilter].
	IncludePrice, IncludeSystemPurchases bool
	// Read is called with the number of customers to read. It returns a function that is called
	// after each of them. It may be nil.
	Read func(customers int) func(context.Context)
}

// selects reports whether a time is in the period. It selects a zero time, because that purchase
// may be in the period.
func (f PurchaseFilter) selects(at Time) bool {
	return at.IsZero() || !at.Before(f.Start) && (f.End.IsZero() || at.Before(f.End))
}

// PurchaseReport is the result of [Purchases.List].
type PurchaseReport struct {
	// Purchases are sorted by time, newest first, then by customer, order and subscription ID.
	// Purchases without a date are last.
	Purchases []Purchase
	// Customers contains the customers that were read, sorted by ID. Failed contains for each of
	// them what could not be read, or nil. Purchases of a failed customer may still be listed; they
	// say what is missing.
	Customers []Customer
	Failed    []error
	// CustomersRead is the number of customers whose orders and subscriptions were read.
	CustomersRead int
}

// List returns what was bought in a period. A new order can take up to 15 minutes to appear.
//
// List sends one request per customer for the orders and one for the subscriptions. If CustomerIDs
// is nil, it also sends:
//   - one request per 500 customers for the list,
//   - one per customer for the permission,
//   - one per 29 days for the permission changes.
//
// For customers with purchases only, it also reads the reservations, the permission, the profile
// and the activity log. If the domain of a buyer's name does not show whose user it is, it also
// reads the customer's users.
//
// The returned error concerns all customers. Errors of single customers are in the report.
func (s Purchases) List(ctx context.Context, filter PurchaseFilter) (PurchaseReport, error) {
	now := time.Now()
	log := purchaseLog{}
	buyers, err := s.buyers(ctx, filter, now, &log)
	if err != nil {
		return PurchaseReport{}, err
	}
	done := func(context.Context) {}
	if filter.Read != nil {
		done = filter.Read(len(buyers))
	}
	failed, err := s.c.Each(ctx, len(buyers), func(ctx context.Context, i int) error {
		defer done(ctx)
		err := s.read(ctx, filter, &buyers[i])
		if gone := IsNoRelationship(err) || IsCustomerNotFound(err); gone && filter.CustomerIDs == nil && !buyers[i].changed {
			return nil // not a customer any more
		}
		return err
	})
	if err != nil {
		return PurchaseReport{}, err
	}
	if err := s.readLog(ctx, filter, now, buyers, &log); err != nil {
		return PurchaseReport{}, err
	}
	unidentified, err := s.identifyBuyers(ctx, now, buyers, &log)
	if err != nil {
		return PurchaseReport{}, err
	}
	var report PurchaseReport
	for i := range buyers {
		b := &buyers[i]
		report.Customers = append(report.Customers, b.customer)
		report.Failed = append(report.Failed, cmp.Or(failed[i], unidentified[i]))
		if b.read {
			report.CustomersRead++
		}
		for _, p := range b.purchases {
			if p.Kind == OtherProduct && p.BoughtBy != BoughtByCustomer {
				continue // for example software
			}
			p.CustomerID, p.CustomerName = b.customer.ID, b.customer.CompanyProfile.CompanyName
			b.setPermission(p, now, &log)
			report.Purchases = append(report.Purchases, *p)
		}
	}
	slices.SortStableFunc(report.Purchases, func(a, b Purchase) int {
		return cmp.Or(b.BoughtAt.Compare(a.BoughtAt.Time), cmp.Compare(a.CustomerID, b.CustomerID), cmp.Compare(a.Order.ID, b.Order.ID),
			cmp.Compare(a.planID(), b.planID()))
	})
	return report, nil
}

// buyer is a customer that may have bought something.
type buyer struct {
	customer Customer
	// known means that the profile was read; policyKnown means that the policy was read.
	known, policyKnown bool
	policy             SelfServePolicy
	// changed means that the permission changed since the start of the period.
	changed bool
	// read means that orders and subscriptions were read.
	read      bool
	purchases []*Purchase
}

// buyers returns the customers to read, sorted by ID.
func (s Purchases) buyers(ctx context.Context, filter PurchaseFilter, now time.Time, log *purchaseLog) ([]buyer, error) {
	if filter.CustomerIDs != nil {
		ids := make([]string, 0, len(filter.CustomerIDs))
		for _, id := range filter.CustomerIDs {
			ids = append(ids, strings.ToLower(id))
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		out := make([]buyer, len(ids))
		for i, id := range ids {
			out[i].customer.ID = id
		}
		return out, nil
	}
	customers, err := s.c.Customers.List(ctx, CustomerFilter{IndirectResellerID: filter.IndirectResellerID})
	if err != nil {
		return nil, err
	}
	if !s.c.AppOnly() {
		if err := s.readRecords(ctx, now, AuditFilter{Start: filter.Start, ResourceTypes: []string{policyResource}}, log); err != nil {
			return nil, err
		}
	}
	out := make([]buyer, len(customers))
	for i, c := range customers {
		out[i] = buyer{customer: c, known: true, changed: len(log.changes[c.ID]) > 0}
	}
	return out, nil
}

// read reads everything about one customer except the activity log.
func (s Purchases) read(ctx context.Context, filter PurchaseFilter, b *buyer) error {
	id := b.customer.ID
	policy := func() (err error) {
		if !b.policyKnown && !s.c.AppOnly() {
			b.policy, err = s.c.SelfServePolicies.Get(ctx, id)
			b.policyKnown = err == nil
		}
		return err
	}
	if filter.CustomerIDs == nil && !b.changed && !s.c.AppOnly() {
		if err := policy(); err != nil {
			return err
		}
		if !b.policy.Allows(AzureReservedInstances) && !b.policy.Allows(AzureSavingsPlan) {
			return nil
		}
	}
	orders, err := s.orders(ctx, filter, id)
	if err != nil {
		return err
	}
	b.purchases = purchasesOf(orders, nil)
	all, err := s.c.SavingsPlans.Of(ctx, id)
	if err != nil {
		return err
	}
	b.purchases = purchasesOf(orders, slices.DeleteFunc(all, func(p SavingsPlan) bool { return !filter.selects(p.Bought) }))
	b.read = true
	if len(b.purchases) == 0 {
		return nil
	}
	if err := s.readReservations(ctx, b); err != nil {
		return err
	}
	if !b.known {
		c, err := s.c.Customers.Get(ctx, id)
		if err != nil {
			return err
		}
		b.customer.CompanyProfile, b.known = c.CompanyProfile, true
	}
	return policy()
}

// orders returns the orders of the period, without duplicates.
func (s Purchases) orders(ctx context.Context, filter PurchaseFilter, customerID string) ([]Order, error) {
	var orders []Order
	for o, err := range s.c.Orders.Of(ctx, customerID, OrderFilter{IncludePrice: filter.IncludePrice, IncludeSystemPurchases: filter.IncludeSystemPurchases}) {
		if err != nil {
			return nil, err
		}
		again := slices.ContainsFunc(orders, func(other Order) bool { return o.hasID(other.ID, "") })
		if !again && filter.selects(o.CreationDate) {
			orders = append(orders, o)
		}
	}
	return orders, nil
}

// hasID reports whether the order has this ID, or this alternate ID if id is empty.
func (o Order) hasID(id string, alternateID Text) bool {
	if id != "" {
		return orderKey(o.ID) == orderKey(id)
	}
	return alternateID != "" && o.AlternateID == alternateID
}

// guidLength is the length of a GUID with dashes.
const guidLength = 36

// orderKey returns an order ID in a form that can be compared. Only the IDs of legacy orders, which
// are GUIDs, ignore case.
func orderKey(id string) string {
	if len(id) == guidLength && strings.Count(id, "-") == 4 {
		return strings.ToLower(id)
	}
	return id
}
