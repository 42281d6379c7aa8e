package resourcemanager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// OwnerAssignment is the Owner role of a principal on a customer's Azure subscription, as it
// shall be.
type OwnerAssignment struct {
	// TenantID, SubscriptionID and PrincipalID are GUIDs in any case.
	TenantID, SubscriptionID, PrincipalID string
	// PrincipalType is User, Group, ServicePrincipal, or "" to let Azure find out.
	PrincipalType string
	Description   string
	// Adopt says whether an assignment that somebody else has made is taken over.
	Adopt bool
}

// nameSpace and the form of the name are those that Microsoft's own tools use, so that an
// assignment made by one of them has the same name
// (https://github.com/Azure/bicep/pull/20293).
var nameSpace = uuid.MustParse("11fb06fb-712d-4ddd-98c7-e71bbd588830")

// id is the Resource Manager id that the assignment gets. It follows from what is assigned,
// so that a create that is repeated makes no second one.
func (o OwnerAssignment) id() string {
	scope := subscriptionScope(o.SubscriptionID)
	return assignmentID(scope, uuid.NewSHA1(nameSpace, []byte(scope+"-"+strings.ToLower(o.PrincipalID)+"-"+Owner)).String())
}

// ReadLag is how long after a write a role assignment may still be missing in reads.
const ReadLag = time.Minute

// Refresh returns the assignment of Owner that is known by its id or, when it was made again
// under another name, the one that is there now. It costs a share in one list per
// subscription; an assignment that is not on it is asked for by itself before it counts as
// gone ([IsNotFound]). Expected is the assignment as it was written a short time ago, or nil: see
// [RoleAssignments.ReadWritten].
func (s RoleAssignments) Refresh(ctx context.Context, o OwnerAssignment, id string, expected *RoleAssignment) (RoleAssignment, error) {
	all, err := s.List(ctx, o.TenantID, o.SubscriptionID)
	if err != nil {
		return RoleAssignment{}, err
	}
	if i := slices.IndexFunc(all, func(a RoleAssignment) bool { return strings.EqualFold(a.ID, id) }); i >= 0 {
		if !all[i].predates(expected) {
			return all[i], nil
		}
	} else if a, ok := owner(all, o.SubscriptionID, o.PrincipalID); ok {
		return a, nil
	}
	return s.ReadWritten(ctx, o, id, expected)
}

// predates reports whether a read shows the assignment as it was before it was written.
func (a RoleAssignment) predates(expected *RoleAssignment) bool {
	return expected != nil && (a.Description != expected.Description || a.Condition != expected.Condition || a.CreatedOn.Before(expected.CreatedOn))
}

// ReadWritten reads the assignment with the id. Where it was written a short time ago, a read that does not
// show that is repeated for up to [ReadLag]: only after that it is believed.
func (s RoleAssignments) ReadWritten(ctx context.Context, o OwnerAssignment, id string, expected *RoleAssignment) (RoleAssignment, error) {
	wait := time.Second
	for giveUp := time.Now().Add(ReadLag); ; wait = min(2*wait, 15*time.Second) {
		a, err := s.Get(ctx, o.TenantID, id)
		shown := err == nil && !a.predates(expected) || err != nil && !IsNotFound(err)
		if expected == nil || shown || time.Now().Add(wait).After(giveUp) {
			return a, err
		}
		s.c.options.Logger.WarnContext(ctx, "waiting for the new role assignment to become visible", "role_assignment_id", id, "wait", wait.String())
		if err := httppipe.Sleep(ctx, wait); err != nil {
			return a, fmt.Errorf("role assignment %s was written a short time ago, and reads do not show it yet: %w", id, err)
		}
	}
}

