package resourcemanager

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// These are the built-in roles that matter here
// (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
const (
	Owner                = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	ReservationPurchaser = "f7b75c60-3036-4b75-91c3-6b41c27c1689"
	SavingsPlanPurchaser = "3d24a3a0-c154-4f6f-a5ed-adc8e01ddb74"
)

// RoleAssignments manages role assignments in customers' Azure subscriptions, mainly of the Owner
// role (https://learn.microsoft.com/azure/role-based-access-control/role-assignments-rest).
type RoleAssignments struct {
	c        *Client
	lists    *httppipe.Answers[[]RoleAssignment]
	refusals *refusals
}

// RoleAssignment is one role of one principal at one scope.
type RoleAssignment struct {
	// ID is the Resource Manager ID.
	ID string
	// Scope is a subscription, /subscriptions/{id}, or a management group above it.
	Scope string
	// Role is the GUID of the role definition, in lower case.
	Role string
	// PrincipalID is an object ID, in lower case.
	PrincipalID string
	// PrincipalType is for example User, Group, ServicePrincipal or ForeignGroup.
	PrincipalType string
	// Description is exactly as on the server, including line breaks and control characters. Shown
	// is its safe form for display.
	Description, Shown string
	// Condition restricts the role. Empty means the unrestricted role.
	Condition string
	// CreatedBy is an object ID in lower case, or "".
	CreatedBy string
	// CreatedOn may be zero.
	CreatedOn time.Time
}

// DirectlyAt reports whether the scope is the subscription itself and not a scope above it.
func (a RoleAssignment) DirectlyAt(subscriptionID string) bool {
	return strings.EqualFold(strings.TrimRight(a.Scope, "/"), "/subscriptions/"+subscriptionID)
}

// Foreign reports whether the principal is from another tenant. Usually it is a ForeignGroup: the
// partner's Admin agents. Azure makes them Owner of each subscription that is bought through the
// partner.
func (a RoleAssignment) Foreign() bool {
	return strings.HasPrefix(strings.ToLower(a.PrincipalType), "foreign")
}

// Orphaned reports whether the principal was deleted. Azure then no longer returns its type.
func (a RoleAssignment) Orphaned() bool { return strings.EqualFold(a.PrincipalType, "Unknown") }

const roleAssignmentsVersion = "2022-04-01"

func assignmentID(scope, name string) string {
	return scope + "/providers/Microsoft.Authorization/roleAssignments/" + name
}

// List returns the role assignments at and above a subscription, direct and inherited, sorted by
// ID. The list is cached for a minute.
// GET /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments
// (https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope).
func (s RoleAssignments) List(ctx context.Context, tenantID, subscriptionID string) ([]RoleAssignment, error) {
	return s.lists.Get(ctx, sharedKey(tenantID, subscriptionID), func(ctx context.Context) ([]RoleAssignment, error) {
		return s.list(ctx, tenantID, subscriptionID, "atScope()")
	})
}

// list reads all pages, bypassing the cache.
func (s RoleAssignments) list(ctx context.Context, tenantID, subscriptionID, filter string) ([]RoleAssignment, error) {
	path := pathOf(assignmentID(subscriptionScope(subscriptionID), ""))
	var out []RoleAssignment
	query := url.Values{"api-version": {roleAssignmentsVersion}, "$filter": {filter}}
	for one, err := range list(ctx, s.c.in(tenantID), path, query, roleAssignment.check) {
		if err != nil {
			return nil, err
		}
		out = append(out, s.fromAPI(one))
	}
	slices.SortFunc(out, func(a, b RoleAssignment) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// OwnerOf returns the principal's Owner assignment directly at the subscription, from the shared
// list of [RoleAssignments.List].
func (s RoleAssignments) OwnerOf(ctx context.Context, tenantID, subscriptionID, principalID string) (RoleAssignment, bool, error) {
	all, err := s.List(ctx, tenantID, subscriptionID)
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

// send sends a request about the assignment with the ID, and returns the assignment in the answer.
func (s RoleAssignments) send(ctx context.Context, method, tenantID, id string, body any) (RoleAssignment, error) {
	var out roleAssignment
	_, err := s.c.in(tenantID).Do(ctx, httppipe.Call{
		Method: method, Path: pathOf(id), Query: url.Values{"api-version": {roleAssignmentsVersion}},
		Body: body, Answer: &out, Need: true, Check: func() error { return out.check() },
	})
	if err != nil {
		return RoleAssignment{}, err
	}
	return s.fromAPI(out), nil
}

// Get reads one role assignment. [IsNotFound] recognizes the error if there is none.
// GET {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/get).
func (s RoleAssignments) Get(ctx context.Context, tenantID, id string) (RoleAssignment, error) {
	return s.send(ctx, http.MethodGet, tenantID, id, nil)
}

// Update sets the declared description of the assignment with this ID and removes its condition, so
// that the role is unrestricted. It recreates a deleted assignment. With an error, it also returns
// the assignment as it may be now, if the write has no readable answer.
// PUT {id} (https://learn.microsoft.com/rest/api/authorization/role-assignments/create-by-id).
func (s RoleAssignments) Update(ctx context.Context, o OwnerAssignment, id string) (RoleAssignment, error) {
	return s.put(ctx, o, id)
}

func (s RoleAssignments) put(ctx context.Context, o OwnerAssignment, id string) (RoleAssignment, error) {
	body := roleAssignment{Properties: &roleAssignmentProperties{
		RoleDefinitionID: subscriptionScope(o.SubscriptionID) + "/providers/Microsoft.Authorization/roleDefinitions/" + Owner,
		PrincipalID:      strings.ToLower(o.PrincipalID), PrincipalType: o.PrincipalType, Description: o.Description,
	}}
	a, err := s.send(ctx, http.MethodPut, o.TenantID, id, body)
	if err != nil {
		return s.confirm(ctx, o, id, err)
	}
	s.relist(o, a)
	return a, nil
}

// confirmWithin is the timeout of the read after a write with an unknown outcome.
const confirmWithin = 30 * time.Second

// confirm reads the assignment once after a write with an unknown outcome, even if ctx has ended.
// If it is not as declared, confirm returns the declared assignment with the error, because the
// write may have been executed.
func (s RoleAssignments) confirm(ctx context.Context, o OwnerAssignment, id string, failed error) (RoleAssignment, error) {
	if outcome := httppipe.OutcomeOf(failed); outcome == httppipe.NotSent || outcome == httppipe.Refused {
		return RoleAssignment{}, failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), confirmWithin)
	defer cancel()
	if a, err := s.Get(ctx, o.TenantID, id); err == nil && a.Description == o.Description && a.Condition == "" {
		s.relist(o, a)
		return a, nil
	}
	return RoleAssignment{
		ID: id, Scope: subscriptionScope(o.SubscriptionID), Role: Owner,
		PrincipalID: strings.ToLower(o.PrincipalID), PrincipalType: o.PrincipalType, Description: o.Description, Shown: o.Description,
	}, failed
}

// Remove deletes the assignment with the ID. A missing one is not an error. If lately is set, the
// assignment was written recently. An answer that it does not exist is then accepted only after
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
		s.c.options.Logger.WarnContext(ctx, "retrying to delete the new role assignment, which the server does not find yet", "role_assignment_id", id, "wait", wait.String())
		if err := httppipe.Sleep(ctx, wait); err != nil {
			return fmt.Errorf("role assignment %s was written a short time ago, and the server does not find it yet: %w", id, err)
		}
	}
}

