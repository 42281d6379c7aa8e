package mockbackend

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Customer is a customer of the partner, with its Entra tenant (DEV/customer-resources).
type Customer struct {
	ID                string `json:"id"` // tenant id, a lower-case GUID; AddCustomer makes one up when empty
	CompanyName       string `json:"companyName"`
	Domain            string `json:"domain"`                      // verified domain of the tenant
	Country           string `json:"country"`                     // ISO 3166-1 alpha-2; empty = US
	IndirectReseller  string `json:"indirectReseller,omitempty"`  // MPN id of the indirect reseller, associatedPartnerId on the wire
	RelationshipEnded bool   `json:"relationshipEnded,omitempty"` // see EndRelationship
}

// Subscription is what a customer bought (DEV/subscription-resources). AddCustomer fills in what is empty.
type Subscription struct {
	ID           string    `json:"id"`      // lower-case GUID; upper-case for legacy ones
	OfferID      string    `json:"offerId"` // AzurePlanOfferID, LegacyAzureOfferID, or a licence's; empty = Azure plan
	OfferName    string    `json:"offerName"`
	FriendlyName string    `json:"friendlyName"`
	Status       string    `json:"status"` // active, suspended, deleted, expired, disabled, pending; empty = active
	Quantity     int       `json:"quantity"`
	OrderID      string    `json:"orderId"`
	PartnerID    string    `json:"partnerId,omitempty"` // MPN id of the indirect reseller of record
	Created      time.Time `json:"created"`
	// AzureSubscriptions are the Azure subscriptions below an Azure plan. A legacy one is its own.
	AzureSubscriptions []AzureEntitlement `json:"azureSubscriptions,omitempty"`

	version int // counts changes, for the etag
}

// Offer ids of what makes a customer able to buy reservations.
const (
	AzurePlanOfferID   = "DZH318Z0BPS6:0001:DZH318Z0BML6"
	LegacyAzureOfferID = "MS-AZR-0145P"

	azurePlanProduct = "DZH318Z0BPS6:"
	legacyPrefix     = "MS-AZR-"
)

// AzureEntitlement is an Azure subscription below an Azure plan (DEV/get-a-list-of-azure-entitlements-for-subscription).
type AzureEntitlement struct {
	ID           string `json:"id"` // Azure subscription id
	FriendlyName string `json:"friendlyName"`
	Status       string `json:"status"` // active, suspended, disabled, deleted; empty = active
}

// Policy is the self-serve policy of a customer (DEV/self-serve-policy-resources).
type Policy struct {
	ID          string   `json:"id"` // "{partner}_{customer}"
	CustomerID  string   `json:"customerId"`
	PartnerID   string   `json:"partnerId"`
	Permissions []string `json:"permissions"` // resources with the action Purchase
	ETag        string   `json:"etag"`        // with its quote characters
}

// The resources that a self-serve policy can name.
const (
	AzureReservedInstances = "AzureReservedInstances"
	AzureSavingsPlan       = "AzureSavingsPlan"
)

// store is the state of the partner's account. The lock of the Backend guards it.
type store struct {
	partner       Partner
	customers     []*customerRecord // in the order in which they were added
	customerIndex map[string]int    // by lower-case id
	domains       map[string]string // customer id by lower-case verified domain
	azureOwners   map[string]string // customer id by lower-case Azure subscription id; nil until asked for

	azure           map[string]*azureRecord    // by lower-case Azure subscription id, as they are asked for
	roleAssignments map[string]*RoleAssignment // by lower-case name, over all subscriptions
	lastSerial      uint64                     // of role assignments
	buckets         map[string]tokenBucket

	changes    []Change
	audit      []AuditRecord // oldest first
	firstAudit int           // number of the oldest
	lastTicks  int64
	signIn     signInState
	random     shuffler
}

type customerRecord struct {
	Customer
	generated     int // index of a generated customer whose subscriptions were not asked for yet; 0 = not one
	subscriptions []*Subscription
	orders        []*Order // besides those of the subscriptions
	policy        *Policy
	stale         *Policy // what stale reads show
	staleReads    int     // how many are left
	staleUntil    time.Time
	lagging       []pastPolicy
	directory     *directory // nil until asked for
	access        delegatedAccess
}

// pastPolicy is what reads show until a write is old enough: Knobs.ReadLag.
type pastPolicy struct {
	policy *Policy
	until  time.Time
}

// Customers returns all customers in the order in which they were added, those with an ended relationship included.
func (b *Backend) Customers() []Customer {
	b.mu.Lock()
	defer b.mu.Unlock()
	customers := make([]Customer, 0, len(b.customers))
	for _, record := range b.customers {
		customers = append(customers, record.Customer)
	}
	return customers
}

// Subscriptions returns the subscriptions of a customer.
func (b *Backend) Subscriptions(customerID string) []Subscription {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil {
		return nil
	}
	subscriptions := make([]Subscription, 0, len(record.subscriptions))
	for _, subscription := range b.subscriptionsOf(record) {
		copied := *subscription
		copied.AzureSubscriptions = slices.Clone(copied.AzureSubscriptions)
		subscriptions = append(subscriptions, copied)
	}
	return subscriptions
}

