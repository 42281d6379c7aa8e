package partnercenter

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
)

// Customers are the partner's customers
// (https://learn.microsoft.com/partner-center/developer/customer-resources).
type Customers struct{ c *Client }

// Customer is one of the partner's customers. Lists leave most of its profiles out.
type Customer struct {
	// ID is the customer's Microsoft Entra tenant id.
	ID             string `json:"id"`
	CompanyProfile struct {
		TenantID    string `json:"tenantId"`
		Domain      string `json:"domain"`
		CompanyName string `json:"companyName"`
	} `json:"companyProfile"`
	// RelationshipToPartner is reseller for customers the partner sells to.
	RelationshipToPartner string `json:"relationshipToPartner"`
}

// CustomerFilter selects customers on the server. The zero value selects all. The
// server takes one condition, starts_with, and ignores case.
type CustomerFilter struct {
	// Field is CompanyName or Domain.
	Field string
	// Prefix is what the field starts with.
	Prefix string
}

// The fields of a [CustomerFilter].
const (
	ByCompanyName = "CompanyName"
	ByDomain      = "Domain"
)

// pageSize is the largest page that the API gives.
const pageSize = "500"

// All returns the customers that the filter selects, in the server's order.
// GET /v1/customers, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers).
func (s Customers) All(ctx context.Context, filter CustomerFilter) iter.Seq2[Customer, error] {
	query := url.Values{"size": {pageSize}}
	if filter.Field != "" {
		condition, err := json.Marshal(struct{ Field, Value, Operator string }{filter.Field, filter.Prefix, "starts_with"})
		if err != nil {
			return func(yield func(Customer, error) bool) { yield(Customer{}, err) }
		}
		query.Set("filter", string(condition))
	}
	return all[Customer](ctx, s.c, call{method: http.MethodGet, path: pathOf("customers"), query: query})
}

// Get returns one customer. [IsCustomerNotFound] and [IsNoRelationship] recognise the
// errors for a tenant that is none of the partner's.
// GET /v1/customers/{customer}, app-only or app+user
// (https://learn.microsoft.com/partner-center/developer/get-a-customer-by-id).
func (s Customers) Get(ctx context.Context, customerID string) (Customer, error) {
	var out Customer
	err := s.c.get(ctx, pathOf("customers", customerID), &out)
	return out, err
}
