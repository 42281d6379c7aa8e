package subscription

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// Several objects of a state can have the same role assignment: a resource and its deposed object, a
// resource that got another address, or the two halves of a replacement. The claims in this file
// prevent one object from deleting the role assignment of another.

// subject returns the subject of the claims, or the zero value while the IDs are unknown.
func (m subscriptionOwnerAssignmentModel) subject() tfkit.Subject {
	o := m.toAPI()
	if o.SubscriptionID == "" || o.PrincipalID == "" {
		return tfkit.Subject{}
	}
	return tfkit.Subject{Kind: "Owner", ID: strings.ToLower(o.SubscriptionID + "/" + o.PrincipalID)}
}

func (r *subscriptionOwnerAssignmentResource) claim(object string, phase tfkit.Phase) tfkit.Claim {
	return tfkit.Claim{Object: object, Type: "partnercenter_subscription_owner_assignment", On: true, Phase: phase}
}

// claimRead claims the role assignment at the end of a refresh.
func (r *subscriptionOwnerAssignmentResource) claimRead(ctx context.Context, private tfkit.PrivateState, m subscriptionOwnerAssignmentModel) diag.Diagnostics {
	object, diags := tfkit.ObjectID(ctx, private)
	return append(diags, r.Claims.Read(ctx, private, object, []tfkit.Subject{m.subject()})...)
}

// planDeclared compares the declared object with other objects that have the same role assignment.
func (r *subscriptionOwnerAssignmentResource) planDeclared(ctx context.Context, private tfkit.PrivateState, plan, state *subscriptionOwnerAssignmentModel) diag.Diagnostics {
	object, diags := tfkit.ObjectID(ctx, private)
	about, phase := plan.subject(), tfkit.Declared
	switch {
	case state == nil:
	case state.subject() == about:
		phase = tfkit.Existing
	default:
		_, _, more := r.Claims.PlanEnd(ctx, private, object, []tfkit.Subject{state.subject()}, true)
		diags.Append(more...)
	}
	if about == (tfkit.Subject{}) {
		return diags
	}
	others := r.Claims.Declare(ctx, about, r.claim(object, phase))
	if slices.ContainsFunc(others, func(other tfkit.Claim) bool { return other.Phase >= tfkit.Declared }) {
		diags.AddError("Two resources declare "+r.title(*plan),
			fmt.Sprintf("Principal %s can have the Owner role on subscription %s only once, so destroying one resource would take it from the other.\n\n"+
				"What to do: remove one of the two resources. If the state has both, remove that one from the state as well, with terraform state rm or a removed block.",
				plan.PrincipalID.ValueString(), plan.SubscriptionID.ValueString()))
		return diags
	}
	if phase == tfkit.Existing && len(others) > 0 {
		// The other object will be destroyed, and may not learn about this one. As an update, this object takes part
		// in the apply: the other one then keeps the role assignment, or this one creates it again.
		plan.CreatedOn = types.StringUnknown()
		diags.AddWarning("Keeping "+r.title(*plan),
			"Another object of the state, which is to be destroyed, has the same role assignment. This resource is updated to make sure that the assignment stays.")
	}
	return diags
}

// planDestroy warns in the plan if [subscriptionOwnerAssignmentResource.keep] will keep the role assignment.
func (r *subscriptionOwnerAssignmentResource) planDestroy(ctx context.Context, private tfkit.PrivateState, state subscriptionOwnerAssignmentModel) diag.Diagnostics {
	object, diags := tfkit.ObjectID(ctx, private)
	keeps, _, more := r.Claims.PlanEnd(ctx, private, object, []tfkit.Subject{state.subject()}, true)
	diags.Append(more...)
	diags.Append(private.SetKey(ctx, declaredKey, nil)...) // left by a replacement whose first half failed
	if _, replaced := r.handedOver(state); replaced || len(keeps) > 0 {
		diags.AddWarning("Keeping "+r.title(state),
			"Another object of the state has the same role assignment. Destroying this one removes it from the state only.")
	}
	return diags
}

