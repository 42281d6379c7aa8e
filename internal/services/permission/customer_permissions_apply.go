package permission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// applied is the result of an apply.
type applied struct {
	known       snapshot
	unconfirmed map[string]reason
	// left are enabled permissions of customers that are left out; see leftKey.
	left fleet
	// outside are customers whose permissions are still as they were set outside Terraform.
	outside outside
	// changes and summary are the values of the state about the apply.
	changes, summary types.String
	// touched is true if something was changed, or may have been changed.
	touched bool
}

// apply applies the steps of the review, and returns what the state then says.
func (r *customerPermissionsResource) apply(ctx context.Context, plan customerPermissionsModel, v review, object string, private tfkit.PrivateState) (applied, diag.Diagnostics) {
	want, left, before := toFleet(plan.Permissions), plan.unconfirmed(), v.before
	if r.claimUnchanged(want, before, v.steps, object) {
		v.steps = before.steps(want)
	}
	taken := slices.DeleteFunc(slices.Clone(v.steps), func(s step) bool { return left[s.customerID] != "" })
	if tooMany := tooMany(plan, taken); tooMany != nil {
		return applied{known: before, unconfirmed: before.stillUnsure()}, diag.Diagnostics{tooMany}
	}
	results, diags := r.write(ctx, v.steps, writing{
		verify: plan.VerifyAzureSubscription.ValueBool(), report: plan.reports(), left: left, written: tfkit.WrittenAt(ctx, private), object: object, private: private,
	})
	out := applied{changes: plan.Changes, summary: plan.ChangeSummary}
	switch {
	case plan.Changes.IsUnknown():
		out.changes, out.summary = types.StringNull(), types.StringNull()
	case diags.HasError():
		out.changes, out.summary = v.reached(plan.Changes, results), types.StringNull()
	}
	out.known, out.unconfirmed, out.left = before.after(want, v.steps, results)
	out.touched = diags.HasError() && r.claimUnchanged(want, before, v.steps, object) // another object relies on it
	found := tfkit.GetPrivate[outside](ctx, private, outsideKey)
	for i, s := range v.steps {
		out.touched = out.touched || results[i].err == nil || results[i].outcome == partnercenter.Unsure
		if why, ok := found.Off[s.customerID]; ok && results[i].err != nil {
			out.outside.off(s.customerID, why)
		}
		if found.On[s.customerID] && results[i].err != nil {
			out.outside.on(s.customerID)
		}
	}
	return out, diags
}

// claimUnchanged claims the permissions that are already enabled, also of customers with other changes. If an
// object that ends in this run may be disabling such a permission, it marks the customer as unsure and returns
// true.
func (r *customerPermissionsResource) claimUnchanged(want fleet, before snapshot, steps []step, object string) (found bool) {
	turnedOn := make(map[string][]partnercenter.Permission, len(steps))
	for _, s := range steps {
		turnedOn[s.customerID] = s.on
	}
	for id, one := range want {
		for _, permission := range one.on() {
			if slices.Contains(turnedOn[id], permission) {
				continue // claimed once it is enabled
			}
			others := r.Claims.Put(subjectOf(permission, id), fleetClaim(object, true))
			if slices.ContainsFunc(others, func(c tfkit.Claim) bool { return c.Phase == tfkit.Ending }) {
				before.unsure[id], found = true, true
			}
		}
	}
	return found
}

// stillUnsure returns the customers that stay unconfirmed if nothing is written.
func (k snapshot) stillUnsure() map[string]reason {
	out := make(map[string]reason)
	for id := range k.unsure {
		out[id] = reasonUnsure
	}
	return out
}

// writing is the input of write.
type writing struct {
	verify, report bool
	left           map[string]reason // customers that the plan leaves out
	written        time.Time         // time of the last write of the resource
	object         string
	private        tfkit.PrivateState
}

