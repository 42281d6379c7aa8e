package partnercenter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// CustomerUsers reads the users in a customer's directory
// (https://learn.microsoft.com/partner-center/developer/customeruser-resources).
type CustomerUsers struct {
	c     *Client
	names *httppipe.Answers[userNames]
}

// CustomerUser is a user in a customer's directory. Every field except ID may be empty.
type CustomerUser struct {
	// ID is the user's object ID in Microsoft Entra ID. Azure role assignments use it.
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	FirstName         string `json:"firstName"`
	LastName          string `json:"lastName"`
	// State is active or inactive. Deleted users are inactive.
	State string `json:"state"`
	// UserDomainType is managed, federated or none.
	UserDomainType string `json:"userDomainType"`
	UsageLocation  string `json:"usageLocation"`
	// SoftDeletionTime is the time of deletion in RFC 3339 format, or "".
	SoftDeletionTime string `json:"softDeletionTime"`
}

func (u CustomerUser) id() string { return u.ID }

// CustomerUserFilter selects users on the server. The zero value selects all users that are not
// deleted. The server supports one condition, with the operator equals.
type CustomerUserFilter struct {
	// Status is Inactive to select the deleted users.
	Status string
}

// Inactive is the status of deleted users in a [CustomerUserFilter].
const Inactive = "Inactive"

// Of returns the selected users of a customer, in the server's order.
// GET /v1/customers/{customer}/users, app+user only
// (https://learn.microsoft.com/partner-center/developer/get-a-list-of-all-user-accounts-for-a-customer,
// https://learn.microsoft.com/partner-center/developer/view-a-deleted-user).
func (s CustomerUsers) Of(ctx context.Context, customerID string, filter CustomerUserFilter) iter.Seq2[CustomerUser, error] {
	query := url.Values{"size": {pageSize}}
	if filter.Status != "" {
		condition, err := json.Marshal(struct{ Field, Value, Operator string }{"UserStatus", filter.Status, "equals"})
		if err != nil {
			return func(yield func(CustomerUser, error) bool) { yield(CustomerUser{}, err) }
		}
		query.Set("filter", string(condition))
	}
	return all[CustomerUser](ctx, s.c, call{method: http.MethodGet, path: pathOf("customers", customerID, "users"), query: query})
}

// NoSuchUserError means that a customer has no user with the given user principal name.
type NoSuchUserError struct {
	CustomerID, UserPrincipalName string
	// Domains are the domains of the customer's users, in the order of the list.
	Domains []string
}

func (e *NoSuchUserError) Error() string {
	s := fmt.Sprintf("customer %s has no user %s", e.CustomerID, e.UserPrincipalName)
	if len(e.Domains) > 0 {
		s += "; its users' names end in @" + strings.Join(e.Domains, ", @")
	}
	return s
}

// Remedy returns what to do.
func (e *NoSuchUserError) Remedy() string {
	return "Check the user principal name: it is the user's sign-in name, not an address for mail. A guest's contains #EXT#. The user's object ID works as well."
}

// namesFor is how long the users of a customer are cached.
const namesFor = time.Minute

// userNames contains a customer's users, keyed by user principal name in lower case.
type userNames struct {
	users map[string]CustomerUser
	// names contains the user principal names, keyed by object ID in lower case.
	names map[string]string
	// domains contains the domains of the user principal names, at most 5.
	domains []string
}

// IsUserGone reports whether err means that the user was deleted, or that the customer ended the
// relationship or removed the partner's access to its users (403/2032).
func IsUserGone(err error) bool {
	return errors.As(err, new(*NoSuchUserError)) || IsNoRelationship(err) || IsCustomerNotFound(err) || is(err, http.StatusForbidden, "2032")
}

// ByPrincipalName returns the user with the user principal name, ignoring case, or a
// [*NoSuchUserError]. The API cannot filter by name. This therefore sends the requests of
// [CustomerUsers.Of], at most once a minute for each customer.
func (s CustomerUsers) ByPrincipalName(ctx context.Context, customerID, name string) (CustomerUser, error) {
	names, err := s.read(ctx, customerID)
	if err != nil {
		return CustomerUser{}, err
	}
	u, ok := names.users[strings.ToLower(name)]
	if !ok {
		return CustomerUser{}, &NoSuchUserError{CustomerID: customerID, UserPrincipalName: name, Domains: names.domains}
	}
	return u, nil
}

// PrincipalName returns the user principal name of the user with the object ID, or "" if the customer
// has no such user. It shares its requests with [CustomerUsers.ByPrincipalName].
func (s CustomerUsers) PrincipalName(ctx context.Context, customerID, userID string) (string, error) {
	names, err := s.read(ctx, customerID)
	return names.names[strings.ToLower(userID)], err
}

// read reads all users of a customer, at most once a minute.
func (s CustomerUsers) read(ctx context.Context, customerID string) (userNames, error) {
	return s.names.Get(ctx, strings.ToLower(customerID), func(ctx context.Context) (userNames, error) {
		names := userNames{users: make(map[string]CustomerUser), names: make(map[string]string)}
		for u, err := range s.Of(ctx, customerID, CustomerUserFilter{}) {
			if err != nil {
				return names, err
			}
			name := strings.ToLower(u.UserPrincipalName)
			names.users[name] = u
			names.names[strings.ToLower(u.ID)] = u.UserPrincipalName
			if _, domain, ok := strings.Cut(name, "@"); ok && len(names.domains) < 5 && !slices.Contains(names.domains, domain) {
				names.domains = append(names.domains, domain)
			}
		}
		return names, nil
	})
}
