package permission

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

var (
	_ resource.ResourceWithConfigure   = (*customerPermissionResource)(nil)
	_ resource.ResourceWithIdentity    = (*customerPermissionResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*customerPermissionResource)(nil)
	_ resource.ResourceWithImportState = (*customerPermissionResource)(nil)
)

// customerPermissionResource is the switch that lets one customer buy Azure reservations or
// Azure savings plans: partnercenter_customer_permission_reservations and
// partnercenter_customer_permission_savings_plans.
//
// Endpoints: GET, POST, PUT and DELETE /v1/SelfServePolicy, app+user only; writes by Admin
// agents only. GET /v1/customers/{customer}/subscriptions before turning on; GET
// /v1/customers/{customer} on import.
// Delete turns the permission off and leaves the other one in the same policy as it is, unless
// another resource of the state declares it on. What the customer bought before stays.
// A write whose answer is lost counts as on.
// https://learn.microsoft.com/partner-center/developer/self-serve-policy-resources
type customerPermissionResource struct {
	tfkit.Resource

	permission partnercenter.Permission
	// name ends the type's name; what and other are the permission and the one beside it in
	// words.
	name, what, other string
}

// errAppOnly refuses at plan time what the API refuses (403/900329).
var errAppOnly = diag.NewErrorDiagnostic("Sign-in without a user cannot set customer permissions",
	"The provider signs in as an application only, which Partner Center accepts for reading customers and subscriptions but not for "+
		"customer permissions.\n\nWhat to do: set refresh_token (or PARTNERCENTER_REFRESH_TOKEN) to one of an Admin agent: "+
		"https://learn.microsoft.com/partner-center/developer/enable-secure-app-model.")

func (r *customerPermissionResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_permission_" + r.name
}

func (r *customerPermissionResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The permission of one customer to buy Azure " + r.what + " by itself. It is off by default.\n\n" +
			"The permission is a switch, not an object: creating the resource over a permission that is on already adopts it, " +
			"`enabled = false` declares that it must be off, and destroying the resource turns it off. The " + r.other +
			" permission, which Partner Center keeps in the same policy, is left as it is.\n\n" +
			"With hundreds of these resources, run Terraform with `-parallelism=32`: by default it waits for 10 requests at a time. " +
			"For thousands of customers, use one `partnercenter_customer_permissions`.\n\n" +
			"A plan in which two resources of one provider block declare the opposite for the permission of one customer fails. " +
			"A resource that is destroyed leaves the permission as another resource of the state declares it.\n\n" +
			"~> **The partner pays.** The partner is billed for everything the customer buys this way and is not told of a purchase. " +
			"Turning the permission off does not undo purchases.\n\n" +
			"A purchase works only if the customer has an active Azure plan or Azure (global) subscription bought through the partner, " +
			"and the purchasing user is Owner of that Azure subscription.\n\n" +
			"**Sign-in and role:** app+user, as an Admin agent. Sales and Helpdesk agents can read the permission but not change it. " +
			"See [Give customers permission](https://learn.microsoft.com/partner-center/customers/give-customers-permission).",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "The customer's Microsoft Entra tenant id, a GUID. Changing it, other than in case, replaces the resource.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
				PlanModifiers:       []planmodifier.String{tfkit.IgnoreCase(), stringplanmodifier.RequiresReplace()},
			},
			"enabled": schema.BoolAttribute{
				MarkdownDescription: "Whether the customer may buy Azure " + r.what + ". Default `true`.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"verify_azure_subscription": schema.BoolAttribute{
				MarkdownDescription: "Whether to check that the customer has an active Azure plan or Azure (global) subscription: at plan time " +
					"when the customer is known, and again before the permission is turned on. Default `true`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(true),
			},
			"unconfirmed": schema.BoolAttribute{
				MarkdownDescription: "`true` after a change whose answer was lost: the permission may be on, so `enabled` is `true`. " +
					"The next refresh reads what it is, and the next apply makes sure. Otherwise null.",
				Computed: true,
			},
		},
	}
}

