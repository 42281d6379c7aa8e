package mockbackend

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The built-in roles that the mock knows, by the GUID of their definition.
const (
	OwnerRole                   = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	ContributorRole             = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	ReaderRole                  = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	UserAccessAdministratorRole = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
	RBACAdministratorRole       = "f58310d9-a9f6-439a-9e8d-f62e7b41a168" // Role Based Access Control Administrator
	ReservationPurchaserRole    = "f7b75c60-3036-4b75-91c3-6b41c27c1689"
)

var knownRoles = []string{OwnerRole, ContributorRole, ReaderRole, UserAccessAdministratorRole, RBACAdministratorRole, ReservationPurchaserRole}

// RoleAssignment is a role that a principal has on an Azure subscription, above it or below it.
// https://learn.microsoft.com/rest/api/authorization/role-assignments
type RoleAssignment struct {
	SubscriptionID   string        `json:"subscriptionId"`
	Name             string        `json:"name"`  // a GUID, unique among all subscriptions; AssignRole makes one up when empty
	Scope            string        `json:"scope"` // empty = the subscription; or a management group above it, or a resource group in it
	PrincipalID      string        `json:"principalId"`
	PrincipalType    PrincipalType `json:"principalType"`              // empty = what the principal is
	RoleID           string        `json:"roleId"`                     // GUID of the role definition; empty = Owner
	RoleDefinitionID string        `json:"roleDefinitionId,omitempty"` // as it was sent
	Description      string        `json:"description,omitempty"`
	Condition        string        `json:"condition,omitempty"`
	ConditionVersion string        `json:"conditionVersion,omitempty"`
	CreatedOn        time.Time     `json:"createdOn"`
	UpdatedOn        time.Time     `json:"updatedOn"`
	CreatedBy        string        `json:"createdBy,omitempty"` // object id
	UpdatedBy        string        `json:"updatedBy,omitempty"`

	delegatedIdentity string
	serial            uint64          // order of creation, the key of paging
	staleGets         int             // how many more GETs do not see it
	staleLists        int             // how many more lists do not see it; of a deleted one: how many still do
	seenFrom          time.Time       // reads before do not show it
	before            *RoleAssignment // what reads show until seenFrom instead, if anything
	seenUntil         time.Time       // of a deleted one: reads before still show it
}

// azureRecord is what Resource Manager keeps of an Azure subscription.
type azureRecord struct {
	assignments []*RoleAssignment // in the order in which they were made
	deleted     []*RoleAssignment // that lists still show
	unknown     int               // how often Knobs.UnknownSubscriptions refused it
	lock        LockLevel
}

func subscriptionScope(id string) string { return "/subscriptions/" + strings.ToLower(id) }

// azureRecordOf makes the record of an Azure subscription when it is first asked for, with the assignments of the seed.
func (b *Backend) azureRecordOf(subscriptionID string) *azureRecord {
	id := strings.ToLower(subscriptionID)
	if record := b.azure[id]; record != nil {
		return record
	}
	if b.azure == nil {
		b.azure, b.roleAssignments = map[string]*azureRecord{}, map[string]*RoleAssignment{}
	}
	record := &azureRecord{}
	b.azure[id] = record
	seed := func(principalID string, kind PrincipalType, role string) {
		created := time.Date(2024, time.March, 11, 9, 14, 2, 490_431_200, time.UTC)
		b.addAssignment(record, &RoleAssignment{
			SubscriptionID: id, Name: guidFor("role assignment", id, principalID), PrincipalID: principalID, PrincipalType: kind, RoleID: role,
			CreatedOn: created, UpdatedOn: created,
		})
	}
	// Admin on behalf of: a CSP subscription is made with the partner's group as Owner, legacy ones too.
	seed(GroupID(AdminAgent), ForeignGroupPrincipal, OwnerRole)
	switch id {
	case ContosoAzureID:
		seed(ContosoUserID, UserPrincipal, OwnerRole)
	case ContosoSecondAzureID:
		seed(ContosoSecondUserID, UserPrincipal, ReservationPurchaserRole)
	}
	return record
}

// addAssignment fills in what is empty and stores an assignment.
func (b *Backend) addAssignment(record *azureRecord, a *RoleAssignment) {
	setDefault(&a.Scope, subscriptionScope(a.SubscriptionID))
	setDefault(&a.RoleDefinitionID, subscriptionScope(a.SubscriptionID)+roleDefinitionPath+a.RoleID)
	b.lastSerial++
	a.serial = b.lastSerial
	record.assignments = append(record.assignments, a)
	b.roleAssignments[a.Name] = a
}

