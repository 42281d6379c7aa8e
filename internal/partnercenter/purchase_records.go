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
	// auditLag is the maximum delay assumed between an order and its record. The delay is not
	// documented; this value is generous.
	auditLag = 24 * time.Hour
	// clockSkew is how much earlier than its order a record may be dated.
	clockSkew = time.Hour
)

// purchaseLog contains the relevant records of the activity log.
type purchaseLog struct {
	// orders contains the records of purchases, keyed by the result of orderKey.
	orders map[string][]AuditRecord
	// changes contains the permission changes of each customer, oldest first. It is complete since
	// from.
	changes map[string][]AuditRecord
	from    time.Time
	// none is the reason why there is no log, or "".
	none string
}

const (
	orderResource  = "order"
	policyResource = "self_serve_policy"
)

// readLog reads the records of the activity log for the purchases. App-only sign-in cannot read the
// current permission, so readLog then reads all permission changes that the log keeps.
func (s Purchases) readLog(ctx context.Context, filter PurchaseFilter, now time.Time, buyers []buyer, log *purchaseLog) error {
	var ids []string
	earliest := now
	for _, b := range buyers {
		for _, p := range b.purchases {
			if at := p.BoughtAt; at.IsZero() {
				earliest = filter.Start
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
		if err := s.readRecords(ctx, now, AuditFilter{Start: logStart(now), CustomerIDs: ids, ResourceTypes: []string{policyResource}}, log); err != nil {
			return err
		}
	case log.changes == nil:
		orders.ResourceTypes = append(orders.ResourceTypes, policyResource)
	}
	return s.readRecords(ctx, now, orders, log)
}

// logStart returns the earliest time that the log still covers one hour later.
func logStart(now time.Time) time.Time { return now.Add(time.Hour - AuditRetention) }

// readRecords adds records to the log. Some clouds have no activity log.
func (s Purchases) readRecords(ctx context.Context, now time.Time, filter AuditFilter, log *purchaseLog) error {
	if earliest := logStart(now); filter.Start.Before(earliest) {
		filter.Start = earliest
	}
	if slices.Contains(filter.ResourceTypes, policyResource) {
		log.changes, log.from = make(map[string][]AuditRecord), filter.Start
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
				log.changes[id] = append(log.changes[id], r)
			}
		} else if id := r.orderID(); id != "" && sameEnum(string(r.OperationType), "create_order") {
			log.orders[orderKey(id)] = append(log.orders[orderKey(id)], r)
		}
	}
	for _, records := range log.changes {
		slices.SortStableFunc(records, byDate)
	}
	for _, records := range log.orders {
		slices.SortStableFunc(records, byDate)
	}
	return nil
}

func byDate(a, b AuditRecord) int { return a.OperationDate.Compare(b.OperationDate.Time) }

// recordOf returns the record of a purchase, or nil. Which ID the record of a savings plan contains is
// not documented, so the order ID in Azure is tried, too.
func (l *purchaseLog) recordOf(customerID string, p *Purchase) *AuditRecord {
	ids := []string{p.Order.ID}
	for _, plan := range p.SavingsPlans {
		ids = append(ids, plan.ProductOrderID)
	}
	for _, id := range ids {
		for _, r := range l.orders[orderKey(id)] {
			if r.CustomerID == "" || sameID(r.CustomerID, customerID) {
				return &r
			}
		}
	}
	return nil
}

// identifyBuyers finds out who bought. It returns an error for each customer, or nil.
func (s Purchases) identifyBuyers(ctx context.Context, now time.Time, buyers []buyer, log *purchaseLog) ([]error, error) {
	var unresolved []*buyer // have a buyer in the log whose domain is not the customer's
	var at []int
	for i := range buyers {
		b := &buyers[i]
		var needsRead bool
		for _, p := range b.purchases {
			p.Record = log.recordOf(b.customer.ID, p)
			p.BuyerUnknown = buyerUnknown(p, now, log)
			needsRead = b.identifyBuyer(p) || needsRead
		}
		if needsRead {
			unresolved, at = append(unresolved, b), append(at, i)
		}
	}
	failed := make([]error, len(buyers))
	if len(unresolved) == 0 {
		return failed, nil
	}
	var partner OrganizationProfile
	if !s.c.AppOnly() {
		var err error
		if partner, err = s.c.Profiles.Organization(ctx); err != nil {
			return nil, err
		}
	}
	some, err := s.c.Each(ctx, len(unresolved), func(ctx context.Context, i int) error { return s.readBuyer(ctx, unresolved[i], partner.Domain) })
	for i, err := range some {
		failed[at[i]] = err
	}
	return failed, err
}

func buyerUnknown(p *Purchase, now time.Time, log *purchaseLog) string {
	what := "order"
	if p.Order.ID == "" {
		what = "savings plan"
	}
	switch made := p.BoughtAt; {
	case p.Record != nil && p.Record.UserPrincipalName != "":
		return ""
	case p.Record != nil:
		return "The " + what + "'s record in the activity log names no user."
	case log.none != "":
		return log.none
	case !made.IsZero() && made.Before(logStart(now)):
		return tooOld(what)
	case p.Source == OutsidePartnerCenter:
		return outside
	case !made.IsZero() && now.Sub(made.Time) < auditLag:
		return "Unknown for now: the activity log has no record of the order, which is less than a day old. How long a record takes is not documented."
	}
	return "The activity log has no record of the order."
}

func tooOld(what string) string {
	return "The " + what + " is older than 90 days, which is how long Partner Center keeps the activity log."
}

// outside is why the buyer of a savings plan without an order is unknown.
const outside = "The savings plan was bought outside Partner Center, in the Azure portal or by its API, by a user of the customer or of the partner. " +
	"The activity log has no record of it."

// guest is part of the names of guest users, who belong to another directory.
const guest = "#ext#"

// identifyBuyer sets whose user the buyer is if this needs no request. It returns true if requests are
// needed.
func (b *buyer) identifyBuyer(p *Purchase) bool {
	if t := string(p.Order.TransactionType); sameEnum(t, "system_purchase") || sameEnum(t, "system_billing") {
		p.BoughtBy, p.Evidence = BoughtBySystem, "Partner Center created the order itself, for example for a renewal: its transaction type is "+t+"."
		return false
	}
	if p.BuyerUnknown != "" {
		p.Evidence = p.BuyerUnknown
		return false
	}
	name := strings.ToLower(string(p.Record.UserPrincipalName))
	if strings.Contains(name, guest) {
		p.Evidence = "The buyer is a guest, who can belong to any tenant."
		return false
	}
	if domain := domainOf(name); domain != "" && strings.EqualFold(domain, b.customer.CompanyProfile.Domain) {
		p.BoughtBy, p.Evidence = BoughtByCustomer, "The buyer's name ends in the customer's default domain, "+domain+"."
		return false
	}
	return true
}

// domainOf returns the domain of a user principal name. A domain belongs to one directory only.
func domainOf(name string) string {
	at := strings.LastIndexByte(name, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(name[at+1:])
}

// readBuyer sets whose users the remaining buyers are.
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
			p.Evidence = "The buyer is not, or no longer, a user of the customer, and "
		case is(err, http.StatusForbidden):
			p.Evidence = "Partner Center refuses to list the customer's users, and "
		default:
			return err
		}
		switch {
		case err == nil:
		case partnerDomain == "":
			p.Evidence += "only app+user authentication can read the partner's domain."
		default:
			p.Evidence += "the name does not end in the partner's default domain."
		}
	}
	return nil
}

// orderID returns the ID of the order that a record is about, or "".
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
