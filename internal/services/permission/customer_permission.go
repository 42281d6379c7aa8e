package permission

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var (
	_ resource.ResourceWithConfigure   = (*customerPermissionResource)(nil)
	_ resource.ResourceWithIdentity    = (*customerPermissionResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*customerPermissionResource)(nil)
	_ resource.ResourceWithImportState = (*customerPermissionResource)(nil)
)

// customerPermissionResource is the permission of one customer to buy Azure reservations or Azure savings
// plans: partnercenter_customer_permission_reservations and partnercenter_customer_permission_savings_plans.
//
// Endpoints: GET, POST, PUT and DELETE /v1/SelfServePolicy, app+user only; writes by Admin agents only. GET
// /v1/customers/{customer}/subscriptions before the permission is enabled; GET /v1/customers/{customer} on
// import.
// Delete disables the permission, unless another resource of the state declares it as enabled. The other
// permission in the same policy does not change. Earlier purchases of the customer remain.
// If the answer to a write is lost, the permission counts as enabled.
// https://learn.microsoft.com/partner-center/developer/self-serve-policy-resources
type customerPermissionResource struct {
	tfkit.Resource

	permission partnercenter.Permission
	// name ends the type's name. what is this permission in words, and other is the other permission of the
	// policy.
	name, what, other string
	// opens is the part of the description about further purchases that the permission allows, and final ones.
	opens string
}

// errAppOnly rejects at plan time what the API rejects (403/900329).
var errAppOnly = diag.NewErrorDiagnostic("Sign-in without a user cannot set customer permissions",
	"The provider authenticates as an application only. Partner Center accepts that for reading customers and subscriptions, but not for "+
		"customer permissions.\n\nWhat to do: sign in an Admin agent with terraform-provider-partnercenter login, and set refresh_token (or PARTNERCENTER_REFRESH_TOKEN): "+
		"https://registry.terraform.io/providers/partnercenter/partnercenter/latest/docs/guides/secure_application_model.")

// errAppOnlyReads is errAppOnly for operations that only read.
var errAppOnlyReads = diag.NewErrorDiagnostic("Sign-in without a user cannot read customer permissions",
	"The provider authenticates as an application only. Partner Center accepts that for reading customers and subscriptions, but not for "+
		"customer permissions.\n\nWhat to do: set refresh_token (or PARTNERCENTER_REFRESH_TOKEN) to one of an Admin, Sales or Helpdesk agent: "+
		"https://learn.microsoft.com/partner-center/developer/enable-secure-app-model.")

func (r *customerPermissionResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_permission_" + r.name
}

// subject returns the subject of the model in the claims of the run.
func (r *customerPermissionResource) subject(m customerPermissionModel) tfkit.Subject {
	return subjectOf(r.permission, m.CustomerID.ValueString())
}

func (r *customerPermissionResource) claim(m customerPermissionModel, object string, phase tfkit.Phase) tfkit.Claim {
	return tfkit.Claim{Object: object, Type: "partnercenter_customer_permission_" + r.name, On: m.Enabled.ValueBool(), Phase: phase}
}

// Keys of private state. The keys of the object ID and of the last write are in tfkit.
const (
	// createsKey: the creation that a plan declares. In a replacement, Delete receives it.
	createsKey = "creates"
	// assertsKey: true if an update has to write a permission again, because another object of the plan
	// disables it.
	assertsKey = "asserts"
	// outsideKey: true if a refresh found that the permission was disabled outside Terraform.
	outsideKey = "off_outside"
)

