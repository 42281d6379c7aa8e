package mockbackend

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// PrincipalType is the type of a principal in Resource Manager.
type PrincipalType string

// The types of principals.
const (
	UserPrincipal         PrincipalType = "User"
	GroupPrincipal        PrincipalType = "Group"
	ServicePrincipal      PrincipalType = "ServicePrincipal"
	ForeignGroupPrincipal PrincipalType = "ForeignGroup" // a security group of the partner's tenant, seen from the customer's

	unknownPrincipal PrincipalType = "Unknown"
)

// Principal is a user, group or service principal in the directory of a customer. Partner Center lists the users. The
// fields from UserPrincipalName to Synced apply to users only.
type Principal struct {
	ID                string        `json:"id"` // object ID, a lower-case GUID
	Type              PrincipalType `json:"type"`
	DisplayName       string        `json:"displayName"`
	UserPrincipalName string        `json:"userPrincipalName,omitempty"`
	FirstName         string        `json:"firstName,omitempty"`
	LastName          string        `json:"lastName,omitempty"`
	UsageLocation     string        `json:"usageLocation,omitempty"` // ISO 3166-1 alpha-2
	Synced            time.Time     `json:"synced,omitzero"`         // time of the last synchronization with an on-premises directory
	Deleted           time.Time     `json:"deleted,omitzero"`
	Members           []string      `json:"members,omitempty"` // of a group: object IDs of users, service principals and groups
}

// directory is the Entra directory of a customer.
type directory struct {
	principals []*Principal   // in the order in which they were added, including deleted principals
	unknown    map[string]int // number of refusals by Knobs.UnknownPrincipals, by principal ID
}

// The principals of the seed. Each customer has two users and the service principal of the partner's application. The
// first user is "azure.owner@" its domain. Use Backend.Principals to find those without a constant here.
const (
	AdatumUserID                  = "2f6d1b84-9a35-4c7e-8d20-b1e4f7a3c111" // no role on Adatum's subscription yet
	AdatumUserPrincipalName       = "azure.owner@adatum-demo.onmicrosoft.com"
	AdatumSecondUserID            = "3a7e2c95-ab46-4d8f-9e31-c2f508b4d222" // member of Adatum's group
	AdatumSecondUserPrincipalName = "second.user@adatum-demo.onmicrosoft.com"
	AdatumGroupID                 = "4b8f3da6-bc57-4e90-af42-d3061ac5e333"
	AdatumServicePrincipalID      = "5c904eb7-cd68-4fa1-8053-e4172bd6f444"
	ContosoUserID                 = "6da15fc8-de79-40b2-9164-f5283ce70555" // Owner of Contoso's first subscription
	ContosoUserPrincipalName      = "azure.owner@contoso-demo.onmicrosoft.com"
	ContosoSecondUserID           = "7eb260d9-ef8a-41c3-a275-06394df81666" // Reservation Purchaser on Contoso's second subscription
	LitwareUserID                 = "8fc371ea-f09b-42d4-b386-174a5e092777"
	TailspinUserID                = "90d482fb-01ac-43e5-8497-285b6f1a3888"
	FabrikamUserID                = "a1e5930c-12bd-44f6-95a8-396c702b4999"
	NorthwindUserID               = "b2f6a41d-23ce-4507-a6b9-4a7d813c5aaa"
)

// seedUsers returns the object IDs of the two users of a customer.
func seedUsers(customerID string) (first, second string) {
	first, second = guidFor("customer user", customerID, 0), guidFor("customer user", customerID, 1)
	switch customerID {
	case AdatumID:
		return AdatumUserID, AdatumSecondUserID
	case ContosoID:
		return ContosoUserID, ContosoSecondUserID
	case LitwareID:
		return LitwareUserID, second
	case TailspinID:
		return TailspinUserID, second
	case FabrikamID:
		return FabrikamUserID, second
	case NorthwindID:
		return NorthwindUserID, second
	}
	return first, second
}

// GroupID returns the object ID of a security group of the partner's tenant. AdminAgents is the foreign principal that owns
// the Azure subscriptions of customers.
func GroupID(role Role) string { return guidFor("partner group", string(role)) }

// ServicePrincipalID returns the object ID of the service principal that the partner's application has in a tenant.
func (b *Backend) ServicePrincipalID(tenantID string) string {
	return guidFor("service principal", strings.ToLower(tenantID))
}

// directoryOf returns the directory of a customer. The first call creates it.
func (b *Backend) directoryOf(record *customerRecord) *directory {
	if record.directory != nil {
		return record.directory
	}
	first, second := seedUsers(record.ID)
	d := &directory{unknown: map[string]int{}}
	d.principals = []*Principal{
		{ID: first, Type: UserPrincipal, DisplayName: "Azure Owner", FirstName: "Azure", LastName: "Owner", UserPrincipalName: "azure.owner@" + record.Domain, UsageLocation: record.Country},
		{ID: second, Type: UserPrincipal, DisplayName: "Second User", FirstName: "Second", LastName: "User", UserPrincipalName: "second.user@" + record.Domain},
		{ID: b.ServicePrincipalID(record.ID), Type: ServicePrincipal, DisplayName: b.partner.CompanyName + " automation"},
	}
	if record.ID == AdatumID {
		d.principals = append(d.principals,
			&Principal{ID: AdatumGroupID, Type: GroupPrincipal, DisplayName: "Azure owners", Members: []string{AdatumSecondUserID}},
			&Principal{ID: AdatumServicePrincipalID, Type: ServicePrincipal, DisplayName: "Adatum automation"},
		)
	}
	record.directory = d
	return d
}

