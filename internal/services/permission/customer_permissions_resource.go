package permission

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
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
// Delete turns off what is on. As a part of a replacement it lets those be that the new one lists:
// Terraform replaces a fleet whose first apply failed in part, and nobody wants it switched off for
// that.
// https://learn.microsoft.com/partner-center/developer/self-serve-policy-resources
type customerPermissionsResource struct{ tfkit.Resource }

func (r *customerPermissionsResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_permissions"
}

// ModifyPlan refuses at plan time what apply would refuse. Each value of thousands of customers
// takes megabytes, so it makes none in vain.
func (r *customerPermissionsResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		var permissions types.Map
		resp.Diagnostics.Append(planned{}.save(ctx, resp.Private)...)
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
		resp.Diagnostics.Append(plan.planned().save(ctx, resp.Private)...)
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
		resp.Diagnostics.Append(failed.Error("read the permissions", "The state is as it was. "+
			"When a customer stays so, it can be released: set it to {} and apply with -refresh=false."))
		return
	}
	if len(gone) > 0 {
		resp.Diagnostics.AddWarning(fmt.Sprintf("Customers that are gone: %d", len(gone)),
			"They have no reseller relationship, or there is no such tenant, so nothing is on for them: "+shortList(gone)+".")
	}
	if now.listed.equal(toFleet(m.Permissions)) && now.unlisted.equal(toFleet(m.UnlistedPermissions)) {
		resp.Diagnostics.Append(last.save(ctx, resp.Private)...)
		return
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
	next, diags := loadPlanned(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	done, diags := r.write(ctx, fleet{}.steps(next.ended(r.notReplaced(toFleet(state.Permissions))), false), false)
	if !diags.HasError() {
		return
	}
	resp.Diagnostics.Append(diags...)
	left := toFleet(state.Permissions)
	maps.DeleteFunc(left, func(id string, _ switches) bool { return done[id] })
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
	for i, id := range ids {
		id = strings.TrimSpace(id)
		ids[i] = id
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
	if !strings.EqualFold(text, "all") {
		// A customer without a policy and no customer can read alike.
		errs, err := r.PartnerCenter.Each(ctx, len(ids), func(ctx context.Context, i int) error {
			_, err := r.PartnerCenter.Customers.Get(ctx, ids[i])
			return err
		})
		var failed tfkit.Failures
		for i, id := range ids {
			failed.Add(id, errs[i])
		}
		switch {
		case err != nil:
			resp.Diagnostics.Append(tfkit.Failure("Could not import the permissions of the customers", err))
			return
		case failed.Any():
			resp.Diagnostics.Append(failed.Error("import the permissions", "Nothing was imported."))
			return
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