func (r *customerPermissionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"customer_id": identityschema.StringAttribute{
				Description:       "The customer's Microsoft Entra tenant id, in lower case.",
				RequiredForImport: true,
			},
		},
	}
}

type customerPermissionModel struct {
	CustomerID              types.String `tfsdk:"customer_id"`
	Enabled                 types.Bool   `tfsdk:"enabled"`
	VerifyAzureSubscription types.Bool   `tfsdk:"verify_azure_subscription"`
	Unconfirmed             types.Bool   `tfsdk:"unconfirmed"`
}

type customerPermissionIdentity struct {
	CustomerID types.String `tfsdk:"customer_id"`
}

// identity is in lower case: Terraform compares identities to the letter.
func (m customerPermissionModel) identity() customerPermissionIdentity {
	return customerPermissionIdentity{types.StringValue(strings.ToLower(m.CustomerID.ValueString()))}
}

// subject is what the model is about, in the claims of the run.
func (r *customerPermissionResource) subject(m customerPermissionModel) tfkit.Subject {
	return subjectOf(r.permission, m.CustomerID.ValueString())
}

func (r *customerPermissionResource) claim(m customerPermissionModel, object string, phase tfkit.Phase) tfkit.Claim {
	return tfkit.Claim{Object: object, Type: "partnercenter_customer_permission_" + r.name, On: m.Enabled.ValueBool(), Phase: phase}
}

// Keys of private state, beside those of the object's id and of the last write.
const (
	// createsKey: what a plan declares that creates the resource. In a replacement Delete gets it.
	createsKey = "creates"
	// assertsKey: true where an update has to make sure of a permission that an earlier plan turns off.
	assertsKey = "asserts"
	// outsideKey: true where a refresh found the permission turned off outside Terraform.
	outsideKey = "off_outside"
)

// goneKey is a key of the run's memory: a refresh found that there is no such customer any more.
type goneKey tfkit.Subject

// creation is the value of createsKey.
type creation struct {
	CustomerID string `json:"customer_id"`
	Enabled    bool   `json:"enabled"`
}

// ModifyPlan refuses at plan time what apply would refuse.
func (r *customerPermissionResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Clients == nil {
		return
	}
	var plan, state *customerPermissionModel
	if !req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
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
		if state == nil {
			resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, createsKey, creation{strings.ToLower(plan.CustomerID.ValueString()), plan.Enabled.ValueBool()})...)
		}
	}
	if resp.Diagnostics.HasError() || state != nil && *plan == *state && !asserts && state.Unconfirmed.IsNull() {
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
			"The permission was turned off outside Terraform, and turning it on again will fail:\n\n"+failed.Detail())
	}
	if failed != nil {
		resp.Diagnostics.Append(failed)
	}
}

// writes tells whether applying the plan over the state changes the permission or makes sure of it.
func (r *customerPermissionResource) writes(plan customerPermissionModel, state *customerPermissionModel, asserts bool) bool {
	return state == nil || asserts || state.Unconfirmed.ValueBool() || !plan.Enabled.Equal(state.Enabled) || !plan.CustomerID.Equal(state.CustomerID)
}

// planEnd claims the end of what the state is about, and finds out whether another resource keeps it.
func (r *customerPermissionResource) planEnd(ctx context.Context, state customerPermissionModel, object string, private tfkit.PrivateState) diag.Diagnostics {
	keeps, passes, diags := r.Claims.PlanEnd(ctx, private, object, []tfkit.Subject{r.subject(state)})
	diags.Append(tfkit.SetPrivate(ctx, private, createsKey, creation{})...)
	if state.Enabled.ValueBool() {
		diags.Append(handOver(path.Root("customer_id"), keeps, passes)...)
	}
	return diags
}

// planDeclared claims what the plan declares and compares it with other resources. Asserts says
// that an object which was planned before turns off what the state has on.
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
	return ends, c.diagnostics(path.Root("customer_id"))
}

