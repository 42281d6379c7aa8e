package mockbackend

import (
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// getRoleAssignment: role-assignments/get.
func (b *Backend) getRoleAssignment(x *exchange) response {
	_, record, refused, ok := b.roleAssignmentCall(x)
	if !ok {
		return refused
	}
	a := record.assigned(x.values["subscription"], x.values["name"])
	if a == nil {
		a = record.deletedButVisible(x.values["name"])
	}
	if a != nil {
		a = a.visible()
	}
	if a == nil || countDown(&a.staleGets) {
		return armFailure(http.StatusNotFound, "RoleAssignmentNotFound", "The role assignment '%s' is not found.", x.values["name"])
	}
	return response{status: http.StatusOK, body: b.roleAssignmentBody(x, a)}
}

// roleFilter is a decoded $filter.
type roleFilter struct {
	principalID string // principalId eq
	assignedTo  string
	atScope     bool
}

// The filters of role-assignments-list-rest, without additional spaces.
var roleFilters = regexp.MustCompile(`(?i)^(?:principalId eq '([0-9a-f-]{36})'|assignedTo\('([0-9a-f-]{36})'\)|(atScope\(\))(?: and assignedTo\('([0-9a-f-]{36})'\))?)$`)

func readRoleFilter(text string) (roleFilter, bool) {
	if text == "" {
		return roleFilter{}, true
	}
	found := roleFilters.FindStringSubmatch(strings.ToLower(text))
	if found == nil {
		return roleFilter{}, false
	}
	return roleFilter{principalID: found[1], assignedTo: found[2] + found[4], atScope: found[3] != ""}, true
}

// listRoleAssignments: role-assignments/list-for-subscription. Without a filter, it returns assignments at, above and
// below the scope.
func (b *Backend) listRoleAssignments(x *exchange) response {
	owner, record, refused, ok := b.roleAssignmentCall(x)
	if !ok {
		return refused
	}
	path, text := subscriptionScope(x.values["subscription"])+"/providers/Microsoft.Authorization/roleAssignments", queryValue(x.query, "$filter")
	filter, ok := readRoleFilter(text)
	if !ok { // the code is a choice
		b.violate("%s %s: filter %q", x.req.Method, x.req.URL.Path, text)
		return armFailure(http.StatusBadRequest, "InvalidFilter", "The filter '%s' is not valid or not supported.", text)
	}
	d := b.directoryOf(owner)
	groups := map[string]bool{}
	if filter.assignedTo != "" {
		if kind, _ := d.typeOf(filter.assignedTo); kind == GroupPrincipal || kind == ForeignGroupPrincipal {
			b.violate("%s %s: assignedTo takes no group", x.req.Method, x.req.URL.Path)
		}
		groups = d.groupsOf(filter.assignedTo)
	}
	query := pageQuery{Path: path, Filter: text}
	if token := queryValue(x.query, "$skipToken"); token != "" {
		if query, ok = b.readToken(token); !ok || query.Path != path || query.Filter != text {
			return armFailure(http.StatusBadRequest, "InvalidSkipToken", "The skip token is not valid.")
		}
	}
	var found []*RoleAssignment
	for _, a := range b.listed(record, query.After == 0) {
		below := len(a.Scope) > len(subscriptionScope(a.SubscriptionID)) && strings.HasPrefix(a.Scope, subscriptionScope(a.SubscriptionID)+"/")
		switch {
		case a.serial <= query.After,
			filter.principalID != "" && filter.principalID != a.PrincipalID,
			filter.assignedTo != "" && filter.assignedTo != a.PrincipalID && !groups[a.PrincipalID],
			filter.atScope && below:
		default:
			found = append(found, a)
		}
	}
	body := struct {
		Value    []roleAssignmentBody `json:"value"`
		NextLink *string              `json:"nextLink,omitempty"`
	}{Value: []roleAssignmentBody{}}
	size := x.knobs.RoleAssignmentPageSize
	if size == 0 {
		size = math.MaxInt
	}
	for _, a := range found[:min(size, len(found))] {
		body.Value = append(body.Value, b.roleAssignmentBody(x, a))
	}
	if len(found) > size {
		query.After = found[size-1].serial
		next := url.Values{"api-version": {queryValue(x.query, "api-version")}, "$skipToken": {b.writeToken(query)}}
		if text != "" {
			next.Set("$filter", text)
		}
		if tenant := queryValue(x.query, "tenantId"); tenant != "" {
			next.Set("tenantId", tenant)
		}
		link := x.nextLinkBase(b.endpoints.ResourceManager) + path + "?" + next.Encode()
		body.NextLink = &link
	}
	return response{status: http.StatusOK, body: body}
}

// nextLinkBase returns the base URL of nextLink: own, or the one of Knobs.NextLinkHost.
func (x *exchange) nextLinkBase(own string) string {
	switch host := x.knobs.NextLinkHost; {
	case host == "":
		return own
	case strings.Contains(host, "://"):
		return strings.TrimSuffix(host, "/")
	default:
		return "https://" + host
	}
}

// listed returns the assignments for a list, in the order of creation. It may lack new ones and still have deleted
// ones. Only the first page of a list counts as a read.
func (b *Backend) listed(record *azureRecord, first bool) []*RoleAssignment {
	record.deleted = slices.DeleteFunc(slices.Clone(record.deleted), func(a *RoleAssignment) bool {
		return a.staleLists == 0 && !time.Now().Before(a.seenUntil)
	})
	var seen []*RoleAssignment
	for _, a := range record.assignments {
		if a.staleLists > 0 {
			if first {
				a.staleLists--
			}
			continue
		}
		if a = a.visible(); a != nil {
			seen = append(seen, a)
		}
	}
	for _, a := range record.deleted {
		if a = a.visible(); a != nil {
			seen = append(seen, a)
		}
	}
	if first {
		for _, a := range record.deleted {
			a.staleLists = max(0, a.staleLists-1)
		}
	}
	slices.SortFunc(seen, func(a, b *RoleAssignment) int {
		if a.serial < b.serial {
			return -1
		}
		return 1
	})
	return seen
}

// visible returns the version of an assignment for a read, or nil for a new assignment that is not visible yet:
// Knobs.AssignmentReadLag.
func (a *RoleAssignment) visible() *RoleAssignment {
	if time.Now().Before(a.seenFrom) {
		return a.before
	}
	return a
}

// deletedButVisible finds a deleted assignment that reads still return.
func (r *azureRecord) deletedButVisible(name string) *RoleAssignment {
	for _, a := range r.deleted {
		if strings.EqualFold(a.Name, name) && time.Now().Before(a.seenUntil) {
			return a
		}
	}
	return nil
}

// countDown reports whether a number of reads is left, and counts one.
func countDown(reads *int) bool {
	if *reads == 0 {
		return false
	}
	*reads--
	return true
}