// ReadExisting returns the assignment that [RoleAssignments.Assign] would take over instead of
// making one, and whether there is one. It fails with an [*ExistsError] where Assign would.
func (s RoleAssignments) ReadExisting(ctx context.Context, o OwnerAssignment) (RoleAssignment, bool, error) {
	a, ok, err := s.OwnerOf(ctx, o.TenantID, o.SubscriptionID, o.PrincipalID)
	if err != nil || !ok {
		return RoleAssignment{}, false, err
	}
	// Lists show an assignment for some minutes after it was deleted.
	listed := a.ID
	switch a, err = s.Get(ctx, o.TenantID, listed); {
	case IsNotFound(err):
		s.unlist(o.TenantID, o.SubscriptionID, listed)
		return RoleAssignment{}, false, nil
	case err != nil:
		return RoleAssignment{}, false, err
	}
	if err := s.takeable(ctx, o, a); err != nil {
		return a, true, err
	}
	return a, true, nil
}

// takeable reports whether the existing assignment may be taken over: when that is wanted, or
// when an apply that was interrupted has left it. Then it has our name, and the same caller
// has made it.
func (s RoleAssignments) takeable(ctx context.Context, o OwnerAssignment, a RoleAssignment) error {
	if a.Foreign() {
		return &ExistsError{OwnerAssignment: o, Existing: a}
	}
	if o.Adopt {
		return nil
	}
	if strings.EqualFold(a.ID, o.id()) {
		caller, err := s.c.Caller(ctx, o.TenantID)
		if err != nil {
			return err
		}
		if a.CreatedBy == "" || strings.EqualFold(a.CreatedBy, caller.ObjectID) {
			return nil
		}
	}
	return &ExistsError{OwnerAssignment: o, Existing: a}
}

// Assign makes the principal Owner of the subscription and returns the server's answer. An
// assignment that exists is taken over under the name it has, or is an [*ExistsError]; see
// [OwnerAssignment]. Refusals that may be temporary are retried: a principal that is not in the
// tenant yet for 2 minutes, or 5 when its type is not given; a subscription that is not
// visible yet and access that is not in effect yet for 5 minutes, with new tokens.
//
// With an error it also returns the assignment that exists, or may exist, because of us: one whose
// write has no readable answer, or one that an interrupted apply has left.
// PUT {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/create-by-id).
func (s RoleAssignments) Assign(ctx context.Context, o OwnerAssignment) (RoleAssignment, error) {
	a, ok, err := s.ReadExisting(ctx, o)
	switch {
	case err != nil && !IsPassing(err):
		return RoleAssignment{}, err
	case ok && !strings.EqualFold(a.ID, o.id()):
		// Written also where nothing differs: reads show an assignment for a while after it was deleted.
		return s.Update(ctx, o, a.ID)
	}
	for attempt := 0; ; attempt++ {
		a, err := s.put(ctx, o, o.id())
		if err == nil {
			s.refusals.end(o)
			return a, nil
		}
		refused, ok := errors.AsType[*Error](err)
		if !ok || a.ID != "" {
			return a, err
		}
		if refused.Code == codeExists {
			return s.takeOverUnseen(ctx, o, refused)
		}
		wait, ok := s.refusals.next(o, refused, attempt)
		if !ok {
			return RoleAssignment{}, refused
		}
		s.c.options.Logger.WarnContext(ctx, "waiting for a refusal that may be temporary: "+refused.Code,
			"tenant_id", o.TenantID, "subscription_id", o.SubscriptionID, "principal_id", o.PrincipalID,
			"waited", refused.Waited.Round(time.Second).String(), "at_most", retriedFor(o, refused.Code).String(), "wait", wait.String())
		if httppipe.Sleep(ctx, wait) != nil {
			if errors.Is(ctx.Err(), context.Canceled) {
				return RoleAssignment{}, ctx.Err()
			}
			return RoleAssignment{}, refused
		}
		if refused.Code != codePrincipalNotFound { // what a token shows of access is as old as the token
			refused.RenewToken()
		}
	}
}

