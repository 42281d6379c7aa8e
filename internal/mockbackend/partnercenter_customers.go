package mockbackend

import (
	"net/http"
	"strings"
)

// Customer is a customer of the partner, with its Entra tenant (DEV/customer-resources).
type Customer struct {
	ID                string `json:"id"` // tenant ID, a lower-case GUID; AddCustomer creates one if empty
	CompanyName       string `json:"companyName"`
	Domain            string `json:"domain"`                      // verified domain of the tenant
	Country           string `json:"country"`                     // ISO 3166-1 alpha-2; empty = US
	IndirectReseller  string `json:"indirectReseller,omitempty"`  // tenant ID of the indirect reseller, associatedPartnerId on the wire
	RelationshipEnded bool   `json:"relationshipEnded,omitempty"` // see EndRelationship
}

// Customers returns all customers in the order in which they were added, including those with an ended relationship.
func (b *Backend) Customers() []Customer {
	b.mu.Lock()
	defer b.mu.Unlock()
	customers := make([]Customer, 0, len(b.customers))
	for _, record := range b.customers {
		customers = append(customers, record.Customer)
	}
	return customers
}

// AddCustomer adds a customer with its subscriptions, or replaces the customer with the same ID. It returns the customer
// with the empty fields filled in.
func (b *Backend) AddCustomer(customer Customer, subscriptions ...Subscription) Customer {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.addCustomer(customer, subscriptions)
	b.addAudit(b.portalAudit(record, "add_customer", "customer"), record.ID, "", "")
	return record.Customer
}

func (b *Backend) addCustomer(customer Customer, subscriptions []Subscription) *customerRecord {
	setDefault(&customer.ID, newGUID())
	customer.ID = strings.ToLower(customer.ID)
	if customer.CompanyName == "" {
		customer.CompanyName = "Customer " + customer.ID[:8]
	}
	if customer.Domain == "" {
		customer.Domain = "customer-" + customer.ID[:8] + "-demo.onmicrosoft.com"
	}
	setDefault(&customer.Country, "US")
	record := &customerRecord{Customer: customer}
	for _, subscription := range subscriptions {
		subscription.fill(customer.ID, len(record.subscriptions))
		record.subscriptions = append(record.subscriptions, &subscription)
	}
	b.azureOwners = nil
	if at, exists := b.customerIndex[customer.ID]; exists {
		delete(b.domains, strings.ToLower(b.customers[at].Domain))
		b.forgetAzure(b.customers[at])
		b.customers[at] = record
	} else {
		b.customerIndex[customer.ID] = len(b.customers)
		b.customers = append(b.customers, record)
	}
	b.domains[strings.ToLower(customer.Domain)] = customer.ID
	return record
}

// EndRelationship ends the reseller relationship. The customer is no longer in the list, and Knobs.RelationshipEnded
// selects the answer to other calls. It reports whether the customer exists. If not, that is also a violation.
func (b *Backend) EndRelationship(customerID string) bool {
	return b.setRelationshipEnded("EndRelationship", customerID, true, "remove_partner_customer_relationship")
}

// RenewRelationship reverts EndRelationship. It reports whether the customer exists. If not, that is also a violation.
func (b *Backend) RenewRelationship(customerID string) bool {
	return b.setRelationshipEnded("RenewRelationship", customerID, false, "add_partner_customer_relationship")
}

func (b *Backend) setRelationshipEnded(method, customerID string, ended bool, operation string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customerFor(method, customerID)
	if record == nil {
		return false
	}
	record.RelationshipEnded = ended
	b.addAudit(b.portalAudit(record, operation, "partner_customer_relationship"), record.ID, "", "")
	return true
}

// customerBody is the wire form (DEV/customer-resources). List items have only some fields.
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

// listCustomers: DEV/get-a-list-of-customers. The filter is from DEV/get-a-customer-by-name.
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
	if filter.Field == "IndirectReseller" && x.caller.user == nil { // DEV/get-customers-of-an-indirect-reseller: app+user only
		return failure(http.StatusForbidden, 900329, "The resource does not support app-only authentication.")
	}
	list := pagedList{length: len(b.customers), matches: func(i int) bool {
		return !b.customers[i].RelationshipEnded && b.customers[i].matches(filter)
	}}
	return pageOf(b, x, query, list, func(i int) customerBody { return x.customerItem(b.customers[i]) })
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
	case "IndirectCloudSolutionProvider": // the partner itself is the provider
		return false
	}
	return true
}

// customerItem is the body in a list, without billing profile, address and allowDelegatedAccess.
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
	return response{status: http.StatusOK, body: x.customerBody(record)}
}

// getCompanyProfile and getBillingProfile answer the links of a customer: DEV/get-a-customer-s-company-profile,
// DEV/get-a-customer-s-billing-profile.
func (b *Backend) getCompanyProfile(x *exchange) response {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: x.customerBody(record).CompanyProfile}
}

func (b *Backend) getBillingProfile(x *exchange) response {
	record, refused, ok := b.customerOf(x, x.values["customer"])
	if !ok {
		return refused
	}
	return response{status: http.StatusOK, body: x.customerBody(record).BillingProfile}
}

// customerBody adds the fields that a list omits.
func (x *exchange) customerBody(record *customerRecord) customerBody {
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
	return body
}
