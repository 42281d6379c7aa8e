package subscription

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var (
	_ resource.ResourceWithConfigure        = (*subscriptionOwnerAssignmentResource)(nil)
	_ resource.ResourceWithIdentity         = (*subscriptionOwnerAssignmentResource)(nil)
	_ resource.ResourceWithConfigValidators = (*subscriptionOwnerAssignmentResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*subscriptionOwnerAssignmentResource)(nil)
	_ resource.ResourceWithImportState      = (*subscriptionOwnerAssignmentResource)(nil)
)

// NewSubscriptionOwnerAssignmentResource returns the resource partnercenter_subscription_owner_assignment.
func NewSubscriptionOwnerAssignmentResource() resource.Resource {
	return &subscriptionOwnerAssignmentResource{}
}

// subscriptionOwnerAssignmentResource is the Owner role of a customer's principal on one of the customer's
// Azure subscriptions.
//
// Endpoints: GET, PUT and DELETE of Microsoft.Authorization/roleAssignments in Resource
// Manager, in the customer's tenant; GET /v1/customers/{customer}/users in Partner Center for
// user_principal_name.
//
// Delete deletes the role assignment, unless another object of the state has the same one. Azure keeps
// the last role assignment that can manage access.
//
// The name of a role assignment is derived from its subscription, principal and role. An apply after an
// interruption therefore finds it and continues. Role assignments that others created are not changed
// without adopt_existing. The partner's own access (ForeignGroup) is never changed.
// https://learn.microsoft.com/azure/role-based-access-control/role-assignments-rest
type subscriptionOwnerAssignmentResource struct{ tfkit.Resource }

func (r *subscriptionOwnerAssignmentResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_subscription_owner_assignment"
}

func (r *subscriptionOwnerAssignmentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel := tfkit.OperationOf(ctx, "create", plan.Timeouts.Create, tfkit.OperationTimeout, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.UserPrincipalName.IsNull() && plan.PrincipalID.IsUnknown() {
		resp.Diagnostics.Append(r.findUser(ctx, &plan, nil, false)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	if plan.Name.IsUnknown() {
		plan.Name = types.StringNull()
		if resp.Diagnostics.Append(r.fillName(ctx, &plan)...); resp.Diagnostics.HasError() {
			return
		}
	}
	a, _ := r.handedOver(plan)
	release, err := r.Claims.Turn(ctx, plan.subject().ID)
	if err == nil {
		defer release() // after the claim below, which other objects read while they hold the turn
		a, err = r.assign(ctx, plan, a)
	}
	if err != nil {
		resp.Diagnostics.Append(r.failure(ctx, plan, "Could not assign "+r.title(plan), err, a.ID != ""))
	}
	if a.ID == "" {
		return
	}
	plan.fromAPI(a)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	r.Claims.Put(plan.subject(), r.claim(object, tfkit.Existing))
}

// assign creates the role assignment, or takes over left, the one that Delete has handed over in a replacement.
// For its errors, see [resourcemanager.RoleAssignments.Assign].
func (r *subscriptionOwnerAssignmentResource) assign(ctx context.Context, plan subscriptionOwnerAssignmentModel, left resourcemanager.RoleAssignment) (resourcemanager.RoleAssignment, error) {
	if left.ID == "" {
		return r.Azure.RoleAssignments.Assign(ctx, plan.toAPI())
	}
	a, err := r.Azure.RoleAssignments.TakeOver(ctx, plan.toAPI(), left)
	if err != nil && a.ID == "" {
		a = left
	}
	return a, err
}

// freshFor is the time after a write in which a read is repeated if it does not show the write.
const freshFor = 10 * time.Minute

func (r *subscriptionOwnerAssignmentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	ctx, cancel := tfkit.OperationOf(ctx, "read", m.Timeouts.Read, tfkit.OperationTimeout, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	if resp.Diagnostics.Append(r.findCustomer(ctx, &m)...); resp.Diagnostics.HasError() {
		return
	}
	// Set the identity first: the framework requires it even for a resource that is removed from the
	// state, and Terraform before 1.12 has not stored one.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)

	a, err := r.Azure.RoleAssignments.Refresh(ctx, m.toAPI(), m.ID.ValueString(), m.expected(tfkit.WrittenAt(ctx, req.Private)))
	switch {
	case resourcemanager.IsNotFound(err):
		r.noteGone(m)
		resp.Diagnostics.Append(r.changedOutside(m, "removed"))
		resp.State.RemoveResource(ctx)
		return
	case resourcemanager.IsLost(err):
		// An error would also prevent plans and destroys of all other resources.
		resp.Diagnostics.AddWarning("Could not read "+r.title(m), tfkit.Detail(err)+
			"\n\nThe state stays as it is. If the customer has left, remove the resource from the state: run terraform state rm with its address, "+
			"or replace its block with a removed block that has destroy = false.")
		resp.Diagnostics.Append(r.claimRead(ctx, resp.Private, m)...)
		return
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure("Could not read "+r.title(m), adviseNoRefresh(tfkit.OutOfTime(ctx, err))))
		return
	}
	if before := m.Description.ValueString(); !m.CreatedOn.IsNull() && before != a.Description { // null after an import
		resp.Diagnostics.Append(r.changedOutside(m, fmt.Sprintf("description changed from %q to %q", before, a.Shown)))
	}
	if a.Condition != "" && m.Condition.IsNull() {
		resp.Diagnostics.Append(r.changedOutside(m, "a condition was added"))
	}
	m.fromAPI(a)
	if m.Name.IsNull() {
		resp.Diagnostics.Append(r.fillName(ctx, &m)...)
	}
	if a.Orphaned() {
		resp.Diagnostics.AddAttributeWarning(path.Root("principal_id"), fmt.Sprintf("Principal %s no longer exists", a.PrincipalID),
			fmt.Sprintf("Azure no longer finds it in the directory of %s. Its role assignment on subscription %s stays until the resource is removed.",
				r.Customer(m.CustomerID.ValueString()), m.SubscriptionID.ValueString()))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(r.claimRead(ctx, resp.Private, m)...)
}

func (r *subscriptionOwnerAssignmentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := tfkit.OperationOf(ctx, "update", plan.Timeouts.Update, tfkit.OperationTimeout, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.Name.IsUnknown() {
		plan.Name = types.StringNull()
	}
	// The time of creation is unknown if another object may delete the role assignment; see planDeclared.
	if !plan.Description.Equal(state.Description) || !plan.Condition.Equal(state.Condition) || plan.CreatedOn.IsUnknown() {
		release, err := r.Claims.Turn(ctx, plan.subject().ID)
		var a resourcemanager.RoleAssignment
		if err == nil {
			a, err = r.Azure.RoleAssignments.Update(ctx, plan.toAPI(), state.ID.ValueString())
			release()
		}
		if err != nil {
			resp.Diagnostics.Append(r.failure(ctx, plan, "Could not update "+r.title(plan), err, a.ID != ""))
		}
		if a.ID == "" {
			return
		}
		createdOn := plan.CreatedOn
		if plan.fromAPI(a); !createdOn.IsUnknown() {
			// Keep the planned value. If the role assignment was removed after the refresh, Update created it again, and
			// the next read returns its new time.
			plan.CreatedOn = createdOn
		}
		resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *subscriptionOwnerAssignmentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state subscriptionOwnerAssignmentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := tfkit.OperationOf(ctx, "delete", state.Timeouts.Delete, tfkit.OperationTimeout, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	if resp.Diagnostics.Append(r.findCustomer(ctx, &state)...); resp.Diagnostics.HasError() {
		return
	}
	if strings.EqualFold(state.PrincipalType.ValueString(), "ForeignGroup") {
		resp.Diagnostics.AddAttributeError(path.Root("principal_id"), "This is the partner's own access",
			"The principal is a group of another tenant. Deleting its role would lock the partner out of the subscription.\n\nWhat to do: terraform state rm.")
		return
	}
	release, err := r.Claims.Turn(ctx, state.subject().ID)
	if err == nil {
		defer release()
		kept, diags := r.keep(ctx, req.Private, state)
		if resp.Diagnostics.Append(diags...); kept || resp.Diagnostics.HasError() {
			return
		}
		err = r.Azure.RoleAssignments.Remove(ctx, state.toAPI(), state.ID.ValueString(), tfkit.WrittenWithin(ctx, req.Private, resourcemanager.ReadLag))
	}
	if err != nil {
		resp.Diagnostics.Append(r.failure(ctx, state, "Could not remove "+r.title(state), adviseStateRemoval(err), false))
	}
}

// ImportState imports a role assignment of Owner that is directly on the subscription.
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
		resp.Diagnostics.AddError("Invalid import ID",
			fmt.Sprintf("The import ID is {customer ID}/{subscription ID}/{principal ID}, or the role assignment ID of Resource Manager. %q is neither.\n\n"+
				"What to do: terraform import partnercenter_subscription_owner_assignment.example "+
				"7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202/d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c/22222222-2222-2222-2222-222222222222", text))
		return
	}
	if id.customerID == "" {
		var err error
		if id.customerID, err = r.customerOf(ctx, id.subscriptionID); err != nil {
			resp.Diagnostics.Append(tfkit.Failure("Could not find the customer of subscription "+id.subscriptionID, err))
			return
		}
	}
	o := resourcemanager.OwnerAssignment{TenantID: id.customerID, SubscriptionID: id.subscriptionID, PrincipalID: id.principalID}
	a, err := r.Azure.RoleAssignments.ReadImportable(ctx, o, id.roleAssignmentID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not import "+text, err))
		return
	}
	for name, value := range imported(id.customerID, id.subscriptionID, a) {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, subscriptionOwnerAssignmentIdentity{
		types.StringValue(id.customerID), types.StringValue(id.subscriptionID), types.StringValue(a.PrincipalID),
	})...)
}

// imported returns the attributes that an import sets. The read after the import sets the others.
func imported(customerID, subscriptionID string, a resourcemanager.RoleAssignment) map[string]any {
	return map[string]any{
		"customer_id": customerID, "subscription_id": subscriptionID, "principal_id": a.PrincipalID, "id": a.ID, "adopt_existing": false,
	}
}
