package consent

import (
	"context"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// ModifyPlan fills in the application and the company name. It reports in the plan what would fail in
// the apply.
func (r *applicationConsentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Clients == nil {
		return
	}
	var plan, state *applicationConsentModel // nil if there is none
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	if plan == nil {
		resp.Diagnostics.Append(r.planEnd(ctx, resp.Private, object, *state)...)
		return
	}
	var config applicationConsentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.PartnerCenter.AppOnly() && (state == nil || state.differs(*plan)) {
		resp.Diagnostics.Append(errAppOnly)
		return
	}
	if config.ApplicationID.IsNull() && !plan.CustomerID.IsUnknown() { // otherwise the customer is not known yet
		resp.Diagnostics.Append(r.planApplication(ctx, plan, state, resp)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if state != nil && sameGrants(state.Grants, plan.Grants) {
		plan.Grants = state.Grants // they differ in spelling only
	}
	moved := state != nil && plan.subject() != state.subject()
	switch known := plan.subject() != (tfkit.Subject{}); {
	case state == nil || moved:
		plan.ID, plan.Name = types.StringUnknown(), types.StringUnknown()
		if known {
			plan.ID = types.StringValue(plan.key())
		}
		if !plan.CustomerID.IsUnknown() {
			resp.Diagnostics.Append(r.planCustomer(ctx, plan)...)
			r.PlanConsent(plan.CustomerID.ValueString())
		}
	case tfkit.GetPrivate[bool](ctx, req.Private, brokenKey):
		// An earlier change failed, so the consent is given again.
		plan.ID = types.StringUnknown()
	}
	if moved {
		resp.Diagnostics.Append(r.planEnd(ctx, resp.Private, object, *state)...)
	}
	ends, diags := r.planDeclared(ctx, object, *plan, state != nil && !moved)
	if resp.Diagnostics.Append(diags...); ends {
		// The object that ends may be deposed, and then cannot learn about this one in the apply. As an update, this
		// object takes part in the apply: the other one then keeps the consent, or this one gives it again.
		plan.ID = types.StringUnknown()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// sameGrants compares grants. The case of the API's application IDs does not matter.
func sameGrants(a, b types.Map) bool {
	if a.IsNull() || b.IsNull() || a.IsUnknown() || b.IsUnknown() {
		return false
	}
	lowered := func(m types.Map) map[string]attr.Value {
		out := make(map[string]attr.Value, len(m.Elements()))
		for id, scopes := range m.Elements() {
			out[strings.ToLower(id)] = scopes
		}
		return out
	}
	return maps.EqualFunc(lowered(a), lowered(b), attr.Value.Equal)
}

// planApplication fills in the provider's own application.
func (r *applicationConsentResource) planApplication(ctx context.Context, plan, state *applicationConsentModel, resp *resource.ModifyPlanResponse) diag.Diagnostics {
	caller, err := r.PartnerCenter.Caller(ctx)
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not plan "+plan.title(), err)}
	}
	plan.ApplicationID = types.StringValue(strings.ToLower(caller.ClientID))
	switch {
	case state == nil:
	case strings.EqualFold(state.ApplicationID.ValueString(), caller.ClientID):
		plan.ApplicationID = state.ApplicationID
	default:
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("application_id"))
	}
	return nil
}

// planCustomer reads the company name. This also checks that the customer exists.
func (r *applicationConsentResource) planCustomer(ctx context.Context, plan *applicationConsentModel) diag.Diagnostics {
	name, err := r.PartnerCenter.Customers.Name(ctx, plan.CustomerID.ValueString())
	if err != nil {
		return diag.Diagnostics{tfkit.FailureAt(path.Root("customer_id"), "Could not plan "+plan.title(), err)}
	}
	plan.Name = types.StringValue(name)
	return nil
}

// planEnd claims the end of the consent in the state, and warns if another resource keeps it.
func (r *applicationConsentResource) planEnd(ctx context.Context, private tfkit.PrivateState, object string, state applicationConsentModel) diag.Diagnostics {
	keeps, _, diags := r.Claims.PlanEnd(ctx, private, object, []tfkit.Subject{state.subject()}, true)
	if len(keeps) > 0 {
		diags.Append(keptWarning(state)...)
	}
	return diags
}

// planDeclared compares the declared consent with those of other resources. Ends is true if another
// object of the state has the same consent and ends.
func (r *applicationConsentResource) planDeclared(ctx context.Context, object string, plan applicationConsentModel, exists bool) (ends bool, diags diag.Diagnostics) {
	about, phase := plan.subject(), tfkit.Declared
	if about == (tfkit.Subject{}) {
		return false, nil
	}
	if exists {
		phase = tfkit.Existing
	}
	for _, other := range r.Claims.Declare(ctx, about, claimOf(object, phase)) {
		if other.Phase >= tfkit.Declared {
			return false, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("customer_id"), "Two resources declare "+plan.title(),
				"A tenant consents to an application once, so destroying one of the resources would take the consent from the other.\n\n"+
					"What to do: remove one of the two resources. If the state has both, remove that one from the state as well, with terraform state rm or a removed block.")}
		}
		ends = true
	}
	return ends && exists, nil
}