// remove sends one delete request. It returns whether the assignment existed.
func (s RoleAssignments) remove(ctx context.Context, o OwnerAssignment, id string) (existed bool, err error) {
	var out roleAssignment // decoding rejects the HTML page of a proxy
	answer, err := s.c.in(o.TenantID).Do(ctx, httppipe.Call{
		Method: http.MethodDelete, Path: pathOf(id), Query: url.Values{"api-version": {roleAssignmentsVersion}}, Answer: &out,
	})
	if IsNotFound(err) {
		return false, nil
	}
	return answer.StatusCode != http.StatusNoContent, err
}

// relist updates the shared list after a write, so that the list need not be read again.
func (s RoleAssignments) relist(o OwnerAssignment, a RoleAssignment) {
	s.unlist(o.TenantID, o.SubscriptionID, a.ID)
	s.lists.Change(sharedKey(o.TenantID, o.SubscriptionID), func(all []RoleAssignment) []RoleAssignment { return append(slices.Clip(all), a) })
}

// unlist removes an assignment from the shared list.
func (s RoleAssignments) unlist(tenantID, subscriptionID, id string) {
	s.lists.Change(sharedKey(tenantID, subscriptionID), func(all []RoleAssignment) []RoleAssignment {
		return slices.DeleteFunc(slices.Clone(all), func(a RoleAssignment) bool { return strings.EqualFold(a.ID, id) })
	})
}

// roleAssignment is the JSON form of a role assignment.
type roleAssignment struct {
	ID         string                    `json:"id,omitempty"`
	Properties *roleAssignmentProperties `json:"properties"`
}

type roleAssignmentProperties struct {
	RoleDefinitionID string `json:"roleDefinitionId"`
	PrincipalID      string `json:"principalId"`
	PrincipalType    string `json:"principalType,omitempty"`
	Description      string `json:"description,omitempty" text:"raw"`
	Scope            string `json:"scope,omitempty"`
	Condition        string `json:"condition,omitempty" text:"long"`
	CreatedBy        string `json:"createdBy,omitempty"`
	CreatedOn        string `json:"createdOn,omitempty"`
}

func (a roleAssignment) check() error {
	if a.ID == "" || a.Properties == nil {
		return errNoID
	}
	return nil
}

// fromAPI converts the different forms of the API to one: role IDs have different prefixes, and
// GUIDs are in either case.
func (s RoleAssignments) fromAPI(a roleAssignment) RoleAssignment {
	p := a.Properties
	role := strings.ToLower(p.RoleDefinitionID)
	createdOn, _ := time.Parse(time.RFC3339, p.CreatedOn)
	return RoleAssignment{
		ID: a.ID, Scope: p.Scope, Role: role[strings.LastIndex(role, "/")+1:],
		PrincipalID: strings.ToLower(p.PrincipalID), PrincipalType: p.PrincipalType,
		Description: p.Description, Shown: s.c.options.Texts.CleanLines(p.Description), Condition: p.Condition, CreatedBy: strings.ToLower(p.CreatedBy), CreatedOn: createdOn.UTC(),
	}
}
