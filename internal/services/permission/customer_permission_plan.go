package permission

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// goneKey is a key of the run's memory: a refresh found that the customer no longer exists.
type goneKey tfkit.Subject

// creation is the value of createsKey.
type creation struct {
	CustomerID string `json:"customer_id"`
	Name       string `json:"name"`
	Enabled    bool   `json:"enabled"`
}

// ModifyPlan rejects at plan time what an apply would reject.
func (r *customerPermissionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Clients == nil {
		return
	}
	var plan, state *customerPermissionModel
	if !req.Plan.Raw.IsNull() {
		plan = new(customerPermissionModel)
		resp.Diagnostics.Append(tfkit.Get(ctx, tfsdk.State(req.Plan), plan)...)
	}
	if !req.State.Raw.IsNull() {
		state = new(customerPermissionModel)
		resp.Diagnostics.Append(tfkit.Get(ctx, req.State, state)...)
	}
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	if state != nil && (plan == nil || !plan.CustomerID.IsUnknown() && !strings.EqualFold(plan.CustomerID.ValueString(), state.CustomerID.ValueString())) {
		resp.Diagnostics.Append(r.planEnd(ctx, *state, object, resp.Private)...)
	}
	if plan == nil {
		return
	}
	asserts := false
	if !plan.CustomerID.IsUnknown() && !plan.Enabled.IsUnknown() {
		var diags diag.Diagnostics
		asserts, diags = r.planDeclared(ctx, *plan, state, object)
		resp.Diagnostics.Append(diags...)
	}
	if !plan.CustomerID.IsUnknown() && (plan.ID.IsUnknown() || plan.Name.IsUnknown()) {
		if resp.Diagnostics.Append(r.fillName(ctx, plan)...); resp.Diagnostics.HasError() {
			return
		}
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), plan.ID)...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("name"), plan.Name)...)
	}
	if !plan.CustomerID.IsUnknown() && !plan.Enabled.IsUnknown() {
		if state == nil {
			resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, createsKey,
				creation{plan.ID.ValueString(), plan.Name.ValueString(), plan.Enabled.ValueBool()})...)
		}
	}
	if resp.Diagnostics.HasError() || state != nil && plan.same(*state) && !asserts && state.Unconfirmed.IsNull() {
		return
	}
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, assertsKey, asserts)...)
	unconfirmed := types.BoolNull()
	if asserts {
		unconfirmed = types.BoolUnknown()
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("unconfirmed"), unconfirmed)...)
	if !r.writes(*plan, state, asserts) || resp.Diagnostics.HasError() {
		return
	}
	if r.PartnerCenter.AppOnly() {
		resp.Diagnostics.Append(errAppOnly)
		return
	}
	if plan.CustomerID.IsUnknown() || plan.Enabled.IsUnknown() || plan.VerifyAzureSubscription.IsUnknown() {
		return
	}
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	failed := r.verify(ctx, *plan, state)
	_, gone := r.Memory.Load(goneKey(r.subject(*plan)))
	if failed != nil && (gone || tfkit.GetPrivate[bool](ctx, resp.Private, outsideKey)) {
		failed = diag.NewAttributeWarningDiagnostic(path.Root("customer_id"), failed.Summary(),
			"The permission was disabled outside Terraform, and enabling it again will fail:\n\n"+failed.Detail())
	}
	if failed != nil {
		resp.Diagnostics.Append(failed)
	}
}

// fillName sets the ID and the company name.
func (r *customerPermissionResource) fillName(ctx context.Context, m *customerPermissionModel) diag.Diagnostics {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	id := strings.ToLower(m.CustomerID.ValueString())
	names, err := r.PartnerCenter.Customers.Names(ctx, id)
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not read the name of customer "+id, err)}
	}
	m.ID, m.Name = types.StringValue(id), tfkit.OrNull(names[id])
	return nil
}

// writes reports whether an apply of the plan changes the permission, or writes it again to be certain.
func (r *customerPermissionResource) writes(plan customerPermissionModel, state *customerPermissionModel, asserts bool) bool {
	return state == nil || asserts || state.Unconfirmed.ValueBool() || !plan.Enabled.Equal(state.Enabled) || !plan.CustomerID.Equal(state.CustomerID)
}

// planEnd claims that the object of the state ends, and warns if another resource keeps its permission or takes
// it over.
func (r *customerPermissionResource) planEnd(ctx context.Context, state customerPermissionModel, object string, private tfkit.PrivateState) diag.Diagnostics {
	keeps, passes, diags := r.Claims.PlanEnd(ctx, private, object, []tfkit.Subject{r.subject(state)}, state.Enabled.ValueBool())
	diags.Append(tfkit.SetPrivate(ctx, private, createsKey, creation{})...)
	if state.Enabled.ValueBool() {
		diags.Append(keptAndPassed(ctx, r.Clients, path.Root("customer_id"), keeps, passes)...)
	}
	return diags
}

// planDeclared claims what the plan declares and compares it with other resources. asserts is true if another
// object that was planned before disables a permission that the state has as enabled.
func (r *customerPermissionResource) planDeclared(ctx context.Context, plan customerPermissionModel, state *customerPermissionModel, object string) (asserts bool, diags diag.Diagnostics) {
	phase, about := tfkit.Declared, r.subject(plan)
	if state != nil && state.Unconfirmed.IsNull() && state.Enabled.Equal(plan.Enabled) && r.subject(*state) == about {
		phase = tfkit.Existing
	}
	var c comparison
	ends := c.compare(about, plan.Enabled.ValueBool(), phase, r.Claims.Declare(ctx, about, r.claim(plan, object, phase)))
	if plan.Enabled.ValueBool() && r.Claims.Denied(about, object) {
		c.denied = append(c.denied, about)
	}
	return ends, c.diagnostics(ctx, r.Clients, path.Root("customer_id"))
}

// verify checks the prerequisite if the plan enables the permission. It returns nil if the customer qualifies.
func (r *customerPermissionResource) verify(ctx context.Context, plan customerPermissionModel, state *customerPermissionModel) diag.Diagnostic {
	turnsOn := plan.Enabled.ValueBool() && (state == nil || !state.Enabled.ValueBool())
	if yielded, _ := r.Claims.Yielded(r.subject(plan)); yielded {
		return nil // the permission is enabled, and the other half of the replacement relies on this one
	}
	if !turnsOn || !plan.VerifyAzureSubscription.ValueBool() {
		return nil
	}
	customerID := plan.CustomerID.ValueString()
	err := qualifies(ctx, r.PartnerCenter, customerID, []partnercenter.Permission{r.permission})
	if err == nil || noAzure(err) && r.AzurePlanPlanned(customerID) {
		return nil
	}
	summary, more := fmt.Sprintf("Could not check whether %s qualifies for Azure %s", r.Customer(customerID), r.what), []string{}
	if errors.As(err, new(*partnercenter.NoAzureSubscriptionError)) {
		summary = fmt.Sprintf("%s does not qualify for Azure %s", upperFirst(r.Customer(customerID)), r.what)
		more = append(more, "To set the permission without this check, set verify_azure_subscription = false.")
	}
	if state != nil {
		more = append(more, "To destroy the resource, which plans it first: terraform destroy -refresh=false.")
	}
	return tfkit.FailureAt(path.Root("customer_id"), summary, err, more...)
}