// verify checks the prerequisite where the plan turns the permission on. It returns nil when the
// customer qualifies.
func (r *customerPermissionResource) verify(ctx context.Context, plan customerPermissionModel, state *customerPermissionModel) diag.Diagnostic {
	turnsOn := plan.Enabled.ValueBool() && (state == nil || !state.Enabled.ValueBool())
	if yielded, _ := r.Claims.Yielded(r.subject(plan)); yielded {
		return nil // it is on, and the other half of the replacement relies on this one
	}
	if !turnsOn || !plan.VerifyAzureSubscription.ValueBool() {
		return nil
	}
	customerID := plan.CustomerID.ValueString()
	err := qualifies(ctx, r.PartnerCenter, customerID, []partnercenter.Permission{r.permission})
	if err == nil {
		return nil
	}
	summary, detail := fmt.Sprintf("Could not check whether customer %s qualifies for Azure %s", customerID, r.what), tfkit.Detail(err)
	if errors.As(err, new(*partnercenter.NoAzureSubscriptionError)) {
		summary = fmt.Sprintf("Customer %s does not qualify for Azure %s", customerID, r.what)
		detail += "\n\nTo set the permission without this check, set verify_azure_subscription = false."
	}
	if state != nil {
		detail += "\n\nTo destroy the resource, which plans it first: terraform destroy -refresh=false."
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("customer_id"), summary, detail)
}

