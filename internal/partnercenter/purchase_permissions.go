package partnercenter

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// permission says whether the customer was allowed to buy at that moment. Savings plans have a
// permission of their own; what is unclear may need either.
func (b *buyer) permission(p *Purchase, now time.Time, log *purchaseLog) {
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
		on, unknown := b.wasOn(permission, p, now, log)
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
func (b *buyer) wasOn(permission Permission, p *Purchase, now time.Time, log *purchaseLog) (on bool, unknown string) {
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

// PolicyChange is what a record says was allowed before and after it, each nil where it does not say
// so. Only records of policies do, and only of changes that were made.
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
	return both(r.finds), both(r.leaves)
}

// ByApplication tells whether the record names one of these applications by its client id. Nobody can
// tell where it names none, or one by a name.
func (r AuditRecord) ByApplication(clientIDs ...string) (by, known bool) {
	id := string(r.ApplicationID)
	if len(id) != guidLength || strings.Count(id, "-") != 4 {
		return false, false
	}
	return slices.ContainsFunc(clientIDs, func(c string) bool { return sameID(c, id) }), true
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
