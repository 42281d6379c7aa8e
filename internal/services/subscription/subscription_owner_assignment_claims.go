package subscription

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"golang.org/x/sync/semaphore"

	"terraform-provider-partnercenter/internal/resourcemanager"
	"terraform-provider-partnercenter/internal/tfkit"
)

// Several objects of a state can be about one assignment: a resource and its deposed object, a
// resource that got another address, the two halves of a replacement. They must not delete it from
// under each other. This file is how they learn of each other.

// subject is the assignment that a model is about; false while it is not known.
func (m subscriptionOwnerAssignmentModel) subject() (tfkit.Subject, bool) {
	o := m.toAPI()
	return tfkit.Subject{Kind: "Owner", ID: strings.ToLower(o.SubscriptionID + "/" + o.PrincipalID)}, o.SubscriptionID != "" && o.PrincipalID != ""
}

// claim records how far the object with the private state is, and returns the other objects that are
// about the same assignment.
func (r *subscriptionOwnerAssignmentResource) claim(ctx context.Context, private tfkit.PrivateState, m subscriptionOwnerAssignmentModel, phase tfkit.Phase) ([]tfkit.Claim, diag.Diagnostics) {
	about, known := m.subject()
	id, diags := tfkit.ObjectID(ctx, private)
	if !known {
		return nil, diags
	}
	return r.Claims.Put(about, tfkit.Claim{Object: id, Type: "partnercenter_subscription_owner_assignment", On: true, Phase: phase}), diags
}

// declaredTwice is the error for two resources that declare the same assignment.
func declaredTwice(m subscriptionOwnerAssignmentModel, others []tfkit.Claim) diag.Diagnostics {
	for _, other := range others {
		if other.Phase != tfkit.Ending {
			return diag.Diagnostics{diag.NewErrorDiagnostic("Two resources declare "+m.title(),
				fmt.Sprintf("Principal %s can have the Owner role on subscription %s only once, so destroying one resource would take it from the other.\n\n"+
					"What to do: remove one of the two resources. If the state has both, remove that one from the state as well, with terraform state rm or a removed block.",
					m.PrincipalID.ValueString(), m.SubscriptionID.ValueString()))}
		}
	}
	return nil
}

// heldKey is where private state keeps that another object holds the assignment.
const heldKey = "held"

// noteHolder notes in the state whether another object that is declared holds the assignment. A
// deposed object learns of it from nothing else: Terraform plans its destruction again in the
// apply, without the plan's private state, and shows a resource that does not change only in the
// plan. Until it is planned, an object counts as about to be destroyed.
func (r *subscriptionOwnerAssignmentResource) noteHolder(ctx context.Context, private tfkit.PrivateState, m subscriptionOwnerAssignmentModel) diag.Diagnostics {
	others, diags := r.claim(ctx, private, m, tfkit.Ending)
	var held []byte
	if tfkit.Held(others) {
		held = []byte("true")
	}
	return append(diags, private.SetKey(ctx, heldKey, held)...)
}

// isHeld tells whether another object of the state holds the assignment that this one, which is
// being destroyed, is about.
func (r *subscriptionOwnerAssignmentResource) isHeld(ctx context.Context, private tfkit.PrivateState, m subscriptionOwnerAssignmentModel) (bool, diag.Diagnostics) {
	others, diags := r.claim(ctx, private, m, tfkit.Ending)
	noted, more := private.GetKey(ctx, heldKey)
	_, replaced := r.handedOver(m)
	return len(noted) > 0 || replaced || tfkit.Held(others), append(diags, more...)
}

// planDestroy says in the plan what [subscriptionOwnerAssignmentResource.keep] will do.
func (r *subscriptionOwnerAssignmentResource) planDestroy(ctx context.Context, private tfkit.PrivateState, state subscriptionOwnerAssignmentModel) diag.Diagnostics {
	held, diags := r.isHeld(ctx, private, state)
	if !held {
		return diags
	}
	diags.Append(private.SetKey(ctx, heldKey, []byte("true"))...)
	return append(diags, diag.NewWarningDiagnostic("Keeping "+state.title(),
		"Another object of the state has the same role assignment. Destroying this one removes it from the state only."))
}

