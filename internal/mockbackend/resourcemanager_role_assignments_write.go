package mockbackend

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// putRoleAssignment: role-assignments/create. The order of the checks is a choice.
func (b *Backend) putRoleAssignment(x *exchange) response {
	owner, record, refused, ok := b.roleAssignmentCall(x)
	if !ok {
		return refused
	}
	wanted, sentType, refused, ok := b.readRoleAssignment(x)
	if !ok {
		return refused
	}
	existing := b.roleAssignments[wanted.Name]
	if existing != nil && (existing.Scope != wanted.Scope || existing.PrincipalID != wanted.PrincipalID || existing.RoleID != wanted.RoleID) {
		return armFailure(http.StatusBadRequest, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
	}
	d := b.directoryOf(owner)
	actual, found := d.typeOf(wanted.PrincipalID)
	if found && d.unknown[wanted.PrincipalID] < x.knobs.UnknownPrincipals {
		d.unknown[wanted.PrincipalID]++
		found = false
	}
	switch {
	case !found && existing == nil:
		return armFailure(http.StatusBadRequest, "PrincipalNotFound", "Principal %s does not exist in the directory %s. Check that the principal ID is correct. A principal that was just created may not have been replicated yet; then set principalType.", strings.ReplaceAll(wanted.PrincipalID, "-", ""), owner.ID)
	case found && sentType != "" && sentType != actual:
		return armFailure(http.StatusBadRequest, "UnmatchedPrincipalType", "The PrincipalId '%s' has type '%s', which is different from specified PrinciaplType '%s'.", strings.ReplaceAll(wanted.PrincipalID, "-", ""), actual, sentType)
	}
	lag := x.knobs.AssignmentReadLag
	if existing != nil {
		if before := existing.visible(); lag > 0 {
			if before != nil {
				before = new(*before)
			}
			existing.before, existing.seenFrom = before, time.Now().Add(lag)
		}
		existing.Description, existing.Condition, existing.ConditionVersion = wanted.Description, wanted.Condition, wanted.ConditionVersion
		existing.UpdatedOn, existing.UpdatedBy = time.Now().UTC(), x.caller.ObjectID
		status := http.StatusOK
		if x.knobs.RepeatedPUTCreated {
			status = http.StatusCreated
		}
		return response{status: status, body: b.roleAssignmentBody(x, existing)}
	}
	for _, a := range record.assignments {
		if a.Scope == wanted.Scope && a.PrincipalID == wanted.PrincipalID && a.RoleID == wanted.RoleID {
			text := "The role assignment already exists."
			if !x.knobs.ExistsWithoutID {
				text += " The ID of the existing role assignment is " + strings.ReplaceAll(a.Name, "-", "") + "."
			}
			return armFailure(http.StatusConflict, "RoleAssignmentExists", "%s", text)
		}
	}
	limit := x.knobs.RoleAssignmentLimit
	if limit == 0 {
		limit = 4000
	}
	if len(record.assignments) >= limit { // inherited ones count as well (choice)
		return armFailure(http.StatusBadRequest, "RoleAssignmentLimitExceeded", "No more role assignments can be created: the limit of the subscription is %d.", limit)
	}
	wanted.PrincipalType = actual
	wanted.CreatedOn, wanted.CreatedBy = time.Now().UTC(), x.caller.ObjectID
	wanted.UpdatedOn, wanted.UpdatedBy = wanted.CreatedOn, wanted.CreatedBy
	wanted.staleGets, wanted.staleLists = x.knobs.StaleAssignmentGets, x.knobs.StaleAssignmentLists
	wanted.seenFrom = time.Now().Add(lag)
	b.addAssignment(record, wanted)
	b.assignmentChanged(wanted, true, false)
	return response{status: http.StatusCreated, body: b.roleAssignmentBody(x, wanted)}
}

// deleteRoleAssignment: role-assignments/delete.
func (b *Backend) deleteRoleAssignment(x *exchange) response {
	_, record, refused, ok := b.roleAssignmentCall(x)
	if !ok {
		return refused
	}
	a := record.assigned(x.values["subscription"], x.values["name"])
	if a == nil {
		return response{status: http.StatusNoContent}
	}
	if a.administers() && !slices.ContainsFunc(record.assignments, func(other *RoleAssignment) bool {
		return other != a && other.Scope == a.Scope && other.administers()
	}) {
		return armFailure(http.StatusPreconditionFailed, "CannotDeleteLastRbacAdminAssignment", "Cannot delete the last RBAC admin assignment.")
	}
	body := b.roleAssignmentBody(x, a)
	b.removeAssignment(record, a.Name)
	b.assignmentChanged(a, false, false)
	if lag := x.knobs.AssignmentReadLag; x.knobs.StaleDeletedLists > 0 || lag > 0 {
		a.staleLists, a.seenUntil = x.knobs.StaleDeletedLists, time.Now().Add(lag)
		record.deleted = append(record.deleted, a)
	}
	return response{status: http.StatusOK, body: body}
}