// find returns a principal, including a deleted one.
func (d *directory) find(id string) *Principal {
	for _, principal := range d.principals {
		if strings.EqualFold(principal.ID, id) {
			return principal
		}
	}
	return nil
}

// typeOf returns the type of a principal that is not deleted, or of a group of the partner.
func (d *directory) typeOf(id string) (PrincipalType, bool) {
	for _, role := range []Role{AdminAgent, SalesAgent, HelpdeskAgent} {
		if strings.EqualFold(GroupID(role), id) {
			return ForeignGroupPrincipal, true
		}
	}
	if principal := d.find(id); principal != nil && principal.Deleted.IsZero() {
		return principal.Type, true
	}
	return "", false
}

// groupsOf returns the IDs of the groups that a principal is a member of, directly or through other groups.
func (d *directory) groupsOf(id string) map[string]bool {
	groups := map[string]bool{}
	for wanted := []string{strings.ToLower(id)}; len(wanted) > 0; wanted = wanted[1:] {
		for _, group := range d.principals {
			if group.Type == GroupPrincipal && group.Deleted.IsZero() && !groups[group.ID] && slices.ContainsFunc(group.Members, func(member string) bool { return strings.EqualFold(member, wanted[0]) }) {
				groups[group.ID] = true
				wanted = append(wanted, group.ID)
			}
		}
	}
	return groups
}

// Principals returns the directory of a customer, including deleted principals.
func (b *Backend) Principals(customerID string) []Principal {
	b.mu.Lock()
	defer b.mu.Unlock()
	principals := []Principal{}
	if record := b.customer(customerID); record != nil {
		for _, principal := range b.directoryOf(record).principals {
			copied := *principal
			copied.Members = slices.Clone(copied.Members)
			principals = append(principals, copied)
		}
	}
	return principals
}

// AddUser adds a user to the directory of a customer and returns it with the empty fields filled in. An unknown
// customer, or an ID that exists there, is a violation.
func (b *Backend) AddUser(customerID string, user Principal) Principal {
	user.Type = UserPrincipal
	return b.mustAddPrincipal("AddUser", customerID, user)
}

// AddGroup adds a group; see AddUser.
func (b *Backend) AddGroup(customerID string, group Principal) Principal {
	group.Type = GroupPrincipal
	return b.mustAddPrincipal("AddGroup", customerID, group)
}

// AddServicePrincipal adds a service principal; see AddUser.
func (b *Backend) AddServicePrincipal(customerID string, principal Principal) Principal {
	principal.Type = ServicePrincipal
	return b.mustAddPrincipal("AddServicePrincipal", customerID, principal)
}

func (b *Backend) mustAddPrincipal(call, customerID string, principal Principal) Principal {
	added, err := b.addPrincipal(customerID, principal)
	if err != nil {
		b.lockAndViolate("%s: %v", call, err)
	}
	return added
}

func (b *Backend) addPrincipal(customerID string, principal Principal) (Principal, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.customer(customerID)
	if record == nil {
		return Principal{}, fmt.Errorf("no customer %s", customerID)
	}
	d := b.directoryOf(record)
	setDefault(&principal.ID, newGUID())
	principal.ID = strings.ToLower(principal.ID)
	if uuid.Validate(principal.ID) != nil || d.find(principal.ID) != nil {
		return Principal{}, fmt.Errorf("id %s is no GUID or is taken", principal.ID)
	}
	if principal.Type == UserPrincipal && principal.UserPrincipalName == "" {
		principal.UserPrincipalName = "user-" + principal.ID[:8] + "@" + record.Domain
	}
	setDefault(&principal.DisplayName, string(principal.Type)+" "+principal.ID[:8])
	stored := principal
	stored.Members = slices.Clone(principal.Members)
	d.principals = append(d.principals, &stored)
	return principal, nil
}

// DeletePrincipal deletes a principal from the directory of a customer. Its role assignments stay. It reports whether the
// principal existed. If not, that is also a violation.
func (b *Backend) DeletePrincipal(customerID, principalID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record := b.customer(customerID); record != nil {
		d := b.directoryOf(record)
		if principal := d.find(principalID); principal != nil && principal.Deleted.IsZero() {
			principal.Deleted = time.Now().UTC()
			for _, group := range d.principals {
				group.Members = slices.DeleteFunc(group.Members, func(id string) bool { return strings.EqualFold(id, principal.ID) })
			}
			return true
		}
	}
	b.violate("DeletePrincipal: customer %s has no principal %s", customerID, principalID)
	return false
}
