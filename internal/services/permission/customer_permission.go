package permission

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
// Delete turns the permission off and leaves the other one in the same policy as it is.
// What the customer bought before stays.
// Reads can lag behind writes: see read.
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
			"A plan in which two resources switch the permission of one customer to the opposite, as when the resource gets another address " +
			"without a `moved` block, fails.\n\n" +
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
			"policy_id": schema.StringAttribute{
				MarkdownDescription: "The id of the customer's self-serve policy. Null while the customer has none, which is the case when " +
					"none of its permissions is on.",
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
	PolicyID                types.String `tfsdk:"policy_id"`
}

type customerPermissionIdentity struct {
	CustomerID types.String `tfsdk:"customer_id"`
}

// identity is in lower case: Terraform compares identities to the letter.
func (m customerPermissionModel) identity() customerPermissionIdentity {
	return customerPermissionIdentity{types.StringValue(strings.ToLower(m.CustomerID.ValueString()))}
}

// fromAPI takes over what the server said.
func (m *customerPermissionModel) fromAPI(p partnercenter.SelfServePolicy, permission partnercenter.Permission) {
	m.Enabled = types.BoolValue(p.Allows(permission))
	m.PolicyID = types.StringNull()
	if p.ID != "" {
		m.PolicyID = types.StringValue(p.ID)
	}
}

// seen is what the state says of the permission; there may be none.
func (m *customerPermissionModel) seen() partnercenter.Seen {
	if m == nil {
		return partnercenter.Seen{}
	}
	return partnercenter.Seen{Policy: m.PolicyID.ValueString() != "", On: m.Enabled.ValueBool()}
}

// turnsOn tells whether applying the plan m over the state turns the permission on.
func (m customerPermissionModel) turnsOn(state *customerPermissionModel) bool {
	return m.Enabled.ValueBool() && (state == nil || !state.Enabled.ValueBool())
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
	if req.Plan.Raw.Equal(req.State.Raw) { // as most are of thousands
		state = plan
	} else if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.intended(plan, state)...)
	if plan == nil || plan == state || resp.Diagnostics.HasError() {
		return
	}
	if state != nil && plan.CustomerID.Equal(state.CustomerID) && plan.Enabled.Equal(state.Enabled) {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("policy_id"), state.PolicyID)...)
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
	resp.Diagnostics.Append(r.verify(ctx, *plan, state)...)
}

// intended compares the plan, nil when the resource is destroyed, with those of other resources.
func (r *customerPermissionResource) intended(plan, state *customerPermissionModel) diag.Diagnostics {
	wanted, before := fleet{}, fleet{}
	if plan != nil {
		if plan.CustomerID.IsUnknown() || plan.Enabled.IsUnknown() {
			return nil
		}
		wanted[strings.ToLower(plan.CustomerID.ValueString())] = switches{r.permission: plan.Enabled.ValueBool()}
	}
	if state != nil && !r.Intents.Replaced(r.of(*state)) {
		before[strings.ToLower(state.CustomerID.ValueString())] = switches{r.permission: true} // Delete turns off, whatever is known
	}
	return intended(&r.Intents, path.Root("customer_id"), "partnercenter_customer_permission_"+r.name, wanted, before)
}

// of names the switch of a model.
func (r *customerPermissionResource) of(m customerPermissionModel) tfkit.Switch {
	return tfkit.Switch{Name: string(r.permission), Of: strings.ToLower(m.CustomerID.ValueString())}
}

