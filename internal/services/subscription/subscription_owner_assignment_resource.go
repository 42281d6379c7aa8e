package subscription

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/azurerbac"
	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

var (
	_ resource.ResourceWithConfigure        = (*subscriptionOwnerAssignmentResource)(nil)
	_ resource.ResourceWithIdentity         = (*subscriptionOwnerAssignmentResource)(nil)
	_ resource.ResourceWithConfigValidators = (*subscriptionOwnerAssignmentResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*subscriptionOwnerAssignmentResource)(nil)
	_ resource.ResourceWithImportState      = (*subscriptionOwnerAssignmentResource)(nil)
)

// NewSubscriptionOwnerAssignmentResource is partnercenter_subscription_owner_assignment.
func NewSubscriptionOwnerAssignmentResource() resource.Resource {
	return &subscriptionOwnerAssignmentResource{}
}

// subscriptionOwnerAssignmentResource is the Owner role of a principal of the customer on one
// of its Azure subscriptions.
//
// Endpoints: GET, PUT and DELETE of Microsoft.Authorization/roleAssignments in Resource
// Manager, in the customer's tenant; GET /v1/customers/{customer}/users in Partner Center for
// user_principal_name.
// Delete deletes the role assignment. Azure keeps the last one that can manage access.
// The name of an assignment follows from what is assigned, so that an apply that was
// interrupted goes on where it stopped. One that somebody else has made is not touched
// without adopt_existing; the partner's own access (ForeignGroup) never is.
// https://learn.microsoft.com/azure/role-based-access-control/role-assignments-rest
type subscriptionOwnerAssignmentResource struct{ tfkit.Resource }

func (r *subscriptionOwnerAssignmentResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_subscription_owner_assignment"
}

// ModifyPlan looks up the user and refuses at plan time what apply would refuse.
func (r *subscriptionOwnerAssignmentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.Clients == nil {
		return
	}
	var config, plan subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	var state *subscriptionOwnerAssignmentModel
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
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
		resp.Diagnostics.Append(r.findUser(ctx, &plan, state)...)
		if state != nil && !plan.PrincipalID.Equal(state.PrincipalID) {
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("principal_id"))
		}
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	switch {
	case resp.Diagnostics.HasError():
	case state != nil:
		// A replacement is planned once more as a creation, with this private state.
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, replacedKey, fmt.Appendf(nil, "%q", state.RoleAssignmentID.ValueString()))...)
	default:
		replaced, diags := req.Private.GetKey(ctx, replacedKey)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(r.check(ctx, plan, string(replaced))...)
	}
}

// replacedKey is where private state keeps the id of the role assignment while a plan is made.
const replacedKey = "replaced"

// findUser fills the principal in from the user principal name.
func (r *subscriptionOwnerAssignmentResource) findUser(ctx context.Context, plan, state *subscriptionOwnerAssignmentModel) diag.Diagnostics {
	if !plan.PrincipalType.IsUnknown() && plan.PrincipalType.ValueString() != "User" && state == nil {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("principal_type"), "Invalid value", "With user_principal_name the principal is a User.")}
	}
	if plan.UserPrincipalName.IsUnknown() || plan.CustomerID.IsUnknown() {
		plan.PrincipalID = types.StringUnknown()
		return nil
	}
	user, err := r.PartnerCenter.CustomerUsers.ByPrincipalName(ctx, plan.CustomerID.ValueString(), plan.UserPrincipalName.ValueString())
	if errors.As(err, new(*partnercenter.NoSuchUserError)) && state != nil && plan.UserPrincipalName.Equal(state.UserPrincipalName) {
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("user_principal_name"),
			fmt.Sprintf("User %s is gone", plan.UserPrincipalName.ValueString()),
			fmt.Sprintf("Customer %s has no such user any more; the role assignment of the former one stays until the resource is removed.", plan.CustomerID.ValueString()))}
	}
	if err != nil {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("user_principal_name"),
			fmt.Sprintf("Could not find user %s of customer %s", plan.UserPrincipalName.ValueString(), plan.CustomerID.ValueString()), tfkit.Detail(err))}
	}
	if !strings.EqualFold(plan.PrincipalID.ValueString(), user.ID) {
		plan.PrincipalID = types.StringValue(strings.ToLower(user.ID))
	}
	return nil
}

