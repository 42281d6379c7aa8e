package mockbackend

import (
	"net/http"
	"slices"
	"strings"
)

// customerUserBody is the wire form (DEV/user-resources). Properties without a value are omitted.
type customerUserBody struct {
	ID                    string             `json:"id"`
	UsageLocation         string             `json:"usageLocation,omitempty"`
	UserPrincipalName     string             `json:"userPrincipalName"`
	FirstName             string             `json:"firstName,omitempty"`
	LastName              string             `json:"lastName,omitempty"`
	DisplayName           string             `json:"displayName"`
	LastDirectorySyncTime string             `json:"lastDirectorySyncTime,omitempty"`
	UserDomainType        string             `json:"userDomainType"`
	State                 string             `json:"state"`
	SoftDeletionTime      string             `json:"softDeletionTime,omitempty"`
	Links                 selfLink           `json:"links"`
	Attributes            resourceAttributes `json:"attributes"`
}

// listCustomerUsers: DEV/get-a-list-of-all-user-accounts-for-a-customer. The filter is from DEV/view-a-deleted-user, whose
// request has the field UserStatus, while its C# example has UserState. The answer to other values is a choice.
func (b *Backend) listCustomerUsers(x *exchange) response {
	record, refused, ok := b.customerWithUsers(x)
	if !ok {
		return refused
	}
	query, refused, ok := b.readPageQuery(x, "/customers/"+record.ID+"/users")
	if !ok {
		return refused
	}
	filter, refused, ok := readFilter(query.Filter, map[string]string{"UserStatus": "equals", "UserState": "equals"})
	if !ok {
		return refused
	}
	state := "active"
	if filter.Field != "" {
		state = strings.ToLower(filter.Value)
		if state != "active" && state != "inactive" {
			return failure(http.StatusBadRequest, invalidRequestInput, "%s %q is not supported.", filter.Field, filter.Value)
		}
	}
	principals := b.directoryOf(record).principals
	list := pagedList{length: len(principals), matches: func(i int) bool {
		return principals[i].Type == UserPrincipal && principals[i].state() == state
	}}
	if query.Sort != "" {
		ranks, ok := rankUsers(principals, query.Sort)
		if !ok {
			return failure(http.StatusBadRequest, invalidRequestInput, "sortField %q is not supported.", strings.TrimPrefix(query.Sort, "-"))
		}
		list.rank = func(i int) int { return ranks[i] }
	}
	return pageOf(b, x, query, list, func(i int) customerUserBody { return x.customerUserBody(record, principals[i]) })
}

// rankUsers returns the position of each principal in the order of a field. Microsoft does not document the fields
// that the server sorts by. The SDK's sample uses DisplayName.
func rankUsers(principals []*Principal, sort string) ([]int, bool) {
	field, descending := strings.CutPrefix(sort, "-")
	value := map[string]func(*Principal) string{
		"displayname": func(p *Principal) string { return p.DisplayName }, "userprincipalname": func(p *Principal) string { return p.UserPrincipalName },
	}[field]
	if value == nil {
		return nil, false
	}
	order := make([]int, len(principals))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		compared := strings.Compare(strings.ToLower(value(principals[a])), strings.ToLower(value(principals[b])))
		if descending {
			return -compared
		}
		return compared
	})
	ranks := make([]int, len(order))
	for place, i := range order {
		ranks[i] = place
	}
	return ranks, true
}

// getCustomerUser: DEV/get-a-user-account-by-id. The answer 404 for a deleted user is a choice.
func (b *Backend) getCustomerUser(x *exchange) response {
	record, refused, ok := b.customerWithUsers(x)
	if !ok {
		return refused
	}
	principal := b.directoryOf(record).find(x.values["user"])
	if principal == nil || principal.Type != UserPrincipal || principal.state() != "active" {
		return x.refuse("unknown_user", http.StatusNotFound, 60002, "The user %s was not found.", x.values["user"])
	}
	return response{status: http.StatusOK, body: x.customerUserBody(record, principal)}
}

// customerWithUsers finds the customer of a call. Both pages require a GDAP role such as Directory Reader. The error
// code without such a role is a choice.
func (b *Backend) customerWithUsers(x *exchange) (*customerRecord, response, bool) {
	if refused, ok := x.overridden("reads_users"); ok {
		return nil, refused, false
	}
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if ok && record.access.ended {
		return nil, failure(http.StatusForbidden, 2032, "Access to the users of %s is denied.", record.ID), false
	}
	return record, refused, ok
}

func (p *Principal) state() string {
	if p.Deleted.IsZero() {
		return "active"
	}
	return "inactive"
}

func (x *exchange) customerUserBody(record *customerRecord, p *Principal) customerUserBody {
	body := customerUserBody{
		UsageLocation: p.UsageLocation, ID: p.ID, UserPrincipalName: p.UserPrincipalName, FirstName: p.FirstName, LastName: p.LastName,
		DisplayName: p.DisplayName, UserDomainType: "none", State: p.state(),
		Links: selfLink{x.link("/customers/" + record.ID + "/users/" + p.ID)}, Attributes: resourceAttributes{ObjectType: "CustomerUser"},
	}
	if !p.Synced.IsZero() {
		body.LastDirectorySyncTime, body.UserDomainType = wholeSeconds(p.Synced), "managed"
	}
	if !p.Deleted.IsZero() {
		body.SoftDeletionTime = wholeSeconds(p.Deleted)
	}
	return body
}