// AddCustomer adds a customer with its subscriptions, or replaces the one with the same id, and returns it with the
// empty fields filled in.
func (b *Backend) AddCustomer(customer Customer, subscriptions ...Subscription) Customer {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.addCustomer(customer, subscriptions)
	b.addAudit(b.portalAudit(record, "add_customer", "customer"), record.ID, "", "")
	return record.Customer
}

func (b *Backend) addCustomer(customer Customer, subscriptions []Subscription) *customerRecord {
	if customer.ID == "" {
		customer.ID = newGUID()
	}
	customer.ID = strings.ToLower(customer.ID)
	if customer.CompanyName == "" {
		customer.CompanyName = "Customer " + customer.ID[:8]
	}
	if customer.Domain == "" {
		customer.Domain = "customer-" + customer.ID[:8] + "-demo.onmicrosoft.com"
	}
	if customer.Country == "" {
		customer.Country = "US"
	}
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

// fill gives a subscription what its kind usually has.
func (s *Subscription) fill(customerID string, index int) {
	if s.OfferID == "" {
		s.OfferID = AzurePlanOfferID
	}
	name := "Microsoft 365 Business Standard"
	switch {
	case s.isAzurePlan():
		name = "Azure plan"
	case s.isLegacyAzure():
		name = "Microsoft Azure"
	}
	fallback := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fallback(&s.OfferName, name)
	fallback(&s.FriendlyName, s.OfferName)
	fallback(&s.Status, "active")
	id := guidFor("subscription", customerID, index)
	if !s.isAzurePlan() { // recorded traffic has legacy ids in capitals
		id = strings.ToUpper(id)
	}
	fallback(&s.ID, id)
	if s.isAzurePlan() {
		fallback(&s.OrderID, modernOrderID(customerID, index))
	}
	fallback(&s.OrderID, guidFor("order", customerID, index))
	if s.Quantity == 0 {
		s.Quantity = 1
	}
	if s.Created.IsZero() {
		s.Created = time.Date(2024, time.March, 11, 9, 12, 44, 187_551_700, time.UTC)
	}
	s.AzureSubscriptions = slices.Clone(s.AzureSubscriptions)
	for i := range s.AzureSubscriptions {
		fallback(&s.AzureSubscriptions[i].ID, guidFor("azure", s.ID, i))
		fallback(&s.AzureSubscriptions[i].FriendlyName, fmt.Sprintf("Azure subscription %d", i+1))
		fallback(&s.AzureSubscriptions[i].Status, "active")
	}
	s.version = 1
}

func (s *Subscription) isAzurePlan() bool {
	return strings.HasPrefix(strings.ToUpper(s.OfferID), azurePlanProduct)
}

func (s *Subscription) isLegacyAzure() bool {
	return strings.HasPrefix(strings.ToUpper(s.OfferID), legacyPrefix)
}

// SetSubscriptionStatus changes the status of a subscription, or of an Azure subscription below an Azure plan, as in
// the portal. It reports whether there is one; if not, that is a violation too.
func (b *Backend) SetSubscriptionStatus(customerID, subscriptionID, status string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record := b.customer(customerID); record != nil {
		for _, subscription := range b.subscriptionsOf(record) {
			if strings.EqualFold(subscription.ID, subscriptionID) {
				subscription.Status = status
				subscription.version++
				b.addAudit(b.portalAudit(record, "update_subscription", "subscription"), subscription.ID, "", "")
				return true
			}
			for i := range subscription.AzureSubscriptions {
				if strings.EqualFold(subscription.AzureSubscriptions[i].ID, subscriptionID) {
					subscription.AzureSubscriptions[i].Status = status
					return true
				}
			}
		}
	}
	b.violate("SetSubscriptionStatus: customer %s has no subscription %s", customerID, subscriptionID)
	return false
}

// EndRelationship ends the reseller relationship: the customer leaves the list, and Knobs.RelationshipEnded says what
// its other calls get. It reports whether there is such a customer; if not, that is a violation too.
func (b *Backend) EndRelationship(customerID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil {
		b.violate("EndRelationship: no customer %s", customerID)
		return false
	}
	record.RelationshipEnded = true
	b.addAudit(b.portalAudit(record, "remove_partner_customer_relationship", "partner_customer_relationship"), record.ID, "", "")
	return true
}

// RenewRelationship takes EndRelationship back. It reports whether there is such a customer; if not, that is a violation
// too.
func (b *Backend) RenewRelationship(customerID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil {
		b.violate("RenewRelationship: no customer %s", customerID)
		return false
	}
	record.RelationshipEnded = false
	b.addAudit(b.portalAudit(record, "add_partner_customer_relationship", "partner_customer_relationship"), record.ID, "", "")
	return true
}

func (b *Backend) customer(id string) *customerRecord {
	if at, ok := b.customerIndex[strings.ToLower(id)]; ok {
		return b.customers[at]
	}
	return nil
}

// subscriptionsOf makes those of a generated customer when they are first asked for.
func (b *Backend) subscriptionsOf(record *customerRecord) []*Subscription {
	if record.generated > 0 {
		plan := Subscription{AzureSubscriptions: []AzureEntitlement{{FriendlyName: "Production"}}}
		plan.fill(record.ID, 0)
		record.subscriptions = []*Subscription{&plan}
		record.generated = 0
	}
	return record.subscriptions
}
