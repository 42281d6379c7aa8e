package permission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// ModifyPlan rejects at plan time what an apply would reject.
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
	same := len(unlistedOf(ctx, resp.Private, plan.denies())) == 0
	var state *customerPermissionsModel
	switch {
	case req.State.Raw.IsNull():
	case req.Plan.Raw.Equal(req.State.Raw):
		state = &plan
	default:
		same = false
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if r.Clients == nil || resp.Diagnostics.HasError() {
		return
	}
	if !isKnown(plan.Permissions) {
		if state == nil {
			resp.Diagnostics.Append(plannedCreation{Creates: true}.save(ctx, resp.Private)...)
		}
		return
	}
	wanted := toFleet(plan.Permissions)
	has := snapshot{}
	if state != nil {
		has = state.snapshot(nil, leftOf(ctx, resp.Private))
	}
	asserts, diags := r.declare(ctx, wanted, has, plan.denies(), object)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || state != nil && same && len(asserts) == 0 && state.Unconfirmed.IsNull() {
		return
	}
	p, diags := r.planChanges(ctx, planning{plan, state, wanted, asserts, object, resp.Private})
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	for name, value := range map[string]struct{ is, was types.String }{
		"unconfirmed": {p.unconfirmed, plan.Unconfirmed}, "changes": {p.changes, plan.Changes}, "change_summary": {p.summary, plan.ChangeSummary},
	} {
		if !value.is.Equal(value.was) {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), value.is)...)
		}
	}
}

// planDestroy claims that all enabled permissions end.
func (r *customerPermissionsResource) planDestroy(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, object string) diag.Diagnostics {
	var state customerPermissionsModel
	diags := plannedCreation{}.save(ctx, resp.Private)
	diags.Append(req.State.Get(ctx, &state)...)
	if r.Clients == nil || diags.HasError() {
		return diags
	}
	r.Claims.Deny(object, nil)
	known := state.snapshot(nil, leftOf(ctx, resp.Private)).listed
	keeps, passes, more := r.Claims.PlanEnd(ctx, resp.Private, object, known.subjects(), true)
	diags.Append(more...)
	diags.Append(keptAndPassed(ctx, r.Clients, path.Empty(), keeps, passes)...)
	return append(diags, r.destroys(ctx, without(snapshot{listed: known}.steps(nil), keeps))...)
}

// namesFor limits the time for reading names in the plan of a destroy. The destroy must also work without
// names.
const namesFor = 10 * time.Second

// destroys warns about the customers that a destroy disables. The plan itself shows only a map of their IDs.
func (r *customerPermissionsResource) destroys(ctx context.Context, steps []step) diag.Diagnostics {
	if len(steps) == 0 {
		return nil
	}
	ctx, cancel := tfkit.OperationWithin(ctx, namesFor)
	defer cancel()
	ids := make([]string, len(steps))
	for i, s := range steps {
		ids[i] = s.customerID
	}
	name := r.Customers(ctx, ids...)
	lines := make([]string, len(steps))
	for i, s := range steps {
		var off []string
		for _, permission := range s.off {
			off = append(off, shortWords[permission]+": on -> off")
		}
		lines[i] = "  " + name(s.customerID) + ": " + strings.Join(off, ", ") // the CLI does not wrap lines that begin with a space
	}
	slices.Sort(lines)
	return diag.Diagnostics{diag.NewWarningDiagnostic("Destroying disables the permissions of "+numberOf(len(steps)), strings.Join(lines, "\n"))}
}

// subjects returns the enabled permissions as subjects.
func (f fleet) subjects() []tfkit.Subject {
	var out []tfkit.Subject
	for id, one := range f {
		for _, permission := range one.on() {
			out = append(out, subjectOf(permission, id))
		}
	}
	return out
}

// declare claims what the resource lists and compares it with other resources. It returns the customers with an
// enabled permission in the state that an object planned before disables.
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
			r.Claims.Put(about, claim) // all of them before the first wait for another object
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
	return slices.Collect(maps.Keys(ended)), c.diagnostics(ctx, r.Clients, path.Empty())
}

func fleetClaim(object string, on bool) tfkit.Claim {
	return tfkit.Claim{Object: object, Type: "partnercenter_customer_permissions", On: on, Phase: tfkit.Existing}
}

