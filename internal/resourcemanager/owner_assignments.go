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

// OwnerAssignment is the wanted Owner role of a principal on a customer's Azure subscription.
type OwnerAssignment struct {
	// TenantID, SubscriptionID and PrincipalID are GUIDs in either case.
	TenantID, SubscriptionID, PrincipalID string
	// PrincipalType is User, Group or ServicePrincipal. If it is empty, Azure detects the type.
	PrincipalType string
	Description   string
	// Adopt allows the adoption of an assignment that somebody else created.
	Adopt bool
}

// nameSpace and the format of names are the same as in Microsoft's own tools, so that their
// assignments have the same names (https://github.com/Azure/bicep/pull/20293).
var nameSpace = uuid.MustParse("11fb06fb-712d-4ddd-98c7-e71bbd588830")

// id returns the Resource Manager ID of the assignment. It depends on the assigned role, principal
// and scope only, so a retried create cannot create a second assignment.
func (o OwnerAssignment) id() string {
	scope := subscriptionScope(o.SubscriptionID)
	return assignmentID(scope, uuid.NewSHA1(nameSpace, []byte(scope+"-"+strings.ToLower(o.PrincipalID)+"-"+Owner)).String())
}

// ReadLag is how long after a write a role assignment may still be missing in reads.
const ReadLag = time.Minute

// Refresh returns the Owner assignment with this ID. If the assignment was recreated with another
// name, it returns the new one. It reads a shared list of the subscription. If an assignment is not
// on the list, Refresh reads it separately before it reports it as missing ([IsNotFound]). expected
// is the assignment as it was recently written, or nil: see [RoleAssignments.ReadWritten].
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

// predates reports whether a read returned the assignment as it was before the write.
func (a RoleAssignment) predates(expected *RoleAssignment) bool {
	return expected != nil && (a.Description != expected.Description || a.Condition != expected.Condition || a.CreatedOn.Before(expected.CreatedOn))
}

// ReadWritten reads the assignment with this ID. After a recent write, it repeats a read that does not show
// the write for up to [ReadLag]. Then it returns what it reads.
func (s RoleAssignments) ReadWritten(ctx context.Context, o OwnerAssignment, id string, expected *RoleAssignment) (RoleAssignment, error) {
	wait := time.Second
	for giveUp := time.Now().Add(ReadLag); ; wait = min(2*wait, 15*time.Second) {
		a, err := s.Get(ctx, o.TenantID, id)
		shown := err == nil && !a.predates(expected) || err != nil && !IsNotFound(err)
		if expected == nil || shown || time.Now().Add(wait).After(giveUp) {
			return a, err
		}
		s.c.options.Logger.WarnContext(ctx, "waiting until reads return the new role assignment", "role_assignment_id", id, "wait", wait.String())
		if err := httppipe.Sleep(ctx, wait); err != nil {
			return a, fmt.Errorf("role assignment %s was written a short time ago, and reads do not show it yet: %w", id, err)
		}
	}
}

// ReadExisting returns the assignment that [RoleAssignments.Assign] would adopt, and whether there
// is one. It fails with an [*ExistsError] if Assign would.
func (s RoleAssignments) ReadExisting(ctx context.Context, o OwnerAssignment) (RoleAssignment, bool, error) {
	a, ok, err := s.OwnerOf(ctx, o.TenantID, o.SubscriptionID, o.PrincipalID)
	if err != nil || !ok {
		return RoleAssignment{}, false, err
	}
	// Lists may return an assignment for some minutes after it was deleted.
	listed := a.ID
	switch a, err = s.Get(ctx, o.TenantID, listed); {
	case IsNotFound(err):
		s.unlist(o.TenantID, o.SubscriptionID, listed)
		return RoleAssignment{}, false, nil
	case err != nil:
		return RoleAssignment{}, false, err
	}
	if err := s.checkAdoptable(ctx, o, a); err != nil {
		return a, true, err
	}
	return a, true, nil
}

