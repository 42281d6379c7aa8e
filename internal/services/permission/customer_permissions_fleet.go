package permission

import (
	"maps"
	"slices"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// This file decides what a fleet has to change, from what is wanted and what is known. It asks no
// server.

// switches are the managed permissions of one customer. One that is absent is not managed.
type switches map[partnercenter.Permission]bool

// fleet is a map of customers to their switches, by customer id in lower case.
type fleet map[string]switches

// equal compares without the spelling.
func (f fleet) equal(g fleet) bool { return maps.EqualFunc(f, g, maps.Equal[switches, switches]) }

// on are the permissions that are on, as subjects.
func (s switches) on() []partnercenter.Permission {
	var out []partnercenter.Permission
	for _, name := range memberNames {
		if s[members[name]] {
			out = append(out, members[name])
		}
	}
	return out
}

// same tells whether a policy has them so.
func (s switches) same(policy partnercenter.SelfServePolicy) bool {
	for permission, on := range s {
		if policy.Allows(permission) != on {
			return false
		}
	}
	return true
}

// snapshot is what is known of the partner's customers.
type snapshot struct {
	// listed are the managed permissions of customers that are listed.
	listed fleet
	// unlisted are the permissions that others have on, with deny.
	unlisted fleet
	// unsure are customers of listed whose permissions have to be written whatever listed says.
	unsure map[string]bool
}

// of returns what is known of a customer, nil where nothing is.
func (k snapshot) of(id string) switches {
	if one, ok := k.listed[id]; ok {
		return one
	}
	return k.unlisted[id]
}

// kind says why a customer is changed.
type kind int

const (
	listed   kind = iota // as permissions declares
	removed              // no longer in permissions
	unlisted             // denied
)

// step is what a customer needs.
type step struct {
	customerID string
	kind       kind
	on, off    []partnercenter.Permission
	before     switches // what is known
}

// steps are the changes that lead from what is known to what is wanted, sorted by customer.
// Customers that are no longer listed are turned off; members that are no longer managed stay as they
// are.
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

// reason says why a listed permission is not, or may not be, in effect.
type reason string

// The reasons, as the attribute unconfirmed has them.
const (
	reasonUnsure         reason = "unsure"
	reasonNoAzure        reason = "no_azure_subscription"
	reasonNoRelationship reason = "no_relationship"
	reasonRefused        reason = "refused"
)

// result is what became of a step.
type result struct {
	outcome partnercenter.Outcome
	// left says why the customer was left out, which is no failure.
	left reason
	err  error
}

// after is what is known when the steps were taken: what is wanted, but for the customers of steps
// that failed. These are as they were before; what may be on is on.
func (k snapshot) after(want fleet, steps []step, results []result) (snapshot, map[string]reason) {
	out := snapshot{listed: maps.Clone(want), unlisted: fleet{}, unsure: make(map[string]bool)}
	unconfirmed := make(map[string]reason)
	for i, s := range steps {
		r := results[i]
		switch {
		case r.left != "":
			unconfirmed[s.customerID] = r.left
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
	return out, unconfirmed
}

// mayBe is what may be on after a write whose outcome is unknown.
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
