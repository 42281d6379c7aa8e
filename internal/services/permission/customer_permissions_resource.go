package permission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
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

	// fleetTimeout is the default timeout of all operations. At 500 requests per minute, 10,000 customers take
	// 20 minutes. A check of their subscriptions takes another 20 minutes, and other programs of the partner
	// may use most of the limit.
	fleetTimeout = 2 * time.Hour
)

// NewCustomerPermissionsResource returns the resource partnercenter_customer_permissions.
func NewCustomerPermissionsResource() resource.Resource { return &customerPermissionsResource{} }

// customerPermissionsResource manages the permissions of any number of customers in one resource. With
// thousands of resources, Terraform itself is slow.
//
// Endpoints: GET, POST, PUT and DELETE /v1/SelfServePolicy, app+user only; writes by Admin agents only. GET
// /v1/customers with unlisted = "deny" and on import of all, GET /v1/auditrecords with refresh =
// "activity_log", GET /v1/customers/{customer}/subscriptions before a permission is enabled.
// Delete disables the enabled permissions. As a part of a replacement, it leaves the customers unchanged that
// the new resource lists. Terraform replaces a resource whose first apply failed in part, and this must not
// disable its customers.
// https://learn.microsoft.com/partner-center/developer/self-serve-policy-resources
type customerPermissionsResource struct{ tfkit.Resource }

func (r *customerPermissionsResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_permissions"
}

func (r *customerPermissionsResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan customerPermissionsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel := tfkit.OperationOf(ctx, "create", plan.Timeouts.Create, fleetTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	plan.ID = types.StringValue(uuid.NewString())
	start := time.Now().UTC()
	p := planning{plan: plan, wanted: toFleet(plan.Permissions)}
	yielded := r.yielded(p.wanted)
	v, diags := r.take(ctx, p.reviewed(), plan, resp.Private)
	after := applied{known: yielded, unconfirmed: yielded.stillUnsure()}
	if !diags.HasError() {
		for id := range yielded.unsure {
			v.before.unsure[id] = true
		}
		v.steps = v.before.steps(p.wanted)
		after, diags = r.apply(ctx, plan, v, object, resp.Private)
	}
	if diags.HasError() && !after.touched && len(yielded.listed) == 0 { // nothing relies on it
		resp.Diagnostics.Append(diags...)
		return // without a state there is nothing to replace
	}
	resp.Diagnostics.Append(tfkit.Explain(diags, untaint)...)
	resp.Diagnostics.Append(r.save(ctx, plan, after, &resp.State, resp.Private, refreshed{Full: start, Log: start}.afterWrite(ctx, diags))...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, customerPermissionsIdentity{plan.ID})...)
}

// yielded returns the permissions that a replaced resource of this run has left enabled for the wanted
// customers.
func (r *customerPermissionsResource) yielded(wanted fleet) snapshot {
	out := snapshot{listed: fleet{}, unlisted: fleet{}, unsure: make(map[string]bool)}
	for id := range wanted {
		for _, permission := range members {
			yielded, certain := r.Claims.Yielded(subjectOf(permission, id))
			if !yielded {
				continue
			}
			if out.listed[id] == nil {
				out.listed[id] = switches{}
			}
			out.listed[id][permission] = true
			if !certain {
				out.unsure[id] = true
			}
		}
	}
	return out
}

func (r *customerPermissionsResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m customerPermissionsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	ctx, cancel := tfkit.OperationOf(ctx, "read", m.Timeouts.Read, fleetTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, customerPermissionsIdentity{m.ID})...)
	r.Memory.Store(refreshedHere(object), true)
	state := toFleet(m.Permissions)
	last := loadRefreshed(ctx, req.Private)
	since, full := last.Log, last.Full
	unlisted, left := unlistedOf(ctx, req.Private, m.denies()), leftOf(ctx, req.Private)
	known := m.snapshot(unlisted, left)
	enabled := known.listed.subjects()
	found, err := r.read(ctx, m, known, &last, tfkit.WrittenAt(ctx, req.Private))
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not read the permissions of the customers", tfkit.OutOfTime(ctx, err),
			"To release a customer that cannot be read and change nothing: set it to {} and apply with -refresh=false. "+giveUp))
		return
	}
	resp.Diagnostics.Append(found.warnings...)
	if found.failed.Any() {
		resp.Diagnostics.Append(found.failed.Named(ctx, r.Clients).Warning("read the permissions", "The state keeps their values."))
	}
	if len(found.gone) > 0 {
		resp.Diagnostics.AddWarning(fmt.Sprintf("Customers that left: %d", len(found.gone)),
			"These customers have no reseller relationship, or their tenant does not exist, so no permission is in effect: "+shortList(ctx, r.Clients, found.gone)+".\n\n"+
				"What to do: remove them from permissions, if the configuration still lists them.")
	}
	resp.Diagnostics.Append(r.Claims.Read(ctx, resp.Private, object, enabled)...)
	if !since.IsZero() { // not after an import
		resp.Diagnostics.Append(changedOutside(ctx, r.Clients, since, since, found.changedOutside(m, unlisted), last.Own)...)
	}
	after := found.refresh(m, tfkit.GetPrivate[outside](ctx, req.Private, outsideKey))
	if after.known.listed.equal(state) && after.known.unlisted.equal(unlisted) && after.left.equal(left) && maps.Equal(after.unconfirmed, m.unconfirmed()) {
		if m.Refresh.ValueString() == refreshByLog && !last.Full.Equal(full) {
			resp.Diagnostics.Append(last.save(ctx, resp.Private)...) // the next refresh reads the log from here
		}
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, outsideKey, after.outside)...)
		return
	}
	resp.Diagnostics.Append(r.save(ctx, m, after, &resp.State, resp.Private, last)...)
}

