package permission

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

var (
	_ resource.ResourceWithConfigure      = (*customerPermissionsResource)(nil)
	_ resource.ResourceWithIdentity       = (*customerPermissionsResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*customerPermissionsResource)(nil)
	_ resource.ResourceWithImportState    = (*customerPermissionsResource)(nil)
	_ resource.ResourceWithValidateConfig = (*customerPermissionsResource)(nil)
)

const (
	refreshFull  = "full"
	refreshByLog = "activity_log"

	fullRefreshAfter = "24h"

	// fleetTimeout is the default of all operations. At 500 requests per minute, 10,000
	// customers take 20 minutes; a check of their subscriptions as long again, and other
	// programs of the partner may use most of the limit.
	fleetTimeout = 2 * time.Hour
)

// NewCustomerPermissionsResource is partnercenter_customer_permissions.
func NewCustomerPermissionsResource() resource.Resource { return &customerPermissionsResource{} }

// customerPermissionsResource is the fleet: the permissions of any number of customers in one
// resource, since Terraform's core takes long for thousands of them.
//
// Endpoints: GET, POST, PUT and DELETE /v1/SelfServePolicy, app+user only; writes by Admin
// agents only. GET /v1/customers with unlisted = "deny" and on import of all, GET
// /v1/auditrecords with refresh = "activity_log", GET /v1/customers/{customer}/subscriptions
// before turning on.
// Delete turns off what is on. As a part of a replacement it does nothing: Terraform replaces a
// fleet whose first apply failed in part, and nobody wants it switched off for that.
// https://learn.microsoft.com/partner-center/developer/self-serve-policy-resources
type customerPermissionsResource struct{ tfkit.Resource }

func (r *customerPermissionsResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_permissions"
}

func (r *customerPermissionsResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The permissions of many customers to buy Azure reservations and savings plans by themselves, in one resource. " +
			"With thousands of customers it plans in seconds, where one `partnercenter_customer_permission_reservations` for each takes Terraform minutes. " +
			"Do not manage the same permission of a customer in both: where they are in one configuration the plan warns, and fails when one turns on what the other turns off. " +
			"To move customers from single resources to a fleet and switch nothing, take the single ones out by a " +
			"[`removed` block](https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources) with `destroy = false`.\n\n" +
			"A customer that is removed from `permissions` has its managed permissions turned off, and destroying the resource turns off all of them. " +
			"To release a customer and switch nothing, set it to `{}` before you remove it.\n\n" +
			"When some customers fail, the others are done and in the state; the next apply continues with those that failed. A first apply that failed in part " +
			"shows as a replacement in the next plan. It switches nothing off: only a destroy does, or a customer that is no longer listed. " +
			"(A customer that is removed from `permissions` just then keeps what it has; the plan after shows it with `unlisted = \"deny\"`.)\n\n" +
			"~> **The partner pays.** The partner is billed for everything the customers buy this way and is not told of a purchase. " +
			"Turning a permission off does not undo purchases.\n\n" +
			"**Sign-in and role:** app+user, as an Admin agent. Sales and Helpdesk agents can read permissions but not change them. " +
			"See [Give customers permission](https://learn.microsoft.com/partner-center/customers/give-customers-permission).",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Tells the fleets of a partner apart: a GUID, or what was imported.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"permissions": schema.MapAttribute{
				MarkdownDescription: "By customer id (the Microsoft Entra tenant id, in any case), which of `azure_reservations` and `azure_savings_plans` is on (`true`) or off (`false`). " +
					"One that is left out is not managed, and a customer with neither (`{}`) costs no request.",
				Required:    true,
				ElementType: switchesType,
			},
			"unlisted": schema.StringAttribute{
				MarkdownDescription: "What holds for the partner's customers that are not in `permissions`: `ignore` (default) or `deny`, which turns off whatever they have on. " +
					"Only one resource of a partner may deny, and it has to list the customers of all others, as `{}`: " +
					"see [many states](../guides/many_states.md).",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString("ignore"),
				Validators: []validator.String{stringvalidator.OneOf("ignore", "deny")},
			},
			"unlisted_permissions": schema.MapAttribute{
				MarkdownDescription: "With `unlisted = \"deny\"`, what customers that are not in `permissions` have on; the next apply turns it off. Otherwise null.",
				Computed:            true,
				ElementType:         switchesType,
			},
			"max_changes": schema.Int64Attribute{
				MarkdownDescription: "How many customers one apply may change. One that would change more fails before it changes the first. By default there is no such bound, and for destroying the resource there is none: see `prevent_destroy`.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"verify_azure_subscription": schema.BoolAttribute{
				MarkdownDescription: "Whether to check that a customer has an active Azure plan or Azure (global) subscription before a permission is turned on: at plan time " +
					"when it is known, and again at apply. It costs a request for each of these customers. Default `true`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(true),
			},
			"refresh": schema.StringAttribute{
				MarkdownDescription: "How the state is refreshed: `full` (default) reads every customer. `activity_log` reads the partner's activity log since the last refresh, " +
					"and only the customers whose permissions it says were changed.\n\n  What `activity_log` can miss, until the next full refresh: a change whose record shows more than 6 hours after it, " +
					"a change that leaves no record, and with `unlisted = \"deny\"` a new customer that comes with a permission on. All customers are read when the last full read is `full_refresh_after` ago, " +
					"when the log does not reach back to the last refresh (it is kept for 90 days), when it cannot be read, and when a record cannot be understood.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(refreshFull),
				Validators: []validator.String{stringvalidator.OneOf(refreshFull, refreshByLog)},
			},
			"full_refresh_after": schema.StringAttribute{
				MarkdownDescription: "With `refresh = \"activity_log\"`, after how long all customers are read again, such as `12h`. Default `24h`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(fullRefreshAfter),
				Validators: []validator.String{tfkit.StringCheck("value must be a duration such as 24h", func(s string) error {
					if d, err := time.ParseDuration(s); err != nil || d < 0 {
						return errors.New("must be a duration such as 24h or 90m")
					}
					return nil
				})},
			},
			"timeouts": fleetTimeouts(ctx),
		},
	}
}

