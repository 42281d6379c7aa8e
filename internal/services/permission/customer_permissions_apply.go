package permission

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/tfkit"
)

// known is what is known of the partner's customers: the managed permissions of those that
// are listed and, with deny, what others have on.
type known struct{ listed, unlisted fleet }

// all are the listed and the unlisted.
func (k known) all() fleet {
	out := make(fleet, len(k.listed)+len(k.unlisted))
	maps.Copy(out, k.listed)
	maps.Copy(out, k.unlisted)
	return out
}

// concerning is what the state says of the customers that a plan is about.
func (m customerPermissionsModel) concerning(plan customerPermissionsModel) known {
	k := known{listed: toFleet(m.Permissions), unlisted: fleet{}}
	if plan.denies() {
		k.unlisted = toFleet(m.UnlistedPermissions)
	}
	return k
}

// complete asks the server where what the state says does not tell what would change, or
// whether that is too much.
func (r *customerPermissionsResource) complete(ctx context.Context, plan customerPermissionsModel, state *customerPermissionsModel, wanted fleet, before known) (known, diag.Diagnostics) {
	if needsReading(plan, state) {
		return r.now(ctx, plan)
	}
	all := before.all()
	if !tooMany(plan, wanted.steps(all, plan.denies())).HasError() {
		return before, nil
	}
	// What is new in the plan may be as wanted already.
	added := known{listed: fleet{}}
	for id, one := range wanted {
		for permission := range one {
			if _, seen := all[id][permission]; !seen {
				added.listed[id] = one
			}
		}
	}
	_, failed, err := r.look(ctx, slices.Sorted(maps.Keys(added.listed)), added, plan, false)
	if diags := notRead(failed, err); diags.HasError() {
		return known{}, diags
	}
	for id, one := range added.listed {
		before.listed[id] = one
		delete(before.unlisted, id)
	}
	return before, nil
}

// notRead tells why nothing is changed.
func notRead(failed tfkit.Failures, err error) diag.Diagnostics {
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not read the permissions of the customers", err)}
	}
	if failed.Any() {
		return diag.Diagnostics{failed.Error("read the permissions", "Nothing was changed.")}
	}
	return nil
}

// now reads what the plan's customers have on and, with deny, the others.
func (r *customerPermissionsResource) now(ctx context.Context, plan customerPermissionsModel) (known, diag.Diagnostics) {
	plan.Refresh = types.StringValue(refreshFull)
	now, _, failed, err := r.read(ctx, plan, new(refreshed), false)
	return now, notRead(failed, err)
}

// apply changes what has to be changed. It returns what was reached and for how many
// customers something was done.
func (r *customerPermissionsResource) apply(ctx context.Context, plan customerPermissionsModel, before known) (known, int, diag.Diagnostics) {
	want, from := toFleet(plan.Permissions), before.all()
	steps := want.steps(from, plan.denies())
	if diags := tooMany(plan, steps); diags.HasError() {
		return before, 0, diags
	}
	done, diags := r.write(ctx, steps, plan.VerifyAzureSubscription.ValueBool())
	after := known{listed: want.reached(from, steps, done), unlisted: fleet{}}
	for id, left := range before.unlisted {
		if _, listed := want[id]; !listed && !done[id] {
			after.unlisted[id] = left
			delete(after.listed, id)
		}
	}
	return after, len(done), diags
}

// afterWrite is what the next refresh needs to know after a write. It is a full one when some of
// the write failed.
func (r refreshed) afterWrite(ctx context.Context, diags diag.Diagnostics) refreshed {
	if diags.HasError() {
		r.Full = time.Time{}
		return r
	}
	r.wrote(ctx, time.Now().UTC())
	return r
}

// plannedKey is where private state keeps what the last plan was for: Delete has to tell a
// destroy from the first half of a replacement.
const plannedKey = "planned"

// planned is a plan of a creation, or the zero value.
type planned struct {
	Creates bool `json:"creates"`
	// Listed are the customers of the plan, nil when they are not known yet.
	Listed []string `json:"listed"`
}

// planned is what a plan to create the fleet leaves for Delete.
func (m customerPermissionsModel) planned() planned {
	p := planned{Creates: true}
	if isKnown(m.Permissions) {
		p.Listed = slices.AppendSeq([]string{}, maps.Keys(toFleet(m.Permissions)))
	}
	return p
}

func (p planned) save(ctx context.Context, private tfkit.PrivateState) diag.Diagnostics {
	b, err := json.Marshal(p)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not note what the plan is for", err.Error())}
	}
	return private.SetKey(ctx, plannedKey, b)
}

func loadPlanned(ctx context.Context, private tfkit.PrivateState) (planned, diag.Diagnostics) {
	var p planned
	b, diags := private.GetKey(ctx, plannedKey)
	if b == nil || diags.HasError() {
		return p, diags
	}
	if err := json.Unmarshal(b, &p); err != nil {
		diags.AddError("Could not tell what the plan is for", "Nothing was changed: "+err.Error())
	}
	return p, diags
}

// ended is what Delete has to turn off: all of the fleet or, in a replacement, whom the next one
// does not list.
func (p planned) ended(f fleet) fleet {
	switch {
	case !p.Creates:
		return f
	case p.Listed == nil:
		return fleet{}
	}
	for _, id := range p.Listed {
		delete(f, id)
	}
	return f
}

// settable is the state of a response.
type settable interface {
	Set(ctx context.Context, value any) diag.Diagnostics
}

// save writes what was reached to the state.
func (r *customerPermissionsResource) save(ctx context.Context, m customerPermissionsModel, reached known, to settable, private tfkit.PrivateState, last refreshed) diag.Diagnostics {
	var diags, more diag.Diagnostics
	if !reached.listed.equal(toFleet(m.Permissions)) {
		m.Permissions, more = reached.listed.toMap(m.Permissions)
		diags.Append(more...)
	}
	m.UnlistedPermissions = types.MapNull(switchesType)
	if m.denies() {
		m.UnlistedPermissions, more = reached.unlisted.toMap(types.MapNull(switchesType))
		diags.Append(more...)
	}
	diags.Append(last.save(ctx, private)...)
	diags.Append(planned{}.save(ctx, private)...)
	diags.Append(to.Set(ctx, m)...)
	return diags
}
