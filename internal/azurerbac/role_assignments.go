package azurerbac

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/google/uuid"

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

// Foreign tells whether the principal is a group of another tenant: the partner's Admin
// agents, whom Azure makes Owner of each subscription that is bought through the partner.
func (a RoleAssignment) Foreign() bool { return strings.EqualFold(a.PrincipalType, "ForeignGroup") }

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
	scope := "/subscriptions/" + strings.ToLower(o.SubscriptionID)
	return assignmentID(scope, uuid.NewSHA1(nameSpace, []byte(scope+"-"+strings.ToLower(o.PrincipalID)+"-"+Owner)).String())
}

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
	seen := make(map[string]bool) // next links, so that a server that repeats one ends in an error
	for pager.More() {
		var raw *http.Response
		page, err := pager.NextPage(policy.WithCaptureResponse(ctx, &raw))
		if err != nil {
			return nil, newError(http.MethodGet, collection, tenantID, raw, err)
		}
		for _, a := range page.Value {
			if a != nil && a.Properties != nil {
				out = append(out, fromAPI(*a))
			}
		}
		next := value(page.NextLink)
		if next != "" && seen[next] {
			return nil, newError(http.MethodGet, collection, tenantID, nil, errors.New("the list of pages has no end: the server repeats a page"))
		}
		seen[next] = true
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

// visibleWithin is how long after a write a role assignment may still be missing in reads.
const visibleWithin = time.Minute

// Refresh returns the assignment of Owner that is known by its id or, when it was made again
// under another name, the one that is there now. It costs a share in one list per
// subscription; an assignment that is not on it is asked for by itself before it counts as
// gone ([IsNotFound]). With lately, which says that it was written a moment ago, a read
// that does not show it is repeated for up to a minute.
func (s RoleAssignments) Refresh(ctx context.Context, o OwnerAssignment, id string, lately bool) (RoleAssignment, error) {
	all, err := s.At(ctx, o.TenantID, o.SubscriptionID)
	if err != nil {
		return RoleAssignment{}, err
	}
	if i := slices.IndexFunc(all, func(a RoleAssignment) bool { return strings.EqualFold(a.ID, id) }); i >= 0 {
		return all[i], nil
	}
	if a, ok := owner(all, o.SubscriptionID, o.PrincipalID); ok {
		return a, nil
	}
	wait := time.Second
	for giveUp := time.Now().Add(visibleWithin); ; wait = min(2*wait, 15*time.Second) {
		a, err := s.Get(ctx, o.TenantID, id)
		if !lately || !IsNotFound(err) || time.Now().Add(wait).After(giveUp) {
			return a, err
		}
		s.c.options.Logger.WarnContext(ctx, "waiting for the new role assignment to become visible", "role_assignment_id", id, "wait", wait.String())
		if httppipe.Sleep(ctx, wait) != nil {
			return a, err
		}
	}
}

// Existing returns the assignment that [RoleAssignments.Assign] would take over instead of
// making one, and whether there is one. It fails with an [*ExistsError] where Assign would.
func (s RoleAssignments) Existing(ctx context.Context, o OwnerAssignment) (RoleAssignment, bool, error) {
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

// takeable tells whether the existing assignment may be taken over: when that is wanted, or
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
// [OwnerAssignment]. What may pass is borne for a while: a principal that is not in the
// tenant yet for 2 minutes, or 5 when its type is not given; a subscription that is not
// visible yet and access that is not in effect yet for 5 minutes, with new tokens.
// PUT {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/create-by-id).
func (s RoleAssignments) Assign(ctx context.Context, o OwnerAssignment) (RoleAssignment, error) {
	switch a, ok, err := s.Existing(ctx, o); {
	case err != nil && !IsPassing(err):
		return RoleAssignment{}, err
	case ok:
		return s.takeOver(ctx, o, a)
	}
	for attempt := 0; ; attempt++ {
		a, err := s.put(ctx, o, o.id())
		if err == nil {
			s.patience.end(o)
			return a, nil
		}
		refused, ok := errors.AsType[*Error](err)
		if !ok {
			return RoleAssignment{}, err
		}
		if refused.Code == codeExists {
			return s.takeOverUnseen(ctx, o, refused)
		}
		wait, ok := s.patience.next(o, refused, attempt)
		if !ok {
			return RoleAssignment{}, refused
		}
		s.c.options.Logger.WarnContext(ctx, "waiting for what may pass: "+refused.Code,
			"tenant_id", o.TenantID, "subscription_id", o.SubscriptionID, "principal_id", o.PrincipalID,
			"waited", refused.Waited.Round(time.Second).String(), "at_most", patienceWith(o, refused.Code).String(), "wait", wait.String())
		if httppipe.Sleep(ctx, wait) != nil {
			if errors.Is(ctx.Err(), context.Canceled) {
				return RoleAssignment{}, ctx.Err()
			}
			return RoleAssignment{}, refused
		}
		if refused.Code != codePrincipalNotFound { // what a token shows of access is as old as the token
			ctx = httppipe.WithRejectedToken(ctx, refused.response)
			if err := s.c.renew(o.TenantID, refused.in); err != nil {
				return RoleAssignment{}, err
			}
		}
	}
}

// takeOver brings an existing assignment to the declared form.
func (s RoleAssignments) takeOver(ctx context.Context, o OwnerAssignment, a RoleAssignment) (RoleAssignment, error) {
	if a.Description == o.Description && a.Condition == "" {
		return a, nil
	}
	return s.Update(ctx, o, a.ID)
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
	return s.takeOver(ctx, o, a)
}

// named finds the assignment that a RoleAssignmentExists is about: newer answers give its
// id, without hyphens; for older ones a list has to do.
func (s RoleAssignments) named(ctx context.Context, o OwnerAssignment, refused *Error) (RoleAssignment, bool, error) {
	if name, ok := existingName(refused.Message); ok {
		a, err := s.Get(ctx, o.TenantID, assignmentID("/subscriptions/"+strings.ToLower(o.SubscriptionID), name))
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

// Importable returns the assignment with the id or, without one, that of the principal. It
// fails with a [*NotOwnerError] unless that is of Owner, directly at the subscription, and
// not the partner's own access.
func (s RoleAssignments) Importable(ctx context.Context, o OwnerAssignment, id string) (RoleAssignment, error) {
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
	all, err := s.At(ctx, o.TenantID, o.SubscriptionID)
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
		e := newError(http.MethodPut, id, o.TenantID, raw, err)
		e.in = t
		return RoleAssignment{}, e
	}
	a := fromAPI(resp.RoleAssignment)
	// Noted in the list, so that writing does not cost all others a new one.
	s.unlist(o.TenantID, o.SubscriptionID, a.ID)
	s.lists.Change(listKey(o.TenantID, o.SubscriptionID), func(all []RoleAssignment) []RoleAssignment { return append(slices.Clip(all), a) })
	return a, nil
}

// Remove deletes a role assignment. One that is gone is no error.
// DELETE {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/delete-by-id).
func (s RoleAssignments) Remove(ctx context.Context, tenantID, subscriptionID, id string) error {
	t, err := s.c.in(tenantID)
	if err != nil {
		return err
	}
	var raw *http.Response
	if _, err := t.assignments.DeleteByID(policy.WithCaptureResponse(ctx, &raw), id, nil); err != nil {
		e := newError(http.MethodDelete, id, tenantID, raw, err)
		if e.object = true; !IsNotFound(e) {
			return e
		}
	}
	s.unlist(tenantID, subscriptionID, id)
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