// TakeOver brings an existing assignment to the declared form. For its errors, see
// [RoleAssignments.Assign].
func (s RoleAssignments) TakeOver(ctx context.Context, o OwnerAssignment, a RoleAssignment) (RoleAssignment, error) {
	if a.Description == o.Description && a.Condition == "" && (o.PrincipalType == "" || strings.EqualFold(o.PrincipalType, a.PrincipalType)) {
		return a, nil
	}
	// Azure refuses a type that is not the principal's.
	updated, err := s.Update(ctx, o, a.ID)
	if err != nil && updated.ID == "" && !o.Adopt {
		updated = a // ours, as it was before
	}
	return updated, err
}

// takeOverUnseen handles an assignment that the list did not show: somebody has just made
// it, or the list lags.
func (s RoleAssignments) takeOverUnseen(ctx context.Context, o OwnerAssignment, refused *Error) (RoleAssignment, error) {
	a, ok, err := s.named(ctx, o, refused)
	if err != nil {
		return RoleAssignment{}, err
	}
	if !ok {
		return RoleAssignment{}, refused
	}
	if err := s.takeable(ctx, o, a); err != nil {
		return RoleAssignment{}, err
	}
	return s.TakeOver(ctx, o, a)
}

// named finds the assignment that a RoleAssignmentExists is about: newer answers give its
// id, without hyphens; for older ones a list has to do.
func (s RoleAssignments) named(ctx context.Context, o OwnerAssignment, refused *Error) (RoleAssignment, bool, error) {
	if name, ok := existingName(refused.Message); ok {
		a, err := s.Get(ctx, o.TenantID, assignmentID(subscriptionScope(o.SubscriptionID), name))
		if err == nil || !IsNotFound(err) {
			return a, err == nil, err
		}
	}
	all, err := s.list(ctx, o.TenantID, o.SubscriptionID, "principalId eq '"+strings.ToLower(o.PrincipalID)+"'")
	if err != nil {
		return RoleAssignment{}, false, err
	}
	a, ok := owner(all, o.SubscriptionID, o.PrincipalID)
	return a, ok, nil
}

// ReadImportable returns the assignment with the id or, without one, that of the principal. It
// fails with a [*NotOwnerError] unless that is of Owner, directly at the subscription, and
// not the partner's own access.
func (s RoleAssignments) ReadImportable(ctx context.Context, o OwnerAssignment, id string) (RoleAssignment, error) {
	if id != "" {
		a, err := s.Get(ctx, o.TenantID, id)
		if err != nil {
			return RoleAssignment{}, err
		}
		if a.Role != Owner || a.Foreign() || !a.DirectlyAt(o.SubscriptionID) {
			o.PrincipalID = a.PrincipalID
			return RoleAssignment{}, &NotOwnerError{o, a}
		}
		return a, nil
	}
	all, err := s.List(ctx, o.TenantID, o.SubscriptionID)
	if err != nil {
		return RoleAssignment{}, err
	}
	a, ok := owner(all, o.SubscriptionID, o.PrincipalID)
	if !ok {
		i := slices.IndexFunc(all, func(a RoleAssignment) bool { return a.Role == Owner && strings.EqualFold(a.PrincipalID, o.PrincipalID) })
		if i >= 0 {
			a = all[i]
		}
	}
	if !ok || a.Foreign() {
		return RoleAssignment{}, &NotOwnerError{o, a}
	}
	return a, nil
}

// ListImportable returns the assignments that [RoleAssignments.ReadImportable] accepts, one for each
// principal, sorted by id.
func (s RoleAssignments) ListImportable(ctx context.Context, tenantID, subscriptionID string) ([]RoleAssignment, error) {
	all, err := s.List(ctx, tenantID, subscriptionID)
	if err != nil {
		return nil, err
	}
	var out []RoleAssignment
	for _, a := range all {
		if first, ok := owner(all, subscriptionID, a.PrincipalID); ok && first.ID == a.ID && !a.Foreign() {
			out = append(out, a)
		}
	}
	return out, nil
}
