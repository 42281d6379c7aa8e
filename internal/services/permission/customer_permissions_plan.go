package permission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

// ModifyPlan refuses at plan time what apply would refuse. Each value of thousands of customers
// takes megabytes, so it makes none in vain.
func (r *customerPermissionsResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	if req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(r.planDestroy(ctx, req, resp, object)...)
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
	case req.Plan.Raw.Equal(req.State.Raw):
		state = &plan
	default:
		same = false
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if r.Clients == nil || resp.Diagnostics.HasError() || !isKnown(plan.Permissions) {
		return
	}
	wanted := toFleet(plan.Permissions)
	has := snapshot{}
	if state != nil {
		has = state.known(false)
	}
	asserts, diags := r.declare(ctx, wanted, has, plan.denies(), object)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || state != nil && same && len(asserts) == 0 && state.Unconfirmed.IsNull() {
		return
	}
	unconfirmed, diags := r.planChanges(ctx, planning{plan, state, wanted, asserts, object, resp.Private})
	resp.Diagnostics.Append(diags...)
	if !resp.Diagnostics.HasError() && !unconfirmed.Equal(plan.Unconfirmed) {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("unconfirmed"), unconfirmed)...)
	}
}

// planDestroy claims the end of all that is on.
func (r *customerPermissionsResource) planDestroy(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, object string) diag.Diagnostics {
	var value attr.Value // of another type the framework makes two more copies
	diags := plannedCreation{}.save(ctx, resp.Private)
	diags.Append(req.State.GetAttribute(ctx, path.Root("permissions"), &value)...)
	permissions, _ := value.(types.Map)
	if r.Clients == nil || diags.HasError() {
		return diags
	}
	r.Claims.Deny(object, nil)
	keeps, passes, more := r.Claims.PlanEnd(ctx, resp.Private, object, toFleet(permissions).subjects())
	diags.Append(more...)
	return append(diags, handOver(path.Root("permissions"), keeps, passes)...)
}

// subjects are the permissions that are on.
func (f fleet) subjects() []tfkit.Subject {
	var out []tfkit.Subject
	for id, one := range f {
		for _, permission := range one.on() {
			out = append(out, subjectOf(permission, id))
		}
	}
	return out
}

// declare claims what the fleet lists and compares it with other resources. It returns the
// customers whose permissions the state has on, and an object that was planned before turns off.
func (r *customerPermissionsResource) declare(ctx context.Context, wanted fleet, has snapshot, denies bool, object string) (asserts []string, diags diag.Diagnostics) {
	claims := make(map[tfkit.Subject]tfkit.Claim, len(wanted))
	for id, one := range wanted {
		for permission, on := range one {
			claim := fleetClaim(object, on)
			if is, ok := has.listed[id][permission]; !ok || is != on || has.unsure[id] {
				claim.Phase = tfkit.Declared
			}
			about := subjectOf(permission, id)
			claims[about] = claim
			r.Claims.Put(about, claim) // all of them before the first wait for another object's
		}
	}
	var c comparison
	ended := make(map[string]bool)
	for about, claim := range claims {
		if c.compare(about, claim.On, claim.Phase, r.Claims.Declare(ctx, about, claim)) {
			ended[about.ID] = true
		}
		if claim.On && r.Claims.Denied(about, object) {
			c.denied = append(c.denied, about)
		}
	}
	var deny func(tfkit.Subject) bool
	if denies {
		deny = func(about tfkit.Subject) bool {
			_, isListed := wanted[about.ID]
			return !isListed && words[partnercenter.Permission(about.Kind)] != ""
		}
	}
	c.denied = append(c.denied, r.Claims.Deny(object, deny)...)
	return slices.Collect(maps.Keys(ended)), c.diagnostics(path.Root("permissions"))
}

func fleetClaim(object string, on bool) tfkit.Claim {
	return tfkit.Claim{Object: object, Type: "partnercenter_customer_permissions", On: on, Phase: tfkit.Existing}
}

// planning is a plan to create or to update.
type planning struct {
	plan    customerPermissionsModel
	state   *customerPermissionsModel // nil when there is none
	wanted  fleet
	asserts []string
	object  string
	private tfkit.PrivateState
}

