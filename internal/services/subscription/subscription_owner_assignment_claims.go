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

// Several objects of a state can be about one assignment: a resource and its deposed object, a
// resource that got another address, the two halves of a replacement. They must not delete it from
// under each other. This file is how they learn of each other.

// subject is the assignment that a model is about; the zero value while it is not known.
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

// claimRead claims the assignment of an object of the state.
func (r *subscriptionOwnerAssignmentResource) claimRead(ctx context.Context, private tfkit.PrivateState, m subscriptionOwnerAssignmentModel) diag.Diagnostics {
	object, diags := tfkit.ObjectID(ctx, private)
	return append(diags, r.Claims.Read(ctx, private, object, []tfkit.Subject{m.subject()})...)
}

// planDeclared compares the declared object with the others that are about the same assignment.
func (r *subscriptionOwnerAssignmentResource) planDeclared(ctx context.Context, private tfkit.PrivateState, plan, state *subscriptionOwnerAssignmentModel) diag.Diagnostics {
	object, diags := tfkit.ObjectID(ctx, private)
	about, phase := plan.subject(), tfkit.Declared
	switch {
	case state == nil:
	case state.subject() == about:
		phase = tfkit.Existing
	default:
		_, _, more := r.Claims.PlanEnd(ctx, private, object, []tfkit.Subject{state.subject()})
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
		// An object that is about to be destroyed, and that cannot know of this one. With an update this
		// one takes part in the apply: the other one then keeps the assignment, or this one makes it again.
		plan.CreatedOn = types.StringUnknown()
		diags.AddWarning("Keeping "+r.title(*plan),
			"Another object of the state, which is to be destroyed, has the same role assignment. This resource is updated to make sure that the assignment stays.")
	}
	return diags
}

// planDestroy says in the plan what [subscriptionOwnerAssignmentResource.keep] will do.
func (r *subscriptionOwnerAssignmentResource) planDestroy(ctx context.Context, private tfkit.PrivateState, state subscriptionOwnerAssignmentModel) diag.Diagnostics {
	object, diags := tfkit.ObjectID(ctx, private)
	keeps, _, more := r.Claims.PlanEnd(ctx, private, object, []tfkit.Subject{state.subject()})
	diags.Append(more...)
	diags.Append(private.SetKey(ctx, declaredKey, nil)...) // of a replacement that failed in its first half
	if _, replaced := r.handedOver(state); replaced || len(keeps) > 0 {
		diags.AddWarning("Keeping "+r.title(state),
			"Another object of the state has the same role assignment. Destroying this one removes it from the state only.")
	}
	return diags
}

// keep tells whether Delete leaves the assignment: to another object that holds it, or to the other
// half of a replacement.
func (r *subscriptionOwnerAssignmentResource) keep(ctx context.Context, private tfkit.PrivateState, state subscriptionOwnerAssignmentModel) (bool, diag.Diagnostics) {
	about := state.subject()
	object, diags := tfkit.ObjectID(ctx, private)
	keeps := r.Claims.End(ctx, private, object, []tfkit.Subject{about})
	if _, replaced := r.handedOver(state); replaced || len(keeps) > 0 {
		return true, diags
	}
	next := tfkit.GetPrivate[declaration](ctx, private, declaredKey)
	if next.Subject != about {
		return false, diags
	}
	// Make sure that the other half can begin: what it needs is read here, where a failure keeps the state.
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
		err = ctx.Err() // after Ctrl-C the other half does not begin
	}
	if err != nil {
		return false, append(diags, r.failure(ctx, state, "Could not replace "+r.title(state), err, false))
	}
	r.Memory.Store(nameKey(about), next.Name)
	r.Memory.Store(handedOverKey(about), a)
	return true, diags
}

// declaredKey is where the private state of a planned creation keeps its declaration. In a
// replacement Delete receives it.
const declaredKey = "declared"

// declaration is what the creating half of a replacement declares.
type declaration struct {
	Subject           tfkit.Subject `json:"subject"`
	UserPrincipalName string        `json:"user_principal_name,omitempty"`
	Name              string        `json:"name,omitempty"`
}

// These are keys of the run's memory.
type (
	// handedOverKey: the assignment that the deleting half of a replacement has left.
	handedOverKey tfkit.Subject
	// userKey: the object id of the user with the user principal name.
	userKey struct{ customerID, userPrincipalName string }
	// goneKey: a read found that an assignment is gone, which was that of the principal or user.
	goneKey struct{ subscriptionID, principal string }
)

// handedOver returns the assignment that the other half of the replacement has left.
func (r *subscriptionOwnerAssignmentResource) handedOver(m subscriptionOwnerAssignmentModel) (resourcemanager.RoleAssignment, bool) {
	left, _ := r.Memory.Load(handedOverKey(m.subject()))
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
