package azurerbac

import (
	"cmp"
	"context"
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
	turns    *turns
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
// removes a condition.
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
		return RoleAssignment{}, newError(http.MethodPut, id, o.TenantID, raw, err)
	}
	a := fromAPI(resp.RoleAssignment)
	// Noted in the list, so that writing does not cost all others a new one.
	s.unlist(o.TenantID, o.SubscriptionID, a.ID)
	s.lists.Change(listKey(o.TenantID, o.SubscriptionID), func(all []RoleAssignment) []RoleAssignment { return append(slices.Clip(all), a) })
	return a, nil
}

// Remove deletes the assignment with the id, unless [RoleAssignments.Assign] has taken it over
// for another resource of this run. One that is gone is no error.
// DELETE {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/delete-by-id).
func (s RoleAssignments) Remove(ctx context.Context, o OwnerAssignment, id string) error {
	turn, err := s.turns.acquire(ctx, o)
	if err != nil {
		return err
	}
	defer turn.release()
	if strings.EqualFold(turn.taken, id) {
		return nil
	}
	t, err := s.c.in(o.TenantID)
	if err != nil {
		return err
	}
	var raw *http.Response
	if _, err := t.assignments.DeleteByID(policy.WithCaptureResponse(ctx, &raw), id, nil); err != nil {
		e := newError(http.MethodDelete, id, o.TenantID, raw, err)
		if e.object = true; !IsNotFound(e) {
			return e
		}
	}
	s.unlist(o.TenantID, o.SubscriptionID, id)
	return nil
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
