package resourcemanager

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"

	"terraform-provider-partnercenter/internal/httppipe"
)

// The built-in roles that matter here
// (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
const (
	Owner                = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	ReservationPurchaser = "f7b75c60-3036-4b75-91c3-6b41c27c1689"
)

// RoleAssignments are who may do what in customers' Azure subscriptions, above all who is Owner
// (https://learn.microsoft.com/azure/role-based-access-control/role-assignments-rest).
type RoleAssignments struct {
	c        *Client
	lists    *httppipe.Answers[[]RoleAssignment]
	patience *patience
}

// RoleAssignment is one role of one principal at one scope.
type RoleAssignment struct {
	// ID is the Resource Manager id.
	ID string
	// Scope is a subscription, /subscriptions/{id}, or a management group above it.
	Scope string
	// Role is the GUID of the role definition, in lower case.
	Role string
	// PrincipalID is an object id, in lower case.
	PrincipalID string
	// PrincipalType is User, Group, ServicePrincipal, ForeignGroup, … .
	PrincipalType string
	Description   string
	// Condition restricts the role; "" is the whole role.
	Condition string
	// CreatedBy is an object id in lower case, or "".
	CreatedBy string
	// CreatedOn may be zero.
	CreatedOn time.Time
}

// DirectlyAt tells whether the scope is the subscription itself and nothing above it.
func (a RoleAssignment) DirectlyAt(subscriptionID string) bool {
	return strings.EqualFold(strings.TrimRight(a.Scope, "/"), "/subscriptions/"+subscriptionID)
}

// Foreign tells whether the principal is of another tenant, mostly a ForeignGroup: the partner's
// Admin agents, whom Azure makes Owner of each subscription that is bought through the partner.
func (a RoleAssignment) Foreign() bool {
	return strings.HasPrefix(strings.ToLower(a.PrincipalType), "foreign")
}

// Orphaned tells whether the principal was deleted. Azure no longer says what it was.
func (a RoleAssignment) Orphaned() bool { return strings.EqualFold(a.PrincipalType, "Unknown") }

func assignmentID(scope, name string) string {
	return scope + "/providers/Microsoft.Authorization/roleAssignments/" + name
}

// listedFor is how long a list is good for: long enough that one refresh of many
// assignments asks once, short enough that no run looks at an old one.
const listedFor = time.Minute

func listKey(tenantID, subscriptionID string) string {
	return strings.ToLower(tenantID + "/" + subscriptionID)
}

// At returns the role assignments at and above a subscription, direct ones and inherited
// ones, sorted by id. All who ask for the same subscription within a minute share one list.
// GET /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments
// (https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope).
func (s RoleAssignments) At(ctx context.Context, tenantID, subscriptionID string) ([]RoleAssignment, error) {
	return s.lists.Get(ctx, listKey(tenantID, subscriptionID), func(ctx context.Context) ([]RoleAssignment, error) {
		return s.list(ctx, tenantID, subscriptionID, "atScope()")
	})
}

