package partnercenter

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// auditLag is for how long the record of an order may still come. The delay is not
	// documented; this is generous.
	auditLag = 24 * time.Hour
	// clockSkew is how much earlier than its order a record may be dated.
	clockSkew = time.Hour
)

// purchaseLog is what the activity log says.
type purchaseLog struct {
	// orders are records of purchases, by order id in lower case.
	orders map[string][]AuditRecord
	// switches are those of permissions by customer, oldest first, and from when on they are all
	// there.
	switches map[string][]AuditRecord
	from     time.Time
	// none says why there is no log.
	none string
}

const (
	orderResource  = "order"
	policyResource = "self_serve_policy"
)

// readLog reads what the activity log has of the purchases, if there are any. Without a user
// the permission now is not known, so that all switches that the log has are of use.
func (s Purchases) readLog(ctx context.Context, filter PurchaseFilter, now time.Time, buyers []buyer, log *purchaseLog) error {
	var ids []string
	earliest := now
	for _, b := range buyers {
		for _, p := range b.purchases {
			if at := p.Order.CreationDate; at.IsZero() {
				earliest = filter.Since
			} else if at.Before(earliest) {
				earliest = at.Time
			}
		}
		if len(b.purchases) > 0 {
			ids = append(ids, b.customer.ID)
		}
	}
	if len(ids) == 0 || log.none != "" {
		return nil
	}
	orders := AuditFilter{Start: earliest.Add(-clockSkew), CustomerIDs: ids, ResourceTypes: []string{orderResource}}
	switch {
	case s.c.AppOnly():
		if err := s.query(ctx, now, AuditFilter{Start: logStart(now), CustomerIDs: ids, ResourceTypes: []string{policyResource}}, log); err != nil {
			return err
		}
	case log.switches == nil:
		orders.ResourceTypes = append(orders.ResourceTypes, policyResource)
	}
	return s.query(ctx, now, orders, log)
}

// logStart is the earliest moment that the log surely has, also in an hour.
func logStart(now time.Time) time.Time { return now.Add(time.Hour - AuditRetention) }

// query adds records to the log. There is none in some clouds.
func (s Purchases) query(ctx context.Context, now time.Time, filter AuditFilter, log *purchaseLog) error {
	if earliest := logStart(now); filter.Start.Before(earliest) {
		filter.Start = earliest
	}
	if slices.Contains(filter.ResourceTypes, policyResource) {
		log.switches, log.from = make(map[string][]AuditRecord), filter.Start
	}
	if log.orders == nil {
		log.orders = make(map[string][]AuditRecord)
	}
	for r, err := range s.c.AuditRecords.All(ctx, filter) {
		if is(err, http.StatusNotFound) {
			log.none = "Partner Center has no activity log here. Some clouds have none."
			return nil
		}
		if err != nil {
			return err
		}
		if sameEnum(string(r.OperationStatus), "failed") || sameEnum(string(r.OperationStatus), "decline") {
			continue
		}
		if sameEnum(string(r.ResourceType), policyResource) {
			if id := strings.ToLower(r.CustomerID); !r.OperationDate.IsZero() {
				log.switches[id] = append(log.switches[id], r)
			}
		} else if id := r.orderID(); id != "" && sameEnum(string(r.OperationType), "create_order") {
			log.orders[orderKey(id)] = append(log.orders[orderKey(id)], r)
		}
	}
	for _, records := range log.switches {
		slices.SortStableFunc(records, byDate)
	}
	for _, records := range log.orders {
		slices.SortStableFunc(records, byDate)
	}
	return nil
}

func byDate(a, b AuditRecord) int { return a.OperationDate.Compare(b.OperationDate.Time) }

// made is the record of an order, or nil.
func (l *purchaseLog) made(customerID string, o Order) *AuditRecord {
	for _, r := range l.orders[orderKey(o.ID)] {
		if r.CustomerID == "" || sameID(r.CustomerID, customerID) {
			return &r
		}
	}
	return nil
}