// checkAdoptable returns an error unless the existing assignment may be adopted. It may be adopted if
// o.Adopt is set, or if an interrupted apply created it. Such an assignment has our name and was
// created by the same caller.
func (s RoleAssignments) checkAdoptable(ctx context.Context, o OwnerAssignment, a RoleAssignment) error {
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

// Assign makes the principal Owner of the subscription and returns the server's answer. It adopts
// an existing assignment under its current name, or returns an [*ExistsError]; see
// [OwnerAssignment].
//
// Assign retries errors that may be temporary. If the principal is not found, it retries for 2
// minutes, or 5 minutes without a principal type. If the subscription is not found or access is
// refused, it retries for 5 minutes, with new tokens.
//
// With an error, it also returns the assignment that exists or may exist because of this provider:
// one whose write has no readable answer, or one of an interrupted apply.
// PUT {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/create-by-id).
func (s RoleAssignments) Assign(ctx context.Context, o OwnerAssignment) (RoleAssignment, error) {
	a, ok, err := s.ReadExisting(ctx, o)
	switch {
	case err != nil && !IsPassing(err):
		return RoleAssignment{}, err
	case ok && !strings.EqualFold(a.ID, o.id()):
		// This writes even if nothing differs, because reads may return an assignment for some time
		// after it was deleted.
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
		s.c.options.Logger.WarnContext(ctx, "waiting to retry an error that may be temporary: "+refused.Code,
			"tenant_id", o.TenantID, "subscription_id", o.SubscriptionID, "principal_id", o.PrincipalID,
			"waited", refused.Waited.Round(time.Second).String(), "at_most", retriedFor(o, refused.Code).String(), "wait", wait.String())
		if httppipe.Sleep(ctx, wait) != nil {
			if errors.Is(ctx.Err(), context.Canceled) {
				return RoleAssignment{}, ctx.Err()
			}
			return RoleAssignment{}, refused
		}
		if refused.Code != codePrincipalNotFound { // a token only has the access of the time when it was issued
			refused.RenewToken()
		}
	}
}

// TakeOver changes an existing assignment to the declared form. For its errors, see
// [RoleAssignments.Assign].
func (s RoleAssignments) TakeOver(ctx context.Context, o OwnerAssignment, a RoleAssignment) (RoleAssignment, error) {
	if a.Description == o.Description && a.Condition == "" && (o.PrincipalType == "" || strings.EqualFold(o.PrincipalType, a.PrincipalType)) {
		return a, nil
	}
	// If only the principal type differs, the update reports a wrong type, because Azure refuses
	// it.
	updated, err := s.Update(ctx, o, a.ID)
	if err != nil && updated.ID == "" && !o.Adopt {
		updated = a // it was created by this provider, and is unchanged
	}
	return updated, err
}

// takeOverUnseen handles an assignment that the list did not contain, because it was just created
// or the list is stale.
func (s RoleAssignments) takeOverUnseen(ctx context.Context, o OwnerAssignment, refused *Error) (RoleAssignment, error) {
	a, ok, err := s.findExisting(ctx, o, refused)
	if err != nil {
		return RoleAssignment{}, err
	}
	if !ok {
		return RoleAssignment{}, refused
	}
	if err := s.checkAdoptable(ctx, o, a); err != nil {
		return RoleAssignment{}, err
	}
	return s.TakeOver(ctx, o, a)
}

// findExisting finds the assignment that a RoleAssignmentExists error is about. Newer answers contain its
// ID without hyphens. For older ones, it reads a list.
func (s RoleAssignments) findExisting(ctx context.Context, o OwnerAssignment, refused *Error) (RoleAssignment, bool, error) {
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

// ReadImportable returns the assignment with this ID or, without an ID, the principal's assignment.
// It fails with a [*NotOwnerError] unless the assignment is of the Owner role, directly on the
// subscription, and not the partner's own access.
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
// principal, sorted by ID.
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