// planChanges refuses what apply would refuse, and tells what the plan does not show. It returns
// the planned unconfirmed.
func (r *customerPermissionsResource) planChanges(ctx context.Context, p planning) (types.Map, diag.Diagnostics) {
	unknown := types.MapUnknown(types.StringType)
	if p.plan.Unlisted.IsUnknown() || p.plan.MaxChanges.IsUnknown() || p.plan.VerifyAzureSubscription.IsUnknown() || p.plan.OnError.IsUnknown() {
		return unknown, nil
	}
	name, timeoutOf := "update", p.plan.Timeouts.Update
	if p.state == nil {
		name, timeoutOf = "create", p.plan.Timeouts.Create
	}
	timeout, diags := timeoutOf(ctx, fleetTimeout)
	if diags.HasError() {
		return unknown, diags
	}
	ctx, cancel := tfkit.OperationOf(ctx, name, timeout)
	defer cancel()
	var before snapshot
	if p.state != nil {
		before = p.state.known(p.plan.denies())
	} else {
		before = r.yielded(p.wanted)
	}
	if p.state == nil && len(before.listed) > 0 {
		return unknown, nil // the other half of this replacement has let go, and relies on the create
	}
	for _, id := range p.asserts {
		before.unsure[id] = true
	}
	if !r.PartnerCenter.AppOnly() {
		var more diag.Diagnostics
		before, more = r.readMissing(ctx, p.plan, p.state, p.wanted, before)
		if diags.Append(more...); diags.HasError() {
			return unknown, diags
		}
		if needsReading(p.plan, p.state) {
			diags.Append(tellOfUnlisted(before.unlisted)...)
		}
	}
	steps := before.steps(p.wanted, p.plan.denies())
	keeps, passes, more := r.Claims.PlanEnd(ctx, p.private, p.object, ending(steps))
	diags.Append(more...)
	diags.Append(handOver(path.Root("permissions"), keeps, passes)...)
	steps = without(steps, keeps)
	if len(steps) == 0 && len(p.asserts) == 0 && p.state != nil {
		return unconfirmedMap(nil), diags
	}
	if r.PartnerCenter.AppOnly() {
		return unknown, append(diags, errAppOnly)
	}
	diags.Append(tellOfRemoved(steps)...)
	left, more := r.qualify(ctx, p, steps)
	diags.Append(more...)
	taken := slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return left[s.customerID] != "" })
	if tooMany := tooMany(p.plan, taken); tooMany != nil {
		diags.AddAttributeWarning(path.Root("max_changes"), tooMany.Summary(), "Apply will refuse this plan. "+tooMany.Detail())
	}
	if p.state == nil || len(p.asserts) > 0 || p.plan.reports() && slices.ContainsFunc(taken, func(s step) bool { return len(s.on) > 0 }) {
		return unknown, diags
	}
	return unconfirmedMap(left), diags
}

// ending are the permissions that steps turn off since nobody lists them any more.
func ending(steps []step) []tfkit.Subject {
	var out []tfkit.Subject
	for _, s := range steps {
		if s.kind == removed {
			for _, permission := range s.off {
				out = append(out, subjectOf(permission, s.customerID))
			}
		}
	}
	return out
}

// without are the steps without the permissions that others keep on.
func without(steps []step, keeps []tfkit.Subject) []step {
	var out []step
	for _, s := range steps {
		if s = s.without(keeps); len(s.on)+len(s.off) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (s step) without(keeps []tfkit.Subject) step {
	if s.kind == removed {
		s.off = slices.DeleteFunc(slices.Clone(s.off), func(p partnercenter.Permission) bool { return slices.Contains(keeps, subjectOf(p, s.customerID)) })
	}
	return s
}

// needsReading tells whether the state does not say what would change: what is not listed has
// never been looked at, or nothing has.
func needsReading(plan customerPermissionsModel, state *customerPermissionsModel) bool {
	return plan.denies() && (state == nil || !state.denies()) || state == nil && !plan.MaxChanges.IsNull()
}

// tellOfUnlisted names who would be turned off without being listed: the plan has no place for
// what is on before there is a state.
func tellOfUnlisted(unlisted fleet) diag.Diagnostics {
	if len(unlisted) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(unlisted))
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("unlisted"), fmt.Sprintf("Customers to be turned off without being listed: %d", len(ids)),
		"They have permissions on, and unlisted is deny: "+shortList(ids)+".")}
}

// tellOfRemoved names who is turned off by being listed no longer, which looks in a plan like being
// let go.
func tellOfRemoved(steps []step) diag.Diagnostics {
	var ids []string
	for _, s := range steps {
		if s.kind == removed {
			ids = append(ids, s.customerID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("permissions"), fmt.Sprintf("Customers to be turned off since they are no longer listed: %d", len(ids)),
		shortList(ids)+".\n\nTo release a customer and switch nothing, set it to {} before you remove it.")}
}

// shortList names the first of many customers.
func shortList(ids []string) string {
	if more := len(ids) - tfkit.ShownCustomers; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:tfkit.ShownCustomers], ", "), more)
	}
	return strings.Join(ids, ", ")
}

// tooMany is the error where there are more changes than are allowed, else nil.
func tooMany(plan customerPermissionsModel, steps []step) diag.Diagnostic {
	bound := plan.MaxChanges
	if bound.IsNull() || bound.IsUnknown() || int64(len(steps)) <= bound.ValueInt64() {
		return nil
	}
	on, off := 0, 0
	for _, s := range steps {
		if len(s.on) > 0 {
			on++
		}
		if len(s.off) > 0 {
			off++
		}
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("max_changes"), "Too many changes",
		fmt.Sprintf("This would change %d customers (%d enabled, %d disabled), and max_changes allows %d. Nothing was changed.\n\n"+
			"What to do: check that all of these changes are intended, then raise max_changes for this apply.", len(steps), on, off, bound.ValueInt64()))
}