// name finds out who bought. It returns what failed for each customer.
func (s Purchases) name(ctx context.Context, now time.Time, buyers []buyer, log *purchaseLog) ([]error, error) {
	var strangers []*buyer // who have a user in the log whose domain is not the customer's
	var at []int
	for i := range buyers {
		b := &buyers[i]
		var strange bool
		for _, p := range b.purchases {
			p.Record = log.made(b.customer.ID, p.Order)
			p.BuyerUnknown = buyerUnknown(p, now, log)
			strange = b.belongs(p) || strange
		}
		if strange {
			strangers, at = append(strangers, b), append(at, i)
		}
	}
	failed := make([]error, len(buyers))
	if len(strangers) == 0 {
		return failed, nil
	}
	var partner OrganizationProfile
	if !s.c.AppOnly() {
		var err error
		if partner, err = s.c.Profiles.Organization(ctx); err != nil {
			return nil, err
		}
	}
	some, err := s.c.Each(ctx, len(strangers), func(ctx context.Context, i int) error { return s.readBuyer(ctx, strangers[i], partner.Domain) })
	for i, err := range some {
		failed[at[i]] = err
	}
	return failed, err
}

func buyerUnknown(p *Purchase, now time.Time, log *purchaseLog) string {
	switch made := p.Order.CreationDate; {
	case p.Record != nil && p.Record.UserPrincipalName != "":
		return ""
	case p.Record != nil:
		return "The order's record in the activity log names no user."
	case log.none != "":
		return log.none
	case !made.IsZero() && made.Before(logStart(now)):
		return "The order is older than 90 days, which is how long Partner Center keeps the activity log."
	case !made.IsZero() && now.Sub(made.Time) < auditLag:
		return "Not yet: the activity log has no record of the order, which is less than a day old. How long a record takes is not documented."
	}
	return "The activity log has no record of the order."
}

// guest is in the names of users who are from another directory.
const guest = "#ext#"

// belongs says whose user the buyer is where that takes no request. It returns whether it takes
// some.
func (b *buyer) belongs(p *Purchase) bool {
	if t := string(p.Order.TransactionType); sameEnum(t, "system_purchase") || sameEnum(t, "system_billing") {
		p.BoughtBy, p.Evidence = BoughtBySystem, "Partner Center made the order by itself, as for a renewal: its transaction type is "+t+"."
		return false
	}
	if p.BuyerUnknown != "" {
		p.Evidence = p.BuyerUnknown
		return false
	}
	name := strings.ToLower(string(p.Record.UserPrincipalName))
	if strings.Contains(name, guest) {
		p.Evidence = "The buyer is a guest in a directory, who may be anybody's."
		return false
	}
	if domain := domainOf(name); domain != "" && strings.EqualFold(domain, b.customer.CompanyProfile.Domain) {
		p.BoughtBy, p.Evidence = BoughtByCustomer, "The buyer's name ends in the customer's default domain, "+domain+"."
		return false
	}
	return true
}