// verify checks the prerequisite where the plan turns the permission on.
func (r *customerPermissionResource) verify(ctx context.Context, plan customerPermissionModel, state *customerPermissionModel) diag.Diagnostics {
	if !plan.turnsOn(state) || !plan.VerifyAzureSubscription.ValueBool() {
		return nil
	}
	customerID := plan.CustomerID.ValueString()
	err := r.PartnerCenter.Subscriptions.RequireAzure(ctx, customerID)
	if err == nil {
		return nil
	}
	summary, detail := fmt.Sprintf("Could not check whether customer %s qualifies for Azure %s", customerID, r.what), tfkit.Detail(err)
	if errors.As(err, new(*partnercenter.NoAzureSubscriptionError)) {
		summary = fmt.Sprintf("Customer %s does not qualify for Azure %s", customerID, r.what)
		detail += "\n\nTo set the permission without this check, set verify_azure_subscription = false."
	}
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("customer_id"), summary, detail)}
}

func (r *customerPermissionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var plan customerPermissionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.set(ctx, &plan, nil)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.Intents.Created(r.of(plan))
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

	policy, err := r.read(ctx, m, req.Private)
	switch {
	case partnercenter.IsCustomerNotFound(err):
		resp.State.RemoveResource(ctx)
		return
	case partnercenter.IsNoRelationship(err):
		resp.Diagnostics.AddWarning(fmt.Sprintf("Customer %s has no reseller relationship", m.CustomerID.ValueString()),
			"Without it the permission is not in effect, so it counts as off.\n\n"+tfkit.Detail(err))
		policy = partnercenter.SelfServePolicy{}
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not read the %s permission of customer %s", r.what, m.CustomerID.ValueString()), err))
		return
	}
	before := m
	if m.fromAPI(policy, r.permission); m != before {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

// read returns the policy. An answer right after a write that contradicts it is confirmed:
// reads can lag behind writes.
func (r *customerPermissionResource) read(ctx context.Context, m customerPermissionModel, private tfkit.PrivateState) (partnercenter.SelfServePolicy, error) {
	if m.Enabled.IsNull() || !tfkit.WrittenWithin(ctx, private, partnercenter.ReadLag) {
		return r.PartnerCenter.SelfServePolicies.Get(ctx, m.CustomerID.ValueString())
	}
	return r.PartnerCenter.SelfServePolicies.Confirm(ctx, m.CustomerID.ValueString(), map[partnercenter.Permission]bool{r.permission: m.Enabled.ValueBool()})
}

func (r *customerPermissionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var plan, state customerPermissionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.Enabled.Equal(state.Enabled) {
		resp.Diagnostics.Append(r.set(ctx, &plan, &state)...)
		if resp.Diagnostics.HasError() {
			return
		}
		resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// set turns the permission on or off as planned and fills the plan with the answer.
func (r *customerPermissionResource) set(ctx context.Context, plan, state *customerPermissionModel) diag.Diagnostics {
	if diags := r.verify(ctx, *plan, state); diags.HasError() {
		return diags
	}
	verb, apply := "off", r.PartnerCenter.SelfServePolicies.Revoke
	if plan.Enabled.ValueBool() {
		verb, apply = "on", r.PartnerCenter.SelfServePolicies.Grant
	}
	policy, err := apply(ctx, plan.CustomerID.ValueString(), r.permission, state.seen())
	if err != nil {
		return diag.Diagnostics{tfkit.Failure(fmt.Sprintf("Could not turn %s the %s permission of customer %s", verb, r.what, plan.CustomerID.ValueString()), err)}
	}
	plan.fromAPI(policy, r.permission)
	return nil
}

func (r *customerPermissionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var state customerPermissionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || r.Intents.Replaced(r.of(state)) {
		return
	}
	_, err := r.PartnerCenter.SelfServePolicies.Revoke(ctx, state.CustomerID.ValueString(), r.permission, state.seen())
	switch {
	case partnercenter.IsCustomerNotFound(err):
	case partnercenter.IsNoRelationship(err):
		resp.Diagnostics.AddWarning(fmt.Sprintf("Customer %s has no reseller relationship", state.CustomerID.ValueString()),
			"Without it the permission is not in effect, so there was nothing to turn off.\n\n"+tfkit.Detail(err))
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not turn off the %s permission of customer %s", r.what, state.CustomerID.ValueString()), err))
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
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
}
