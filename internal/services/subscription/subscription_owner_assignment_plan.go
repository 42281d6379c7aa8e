package subscription

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// ModifyPlan finds the user, and reports in the plan what would fail in the apply.
func (r *subscriptionOwnerAssignmentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Clients == nil {
		return
	}
	var state *subscriptionOwnerAssignmentModel // nil if there is none
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if req.Plan.Raw.IsNull() {
		if state != nil {
			resp.Diagnostics.Append(r.planDestroy(ctx, resp.Private, *state)...)
		}
		return
	}
	var config, plan subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	plan.Condition = types.StringNull()
	if config.PrincipalID.IsNull() {
		if config.PrincipalType.IsNull() && plan.PrincipalType.IsUnknown() {
			plan.PrincipalType = types.StringValue("User")
		}
		resp.Diagnostics.Append(r.findUser(ctx, &plan, state, r.isGone(plan))...)
		if state != nil && !plan.PrincipalID.Equal(state.PrincipalID) {
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("principal_id"))
		}
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.planDeclared(ctx, resp.Private, &plan, state)...)
	}
	if !resp.Diagnostics.HasError() && plan.Name.IsUnknown() {
		resp.Diagnostics.Append(r.fillName(ctx, &plan)...)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	switch {
	case resp.Diagnostics.HasError():
	case state != nil:
		// Terraform plans a replacement once more as a creation, with this private state.
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, replacedKey, state.ID.ValueString())...)
	default:
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, declaredKey, declaration{plan.subject(), plan.UserPrincipalName.ValueString(), plan.Name.ValueString()})...)
		resp.Diagnostics.Append(r.check(ctx, plan, tfkit.GetPrivate[string](ctx, req.Private, replacedKey))...)
	}
}

// replacedKey is a key of private state: the ID of the role assignment, for the second plan of a replacement.
const replacedKey = "replaced"

// findUser sets the principal from the user principal name. If the user was deleted or the customer left, it
// is only a warning while the role assignment is in the state, or if the refresh found that it is gone.
func (r *subscriptionOwnerAssignmentResource) findUser(ctx context.Context, plan, state *subscriptionOwnerAssignmentModel, gone bool) diag.Diagnostics {
	if !plan.PrincipalType.IsUnknown() && plan.PrincipalType.ValueString() != "User" && state == nil {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("principal_type"), "Invalid value", "With user_principal_name the principal is a User.")}
	}
	if plan.UserPrincipalName.IsUnknown() || plan.CustomerID.IsUnknown() {
		plan.PrincipalID = types.StringUnknown()
		return nil
	}
	customerID, name := plan.CustomerID.ValueString(), plan.UserPrincipalName.ValueString()
	if known, ok := r.Memory.Load(userKey{strings.ToLower(customerID), strings.ToLower(name)}); ok {
		id, _ := known.(string)
		plan.PrincipalID = types.StringValue(id)
		return nil
	}
	user, err := r.PartnerCenter.CustomerUsers.ByPrincipalName(ctx, customerID, name)
	outside := partnercenter.IsUserGone(err)
	summary := fmt.Sprintf("Could not find user %s of %s", name, r.Customer(customerID))
	switch {
	case err == nil:
		if !strings.EqualFold(plan.PrincipalID.ValueString(), user.ID) {
			plan.PrincipalID = types.StringValue(strings.ToLower(user.ID))
		}
		return nil
	case outside && state != nil && plan.UserPrincipalName.Equal(state.UserPrincipalName):
		plan.PrincipalID = state.PrincipalID
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("user_principal_name"), summary,
			tfkit.Detail(err)+"\n\nThe role assignment of the former user stays until the resource is removed.")}
	case outside && gone && state == nil:
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("user_principal_name"), summary,
			tfkit.Detail(err)+"\n\nThe role assignment was removed outside Terraform. Apply fails unless the user exists again.")}
	}
	return diag.Diagnostics{tfkit.FailureAt(path.Root("user_principal_name"), summary, adviseNoRefresh(err))}
}

// check returns an error if the role assignment could not be created, and a warning if this may change until
// the apply. Replaced is the ID of the role assignment that Delete removes first, or "".
func (r *subscriptionOwnerAssignmentResource) check(ctx context.Context, plan subscriptionOwnerAssignmentModel, replaced string) diag.Diagnostics {
	if plan.CustomerID.IsUnknown() || plan.SubscriptionID.IsUnknown() || plan.PrincipalID.IsUnknown() || plan.AdoptExisting.IsUnknown() {
		return nil
	}
	if _, left := r.handedOver(plan); left {
		return nil // Delete has checked it, as the first half of the replacement
	}
	o := plan.toAPI()
	err := r.Azure.Subscriptions.RequireWritable(ctx, o.TenantID, o.SubscriptionID)
	var found resourcemanager.RoleAssignment
	var exists bool
	if err == nil {
		found, exists, err = r.Azure.RoleAssignments.ReadExisting(ctx, o)
	}
	summary := "Could not check " + r.title(plan)
	switch {
	case exists && strings.EqualFold(found.ID, replaced):
		if err != nil { // Terraform did not create it, so Create would not take it over
			return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("adopt_existing"), "The role assignment was imported",
				found.ID+" stays as it is when the resource is replaced. With create_before_destroy, the replacement works only if adopt_existing = true.")}
		}
		return nil
	case resourcemanager.IsNoConsent(err) && r.ConsentPlanned(o.TenantID):
		return nil // the apply checks it, after the tenant has consented
	case resourcemanager.IsPassing(err):
		if wrong := r.wrongSubscription(ctx, plan, err); wrong != nil && !r.isGone(plan) {
			return diag.Diagnostics{wrong}
		}
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("subscription_id"), summary,
			tfkit.Detail(err)+"\n\nApply waits for up to 5 minutes for this to change.")}
	case err != nil && r.isGone(plan):
		failure := r.failure(ctx, plan, summary, err, false)
		return diag.Diagnostics{diag.NewWarningDiagnostic(failure.Summary(),
			failure.Detail()+"\n\nThe role assignment was removed outside Terraform. Apply fails unless this changes.")}
	case err != nil:
		return diag.Diagnostics{r.failure(ctx, plan, summary, err, false)}
	case !exists:
		return nil
	}
	left := "An interrupted apply created it, or it belongs to a resource whose address changed. This resource continues with it."
	if plan.AdoptExisting.ValueBool() {
		left = "It is adopted because adopt_existing is set. Destroying this resource will delete it, although Terraform did not create it."
	}
	made := ""
	if !found.CreatedOn.IsZero() {
		made = ", created on " + found.CreatedOn.Format(time.RFC3339)
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("principal_id"),
		"The role assignment exists already", fmt.Sprintf("Role assignment %s%s. %s", found.ID, made, left))}
}
