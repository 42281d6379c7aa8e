package resourcemanager

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// These are the organizations that a principal can belong to.
const (
	CustomerSide = "customer"
	PartnerSide  = "partner"
)

// Side returns whether the principal belongs to the customer or to the partner. A foreign
// principal, which is from another tenant, counts as the partner's.
func (a RoleAssignment) Side() string {
	if a.Foreign() {
		return PartnerSide
	}
	return CustomerSide
}

// Owners contains the holders of the roles that matter for buying reservations and savings plans on
// a subscription, each sorted by principal and scope.
type Owners struct {
	Owners                []RoleAssignment
	ReservationPurchasers []RoleAssignment
	SavingsPlanPurchasers []RoleAssignment
}

// Buyers describes whether a user of the customer could buy reservations with the subscription.
type Buyers string

// The members of a group and the effect of a condition are not known here. An application and a
// deleted principal cannot buy.
const (
	// UserOwner means that a user of the customer is Owner without a condition.
	UserOwner Buyers = "user"
	// PerhapsGroup means that a group of the customer is Owner without a condition.
	PerhapsGroup Buyers = "group"
	// PerhapsConditional means that a user or group is Owner, but only with a condition.
	PerhapsConditional Buyers = "conditional"
	// Nobody means that there is no such Owner.
	Nobody Buyers = "nobody"
)

// Buyers returns who could buy, based on the most suitable Owner.
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

// ListOwners returns the direct and inherited Owners of a subscription, and the holders of the roles
// Reservation Purchaser and Savings plan Purchaser. It uses the shared list of [RoleAssignments.List].
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