// planning is the input of a plan to create or to update.
type planning struct {
	plan    customerPermissionsModel
	state   *customerPermissionsModel // nil if there is none
	wanted  fleet
	asserts []string
	object  string
	private tfkit.PrivateState
}

// refreshedHere is a key of the run's memory: this run has refreshed the object. An apply does not refresh.
type refreshedHere string

// planned are the computed attributes of a plan.
type planned struct {
	unconfirmed, changes, summary types.String
}

// planChanges rejects what an apply would reject, and returns the changes of the plan.
func (r *customerPermissionsResource) planChanges(ctx context.Context, p planning) (planned, diag.Diagnostics) {
	out := planned{types.StringUnknown(), types.StringUnknown(), types.StringUnknown()}
	if p.plan.Unlisted.IsUnknown() || p.plan.MaxChanges.IsUnknown() || p.plan.VerifyAzureSubscription.IsUnknown() || p.plan.OnError.IsUnknown() {
		return out, nil
	}
	name, timeoutOf := "update", p.plan.Timeouts.Update
	if p.state == nil {
		name, timeoutOf = "create", p.plan.Timeouts.Create
	}
	var diags diag.Diagnostics
	ctx, cancel := tfkit.OperationOf(ctx, name, timeoutOf, fleetTimeout, &diags)
	defer cancel()
	if diags.HasError() {
		return out, diags
	}
	n := p.reviewed()
	v, diags := r.review(ctx, n, p.private)
	if diags.HasError() {
		return out, diags
	}
	keeps, passes, more := r.Claims.PlanEnd(ctx, p.private, p.object, ending(v.steps), true)
	diags.Append(more...)
	diags.Append(keptAndPassed(ctx, r.Clients, path.Empty(), keeps, passes)...)
	if p.state == nil {
		diags.Append(plannedCreation{Creates: true, Next: &n, Changes: v.changes.by}.save(ctx, p.private)...)
	}
	names, err := r.PartnerCenter.Customers.Names(ctx, slices.Collect(maps.Keys(v.changes.by))...)
	if err != nil {
		return out, append(diags, tfkit.Failure("Could not read the names of the customers", tfkit.OutOfTime(ctx, err)))
	}
	out.changes, out.summary = v.changes.pack(names), v.changes.summary()
	if _, refreshed := r.Memory.Load(refreshedHere(p.object)); v.read > 0 && (len(v.changes.by) > 0 || !refreshed) { // not refreshed: this may be the plan of an apply
		diags.AddWarning("Apply this plan before its customers change",
			fmt.Sprintf("The state does not have the permissions of %s yet, so this plan has read them from Partner Center. If one of them changes before the apply, "+
				"Terraform stops with \"Provider produced inconsistent final plan\" and changes nothing. Then plan again.", numberOf(v.read)))
	}
	steps := without(v.steps, keeps)
	if len(steps) == 0 && len(p.asserts) == 0 && p.state != nil {
		out.unconfirmed = types.StringNull()
		return out, diags
	}
	if r.PartnerCenter.AppOnly() {
		return out, append(diags, errAppOnly)
	}
	taken := v.taken()
	if tooMany := tooMany(p.plan, taken); tooMany != nil {
		diags.AddAttributeWarning(path.Root("max_changes"), tooMany.Summary(), "Apply will refuse this plan. "+tooMany.Detail())
	}
	if p.state == nil || len(p.asserts) > 0 || p.plan.reports() && slices.ContainsFunc(taken, func(s step) bool { return len(s.on) > 0 }) {
		return out, diags
	}
	out.unconfirmed = pack(v.left)
	return out, diags
}

// ending returns the permissions that steps disable because they are no longer listed.
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

// without returns the steps without the permissions that other objects keep enabled.
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

// tooMany returns an error if there are more changes than max_changes allows, else nil.
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
		fmt.Sprintf("This would change %s (%d enabled, %d disabled), and max_changes allows %d. Nothing was changed.\n\n"+
			"What to do: check that all of these changes are intended, then raise max_changes for this apply.", numberOf(len(steps)), on, off, bound.ValueInt64()))
}