// keep reports whether Delete keeps the role assignment: for another object that has it, or for Create
// in a replacement, to which keep hands it over.
func (r *subscriptionOwnerAssignmentResource) keep(ctx context.Context, private tfkit.PrivateState, state subscriptionOwnerAssignmentModel) (bool, diag.Diagnostics) {
	about := state.subject()
	object, diags := tfkit.ObjectID(ctx, private)
	keeps := r.Claims.End(ctx, private, object, []tfkit.Subject{about}, true)
	if _, replaced := r.handedOver(state); replaced || len(keeps) > 0 {
		return true, diags
	}
	next := tfkit.GetPrivate[declaration](ctx, private, declaredKey)
	if next.Subject != about {
		return false, diags
	}
	// Read here what Create needs, because a failure in Delete keeps the state.
	o := state.toAPI()
	a, err := r.Azure.RoleAssignments.ReadWritten(ctx, o, state.ID.ValueString(), state.expected(tfkit.WrittenAt(ctx, private)))
	if resourcemanager.IsNotFound(err) {
		return false, diags
	}
	if err == nil && next.UserPrincipalName != "" {
		_, err = r.PartnerCenter.CustomerUsers.ByPrincipalName(ctx, o.TenantID, next.UserPrincipalName)
		r.Memory.Store(userKey{strings.ToLower(o.TenantID), strings.ToLower(next.UserPrincipalName)}, a.PrincipalID)
	}
	if err == nil {
		err = ctx.Err() // after Ctrl-C, Create does not begin
	}
	if err != nil {
		return false, append(diags, r.failure(ctx, state, "Could not replace "+r.title(state), err, false))
	}
	r.Memory.Store(nameKey(about), next.Name)
	r.Memory.Store(handedOverKey(about), a)
	return true, diags
}

// declaredKey is a key of private state: the declaration of a planned creation. In a replacement, Delete
// receives it.
const declaredKey = "declared"

// declaration is what Delete needs to know in a replacement about the creation that follows.
type declaration struct {
	Subject           tfkit.Subject `json:"subject"`
	UserPrincipalName string        `json:"user_principal_name,omitempty"`
	Name              string        `json:"name,omitempty"`
}

// Keys of the run's memory.
type (
	// handedOverKey: the role assignment that Delete hands over to Create in a replacement.
	handedOverKey tfkit.Subject
	// userKey: the object ID of the user with this user principal name.
	userKey struct{ customerID, userPrincipalName string }
	// goneKey: true if a read found that the role assignment of this principal ID or user principal name is gone.
	goneKey struct{ subscriptionID, principal string }
)

// handedOver returns the role assignment that Delete has handed over, if any.
func (r *subscriptionOwnerAssignmentResource) handedOver(m subscriptionOwnerAssignmentModel) (resourcemanager.RoleAssignment, bool) {
	left, _ := r.Memory.Load(handedOverKey(m.subject()))
	a, ok := left.(resourcemanager.RoleAssignment)
	return a, ok
}

// noteGone records that a role assignment was removed outside Terraform.
func (r *subscriptionOwnerAssignmentResource) noteGone(m subscriptionOwnerAssignmentModel) {
	o := m.toAPI()
	for _, principal := range []string{o.PrincipalID, m.UserPrincipalName.ValueString()} {
		r.Memory.Store(goneKey{o.SubscriptionID, strings.ToLower(principal)}, true)
	}
}

// isGone reports whether the planned role assignment was removed outside Terraform. Problems with it are
// warnings then, because the change under review did not cause them.
func (r *subscriptionOwnerAssignmentResource) isGone(plan subscriptionOwnerAssignmentModel) bool {
	o := plan.toAPI()
	principal := o.PrincipalID
	if principal == "" {
		principal = plan.UserPrincipalName.ValueString()
	}
	_, gone := r.Memory.Load(goneKey{o.SubscriptionID, strings.ToLower(principal)})
	return gone && principal != ""
}