func (r *customerPermissionsResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state customerPermissionsModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := tfkit.OperationOf(ctx, "update", plan.Timeouts.Update, fleetTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	v, diags := r.take(ctx, planning{plan: plan, state: &state, wanted: toFleet(plan.Permissions)}.reviewed(), plan, req.Private)
	if diags.HasError() {
		resp.Diagnostics.Append(diags...)
		return
	}
	after, diags := r.apply(ctx, plan, v, object, resp.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.save(ctx, plan, after, &resp.State, resp.Private, loadRefreshed(ctx, req.Private).afterWrite(ctx, diags))...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, customerPermissionsIdentity{plan.ID})...)
}

func (r *customerPermissionsResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state customerPermissionsModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := tfkit.OperationOf(ctx, "delete", state.Timeouts.Delete, fleetTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	all := toFleet(state.Permissions)
	creation := tfkit.GetPrivate[plannedCreation](ctx, req.Private, plannedKey)
	next, ended := creation.split(all)
	if resp.Diagnostics.Append(r.prepare(ctx, creation, next)...); resp.Diagnostics.HasError() {
		return
	}
	unsure := state.unconfirmed()
	known := state.snapshot(nil, leftOf(ctx, req.Private)).listed
	maps.DeleteFunc(known, func(id string, _ switches) bool { return ended[id] == nil })
	steps := snapshot{listed: known}.steps(nil)
	results, diags := r.write(ctx, steps, writing{written: tfkit.WrittenAt(ctx, req.Private), object: object, private: req.Private})
	resp.Diagnostics.Append(diags...)
	if !diags.HasError() {
		for _, one := range next.subjects() {
			r.Claims.Yield(one, unsure[one.ID] == "")
		}
		return
	}
	left := applied{known: snapshot{listed: next}, unconfirmed: unsure, left: leftOf(ctx, req.Private)}
	for i, s := range steps {
		if results[i].err != nil {
			left.known.listed[s.customerID] = all[s.customerID]
		}
	}
	maps.DeleteFunc(left.unconfirmed, func(id string, _ reason) bool { return left.known.listed[id] == nil })
	resp.Diagnostics.Append(r.save(ctx, state, left, &resp.State, resp.Private, refreshed{})...)
}

// prepare makes the review for the other half of a replacement, which takes over permissions that stay enabled.
// If that half could not start, no state would have these permissions.
func (r *customerPermissionsResource) prepare(ctx context.Context, creation plannedCreation, next fleet) diag.Diagnostics {
	if len(next.subjects()) == 0 {
		return nil
	}
	v, diags := r.review(ctx, *creation.Next, nil)
	if diags.HasError() {
		return diags
	}
	named := make(map[string]bool)
	for id := range creation.Changes {
		named[id] = true
	}
	if diags = r.unnamed(ctx, v.changes.by, named); !diags.HasError() && !maps.Equal(v.changes.by, creation.Changes) {
		diags = r.unnamed(ctx, creation.Changes, nil)
	}
	if diags.HasError() {
		return diags
	}
	_, err := r.PartnerCenter.Customers.Names(ctx, slices.Collect(maps.Keys(v.changes.by))...)
	if err != nil {
		diags.Append(tfkit.Failure("Could not read the names of the customers", tfkit.OutOfTime(ctx, err)))
	}
	return diags
}
