package partnercenter

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Purchases are what customers may have bought by themselves. No call of the API has them:
// orders say what was bought, reservations what it led to, subscriptions which savings plans there
// are, and the activity log who did it and when the permission was on. How a customer's own purchase
// shows in them is documented for savings plans only, so each of them may have less than it says here.
type Purchases struct{ c *Client }

// Purchase is an order that a customer may have made by itself, or a savings plan, and what the other
// places say of it.
type Purchase struct {
	CustomerID string
	// CustomerName is the company's, or "".
	CustomerName string
	// Kind is what was bought. [OtherProduct] is what a customer's user bought all the same.
	Kind ProductKind
	// BoughtAt is the time of the purchase. It is zero if it is unknown.
	BoughtAt Time
	// Order is zero but for its ID for a savings plan whose order is not there. A savings plan that was
	// bought outside Partner Center has none.
	Order Order
	// SavingsPlans are those of the order, or the one without an order.
	SavingsPlans []SavingsPlan
	// Source is where a savings plan was bought, and "" for everything else, whose orders do not tell.
	Source Source
	// Amount is what the purchase costs in all, in the currency: commitments of savings plans for their
	// whole term, and prices of everything else. It is "" where a part of it is not known.
	Amount       Decimal
	CurrencyCode string
	// Reservations are those of the order. A savings plan has none. ReservationsUnknown
	// says why they could not be read.
	Reservations        []Reservation
	ReservationsUnknown string
	// Record is the order's in the activity log, or nil. BuyerUnknown says why there is no
	// user principal name in it.
	Record       *AuditRecord
	BuyerUnknown string
	// BoughtBy is who the buyer belongs to, or "". Evidence says what tells it, or why nothing
	// does.
	BoughtBy Side
	Evidence string
	// PermissionWasOn tells whether the customer was allowed to buy at that moment, nil when it
	// is not known. PermissionUnknown says why.
	PermissionWasOn   *bool
	PermissionUnknown string
}

// Side is who a buyer belongs to.
type Side string

// The sides. PartnerCenter is for orders that it makes by itself, such as renewals.
const (
	BoughtByCustomer Side = "customer"
	BoughtByPartner  Side = "partner"
	BoughtBySystem   Side = "system"
)

// Source is where a savings plan was bought.
type Source string

// The sources. Outside Partner Center is the Azure portal, where customer and partner can buy.
const (
	FromPartnerCenter    Source = "partner_center"
	OutsidePartnerCenter Source = "outside_partner_center"
)

// PurchaseFilter selects purchases.
type PurchaseFilter struct {
	// Start is the earliest moment of a purchase, End the first one that is too late. The zero End
	// means until now.
	Start, End time.Time
	// CustomerIDs are customers' tenants. Nil means those whose permission is on, or was
	// switched since then as far as the activity log tells. An application that signs in
	// without a user cannot see permissions; then it means all.
	CustomerIDs []string
	// IndirectResellerID is the tenant of the reseller whose customers are meant, where CustomerIDs are
	// nil. It takes a user.
	IndirectResellerID string
	// IncludePrice and IncludeSystemPurchases are as in [OrderFilter].
	IncludePrice, IncludeSystemPurchases bool
	// Read is told how many customers there are to read, and returns what is told of each. It
	// may be nil.
	Read func(customers int) func(context.Context)
}

// selects tells whether a moment is in the period. Nothing says that what has no date is not.
func (f PurchaseFilter) selects(at Time) bool {
	return at.IsZero() || !at.Before(f.Start) && (f.End.IsZero() || at.Before(f.End))
}

// PurchaseReport is what [Purchases.List] found.
type PurchaseReport struct {
	// Purchases are newest first; of the same moment by customer, order and subscription id. One
	// without a date is last.
	Purchases []Purchase
	// Customers are those that were looked at, sorted by id. Failed has for each what could not
	// be read of it, or nil. The purchases of a customer that failed may be there all the same,
	// and say what is missing.
	Customers []Customer
	Failed    []error
	// CustomersRead is how many customers' orders and subscriptions were read.
	CustomersRead int
}