// domainOf is the domain of a user principal name, which belongs to one directory only.
func domainOf(name string) string {
	at := strings.LastIndexByte(name, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(name[at+1:])
}

// readBuyer says whose users the other buyers are.
func (s Purchases) readBuyer(ctx context.Context, b *buyer, partnerDomain string) error {
	for _, p := range b.purchases {
		if p.Evidence != "" {
			continue
		}
		name := string(p.Record.UserPrincipalName)
		if domain := domainOf(name); domain != "" && strings.EqualFold(domain, partnerDomain) {
			p.BoughtBy, p.Evidence = BoughtByPartner, "The buyer's name ends in the partner's default domain, "+domain+"."
			continue
		}
		p.Evidence = "The customer's users could not be read."
		_, err := s.c.CustomerUsers.ByPrincipalName(ctx, b.customer.ID, name)
		var nobody *NoSuchUserError
		switch {
		case err == nil:
			p.BoughtBy, p.Evidence = BoughtByCustomer, "The buyer is one of the customer's users."
		case errors.As(err, &nobody):
			p.Evidence = "The buyer is no user of the customer, or no longer, and "
		case is(err, http.StatusForbidden):
			p.Evidence = "Partner Center refuses to list the customer's users, and "
		default:
			return err
		}
		switch {
		case err == nil:
		case partnerDomain == "":
			p.Evidence += "the partner's domain shows to app+user sign-in only."
		default:
			p.Evidence += "the name does not end in the partner's default domain."
		}
	}
	return nil
}

// permission says whether the customer was allowed to buy when the order was made. What is no
// reservation may be a savings plan, which has a permission of its own, or neither.
func (b *buyer) permission(p *Purchase, now time.Time, log *purchaseLog) {
	permissions := []Permission{AzureReservedInstances, AzureSavingsPlan}
	if len(p.Reservations) > 0 {
		permissions = permissions[:1]
	}
	var all []bool
	for _, permission := range permissions {
		on, unknown := b.wasOn(permission, p.Order.CreationDate, now, log)
		if unknown != "" {
			p.PermissionUnknown = unknown
			return
		}
		all = append(all, on)
	}
	if slices.Contains(all, !all[0]) {
		p.PermissionUnknown = "The permissions for reservations and for savings plans differed, and the order does not say which it was for."
		return
	}
	p.PermissionWasOn = &all[0]
}

// wasOn says whether a permission was on at a moment, or why nobody can tell. The last switch
// before the moment and what came after it, the next switch or the state now, have to agree.
func (b *buyer) wasOn(permission Permission, at Time, now time.Time, log *purchaseLog) (on bool, unknown string) {
	switch {
	case at.IsZero():
		return false, "The order has no date."
	case log.none != "":
		return false, log.none
	case at.Before(log.from):
		return false, "The order is older than 90 days, which is how long Partner Center keeps the activity log."
	}
	records := log.switches[b.customer.ID]
	next := slices.IndexFunc(records, func(r AuditRecord) bool { return r.OperationDate.After(at.Time) })
	if next < 0 {
		next = len(records)
	}
	var before, after, knowBefore, knowAfter bool
	if next > 0 {
		before, knowBefore = records[next-1].leaves(permission)
	}
	if next < len(records) {
		after, knowAfter = records[next].finds(permission)
	} else if b.policyKnown {
		after, knowAfter = b.policy.Allows(permission), true
	}
	switch {
	case knowBefore && knowAfter && before != after:
		return false, "The current permission and the changes in the activity log contradict each other. The log may lack a change of the last minutes."
	case knowBefore:
		return before, ""
	case knowAfter && !after && next == len(records) && now.Sub(at.Time) < auditLag:
		return false, "Not yet: the permission is disabled now, and the activity log may not have the change yet. Microsoft does not document how long a record takes."
	case knowAfter:
		return after, ""
	case len(records) > 0:
		return false, "The records in the activity log do not say what they changed."
	}
	return false, "The current permission could not be read, which needs app+user authentication, and the activity log has no change of it."
}

// finds tells what a switch found: whether the permission was on before it.
func (r AuditRecord) finds(p Permission) (on, known bool) {
	if sameEnum(string(r.OperationType), "create_self_serve_policy") {
		return false, true // create is refused where there is a policy
	}
	return r.ResourceOldValue.allows(p)
}

// leaves tells what a switch left: whether the permission was on after it.
func (r AuditRecord) leaves(p Permission) (on, known bool) {
	if sameEnum(string(r.OperationType), "delete_self_serve_policy") {
		return false, true
	}
	return r.ResourceNewValue.allows(p)
}

// allows reads a policy as the activity log has it. What its records contain is not documented.
func (t Text) allows(p Permission) (on, known bool) {
	var policy struct {
		Permissions *[]PolicyPermission `json:"Permissions"`
	}
	if json.Unmarshal([]byte(t), &policy) != nil || policy.Permissions == nil {
		return false, false
	}
	return SelfServePolicy{Permissions: *policy.Permissions}.Allows(p), true
}

// orderID is the order that a record is about, or "".
func (r AuditRecord) orderID() string {
	for _, d := range r.CustomizedData {
		if strings.EqualFold(string(d.Key), "OrderId") && d.Value != nil && *d.Value != "" {
			return string(*d.Value)
		}
	}
	var order struct {
		ID Text `json:"Id"`
	}
	if json.Unmarshal([]byte(r.ResourceNewValue), &order) != nil {
		return ""
	}
	return string(order.ID)
}