func (r *customerPermissionsResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				Description:       "For import: all, or customer ids with commas between them.",
				RequiredForImport: true,
			},
		},
	}
}

type customerPermissionsIdentity struct {
	ID types.String `tfsdk:"id"`
}

// ValidateConfig judges the keys of the map.
func (r *customerPermissionsResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var permissions types.Map
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("permissions"), &permissions)...)
	seen, elements := make(map[string]string), permissions.Elements() // a copy each time
	for _, id := range slices.Sorted(maps.Keys(elements)) {
		at := path.Root("permissions").AtMapKey(id)
		if err := tfkit.CheckGUID(id); err != nil {
			resp.Diagnostics.AddAttributeError(at, "Invalid customer id", fmt.Sprintf("The key %q is no customer id: it %s.", id, err))
		}
		if other, ok := seen[strings.ToLower(id)]; ok {
			resp.Diagnostics.AddAttributeError(at, "Customer listed twice", fmt.Sprintf("The keys %q and %q are the same customer: case does not matter.", other, id))
		}
		seen[strings.ToLower(id)] = id
		inner, ok := elements[id].(types.Map)
		if !ok {
			continue
		}
		for name := range inner.Elements() {
			if _, ok := members[name]; !ok {
				resp.Diagnostics.AddAttributeError(at.AtMapKey(name), "Unknown permission",
					fmt.Sprintf("Customer %s has the permission %q, and there are only %s.", id, name, strings.Join(memberNames, " and ")))
			}
		}
	}
}

// stepKey is where private state keeps what the last plan was for: Delete has to tell a
// destroy from the first half of a replacement.
const (
	stepKey     = "step"
	stepCreate  = `"create"`
	stepDestroy = `"destroy"`
	stepNone    = `"none"`
)

// ModifyPlan refuses at plan time what apply would refuse. Each value of thousands of customers
// takes megabytes, so it makes none in vain.
func (r *customerPermissionsResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		var permissions types.Map
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, stepKey, []byte(stepDestroy))...)
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("permissions"), &permissions)...)
		if r.Clients != nil && !resp.Diagnostics.HasError() {
			resp.Diagnostics.Append(r.intended(nil, fleet{}.steps(r.notReplaced(toFleet(permissions)), false))...)
		}
		return
	}
	var plan customerPermissionsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	unlisted := types.MapNull(switchesType)
	switch {
	case plan.Unlisted.IsUnknown():
		unlisted = types.MapUnknown(switchesType)
	case plan.denies():
		unlisted = types.MapValueMust(switchesType, map[string]attr.Value{})
	}
	same := unlisted.Equal(plan.UnlistedPermissions)
	if !same {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("unlisted_permissions"), unlisted)...)
	}
	var state *customerPermissionsModel
	switch {
	case req.State.Raw.IsNull():
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, stepKey, []byte(stepCreate))...)
	case same && req.Plan.Raw.Equal(req.State.Raw):
		if r.Clients != nil {
			resp.Diagnostics.Append(r.intended(toFleet(plan.Permissions), nil)...)
		}
		return
	default:
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() || !isKnown(plan.Permissions) {
		return
	}
	wanted, before := toFleet(plan.Permissions), known{}
	if state != nil {
		before = state.concerning(plan)
		if !plan.Permissions.Equal(state.Permissions) && wanted.equal(before.listed) { // only the spelling differs
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("permissions"), state.Permissions)...)
		}
	}
	if r.Clients != nil && !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.judge(ctx, plan, state, wanted, before)...)
	}
}