// List returns what was bought in a period. An order takes up to 15 minutes to show.
//
// It takes a request per customer for the orders and one for the subscriptions; where CustomerIDs are
// nil also one per 500 customers for the list, one per customer for the permission, and one per 29
// days for the switches. Only where something was found it reads more: reservations, permission and
// profile of those customers, the activity log, and the customer's users where the name's domain does
// not tell whose user it is.
//
// The error is of what concerns all customers; the others are in the report.
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
		if gone := IsNoRelationship(err) || IsCustomerNotFound(err); gone && filter.CustomerIDs == nil && !buyers[i].switched {
			return nil // a customer no longer
		}
		return err
	})
	if err != nil {
		return PurchaseReport{}, err
	}
	if err := s.readLog(ctx, filter, now, buyers, &log); err != nil {
		return PurchaseReport{}, err
	}
	unnamed, err := s.name(ctx, now, buyers, &log)
	if err != nil {
		return PurchaseReport{}, err
	}
	var report PurchaseReport
	for i := range buyers {
		b := &buyers[i]
		report.Customers = append(report.Customers, b.customer)
		report.Failed = append(report.Failed, cmp.Or(failed[i], unnamed[i]))
		if b.read {
			report.CustomersRead++
		}
		for _, p := range b.purchases {
			if p.Kind == OtherProduct && p.BoughtBy != BoughtByCustomer {
				continue // such as software
			}
			p.CustomerID, p.CustomerName = b.customer.ID, b.customer.CompanyProfile.CompanyName
			b.permission(p, now, &log)
			report.Purchases = append(report.Purchases, *p)
		}
	}
	slices.SortStableFunc(report.Purchases, func(a, b Purchase) int {
		return cmp.Or(b.BoughtAt.Compare(a.BoughtAt.Time), cmp.Compare(a.CustomerID, b.CustomerID), cmp.Compare(a.Order.ID, b.Order.ID),
			cmp.Compare(a.planID(), b.planID()))
	})
	return report, nil
}

// buyer is a customer that may have bought.
type buyer struct {
	customer Customer
	// known says that the customer's profile is there, policyKnown that the policy is.
	known, policyKnown bool
	policy             SelfServePolicy
	// switched says that the permission was switched since then.
	switched bool
	// read says that orders and subscriptions were read.
	read      bool
	purchases []*Purchase
}

// buyers are the customers to look at, sorted by id.
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
		if err := s.query(ctx, now, AuditFilter{Start: filter.Start, ResourceTypes: []string{policyResource}}, log); err != nil {
			return nil, err
		}
	}
	out := make([]buyer, len(customers))
	for i, c := range customers {
		out[i] = buyer{customer: c, known: true, switched: len(log.switches[c.ID]) > 0}
	}
	return out, nil
}

// read reads all but the log of one customer.
func (s Purchases) read(ctx context.Context, filter PurchaseFilter, b *buyer) error {
	id := b.customer.ID
	policy := func() (err error) {
		if !b.policyKnown && !s.c.AppOnly() {
			b.policy, err = s.c.SelfServePolicies.Get(ctx, id)
			b.policyKnown = err == nil
		}
		return err
	}
	if filter.CustomerIDs == nil && !b.switched && !s.c.AppOnly() {
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
	if err := s.reservations(ctx, b); err != nil {
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

// orders are those of the period, each once.
func (s Purchases) orders(ctx context.Context, filter PurchaseFilter, customerID string) ([]Order, error) {
	var orders []Order
	for o, err := range s.c.Orders.Of(ctx, customerID, OrderFilter{IncludePrice: filter.IncludePrice, IncludeSystemPurchases: filter.IncludeSystemPurchases}) {
		if err != nil {
			return nil, err
		}
		again := slices.ContainsFunc(orders, func(other Order) bool { return o.is(other.ID, "") })
		if !again && filter.selects(o.CreationDate) {
			orders = append(orders, o)
		}
	}
	return orders, nil
}

// is tells whether these are the order's id and number. An empty one does not tell.
func (o Order) is(id string, alternateID Text) bool {
	if id != "" {
		return orderKey(o.ID) == orderKey(id)
	}
	return alternateID != "" && o.AlternateID == alternateID
}

// guidLength is that of a GUID with its dashes.
const guidLength = 36

// orderKey is an order id as it compares: only that of a legacy order, a GUID, comes in upper
// or lower case.
func orderKey(id string) string {
	if len(id) == guidLength && strings.Count(id, "-") == 4 {
		return strings.ToLower(id)
	}
	return id
}
