package mockbackend

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The built-in roles of the mock, by the GUID of their definition.
const (
	OwnerRole                   = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	ContributorRole             = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	ReaderRole                  = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	UserAccessAdministratorRole = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
	RBACAdministratorRole       = "f58310d9-a9f6-439a-9e8d-f62e7b41a168" // Role Based Access Control Administrator
	ReservationPurchaserRole    = "f7b75c60-3036-4b75-91c3-6b41c27c1689"
	SavingsPlanPurchaserRole    = "3d24a3a0-c154-4f6f-a5ed-adc8e01ddb74" // Savings plan Purchaser
)

var knownRoles = []string{OwnerRole, ContributorRole, ReaderRole, UserAccessAdministratorRole, RBACAdministratorRole, ReservationPurchaserRole, SavingsPlanPurchaserRole}

// RoleAssignment is a role of a principal on an Azure subscription, above it or below it.
// https://learn.microsoft.com/rest/api/authorization/role-assignments
type RoleAssignment struct {
	SubscriptionID   string        `json:"subscriptionId"`
	Name             string        `json:"name"`  // a GUID, unique among all subscriptions; AssignRole creates one if empty
	Scope            string        `json:"scope"` // empty = the subscription; otherwise a management group above it or a resource group in it
	PrincipalID      string        `json:"principalId"`
	PrincipalType    PrincipalType `json:"principalType"`              // empty = the type of the principal
	RoleID           string        `json:"roleId"`                     // GUID of the role definition; empty = Owner
	RoleDefinitionID string        `json:"roleDefinitionId,omitempty"` // as in the request
	Description      string        `json:"description,omitempty"`
	Condition        string        `json:"condition,omitempty"`
	ConditionVersion string        `json:"conditionVersion,omitempty"`
	CreatedOn        time.Time     `json:"createdOn"`
	UpdatedOn        time.Time     `json:"updatedOn"`
	CreatedBy        string        `json:"createdBy,omitempty"` // object ID
	UpdatedBy        string        `json:"updatedBy,omitempty"`

	delegatedIdentity string
	serial            uint64          // order of creation, key of the pages
	staleGets         int             // number of GETs that still do not find it
	staleLists        int             // number of lists that still omit it; if deleted, that still have it
	seenFrom          time.Time       // earlier reads do not return it
	before            *RoleAssignment // the version that reads return until seenFrom; nil = none
	seenUntil         time.Time       // if deleted: earlier reads still return it
}

// azureRecord is the state of an Azure subscription in Resource Manager.
type azureRecord struct {
	assignments []*RoleAssignment // in the order of creation
	deleted     []*RoleAssignment // deleted assignments that reads may still return
	unknown     int               // number of refusals by Knobs.UnknownSubscriptions
	lock        LockLevel
}

func subscriptionScope(id string) string { return "/subscriptions/" + strings.ToLower(id) }

// azureRecordOf returns the record of an Azure subscription. The first call creates it with the assignments of the seed.
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
	// Admin on behalf of: the partner's group is Owner of every new CSP subscription, including legacy ones.
	seed(GroupID(AdminAgent), ForeignGroupPrincipal, OwnerRole)
	switch id {
	case ContosoAzureID:
		seed(ContosoUserID, UserPrincipal, OwnerRole)
	case ContosoSecondAzureID:
		seed(ContosoSecondUserID, UserPrincipal, ReservationPurchaserRole)
	}
	return record
}

// addAssignment stores an assignment with the empty fields filled in.
func (b *Backend) addAssignment(record *azureRecord, a *RoleAssignment) {
	setDefault(&a.Scope, subscriptionScope(a.SubscriptionID))
	setDefault(&a.RoleDefinitionID, subscriptionScope(a.SubscriptionID)+roleDefinitionPath+a.RoleID)
	b.lastSerial++
	a.serial = b.lastSerial
	record.assignments = append(record.assignments, a)
	b.roleAssignments[a.Name] = a
}

// forgetAzure removes the state of the Azure subscriptions of a customer that is replaced.
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

// RoleAssignments returns the role assignments on an Azure subscription, above and below it, in the order of creation,
// regardless of the knobs for stale reads.
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

// AssignRole creates an assignment as a user in the portal, and returns it with the empty fields filled in. A principal
// that is not in the directory of the customer needs a PrincipalType. An invalid assignment is a violation.
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
	setDefault(&a.Scope, subscriptionScope(a.SubscriptionID))
	for _, other := range record.assignments { // as Azure refuses a PUT: RoleAssignmentExists
		if strings.EqualFold(other.Scope, a.Scope) && other.PrincipalID == a.PrincipalID && other.RoleID == a.RoleID {
			return RoleAssignment{}, fmt.Errorf("the role assignment already exists: %s", other.Name)
		}
	}
	stored := a
	b.addAssignment(record, &stored)
	b.assignmentChanged(&stored, true, true)
	return stored, nil
}

// RemoveAssignment removes an assignment as a user in the portal, even the last Owner. It reports whether the assignment
// existed. If not, that is also a violation.
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

// assigned finds an assignment on the subscription itself. Inherited assignments have another ID.
func (r *azureRecord) assigned(subscriptionID, name string) *RoleAssignment {
	for _, a := range r.assignments {
		if strings.EqualFold(a.Name, name) && strings.EqualFold(a.Scope, subscriptionScope(subscriptionID)) {
			return a
		}
	}
	return nil
}

// administers reports whether the role is Owner or User Access Administrator. A subscription keeps at least one of these.
func (a *RoleAssignment) administers() bool {
	return a.RoleID == OwnerRole || a.RoleID == UserAccessAdministratorRole
}