func (r *customerPermissionsResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan customerPermissionsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, diags := plan.Timeouts.Create(ctx, fleetTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	plan.ID = types.StringValue(uuid.NewString())
	start := time.Now().UTC()
	before, diags := r.complete(ctx, plan, nil, toFleet(plan.Permissions), known{listed: fleet{}, unlisted: fleet{}})
	if diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	after, done, diags := r.apply(ctx, plan, before)
	resp.Diagnostics.Append(diags...)
	if diags.HasError() && done == 0 {
		return // with no state there is nothing to replace
	}
	if !diags.HasError() {
		r.created(toFleet(plan.Permissions))
	}
	resp.Diagnostics.Append(r.save(ctx, plan, after, &resp.State, resp.Private, refreshed{Full: start, Log: start}.afterWrite(ctx, diags))...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, customerPermissionsIdentity{plan.ID})...)
}

func (r *customerPermissionsResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m customerPermissionsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	timeout, diags := m.Timeouts.Read(ctx, fleetTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	resp.Diagnostics.Append(resp.Identity.Set(ctx, customerPermissionsIdentity{m.ID})...)
	last := loadRefreshed(ctx, req.Private)
	now, gone, failed, err := r.read(ctx, m, &last, tfkit.WrittenWithin(ctx, req.Private, partnercenter.ReadLag))
	switch {
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure("Could not read the permissions of the customers", err))
		return
	case failed.Any():
		resp.Diagnostics.Append(failed.Error("read the permissions", "The state is as it was."))
		return
	}
	if len(gone) > 0 {
		resp.Diagnostics.AddWarning(fmt.Sprintf("%d customers are gone", len(gone)),
			"They have no reseller relationship, or there is no such tenant, so nothing is on for them: "+shortList(gone)+".")
	}
	resp.Diagnostics.Append(r.save(ctx, m, now, &resp.State, resp.Private, last)...)
}

func (r *customerPermissionsResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state customerPermissionsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := plan.Timeouts.Update(ctx, fleetTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	before, diags := r.complete(ctx, plan, &state, toFleet(plan.Permissions), state.concerning(plan))
	if diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	after, _, diags := r.apply(ctx, plan, before)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.save(ctx, plan, after, &resp.State, resp.Private, loadRefreshed(ctx, req.Private).afterWrite(ctx, diags))...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, customerPermissionsIdentity{plan.ID})...)
}

func (r *customerPermissionsResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state customerPermissionsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, fleetTimeout)
	resp.Diagnostics.Append(diags...)
	step, diags := req.Private.GetKey(ctx, stepKey)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || string(step) == stepCreate {
		return // of a replacement; what is created next continues
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	listed := r.notReplaced(toFleet(state.Permissions))
	steps := fleet{}.steps(listed, false)
	done, diags := r.write(ctx, steps, false)
	if !diags.HasError() {
		return
	}
	resp.Diagnostics.Append(diags...)
	left := fleet{}.reached(listed, steps, done)
	resp.Diagnostics.Append(r.save(ctx, state, known{listed: left}, &resp.State, resp.Private, refreshed{})...)
}

// ImportState takes over the permissions of all customers, or of some. What they are is read
// after it.
func (r *customerPermissionsResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := tfkit.OperationWithin(ctx, fleetTimeout)
	defer cancel()
	text := req.ID
	if text == "" && req.Identity != nil {
		var identity customerPermissionsIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		text = identity.ID.ValueString()
	}
	ids := strings.Split(strings.ToLower(text), ",")
	if strings.EqualFold(text, "all") {
		var err error
		if ids, err = r.everybody(ctx, nil); err != nil {
			resp.Diagnostics.Append(tfkit.Failure("Could not import the permissions of all customers", err))
			return
		}
	}
	permissions := fleet{}
	for _, id := range ids {
		id = strings.TrimSpace(id)
		if err := tfkit.CheckGUID(id); err != nil {
			resp.Diagnostics.AddError("Invalid import id",
				fmt.Sprintf("The import id is all, or customer ids with commas between them, and %q is none: it %s.\n\n"+
					"What to do: terraform import partnercenter_customer_permissions.all all", id, err))
			return
		}
		permissions[id] = switches{}
		for _, permission := range members {
			permissions[id][permission] = false
		}
	}
	m, diags := permissions.toMap(types.MapNull(switchesType))
	resp.Diagnostics.Append(diags...)
	for name, value := range map[string]any{
		"id": text, "permissions": m, "unlisted": "ignore", "verify_azure_subscription": true, "refresh": refreshFull, "full_refresh_after": fullRefreshAfter,
	} {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, customerPermissionsIdentity{types.StringValue(text)})...)
}