func (r *customerPermissionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan customerPermissionModel
	resp.Diagnostics.Append(tfkit.Get(ctx, tfsdk.State(req.Plan), &plan)...)
	ctx, cancel := tfkit.OperationOf(ctx, "create", plan.Timeouts.Create, tfkit.OperationTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	release, err := r.Claims.Turn(ctx, r.subject(plan).ID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not set the %s permission of %s", r.what, r.Customer(plan.CustomerID.ValueString())), err))
		return
	}
	defer release()
	var before *customerPermissionModel
	if yielded, _ := r.Claims.Yielded(r.subject(plan)); yielded { // by the resource that this one replaces
		before = &customerPermissionModel{CustomerID: plan.CustomerID, Enabled: types.BoolValue(true)}
	}
	if failed := r.set(ctx, &plan, before, time.Time{}); failed != nil {
		resp.Diagnostics.Append(failed.diagnostic)
		if failed.outcome != partnercenter.Unsure && before == nil {
			return
		}
		plan.Enabled, plan.Unconfirmed = types.BoolValue(true), types.BoolValue(true)
	} else {
		r.Claims.Hold(r.subject(plan), r.claim(plan, object, tfkit.Existing))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
}

func (r *customerPermissionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m customerPermissionModel
	resp.Diagnostics.Append(tfkit.Get(ctx, req.State, &m)...)
	ctx, cancel := tfkit.OperationOf(ctx, "read", m.Timeouts.Read, tfkit.OperationTimeout, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	// This comes first: the framework requires an identity even for a resource that is removed, and Terraform
	// before 1.12 stores none.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
	r.knowName(m)
	policy, err := r.PartnerCenter.SelfServePolicies.Confirm(ctx, m.CustomerID.ValueString(), r.seen(&m, tfkit.WrittenAt(ctx, req.Private)))
	switch {
	case partnercenter.IsCustomerNotFound(err):
		r.Memory.Store(goneKey(r.subject(m)), true)
		resp.State.RemoveResource(ctx)
		return
	case partnercenter.IsNoRelationship(err):
		resp.Diagnostics.AddWarning(upperFirst(r.Customer(m.CustomerID.ValueString()))+" has no reseller relationship",
			"Without it, the permission is not in effect, so it counts as disabled.\n\n"+tfkit.Detail(err)+"\n\n"+giveUp)
		policy = partnercenter.SelfServePolicy{}
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not read the %s permission of %s", r.what, r.Customer(m.CustomerID.ValueString())), tfkit.OutOfTime(ctx, err), giveUp))
		return
	}
	before, on := m, policy.Allows(r.permission)
	if wasOn := m.Enabled.ValueBool() && m.Unconfirmed.IsNull(); wasOn != on && !m.Enabled.IsNull() {
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, outsideKey, !on && wasOn)...)
		if m.Unconfirmed.IsNull() && err == nil {
			resp.Diagnostics.Append(changedOutside(ctx, r.Clients, time.Time{}, tfkit.WrittenAt(ctx, req.Private), []outsideChange{{r.subject(m).ID, r.permission, on}}, nil)...)
		}
	}
	m.Enabled, m.Unconfirmed = types.BoolValue(on), types.BoolNull()
	if m.ID.IsNull() || m.Name.IsNull() {
		resp.Diagnostics.Append(r.fillName(ctx, &m)...)
	}
	if !m.same(before) {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	var held []tfkit.Subject
	if m.Enabled.ValueBool() {
		held = append(held, r.subject(m))
	}
	resp.Diagnostics.Append(r.Claims.Read(ctx, resp.Private, object, held)...)
}

// knowName gives the client the name from the state, which saves a request.
func (r *customerPermissionResource) knowName(m customerPermissionModel) {
	if name := m.Name.ValueString(); name != "" {
		r.PartnerCenter.Customers.KnowName(m.CustomerID.ValueString(), name)
	}
}

// upperFirst returns text for the beginning of a sentence.
func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// seen returns what the state m says about the permission, with the time of its last write. m may be nil.
func (r *customerPermissionResource) seen(m *customerPermissionModel, at time.Time) partnercenter.Seen {
	if m == nil || m.Enabled.IsNull() {
		return partnercenter.Seen{}
	}
	return partnercenter.Seen{Allows: map[partnercenter.Permission]bool{r.permission: m.Enabled.ValueBool()}, WrittenAt: at}
}

func (r *customerPermissionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state customerPermissionModel
	resp.Diagnostics.Append(tfkit.Get(ctx, tfsdk.State(req.Plan), &plan)...)
	resp.Diagnostics.Append(tfkit.Get(ctx, req.State, &state)...)
	ctx, cancel := tfkit.OperationOf(ctx, "update", plan.Timeouts.Update, tfkit.OperationTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	r.knowName(state)
	release, err := r.Claims.Turn(ctx, r.subject(plan).ID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not set the %s permission of %s", r.what, r.Customer(plan.CustomerID.ValueString())), err))
		return
	}
	defer release()
	plan.Unconfirmed = types.BoolNull()
	if r.writes(plan, &state, tfkit.GetPrivate[bool](ctx, req.Private, assertsKey)) {
		failed := r.set(ctx, &plan, &state, tfkit.WrittenAt(ctx, req.Private))
		switch {
		case failed != nil && failed.outcome != partnercenter.Unsure:
			resp.Diagnostics.Append(failed.diagnostic)
			return
		case failed != nil:
			resp.Diagnostics.Append(failed.diagnostic)
			plan.Enabled, plan.Unconfirmed = types.BoolValue(true), types.BoolValue(true)
		default:
			resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, outsideKey, false)...)
		}
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, assertsKey, false)...)
		resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	}
	if plan.Unconfirmed.IsNull() {
		r.Claims.Hold(r.subject(plan), r.claim(plan, object, tfkit.Existing))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// setError is a failure of set.
type setError struct {
	diagnostic diag.Diagnostic
	outcome    partnercenter.Outcome
}

// set enables or disables the permission as planned. The time is that of the last write of the state.
func (r *customerPermissionResource) set(ctx context.Context, plan, state *customerPermissionModel, at time.Time) *setError {
	if failed := r.verify(ctx, *plan, state); failed != nil {
		return &setError{failed, partnercenter.NotSent}
	}
	verb, write := "disable", r.PartnerCenter.SelfServePolicies.Revoke
	if plan.Enabled.ValueBool() {
		verb, write = "enable", r.PartnerCenter.SelfServePolicies.Grant
	}
	_, err := write(ctx, plan.CustomerID.ValueString(), r.permission, r.seen(state, at))
	if err == nil {
		plan.Unconfirmed = types.BoolNull()
		return nil
	}
	err = tfkit.OutOfTime(ctx, err)
	return &setError{r.failure(verb, plan.CustomerID.ValueString(), err), partnercenter.OutcomeOf(err)}
}

// failure returns the diagnostic for a change that failed.
func (r *customerPermissionResource) failure(verb, customerID string, err error) diag.Diagnostic {
	summary := fmt.Sprintf("Could not %s %s for %s", verb, r.what, r.Customer(customerID))
	if partnercenter.OutcomeOf(err) != partnercenter.Unsure {
		return tfkit.Failure(summary, err)
	}
	return diag.NewErrorDiagnostic(summary, mayBeEnabled+"\n\n"+tfkit.Detail(err))
}

func (r *customerPermissionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state customerPermissionModel
	resp.Diagnostics.Append(tfkit.Get(ctx, req.State, &state)...)
	ctx, cancel := tfkit.OperationOf(ctx, "delete", state.Timeouts.Delete, tfkit.OperationTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	customerID := state.CustomerID.ValueString()
	r.knowName(state)
	r.Claims.Await(ctx, req.Private, object, []tfkit.Subject{r.subject(state)})
	release, err := r.Claims.Turn(ctx, r.subject(state).ID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not disable %s for %s", r.what, r.Customer(customerID)), err))
		return
	}
	defer release()
	if keeps := r.Claims.End(ctx, req.Private, object, []tfkit.Subject{r.subject(state)}, state.Enabled.ValueBool()); len(keeps) > 0 {
		resp.Diagnostics.Append(keptAndPassed(ctx, r.Clients, path.Root("customer_id"), keeps, nil)...)
		return
	}
	if next := tfkit.GetPrivate[creation](ctx, req.Private, createsKey); next.Enabled && strings.EqualFold(next.CustomerID, customerID) && state.Enabled.ValueBool() {
		// This is the first half of a replacement, and the permission stays enabled. If the second half then
		// could not start, no state would have the permission. So this read checks that Partner Center answers.
		r.PartnerCenter.Customers.KnowName(next.CustomerID, next.Name)
		if _, err := r.PartnerCenter.SelfServePolicies.Get(ctx, customerID); err != nil {
			resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not begin to replace the %s permission of %s", r.what, r.Customer(customerID)), err))
			return
		}
		r.Claims.Yield(r.subject(state), state.Unconfirmed.IsNull())
		return
	}
	_, err = r.PartnerCenter.SelfServePolicies.Revoke(ctx, customerID, r.permission, r.seen(&state, tfkit.WrittenAt(ctx, req.Private)))
	switch {
	case partnercenter.IsCustomerNotFound(err):
	case partnercenter.IsNoRelationship(err):
		resp.Diagnostics.AddWarning(upperFirst(r.Customer(customerID))+" has no reseller relationship",
			"Without it, the permission is not in effect, so there was nothing to disable.\n\n"+tfkit.Detail(err))
	case err != nil:
		resp.Diagnostics.Append(r.failure("disable", customerID, tfkit.OutOfTime(ctx, err)))
	}
}

// ImportState imports the permission of a customer, enabled or disabled. It reads the customer first.
// Otherwise an unknown ID would look like a customer without a policy.
func (r *customerPermissionResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	id := req.ID
	if id == "" && req.Identity != nil {
		var identity customerPermissionIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id = identity.CustomerID.ValueString()
	}
	if err := tfkit.CheckGUID(id); err != nil {
		resp.Diagnostics.AddError("Invalid import ID",
			fmt.Sprintf("The import ID is the Microsoft Entra tenant ID of the customer. The ID %q %s.\n\n"+
				"What to do: terraform import partnercenter_customer_permission_%s.example 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202", id, err, r.name))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m := customerPermissionModel{CustomerID: types.StringValue(strings.ToLower(id)), VerifyAzureSubscription: types.BoolValue(true), Timeouts: tfkit.NoTimeouts()}
	c, err := r.PartnerCenter.Customers.Get(ctx, m.CustomerID.ValueString())
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not import the %s permission of %s", r.what, r.Customer(m.CustomerID.ValueString())), err))
		return
	}
	m.ID, m.Name = m.CustomerID, tfkit.OrNull(c.CompanyProfile.CompanyName)
	_, diags := tfkit.ObjectID(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
}
