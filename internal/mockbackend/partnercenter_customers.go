package mockbackend

import (
	"net/http"
	"strings"
)

// customerBody is the wire form (DEV/customer-resources); list items have only the short one.
type customerBody struct {
	ID                    string              `json:"id"`
	CommerceID            string              `json:"commerceId,omitempty"`
	CompanyProfile        companyProfile      `json:"companyProfile"`
	BillingProfile        *billingProfile     `json:"billingProfile,omitempty"`
	RelationshipToPartner string              `json:"relationshipToPartner"`
	AllowDelegatedAccess  *bool               `json:"allowDelegatedAccess,omitempty"`
	CustomDomains         []string            `json:"customDomains,omitempty"`
	AssociatedPartnerID   string              `json:"associatedPartnerId,omitempty"`
	Links                 selfLink            `json:"links"`
	Attributes            *resourceAttributes `json:"attributes"`
}

type companyProfile struct {
	TenantID    string             `json:"tenantId"`
	Domain      string             `json:"domain"`
	CompanyName string             `json:"companyName"`
	Address     *address           `json:"address,omitempty"`
	Email       string             `json:"email,omitempty"`
	Links       selfLink           `json:"links"`
	Attributes  resourceAttributes `json:"attributes"`
}

type billingProfile struct {
	ID             string             `json:"id"`
	FirstName      string             `json:"firstName"`
	LastName       string             `json:"lastName"`
	Email          string             `json:"email"`
	Culture        string             `json:"culture"`
	Language       string             `json:"language"`
	CompanyName    string             `json:"companyName"`
	DefaultAddress address            `json:"defaultAddress"`
	Links          selfLink           `json:"links"`
	Attributes     resourceAttributes `json:"attributes"`
}

type address struct {
	Country      string `json:"country"`
	Region       string `json:"region,omitempty"`
	City         string `json:"city"`
	State        string `json:"state,omitempty"`
	AddressLine1 string `json:"addressLine1"`
	PostalCode   string `json:"postalCode"`
	FirstName    string `json:"firstName,omitempty"`
	LastName     string `json:"lastName,omitempty"`
	PhoneNumber  string `json:"phoneNumber,omitempty"`
}

// listCustomers: DEV/get-a-list-of-customers, and DEV/get-a-customer-by-name for the filter.
func (b *Backend) listCustomers(x *exchange) response {
	query, refused, ok := b.readPageQuery(x, "/customers")
	if !ok {
		return refused
	}
	filter, refused, ok := readFilter(query.Filter, map[string]string{
		"CompanyName": "starts_with", "Domain": "starts_with", "IndirectReseller": "starts_with", "IndirectCloudSolutionProvider": "starts_with",
	})
	if !ok {
		return refused
	}
	items := make([]pageItem, 0, len(b.customers))
	for i, record := range b.customers {
		if record.RelationshipEnded || !record.matches(filter) {
			continue
		}
		key := uint64(i)
		if x.knobs.ShuffleOrder {
			key = b.shuffledKey(i)
		}
		items = append(items, pageItem{key, i})
	}
	if x.knobs.ShuffleOrder {
		sortItems(items)
	}
	page, next := query.cut(x.knobs, items)
	bodies := make([]customerBody, 0, len(page))
	for _, item := range page {
		bodies = append(bodies, x.customerItem(b.customers[item.at]))
	}
	body := collectionOf(b, x, bodies)
	b.addLinks(x, body, query, next)
	return response{status: http.StatusOK, body: body}
}

func (r *customerRecord) matches(filter fieldFilter) bool {
	startsWith := func(value string) bool {
		return value != "" && strings.HasPrefix(strings.ToLower(value), strings.ToLower(filter.Value))
	}
	switch filter.Field {
	case "CompanyName":
		return startsWith(r.CompanyName)
	case "Domain":
		return startsWith(r.Domain)
	case "IndirectReseller":
		return startsWith(r.IndirectReseller)
	case "IndirectCloudSolutionProvider": // this partner is its own provider
		return false
	}
	return true
}

// customerItem is the short form: no billing profile, no address, no allowDelegatedAccess.
func (x *exchange) customerItem(record *customerRecord) customerBody {
	self := "/customers/" + record.ID
	return customerBody{
		ID: record.ID,
		CompanyProfile: companyProfile{
			TenantID: record.ID, Domain: record.Domain, CompanyName: record.CompanyName,
			Links: selfLink{x.link(self + "/profiles/company")}, Attributes: resourceAttributes{ObjectType: "CustomerCompanyProfile"},
		},
		RelationshipToPartner: "reseller", AssociatedPartnerID: record.IndirectReseller,
		Links: selfLink{x.link(self)}, Attributes: &resourceAttributes{ObjectType: "Customer"},
	}
}

// getCustomer: DEV/get-a-customer-by-id.
func (b *Backend) getCustomer(x *exchange) response {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	body, delegated := x.customerItem(record), true
	contact := address{
		Country: record.Country, City: "Redmond", State: "WA", AddressLine1: "1 Sample Way", PostalCode: "98052",
		FirstName: "Billing", LastName: "Contact", PhoneNumber: "4255550100",
	}
	mail := "@" + strings.TrimSuffix(record.Domain, ".onmicrosoft.com") + ".example"
	body.CommerceID = guidFor("commerce", record.ID)
	body.CompanyProfile.Address = &address{Country: record.Country, Region: "WA", City: contact.City, AddressLine1: contact.AddressLine1, PostalCode: contact.PostalCode, PhoneNumber: contact.PhoneNumber}
	body.CompanyProfile.Email = "it" + mail
	body.BillingProfile = &billingProfile{
		ID: guidFor("billing profile", record.ID), FirstName: contact.FirstName, LastName: contact.LastName, Email: "billing" + mail,
		Culture: "en-US", Language: "en", CompanyName: record.CompanyName, DefaultAddress: contact,
		Links: selfLink{x.link("/customers/" + record.ID + "/profiles/billing")}, Attributes: resourceAttributes{"-3107245598320014765", "CustomerBillingProfile"},
	}
	body.AllowDelegatedAccess = &delegated
	body.CustomDomains = []string{record.Domain}
	return response{status: http.StatusOK, body: body}
}