// check refuses an assignment that could not be made. What may be otherwise by the time of
// the apply is a warning only. The replaced one, whose quoted id is given, goes before.
func (r *subscriptionOwnerAssignmentResource) check(ctx context.Context, plan subscriptionOwnerAssignmentModel, replaced string) diag.Diagnostics {
	if plan.CustomerID.IsUnknown() || plan.SubscriptionID.IsUnknown() || plan.PrincipalID.IsUnknown() || plan.AdoptExisting.IsUnknown() {
		return nil
	}
	o := plan.toAPI()
	err := r.Azure.RequireWritable(ctx, o.TenantID, o.SubscriptionID)
	var found azurerbac.RoleAssignment
	var exists bool
	if err == nil {
		found, exists, err = r.Azure.RoleAssignments.Existing(ctx, o)
	}
	summary := "Could not check " + plan.title()
	switch {
	case exists && strings.EqualFold(fmt.Sprintf("%q", found.ID), replaced):
		return nil
	case azurerbac.IsPassing(err):
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("subscription_id"), summary,
			tfkit.Detail(err)+"\n\nApply waits for up to 5 minutes for this to change.")}
	case err != nil:
		return diag.Diagnostics{r.failure(plan, summary, err)}
	case !exists:
		return nil
	}
	left := "An apply that was interrupted has made it, or it is of a resource that got another address: this one goes on with it."
	if plan.AdoptExisting.ValueBool() {
		left = "It is taken over since adopt_existing is set. Destroying this resource will delete it, although Terraform has not made it."
	}
	made := ""
	if !found.CreatedOn.IsZero() {
		made = ", made on " + found.CreatedOn.Format(time.RFC3339)
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("principal_id"),
		"The role assignment exists already", fmt.Sprintf("%s is there%s. %s", found.ID, made, left))}
}

// failure is the diagnostic for a failed call, which in some cases says more than others.
func (r *subscriptionOwnerAssignmentResource) failure(m subscriptionOwnerAssignmentModel, summary string, err error) diag.Diagnostic {
	exists, ok := errors.AsType[*azurerbac.ExistsError](err)
	switch {
	case ok && exists.Existing.Foreign():
		return diag.NewAttributeErrorDiagnostic(path.Root("principal_id"), "This is the partner's own access",
			fmt.Sprintf("Principal %s is a group of another tenant, which Azure made Owner of subscription %s when it was bought through the partner (%s). "+
				"Without it the partner could not manage the subscription, so this resource does not touch it.\n\n"+
				"What to do: name a user, group or service principal of the customer.", exists.PrincipalID, exists.SubscriptionID, exists.Existing.ID))
	case ok:
		id := m.identity()
		return diag.NewAttributeErrorDiagnostic(path.Root("principal_id"), "The role assignment exists already",
			fmt.Sprintf("%s\n\nWhat to do: import it with the id\n  %s/%s/%s\nor set adopt_existing = true, which takes it over. In both cases destroying the resource will delete it.",
				tfkit.Detail(exists), id.CustomerID.ValueString(), id.SubscriptionID.ValueString(), id.PrincipalID.ValueString()))
	case errors.As(err, new(*azurerbac.DisabledError)):
		return diag.NewAttributeErrorDiagnostic(path.Root("subscription_id"), summary, tfkit.Detail(err))
	}
	return tfkit.Failure(summary, err)
}

func (r *subscriptionOwnerAssignmentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Create(ctx, tfkit.OperationTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	if !plan.UserPrincipalName.IsNull() && plan.PrincipalID.IsUnknown() {
		resp.Diagnostics.Append(r.findUser(ctx, &plan, nil)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	a, err := r.Azure.RoleAssignments.Assign(ctx, plan.toAPI())
	if err != nil {
		resp.Diagnostics.Append(r.failure(plan, "Could not assign "+plan.title(), err))
		return
	}
	plan.fromAPI(a)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
}

// freshFor is how long after a write an assignment that a read does not show is looked for
// longer.
const freshFor = 10 * time.Minute

func (r *subscriptionOwnerAssignmentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	timeout, diags := m.Timeouts.Read(ctx, tfkit.OperationTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	// First of all, since the framework demands an identity even of a resource that is
	// removed, and Terraform before 1.12 has stored none.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)

	a, err := r.Azure.RoleAssignments.Refresh(ctx, m.toAPI(), m.RoleAssignmentID.ValueString(), tfkit.WrittenWithin(ctx, req.Private, freshFor))
	switch {
	case azurerbac.IsNotFound(err):
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure("Could not read "+m.title(), err))
		return
	}
	m.fromAPI(a)
	if a.Orphaned() {
		resp.Diagnostics.AddAttributeWarning(path.Root("principal_id"), fmt.Sprintf("Principal %s is gone", a.PrincipalID),
			fmt.Sprintf("Azure does not find it in the directory of customer %s any more. Its role assignment on subscription %s stays until the resource is removed.",
				m.CustomerID.ValueString(), m.SubscriptionID.ValueString()))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *subscriptionOwnerAssignmentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, tfkit.OperationTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	if !plan.Description.Equal(state.Description) || !plan.Condition.Equal(state.Condition) {
		a, err := r.Azure.RoleAssignments.Update(ctx, plan.toAPI(), state.RoleAssignmentID.ValueString())
		if err != nil {
			resp.Diagnostics.Append(r.failure(plan, "Could not update "+plan.title(), err))
			return
		}
		plan.fromAPI(a)
		// As planned. One that was removed since the refresh is made again, at another time: the next read sees it.
		plan.CreatedOn = state.CreatedOn
		resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *subscriptionOwnerAssignmentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, tfkit.OperationTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	if strings.EqualFold(state.PrincipalType.ValueString(), "ForeignGroup") {
		resp.Diagnostics.AddAttributeError(path.Root("principal_id"), "This is the partner's own access",
			"The principal is a group of another tenant. Deleting its role would lock the partner out of the subscription.\n\nWhat to do: terraform state rm.")
		return
	}
	if err := r.Azure.RoleAssignments.Remove(ctx, state.toAPI(), state.RoleAssignmentID.ValueString()); err != nil {
		resp.Diagnostics.Append(r.failure(state, "Could not remove "+state.title(), err))
	}
}

// ImportState takes over an assignment of Owner that is directly at the subscription.
func (r *subscriptionOwnerAssignmentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	text := req.ID
	if text == "" && req.Identity != nil {
		var identity subscriptionOwnerAssignmentIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		text = identity.CustomerID.ValueString() + "/" + identity.SubscriptionID.ValueString() + "/" + identity.PrincipalID.ValueString()
	}
	id, ok := parseImportID(text)
	if !ok {
		resp.Diagnostics.AddError("Invalid import id",
			fmt.Sprintf("The import id is {customer id}/{subscription id}/{principal id}, or {role assignment id}|{customer id} with the id of Resource Manager; %q is neither.\n\n"+
				"What to do: terraform import partnercenter_subscription_owner_assignment.example "+
				"7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202/d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c/22222222-2222-2222-2222-222222222222", text))
		return
	}
	o := azurerbac.OwnerAssignment{TenantID: id.customerID, SubscriptionID: id.subscriptionID, PrincipalID: id.principalID}
	a, err := r.Azure.RoleAssignments.Importable(ctx, o, id.roleAssignmentID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not import "+text, err))
		return
	}
	for name, value := range map[string]any{
		"customer_id": id.customerID, "subscription_id": id.subscriptionID, "principal_id": a.PrincipalID,
		"role_assignment_id": a.ID, "adopt_existing": false,
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, subscriptionOwnerAssignmentIdentity{
		types.StringValue(id.customerID), types.StringValue(id.subscriptionID), types.StringValue(a.PrincipalID),
	})...)
}
