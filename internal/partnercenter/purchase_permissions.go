package partnercenter

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// setPermission sets whether the customer was allowed to buy at the time of the purchase. Savings
// plans have their own permission. An unclear product may need either permission.
func (b *buyer) setPermission(p *Purchase, now time.Time, log *purchaseLog) {
	permissions := []Permission{AzureReservedInstances, AzureSavingsPlan}
	switch p.Kind {
	case ReservationProduct, PrePurchaseProduct:
		permissions = permissions[:1]
	case SavingsPlanProduct:
		permissions = permissions[1:]
	case UnclearProduct, OtherProduct:
	}
	var all []bool
	for _, permission := range permissions {
		on, unknown := b.wasEnabled(permission, p, now, log)
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

// wasEnabled returns whether a permission was enabled at the time of the purchase, or why this is
// unknown. The last change before the purchase must agree with the next change, or with the current
// state if there is none.
func (b *buyer) wasEnabled(permission Permission, p *Purchase, now time.Time, log *purchaseLog) (on bool, unknown string) {
	at, what := p.BoughtAt, "order"
	if p.Order.ID == "" {
		what = "savings plan"
	}
	switch {
	case at.IsZero():
		return false, "The " + what + " has no date."
	case log.none != "":
		return false, log.none
	case at.Before(log.from):
		return false, tooOld(what)
	}
	records := log.changes[b.customer.ID]
	next := slices.IndexFunc(records, func(r AuditRecord) bool { return r.OperationDate.After(at.Time) })
	if next < 0 {
		next = len(records)
	}
	var before, after, knowBefore, knowAfter bool
	if next > 0 {
		before, knowBefore = records[next-1].allowedAfter(permission)
	}
	if next < len(records) {
		after, knowAfter = records[next].allowedBefore(permission)
	} else if b.policyKnown {
		after, knowAfter = b.policy.Allows(permission), true
	}
	switch {
	case knowBefore && knowAfter && before != after:
		return false, "The current permission and the changes in the activity log contradict each other. The log may lack a change of the last minutes."
	case knowBefore:
		return before, ""
	case knowAfter && !after && next == len(records) && now.Sub(at.Time) < auditLag:
		return false, "Unknown for now: the permission is disabled, and the activity log may not contain the change yet. Microsoft does not document how long a record takes."
	case knowAfter:
		return after, ""
	case len(records) > 0:
		return false, "The records in the activity log do not say what they changed."
	}
	return false, "The current permission could not be read, which needs app+user authentication, and the activity log has no change of it."
}

// allowedBefore returns whether the permission was enabled before the change.
func (r AuditRecord) allowedBefore(p Permission) (on, known bool) {
	if sameEnum(string(r.OperationType), "create_self_serve_policy") {
		return false, true // Partner Center refuses to create a policy if one exists
	}
	return r.ResourceOldValue.allows(p)
}

// allowedAfter returns whether the permission was enabled after the change.
func (r AuditRecord) allowedAfter(p Permission) (on, known bool) {
	if sameEnum(string(r.OperationType), "delete_self_serve_policy") {
		return false, true
	}
	return r.ResourceNewValue.allows(p)
}

// PolicyChange returns the permissions before and after the change, each nil if the record does not
// contain them. Both are nil for records of other resources and for failed changes.
func (r AuditRecord) PolicyChange() (before, after map[Permission]bool) {
	if !sameEnum(string(r.ResourceType), policyResource) || sameEnum(string(r.OperationStatus), "failed") || sameEnum(string(r.OperationStatus), "decline") {
		return nil, nil
	}
	both := func(allows func(Permission) (on, known bool)) map[Permission]bool {
		out := make(map[Permission]bool)
		for _, p := range []Permission{AzureReservedInstances, AzureSavingsPlan} {
			on, known := allows(p)
			if !known {
				return nil
			}
			out[p] = on
		}
		return out
	}
	return both(r.allowedBefore), both(r.allowedAfter)
}

// ByApplication reports whether the record names one of these applications by its client ID. This is
// unknown if the record names no application, or names one in another way.
func (r AuditRecord) ByApplication(clientIDs ...string) (by, known bool) {
	id := string(r.ApplicationID)
	if len(id) != guidLength || strings.Count(id, "-") != 4 {
		return false, false
	}
	return slices.ContainsFunc(clientIDs, func(c string) bool { return sameID(c, id) }), true
}

// allows reads a permission from a policy in the activity log. Microsoft does not document the
// content of these records.
func (t Text) allows(p Permission) (on, known bool) {
	var policy struct {
		Permissions *[]PolicyPermission `json:"Permissions"`
	}
	if json.Unmarshal([]byte(t), &policy) != nil || policy.Permissions == nil {
		return false, false
	}
	return SelfServePolicy{Permissions: *policy.Permissions}.Allows(p), true
}