// list reads all pages, without sharing.
func (s RoleAssignments) list(ctx context.Context, tenantID, subscriptionID, filter string) ([]RoleAssignment, error) {
	t, err := s.c.in(tenantID)
	if err != nil {
		return nil, err
	}
	scope := "/subscriptions/" + strings.ToLower(subscriptionID)
	collection := strings.TrimSuffix(assignmentID(scope, ""), "/")
	// The SDK puts the filter into the URL as it is.
	pager := t.assignments.NewListForScopePager(scope, &armauthorization.RoleAssignmentsClientListForScopeOptions{
		Filter: new(strings.ReplaceAll(filter, " ", "%20")),
	})
	var out []RoleAssignment
	for page, err := range pages(ctx, pager, collection, tenantID, func(p armauthorization.RoleAssignmentsClientListForScopeResponse) *string { return p.NextLink }) {
		if err != nil {
			return nil, err
		}
		for _, a := range page.Value {
			if a != nil && a.Properties != nil {
				out = append(out, fromAPI(*a))
			}
		}
	}
	slices.SortFunc(out, func(a, b RoleAssignment) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// OwnerOf returns the assignment of Owner to the principal directly at the subscription,
// from the shared list of [RoleAssignments.At].
func (s RoleAssignments) OwnerOf(ctx context.Context, tenantID, subscriptionID, principalID string) (RoleAssignment, bool, error) {
	all, err := s.At(ctx, tenantID, subscriptionID)
	if err != nil {
		return RoleAssignment{}, false, err
	}
	a, ok := owner(all, subscriptionID, principalID)
	return a, ok, nil
}

func owner(all []RoleAssignment, subscriptionID, principalID string) (RoleAssignment, bool) {
	i := slices.IndexFunc(all, func(a RoleAssignment) bool {
		return a.Role == Owner && strings.EqualFold(a.PrincipalID, principalID) && a.DirectlyAt(subscriptionID)
	})
	if i < 0 {
		return RoleAssignment{}, false
	}
	return all[i], true
}

// Get returns one role assignment. [IsNotFound] recognises the error when there is none.
// GET {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/get).
func (s RoleAssignments) Get(ctx context.Context, tenantID, id string) (RoleAssignment, error) {
	t, err := s.c.in(tenantID)
	if err != nil {
		return RoleAssignment{}, err
	}
	var raw *http.Response
	resp, err := t.assignments.GetByID(policy.WithCaptureResponse(ctx, &raw), id, nil)
	if err == nil && (resp.Properties == nil || resp.ID == nil) {
		err = errUnreadable
	}
	if err != nil {
		e := newError(http.MethodGet, id, tenantID, raw, err)
		e.object = true
		return RoleAssignment{}, e
	}
	return fromAPI(resp.RoleAssignment), nil
}

// Update gives the assignment with the id the declared description, and the whole role: it
// removes a condition. One that is gone is made again. With an error it also returns the
// assignment as it may be now, if the write has no readable answer.
// PUT {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/create-by-id).
func (s RoleAssignments) Update(ctx context.Context, o OwnerAssignment, id string) (RoleAssignment, error) {
	return s.put(ctx, o, id)
}

func (s RoleAssignments) put(ctx context.Context, o OwnerAssignment, id string) (RoleAssignment, error) {
	t, err := s.c.in(o.TenantID)
	if err != nil {
		return RoleAssignment{}, err
	}
	properties := &armauthorization.RoleAssignmentProperties{
		RoleDefinitionID: new("/subscriptions/" + strings.ToLower(o.SubscriptionID) + "/providers/Microsoft.Authorization/roleDefinitions/" + Owner),
		PrincipalID:      new(strings.ToLower(o.PrincipalID)),
	}
	if o.PrincipalType != "" {
		properties.PrincipalType = new(armauthorization.PrincipalType(o.PrincipalType))
	}
	if o.Description != "" {
		properties.Description = &o.Description
	}
	var raw *http.Response
	resp, err := t.assignments.CreateByID(policy.WithCaptureResponse(ctx, &raw), id, armauthorization.RoleAssignmentCreateParameters{Properties: properties}, nil)
	if err == nil && (resp.Properties == nil || resp.ID == nil) {
		err = errUnreadable
	}
	if err != nil {
		return s.confirm(ctx, o, id, newError(http.MethodPut, id, o.TenantID, raw, err))
	}
	a := fromAPI(resp.RoleAssignment)
	s.relist(o, a)
	return a, nil
}

// confirmWithin is how long the read after an unsure write may take.
const confirmWithin = 30 * time.Second

// confirm reads once what an unsure write has left, also when ctx has ended. If that does not show
// the declared assignment, it is returned beside the error, since the write may have been executed.
func (s RoleAssignments) confirm(ctx context.Context, o OwnerAssignment, id string, failed *Error) (RoleAssignment, error) {
	if outcome := failed.Outcome(); outcome == httppipe.NotSent || outcome == httppipe.Refused {
		return RoleAssignment{}, failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmWithin)
	defer cancel()
	if a, err := s.Get(ctx, o.TenantID, id); err == nil && a.Description == o.Description && a.Condition == "" {
		s.relist(o, a)
		return a, nil
	}
	return RoleAssignment{
		ID: id, Scope: "/subscriptions/" + strings.ToLower(o.SubscriptionID), Role: Owner,
		PrincipalID: strings.ToLower(o.PrincipalID), PrincipalType: o.PrincipalType, Description: o.Description,
	}, failed
}

// Remove deletes the assignment with the id. One that is gone is no error. With lately, which says
// that it was written a short time ago, an answer that it does not exist is believed only after
// [ReadLag].
// DELETE {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/delete-by-id).
func (s RoleAssignments) Remove(ctx context.Context, o OwnerAssignment, id string, lately bool) error {
	wait := time.Second
	for giveUp := time.Now().Add(ReadLag); ; wait = min(2*wait, 15*time.Second) {
		existed, err := s.remove(ctx, o, id)
		if err != nil {
			return err
		}
		if existed || !lately || time.Now().Add(wait).After(giveUp) {
			s.unlist(o.TenantID, o.SubscriptionID, id)
			return nil
		}
		s.c.options.Logger.WarnContext(ctx, "deleting the new role assignment again: the server does not find it yet", "role_assignment_id", id, "wait", wait.String())
		if err := httppipe.Sleep(ctx, wait); err != nil {
			return fmt.Errorf("role assignment %s was written a short time ago, and the server does not find it yet: %w", id, err)
		}
	}
}

// remove deletes once, and tells whether there was something to delete.
func (s RoleAssignments) remove(ctx context.Context, o OwnerAssignment, id string) (existed bool, err error) {
	t, err := s.c.in(o.TenantID)
	if err != nil {
		return false, err
	}
	var raw *http.Response
	if _, err := t.assignments.DeleteByID(policy.WithCaptureResponse(ctx, &raw), id, nil); err != nil {
		e := newError(http.MethodDelete, id, o.TenantID, raw, err)
		if e.object = true; IsNotFound(e) {
			return false, nil
		}
		return false, e
	}
	return raw.StatusCode != http.StatusNoContent, nil
}

// relist notes a write in the shared list, so that it does not cost all others a new one.
func (s RoleAssignments) relist(o OwnerAssignment, a RoleAssignment) {
	s.unlist(o.TenantID, o.SubscriptionID, a.ID)
	s.lists.Change(listKey(o.TenantID, o.SubscriptionID), func(all []RoleAssignment) []RoleAssignment { return append(slices.Clip(all), a) })
}

// unlist takes an assignment that is gone off the shared list.
func (s RoleAssignments) unlist(tenantID, subscriptionID, id string) {
	s.lists.Change(listKey(tenantID, subscriptionID), func(all []RoleAssignment) []RoleAssignment {
		return slices.DeleteFunc(slices.Clone(all), func(a RoleAssignment) bool { return strings.EqualFold(a.ID, id) })
	})
}

// fromAPI takes what may come in different forms to one: ids of roles have different
// prefixes, GUIDs either case.
func fromAPI(a armauthorization.RoleAssignment) RoleAssignment {
	p := a.Properties
	role := strings.ToLower(value(p.RoleDefinitionID))
	out := RoleAssignment{
		ID: value(a.ID), Scope: value(p.Scope), Role: role[strings.LastIndex(role, "/")+1:],
		PrincipalID: strings.ToLower(value(p.PrincipalID)), PrincipalType: string(value(p.PrincipalType)),
		Description: value(p.Description), Condition: value(p.Condition), CreatedBy: strings.ToLower(value(p.CreatedBy)),
	}
	if p.CreatedOn != nil {
		out.CreatedOn = p.CreatedOn.UTC()
	}
	return out
}

// value is what p points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
