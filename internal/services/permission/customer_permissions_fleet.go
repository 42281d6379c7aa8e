package permission

import (
	"maps"
	"slices"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// This file computes the changes of a partnercenter_customer_permissions from the configuration and the known
// permissions. It sends no request.

// switches are the managed permissions of one customer: true is enabled. Absent permissions are not managed.
type switches map[partnercenter.Permission]bool

// fleet maps customer IDs in lower case to their permissions.
type fleet map[string]switches

// equal compares two fleets. The spelling of the configuration is not part of a fleet.
func (f fleet) equal(g fleet) bool { return maps.EqualFunc(f, g, maps.Equal[switches, switches]) }

// on returns the enabled permissions.
func (s switches) on() []partnercenter.Permission {
	var out []partnercenter.Permission
	for _, name := range memberNames {
		if s[members[name]] {
			out = append(out, members[name])
		}
	}
	return out
}

// keep stores a customer that has an enabled permission.
func (f fleet) keep(id string, one switches) {
	if len(one.on()) > 0 {
		f[id] = maps.Clone(one)
	}
}

// same reports whether a policy has these values.
func (s switches) same(policy partnercenter.SelfServePolicy) bool {
	for permission, on := range s {
		if policy.Allows(permission) != on {
			return false
		}
	}
	return true
}

// snapshot is what is known about the partner's customers.
type snapshot struct {
	// listed are the managed permissions of customers that are listed.
	listed fleet
	// unlisted are the enabled permissions of other customers, with unlisted = "deny".
	unlisted fleet
	// unsure are listed customers whose permissions have to be written even if they are as declared.
	unsure map[string]bool
}

// of returns what is known about a customer, or nil.
func (k snapshot) of(id string) switches {
	if one, ok := k.listed[id]; ok {
		return one
	}
	return k.unlisted[id]
}

// kind is the reason for a change of a customer.
type kind int

const (
	listed   kind = iota // as permissions declares
	removed              // no longer in permissions
	unlisted             // denied
)

// step is the change of one customer.
type step struct {
	customerID string
	kind       kind
	on, off    []partnercenter.Permission
	before     switches // what is known
}

// steps returns the changes from the known permissions to the wanted ones, sorted by customer. Permissions of
// customers that are no longer listed are disabled. Permissions that are no longer managed stay unchanged.
func (k snapshot) steps(want fleet) []step {
	var out []step
	for id, wanted := range want {
		before := k.of(id)
		s := step{customerID: id, kind: listed, before: before}
		for _, name := range memberNames {
			permission := members[name]
			on, managed := wanted[permission]
			was, seen := before[permission]
			switch {
			case !managed, seen && on == was && !k.unsure[id]:
			case on:
				s.on = append(s.on, permission)
			default:
				s.off = append(s.off, permission)
			}
		}
		out = append(out, s)
	}
	ending := func(f fleet, why kind) {
		for id, before := range f {
			if _, ok := want[id]; ok {
				continue
			}
			s := step{customerID: id, kind: why, before: before}
			for _, name := range memberNames {
				if before[members[name]] {
					s.off = append(s.off, members[name])
				}
			}
			out = append(out, s)
		}
	}
	ending(k.listed, removed)
	ending(k.unlisted, unlisted)
	out = slices.DeleteFunc(out, func(s step) bool { return len(s.on)+len(s.off) == 0 })
	slices.SortFunc(out, func(a, b step) int { return strings.Compare(a.customerID, b.customerID) })
	return out
}

// reason says why a listed permission is not in effect, or may not be.
type reason string

// Reasons, as in the attribute unconfirmed.
const (
	reasonUnsure         reason = "unsure"
	reasonNoAzure        reason = "no_azure_subscription"
	reasonNoRelationship reason = "no_relationship"
	reasonRefused        reason = "refused"
)

// result is the result of a step.
type result struct {
	outcome partnercenter.Outcome
	// left is the reason why the customer was left out, which is not a failure.
	left reason
	err  error
}

// after returns what is known after the steps: the wanted permissions, except for customers whose step failed.
// These have the values from before, and permissions that may be enabled count as enabled. Customers that are left
// out keep the wanted values, and the last result has what they have enabled.
func (k snapshot) after(want fleet, steps []step, results []result) (snapshot, map[string]reason, fleet) {
	out := snapshot{listed: maps.Clone(want), unlisted: fleet{}, unsure: make(map[string]bool)}
	unconfirmed, left := make(map[string]reason), fleet{}
	for i, s := range steps {
		r := results[i]
		switch {
		case r.left != "":
			unconfirmed[s.customerID] = r.left
			left.keep(s.customerID, s.before)
		case r.err == nil:
		case s.kind == unlisted:
			out.unlisted[s.customerID] = s.before
		case r.outcome == partnercenter.Unsure:
			out.listed[s.customerID] = s.mayBe()
			unconfirmed[s.customerID] = reasonUnsure
		case s.before == nil:
			delete(out.listed, s.customerID)
		default:
			out.listed[s.customerID] = s.before
			if k.unsure[s.customerID] {
				unconfirmed[s.customerID] = reasonUnsure
			}
		}
	}
	return out, unconfirmed, left
}

// mayBe returns what may be enabled after a write whose outcome is unknown.
func (s step) mayBe() switches {
	out := make(switches, len(s.before)+len(s.on)+len(s.off))
	maps.Copy(out, s.before)
	for _, permission := range s.on {
		out[permission] = true
	}
	for _, permission := range s.off {
		if _, seen := out[permission]; !seen {
			out[permission] = true
		}
	}
	return out
}