func (r *customerPermissionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var plan customerPermissionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	release, err := r.Claims.Turn(ctx, r.subject(plan).ID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not set the %s permission of customer %s", r.what, plan.CustomerID.ValueString()), err))
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
		r.Claims.Put(r.subject(plan), r.claim(plan, object, tfkit.Existing))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
}

func (r *customerPermissionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m customerPermissionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// First of all, since the framework demands an identity even of a resource that is
	// removed, and Terraform before 1.12 has stored none.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
	policy, err := r.PartnerCenter.SelfServePolicies.Confirm(ctx, m.CustomerID.ValueString(), r.seen(&m, tfkit.WrittenAt(ctx, req.Private)))
	switch {
	case partnercenter.IsCustomerNotFound(err):
		r.Memory.Store(goneKey(r.subject(m)), true)
		resp.State.RemoveResource(ctx)
		return
	case partnercenter.IsNoRelationship(err):
		resp.Diagnostics.AddWarning(fmt.Sprintf("Customer %s has no reseller relationship", m.CustomerID.ValueString()),
			"Without it the permission is not in effect, so it counts as off.\n\n"+tfkit.Detail(err)+"\n\n"+giveUp)
		policy = partnercenter.SelfServePolicy{}
	case err != nil:
		resp.Diagnostics.AddError(fmt.Sprintf("Could not read the %s permission of customer %s", r.what, m.CustomerID.ValueString()), tfkit.Detail(err)+"\n\n"+giveUp)
		return
	}
	before, on := m, policy.Allows(r.permission)
	if wasOn := m.Enabled.ValueBool() && m.Unconfirmed.IsNull(); wasOn != on && !m.Enabled.IsNull() {
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, outsideKey, !on && wasOn)...)
	}
	m.Enabled, m.Unconfirmed = types.BoolValue(on), types.BoolNull()
	if m != before {
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

// seen is what the state m says of the permission, written at that time; there may be none.
func (r *customerPermissionResource) seen(m *customerPermissionModel, at time.Time) partnercenter.Seen {
	if m == nil || m.Enabled.IsNull() {
		return partnercenter.Seen{}
	}
	return partnercenter.Seen{Allows: map[partnercenter.Permission]bool{r.permission: m.Enabled.ValueBool()}, WrittenAt: at}
}

func (r *customerPermissionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var plan, state customerPermissionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	release, err := r.Claims.Turn(ctx, r.subject(plan).ID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not set the %s permission of customer %s", r.what, plan.CustomerID.ValueString()), err))
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
		r.Claims.Put(r.subject(plan), r.claim(plan, object, tfkit.Existing))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// setError is a failure of set.
type setError struct {
	diagnostic diag.Diagnostic
	outcome    partnercenter.Outcome
}

// set turns the permission on or off as planned, over the state that was written at that time.
func (r *customerPermissionResource) set(ctx context.Context, plan, state *customerPermissionModel, at time.Time) *setError {
	if failed := r.verify(ctx, *plan, state); failed != nil {
		return &setError{failed, partnercenter.NotSent}
	}
	verb, write := "off", r.PartnerCenter.SelfServePolicies.Revoke
	if plan.Enabled.ValueBool() {
		verb, write = "on", r.PartnerCenter.SelfServePolicies.Grant
	}
	_, err := write(ctx, plan.CustomerID.ValueString(), r.permission, r.seen(state, at))
	if err == nil {
		plan.Unconfirmed = types.BoolNull()
		return nil
	}
	return &setError{r.failure("turn "+verb, plan.CustomerID.ValueString(), err), partnercenter.OutcomeOf(err)}
}

// failure is the diagnostic for a change that failed.
func (r *customerPermissionResource) failure(verb, customerID string, err error) diag.Diagnostic {
	summary := fmt.Sprintf("Could not %s the %s permission of customer %s", verb, r.what, customerID)
	if partnercenter.OutcomeOf(err) != partnercenter.Unsure {
		return tfkit.Failure(summary, err)
	}
	return diag.NewErrorDiagnostic(summary, mayBeEnabled+"\n\n"+tfkit.Detail(err))
}

func (r *customerPermissionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var state customerPermissionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	customerID := state.CustomerID.ValueString()
	release, err := r.Claims.Turn(ctx, r.subject(state).ID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not turn off the %s permission of customer %s", r.what, customerID), err))
		return
	}
	defer release()
	if keeps := r.Claims.End(ctx, req.Private, object, []tfkit.Subject{r.subject(state)}); len(keeps) > 0 {
		resp.Diagnostics.Append(handOver(path.Root("customer_id"), keeps, nil)...)
		return
	}
	if next := tfkit.GetPrivate[creation](ctx, req.Private, createsKey); next.Enabled && strings.EqualFold(next.CustomerID, customerID) && state.Enabled.ValueBool() {
		// The first half of a replacement. Without this read the second might not be able to begin, and no state would know.
		if _, err := r.PartnerCenter.SelfServePolicies.Get(ctx, customerID); err != nil {
			resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not begin to replace the %s permission of customer %s", r.what, customerID), err))
			return
		}
		r.Claims.Yield(r.subject(state), state.Unconfirmed.IsNull())
		return
	}
	_, err = r.PartnerCenter.SelfServePolicies.Revoke(ctx, customerID, r.permission, r.seen(&state, tfkit.WrittenAt(ctx, req.Private)))
	switch {
	case partnercenter.IsCustomerNotFound(err):
	case partnercenter.IsNoRelationship(err):
		resp.Diagnostics.AddWarning(fmt.Sprintf("Customer %s has no reseller relationship", customerID),
			"Without it the permission is not in effect, so there was nothing to turn off.\n\n"+tfkit.Detail(err))
	case err != nil:
		resp.Diagnostics.Append(r.failure("turn off", customerID, err))
	}
}

// ImportState takes over the permission of a customer, on or off. It asks whether the
// customer exists, since a customer without a policy and no customer read alike.
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
		resp.Diagnostics.AddError("Invalid import id",
			fmt.Sprintf("The import id is the customer's Microsoft Entra tenant id, and %q is none: it %s.\n\n"+
				"What to do: terraform import partnercenter_customer_permission_%s.example 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202", id, err, r.name))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m := customerPermissionModel{CustomerID: types.StringValue(strings.ToLower(id)), VerifyAzureSubscription: types.BoolValue(true)}
	if _, err := r.PartnerCenter.Customers.Get(ctx, m.CustomerID.ValueString()); err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not import the %s permission of customer %s", r.what, m.CustomerID.ValueString()), err))
		return
	}
	_, diags := tfkit.ObjectID(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
}