// write applies the steps, several customers at a time.
func (r *customerPermissionsResource) write(ctx context.Context, steps []step, w writing) ([]result, diag.Diagnostics) {
	results, kept := make([]result, len(steps)), make([][]tfkit.Subject, len(steps))
	progress := tfkit.NewProgress("changed", "customers", len(steps))
	r.Claims.Await(ctx, w.private, w.object, ending(steps))
	errs, err := r.PartnerCenter.Each(ctx, len(steps), func(ctx context.Context, i int) error {
		defer progress.Done(ctx, 1)
		s := steps[i]
		if w.left[s.customerID] != "" {
			return nil
		}
		if w.verify && len(s.on) > 0 {
			if err := qualifies(ctx, r.PartnerCenter, s.customerID, s.on); err != nil {
				return unwritten{err}
			}
		}
		release, err := r.Claims.Turn(ctx, s.customerID)
		if err != nil {
			return unwritten{err}
		}
		defer release()
		kept[i] = r.Claims.End(ctx, w.private, w.object, ending(steps[i:i+1]), true)
		if s = s.without(kept[i]); len(s.on)+len(s.off) == 0 {
			return nil
		}
		_, err = r.PartnerCenter.SelfServePolicies.Set(ctx, s.customerID, s.on, s.off, partnercenter.Seen{Allows: s.before, WrittenAt: w.written})
		for _, permission := range s.on {
			if err == nil {
				r.Claims.Hold(subjectOf(permission, s.customerID), fleetClaim(w.object, true))
			}
		}
		return err
	})
	done := 0
	var failed, leftOut tfkit.Failures
	for i, s := range steps {
		if results[i].left = w.left[s.customerID]; results[i].left != "" {
			errs[i] = nil
		}
		one := &results[i]
		one.outcome, one.err = partnercenter.OutcomeOf(errs[i]), errs[i]
		switch {
		case one.err == nil:
		case len(s.on) == 0 && isGone(one.err):
			one.err = nil // there is nothing to disable
		case one.outcome != partnercenter.Unsure && s.before != nil && isGone(one.err):
			one.err = nil // the relationship ended after the plan; the next refresh shows that
			leftOut.Add(s.customerID, errs[i])
		case one.outcome != partnercenter.Unsure && w.report && len(s.on) > 0 && refusal(one.err) != "":
			one.left, one.err = refusal(one.err), nil
			leftOut.Add(s.customerID, errs[i])
		}
		if one.err == nil {
			done++
		}
		failed.Add(s.customerID, one.err)
	}
	var diags diag.Diagnostics
	diags.Append(keptAndPassed(ctx, r.Clients, path.Empty(), slices.Concat(kept...), nil)...)
	if leftOut.Any() {
		diags.Append(leftOut.Named(ctx, r.Clients).Warning("enable the permissions", stayUnchanged))
	}
	outcome := fmt.Sprintf("%d of %d customers are done, and are in the state. The next apply continues with the others.", done, len(steps))
	if unsure := unsureOf(steps, results); len(unsure) > 0 {
		outcome += fmt.Sprintf("\n\n%d customers may be enabled: the answer to the change was lost, so the state says that they are enabled. The next apply sets them again: %s.", len(unsure), shortList(ctx, r.Clients, unsure))
	}
	switch {
	case err != nil:
		failure := tfkit.Failure(fmt.Sprintf("Could not set the permissions of %d of %d customers", len(steps)-done, len(steps)), tfkit.OutOfTime(ctx, err))
		diags.AddError(failure.Summary(), outcome+"\n\n"+failure.Detail())
	case failed.Any():
		diags.Append(failed.Named(ctx, r.Clients).Error("set the permissions", outcome))
	}
	return results, diags
}

// unwritten is a failure before any write.
type unwritten struct{ error }

func (e unwritten) Unwrap() error                { return e.error }
func (unwritten) Outcome() partnercenter.Outcome { return partnercenter.NotSent }

// unsureOf returns the customers for whom the outcome of the write is unknown.
func unsureOf(steps []step, results []result) []string {
	var out []string
	for i, s := range steps {
		if results[i].err != nil && results[i].outcome == partnercenter.Unsure {
			out = append(out, s.customerID)
		}
	}
	return out
}

// refusal is [reasonOf], but also returns a reason for refusals of unknown cause.
func refusal(err error) reason {
	if why := reasonOf(err); why != "" {
		return why
	}
	if partnercenter.OutcomeOf(err) == partnercenter.Refused {
		return reasonRefused
	}
	return ""
}

// untaint says what to do after a failed first apply.
const untaint = "The next plan shows the resource as tainted and replaces it, which changes no customer that is listed. To avoid that, run terraform untaint ADDRESS, then apply."

// plannedKey is the key of private state for what the last plan creates. With it, Delete can distinguish a
// destroy from the first half of a replacement.
const plannedKey = "planned"

// plannedCreation is what a plan creates. It is zero if the plan creates nothing.
type plannedCreation struct {
	Creates bool `json:"creates"`
	// Next is what is created, or nil if it is unknown. Changes are the planned changes by customer ID.
	Next    *reviewed         `json:"next,omitempty"`
	Changes map[string]string `json:"changes,omitempty"`
}

func (p plannedCreation) save(ctx context.Context, private tfkit.PrivateState) diag.Diagnostics {
	return tfkit.SetPrivate(ctx, private, plannedKey, p)
}

// split divides the permissions of a destroyed resource into those of customers that its replacement lists, and
// the rest, which ends. If the customers of the replacement are unknown, everything ends.
func (p plannedCreation) split(f fleet) (next, ended fleet) {
	next, ended = fleet{}, maps.Clone(f)
	if p.Next == nil {
		return next, ended
	}
	for id := range p.Next.Wanted {
		if one, ok := f[id]; ok {
			next[id] = one
			delete(ended, id)
		}
	}
	return next, ended
}

// settable is the state in a response.
type settable interface {
	Set(ctx context.Context, value any) diag.Diagnostics
}

// save writes the result to the state.
func (r *customerPermissionsResource) save(ctx context.Context, m customerPermissionsModel, reached applied, to settable, private tfkit.PrivateState, last refreshed) diag.Diagnostics {
	var diags diag.Diagnostics
	if !reached.known.listed.equal(toFleet(m.Permissions)) {
		m.Permissions = reached.known.listed.pack(m.Permissions)
	}
	m.Unconfirmed = pack(reached.unconfirmed)
	m.ChangeSummary, m.Changes = types.StringNull(), types.StringNull()
	if !reached.changes.IsNull() {
		m.ChangeSummary, m.Changes = reached.summary, reached.changes
	}
	diags.Append(tfkit.SetPrivate(ctx, private, unlistedKey, reached.known.unlisted)...)
	diags.Append(tfkit.SetPrivate(ctx, private, leftKey, reached.left)...)
	diags.Append(last.save(ctx, private)...)
	diags.Append(plannedCreation{}.save(ctx, private)...)
	diags.Append(tfkit.SetPrivate(ctx, private, outsideKey, reached.outside)...)
	diags.Append(to.Set(ctx, m)...)
	return diags
}
