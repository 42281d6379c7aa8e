package resourcemanager

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// The sides that a principal can be on.
const (
	CustomerSide = "customer"
	PartnerSide  = "partner"
)

// Side tells whose the principal is: the customer's, or the partner's when it is one of another
// tenant, a foreign principal.
func (a RoleAssignment) Side() string {
	if a.Foreign() {
		return PartnerSide
	}
	return CustomerSide
}

// Owners are who has the roles that matter for buying reservations on a subscription, each
// sorted by principal and scope.
type Owners struct {
	Owners                []RoleAssignment
	ReservationPurchasers []RoleAssignment
	SavingsPlanPurchasers []RoleAssignment
}

// Buyers reports whether a user of the customer could buy reservations with the subscription.
type Buyers string

// The answers. Whether a group has members, and what a condition leaves of a role, is not
// known here; an application and a principal that was deleted buy nothing.
const (
	// UserOwner is a user of the customer who is Owner without a condition.
	UserOwner Buyers = "user"
	// PerhapsGroup is a group of the customer that is Owner without a condition.
	PerhapsGroup Buyers = "group"
	// PerhapsConditional is a user or a group who is Owner under a condition only.
	PerhapsConditional Buyers = "conditional"
	// Nobody is none of them.
	Nobody Buyers = "nobody"
)

// Buyers tells who could buy, by the best of the Owners.
func (o Owners) Buyers() Buyers {
	found := Nobody
	for _, a := range o.Owners {
		user, group := strings.EqualFold(a.PrincipalType, "User"), strings.EqualFold(a.PrincipalType, "Group")
		switch {
		case user && a.Condition == "":
			return UserOwner
		case group && a.Condition == "":
			found = PerhapsGroup
		case (user || group) && found == Nobody:
			found = PerhapsConditional
		}
	}
	return found
}

// ListOwners returns who is Owner of a subscription, directly or by inheritance, and who holds the
// roles Reservation Purchaser and Savings plan Purchaser there, from the shared list of [RoleAssignments.List].
func (s RoleAssignments) ListOwners(ctx context.Context, tenantID, subscriptionID string) (Owners, error) {
	all, err := s.List(ctx, tenantID, subscriptionID)
	if err != nil {
		return Owners{}, err
	}
	with := func(role string) []RoleAssignment {
		out := slices.DeleteFunc(slices.Clone(all), func(a RoleAssignment) bool { return a.Role != role })
		slices.SortFunc(out, func(a, b RoleAssignment) int {
			return cmp.Or(cmp.Compare(a.PrincipalID, b.PrincipalID), cmp.Compare(strings.ToLower(a.Scope), strings.ToLower(b.Scope)), cmp.Compare(a.ID, b.ID))
		})
		return out
	}
	return Owners{Owners: with(Owner), ReservationPurchasers: with(ReservationPurchaser), SavingsPlanPurchasers: with(SavingsPlanPurchaser)}, nil
}