// keep tells whether Delete leaves the assignment: to another object that holds it, or to the other
// half of a replacement.
func (r *subscriptionOwnerAssignmentResource) keep(ctx context.Context, private tfkit.PrivateState, state subscriptionOwnerAssignmentModel) (bool, diag.Diagnostics) {
	held, diags := r.isHeld(ctx, private, state)
	var d declaration
	text, more := private.GetKey(ctx, declaredKey)
	if diags.Append(more...); held || diags.HasError() || json.Unmarshal(text, &d) != nil {
		return held, diags
	}
	about, _ := state.subject()
	if d.Subject != about.ID {
		return false, diags
	}
	// Make sure that the other half can begin: what it needs is read here, where a failure keeps the state.
	o := state.toAPI()
	a, err := r.Azure.RoleAssignments.ReadWritten(ctx, o, state.RoleAssignmentID.ValueString(), state.written(tfkit.WrittenAt(ctx, private)))
	if resourcemanager.IsNotFound(err) {
		return false, diags
	}
	if err == nil && d.UserPrincipalName != "" {
		_, err = r.PartnerCenter.CustomerUsers.ByPrincipalName(ctx, o.TenantID, d.UserPrincipalName)
		r.Memory.Store(userKey{strings.ToLower(o.TenantID), strings.ToLower(d.UserPrincipalName)}, a.PrincipalID)
	}
	if err != nil {
		return false, append(diags, r.failure(ctx, state, "Could not replace "+state.title(), err, false))
	}
	r.Memory.Store(handedOverKey(about), a)
	return true, diags
}

// declaredKey is where the private state of a planned creation keeps its declaration. In a
// replacement Delete receives it.
const declaredKey = "declared"

// declaration is what the creating half of a replacement declares.
type declaration struct {
	Subject           string `json:"subject"`
	UserPrincipalName string `json:"user_principal_name,omitempty"`
}

// noteDeclared stores the declaration in the private state of a planned creation.
func noteDeclared(ctx context.Context, private tfkit.PrivateState, plan subscriptionOwnerAssignmentModel) diag.Diagnostics {
	about, known := plan.subject()
	if !known {
		return nil
	}
	b, _ := json.Marshal(declaration{about.ID, plan.UserPrincipalName.ValueString()}) // strings always can be
	return private.SetKey(ctx, declaredKey, b)
}

// These are keys of the run's memory.
type (
	// handedOverKey: the assignment that the deleting half of a replacement has left.
	handedOverKey tfkit.Subject
	// userKey: the object id of the user with the user principal name.
	userKey struct{ customerID, userPrincipalName string }
	// goneKey: a read found that an assignment is gone, which was that of the principal or user.
	goneKey struct{ subscriptionID, principal string }
	// lockKey: see lock.
	lockKey tfkit.Subject
)

// handedOver returns the assignment that the other half of the replacement has left.
func (r *subscriptionOwnerAssignmentResource) handedOver(m subscriptionOwnerAssignmentModel) (resourcemanager.RoleAssignment, bool) {
	about, _ := m.subject()
	left, _ := r.Memory.Load(handedOverKey(about))
	a, ok := left.(resourcemanager.RoleAssignment)
	return a, ok
}

// noteGone notes that an assignment was removed outside Terraform.
func (r *subscriptionOwnerAssignmentResource) noteGone(m subscriptionOwnerAssignmentModel) {
	o := m.toAPI()
	for _, principal := range []string{o.PrincipalID, m.UserPrincipalName.ValueString()} {
		r.Memory.Store(goneKey{o.SubscriptionID, strings.ToLower(principal)}, true)
	}
}

// isGone tells whether the planned assignment is one that was removed outside Terraform. Then it is
// not the change under review that cannot be made.
func (r *subscriptionOwnerAssignmentResource) isGone(plan subscriptionOwnerAssignmentModel) bool {
	o := plan.toAPI()
	principal := o.PrincipalID
	if principal == "" {
		principal = plan.UserPrincipalName.ValueString()
	}
	_, gone := r.Memory.Load(goneKey{o.SubscriptionID, strings.ToLower(principal)})
	return gone && principal != ""
}

// lock lets one object at a time change an assignment.
func (r *subscriptionOwnerAssignmentResource) lock(ctx context.Context, m subscriptionOwnerAssignmentModel) (unlock func(), err error) {
	about, _ := m.subject()
	one, _ := r.Memory.LoadOrStore(lockKey(about), semaphore.NewWeighted(1))
	lock, _ := one.(*semaphore.Weighted)
	return func() { lock.Release(1) }, lock.Acquire(ctx, 1)
}
