package partnercenter

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Customers reads the partner's customers
// (https://learn.microsoft.com/partner-center/developer/customer-resources).
type Customers struct {
	c     *Client
	names *customerNames
}

// Customer is one of the partner's customers. Lists omit most of its profile.
type Customer struct {
	// ID is the customer's Microsoft Entra tenant ID.
	ID             string `json:"id"`
	CompanyProfile struct {
		TenantID    string `json:"tenantId"`
		Domain      string `json:"domain"`
		CompanyName string `json:"companyName"`
	} `json:"companyProfile"`
	// RelationshipToPartner is reseller for customers that the partner sells to.
	RelationshipToPartner string `json:"relationshipToPartner"`
	// AssociatedPartnerID is the tenant ID of the indirect reseller, or "".
	AssociatedPartnerID Text `json:"associatedPartnerId"`
}

func (c Customer) id() string { return c.ID }

// CustomerFilter selects customers by prefixes of company name and default domain, ignoring case,
// and by indirect reseller. Empty fields are ignored.
type CustomerFilter struct {
	CompanyNamePrefix, DomainPrefix string
	// IndirectResellerID is the reseller's tenant ID. Only the server can apply it, because only the
	// server knows all resellers of a customer. It needs app+user sign-in
	// (https://learn.microsoft.com/partner-center/developer/get-customers-of-an-indirect-reseller).
	IndirectResellerID string
}

// condition returns the condition to send. The API accepts one: the reseller, which only the server
// can apply, or else the domain, which selects fewer customers than the name.
func (f CustomerFilter) condition() any {
	type condition struct{ Field, Value, Operator string }
	switch {
	case f.IndirectResellerID != "":
		return condition{"IndirectReseller", f.IndirectResellerID, "starts_with"}
	case f.DomainPrefix != "":
		return condition{"Domain", f.DomainPrefix, "starts_with"}
	case f.CompanyNamePrefix != "":
		return condition{"CompanyName", f.CompanyNamePrefix, "starts_with"}
	}
	return nil
}

// selects applies the conditions on company name and domain.
func (f CustomerFilter) selects(c Customer) bool {
	return startsWith(c.CompanyProfile.CompanyName, f.CompanyNamePrefix) && startsWith(c.CompanyProfile.Domain, f.DomainPrefix)
}

func startsWith(s, prefix string) bool {
	return prefix == "" || strings.HasPrefix(strings.ToLower(s), strings.ToLower(prefix))
}

// pageSize is the maximum page size of the API.
const pageSize = "500"

// All returns the selected customers, in the server's order.
// GET /v1/customers, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers).
func (s Customers) All(ctx context.Context, filter CustomerFilter) iter.Seq2[Customer, error] {
	return func(yield func(Customer, error) bool) {
		query := url.Values{"size": {pageSize}}
		if condition := filter.condition(); condition != nil {
			text, err := json.Marshal(condition)
			if err != nil {
				yield(Customer{}, err)
				return
			}
			query.Set("filter", string(text))
		}
		for c, err := range all[Customer](ctx, s.c, call{method: http.MethodGet, path: pathOf("customers"), query: query}) {
			if (err != nil || filter.selects(c)) && !yield(c, err) {
				return
			}
		}
	}
}

// List returns the selected customers, sorted by ID, without duplicates, and with the ID in lower
// case.
func (s Customers) List(ctx context.Context, filter CustomerFilter) ([]Customer, error) {
	var out []Customer
	for c, err := range s.All(ctx, filter) {
		if err != nil {
			return nil, err
		}
		c.ID = strings.ToLower(c.ID)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Customer) int { return cmp.Compare(a.ID, b.ID) })
	// A customer that was added while pages were read can be on two pages.
	return slices.CompactFunc(out, func(a, b Customer) bool { return a.ID == b.ID }), nil
}

// Get returns one customer. [IsCustomerNotFound] and [IsNoRelationship] recognize the errors for a
// tenant that is not a customer of the partner.
// GET /v1/customers/{customer}, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-a-customer-by-id).
func (s Customers) Get(ctx context.Context, customerID string) (Customer, error) {
	var out Customer
	_, err := s.c.get(ctx, call{method: http.MethodGet, path: pathOf("customers", customerID), check: needs(&out.ID)}, &out)
	return out, err
}