// forgetAzure drops what was kept of the Azure subscriptions of a customer that is replaced.
func (b *Backend) forgetAzure(owner *customerRecord) {
	if len(b.azure) == 0 {
		return
	}
	for _, subscription := range b.azureSubscriptionsOf(owner) {
		if record := b.azure[subscription.SubscriptionID]; record != nil {
			for _, a := range record.assignments {
				delete(b.roleAssignments, a.Name)
			}
			delete(b.azure, subscription.SubscriptionID)
		}
	}
}

// RoleAssignments returns what is assigned on an Azure subscription, above and below it, in the order in which it was
// assigned. Knobs that make reads lag do not matter here.
func (b *Backend) RoleAssignments(subscriptionID string) []RoleAssignment {
	b.mu.Lock()
	defer b.mu.Unlock()
	assignments := []RoleAssignment{}
	if _, ok := b.azureOwner(subscriptionID); ok {
		for _, a := range b.azureRecordOf(subscriptionID).assignments {
			assignments = append(assignments, *a)
		}
	}
	return assignments
}

// AssignRole makes an assignment as somebody in the portal would, and returns it with the empty fields filled in. The
// principal needs a PrincipalType when it is none of the customer's directory. What can not be is a violation.
func (b *Backend) AssignRole(assignment RoleAssignment) RoleAssignment {
	made, err := b.assignRole(assignment)
	if err != nil {
		b.lockAndViolate("AssignRole: %v", err)
	}
	return made
}

func (b *Backend) assignRole(a RoleAssignment) (RoleAssignment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	owner, ok := b.azureOwner(a.SubscriptionID)
	if !ok {
		return RoleAssignment{}, fmt.Errorf("no Azure subscription %s", a.SubscriptionID)
	}
	record := b.azureRecordOf(a.SubscriptionID)
	for _, id := range []*string{&a.SubscriptionID, &a.Name, &a.PrincipalID, &a.RoleID} {
		*id = strings.ToLower(*id)
	}
	setDefault(&a.Name, newGUID())
	setDefault(&a.RoleID, OwnerRole)
	if a.PrincipalType == "" {
		a.PrincipalType, _ = b.directoryOf(owner).typeOf(a.PrincipalID)
	}
	if a.CreatedOn.IsZero() {
		a.CreatedOn = time.Now().UTC()
	}
	if a.UpdatedOn.IsZero() {
		a.UpdatedOn = a.CreatedOn
	}
	switch {
	case uuid.Validate(a.Name) != nil || b.roleAssignments[a.Name] != nil:
		return RoleAssignment{}, fmt.Errorf("name %s is no GUID or is taken", a.Name)
	case a.PrincipalType == "":
		return RoleAssignment{}, fmt.Errorf("customer %s has no principal %s", owner.ID, a.PrincipalID)
	case !slices.Contains(knownRoles, a.RoleID):
		return RoleAssignment{}, fmt.Errorf("no role %s", a.RoleID)
	}
	stored := a
	b.addAssignment(record, &stored)
	b.assignmentChanged(&stored, true, true)
	return stored, nil
}

// RemoveAssignment removes an assignment as somebody in the portal would, the last Owner too. It reports whether there
// was one; if not, that is a violation too.
func (b *Backend) RemoveAssignment(subscriptionID, name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.azureOwner(subscriptionID); ok {
		if removed := b.removeAssignment(b.azureRecordOf(subscriptionID), name); removed != nil {
			b.assignmentChanged(removed, false, true)
			return true
		}
	}
	b.violate("RemoveAssignment: subscription %s has no assignment %s", subscriptionID, name)
	return false
}

func (b *Backend) removeAssignment(record *azureRecord, name string) *RoleAssignment {
	at := slices.IndexFunc(record.assignments, func(a *RoleAssignment) bool { return strings.EqualFold(a.Name, name) })
	if at < 0 {
		return nil
	}
	removed := record.assignments[at]
	delete(b.roleAssignments, removed.Name)
	record.assignments = slices.Delete(record.assignments, at, at+1)
	return removed
}

// assigned finds an assignment of this very scope: one that is inherited has another id.
func (r *azureRecord) assigned(subscriptionID, name string) *RoleAssignment {
	for _, a := range r.assignments {
		if strings.EqualFold(a.Name, name) && strings.EqualFold(a.Scope, subscriptionScope(subscriptionID)) {
			return a
		}
	}
	return nil
}

// administers: Owner or User Access Administrator, of whom a subscription keeps one.
func (a *RoleAssignment) administers() bool {
	return a.RoleID == OwnerRole || a.RoleID == UserAccessAdministratorRole
}
