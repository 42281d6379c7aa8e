package permission

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/tfkit"
)

// A review finds out what an apply will change. Where the state says what is on, it follows from state
// and configuration. Where it does not (a first create, customers that are new, a first deny) the
// review reads the server. Terraform plans once more while it applies, and refuses a plan that came
// out differently: so nobody is changed whom the plan that was read by people does not name.

// reviewed is what a review is about.
type reviewed struct {
	Wanted   fleet `json:"wanted"`
	Denies   bool  `json:"denies"`
	Verifies bool  `json:"verifies"`
	Reports  bool  `json:"reports"`

	state   *customerPermissionsModel // nil when there is none
	asserts []string
}

// reviewed is what the plan is about.
func (p planning) reviewed() reviewed {
	return reviewed{p.wanted, p.plan.denies(), p.plan.VerifyAzureSubscription.ValueBool(), p.plan.reports(), p.state, p.asserts}
}

// review is what an apply will change.
type review struct {
	before snapshot
	steps  []step
	left   map[string]reason
	// changes are the steps in words.
	changes changes
	// read is how many customers were read because the state does not know them.
	read int
}

// taken are the steps without the customers that are left out.
func (v review) taken() []step {
	return slices.DeleteFunc(slices.Clone(v.steps), func(s step) bool { return v.left[s.customerID] != "" })
}

// reviewKey is the key of a review in the memory of the run, where Create finds that of its plan.
type reviewKey [sha256.Size]byte

func (n reviewed) key() reviewKey {
	text, _ := json.Marshal(n) // maps are sorted
	return sha256.Sum256(text)
}

// review makes the review, or returns that of the half of a replacement that let go: by then nothing
// may fail any more.
func (r *customerPermissionsResource) review(ctx context.Context, n reviewed, private tfkit.PrivateState) (review, diag.Diagnostics) {
	if n.state == nil && len(r.yielded(n.Wanted).listed) > 0 {
		if v, ok := r.Memory.Load(n.key()); ok {
			return v.(review), nil //nolint:forcetypeassert // its key has a type of its own
		}
	}
	var out review
	var unconfirmed map[string]reason
	var found outside
	if n.state != nil {
		found = tfkit.GetPrivate[outside](ctx, private, outsideKey)
		out.before = n.state.known(unlistedOf(ctx, private, n.Denies))
		unconfirmed = n.state.unconfirmed()
	} else {
		out.before = snapshot{listed: fleet{}, unlisted: fleet{}, unsure: make(map[string]bool)}
	}
	if !r.PartnerCenter.AppOnly() {
		var diags diag.Diagnostics
		if out.before, out.read, diags = r.readMissing(ctx, n, out.before); diags.HasError() {
			return out, diags
		}
	}
	unsure := maps.Clone(out.before.unsure)
	for _, id := range n.asserts {
		out.before.unsure[id] = true
	}
	out.steps = out.before.steps(n.Wanted, n.Denies)
	var diags diag.Diagnostics
	if !r.PartnerCenter.AppOnly() {
		out.left, diags = r.qualify(ctx, n, out.steps, found.Off, unconfirmed)
	}
	out.changes = snapshot{out.before.listed, out.before.unlisted, unsure}.changes(n.Wanted, out.steps, out.left, found)
	if !diags.HasError() {
		r.Memory.Store(n.key(), out)
	}
	return out, diags
}

// readMissing reads what the state does not say. It returns how many customers it read.
func (r *customerPermissionsResource) readMissing(ctx context.Context, n reviewed, before snapshot) (snapshot, int, diag.Diagnostics) {
	if n.Denies && (n.state == nil || !n.state.denies()) { // who is not listed was never read
		found := finding{known: snapshot{listed: maps.Clone(n.Wanted), unlisted: fleet{}}}
		ids, err := r.listCustomers(ctx, found.known.listed)
		if err == nil {
			ids = slices.DeleteFunc(ids, func(id string) bool { one, isListed := n.Wanted[id]; return isListed && len(one) == 0 })
			slices.Sort(ids)
			err = r.readPolicies(ctx, ids, &found, true, time.Time{})
		}
		found.known.unsure = before.unsure
		return found.known, len(ids), notRead(found.failed, tfkit.OutOfTime(ctx, err))
	}
	added := snapshot{listed: fleet{}}
	for id, one := range n.Wanted {
		all := before.of(id)
		for permission := range one {
			if _, seen := all[permission]; !seen {
				added.listed[id] = one
			}
		}
	}
	found := finding{known: added}
	err := r.readPolicies(ctx, slices.Sorted(maps.Keys(added.listed)), &found, false, time.Time{})
	if diags := notRead(found.failed, tfkit.OutOfTime(ctx, err)); diags.HasError() {
		return before, 0, diags
	}
	for id, one := range added.listed {
		before.listed[id] = one
		delete(before.unlisted, id)
	}
	return before, len(added.listed), nil
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

// take returns the review of the plan that is applied. It makes it anew where the plan was made by
// another process, and then refuses to change customers that the plan does not name.
func (r *customerPermissionsResource) take(ctx context.Context, n reviewed, plan customerPermissionsModel, private tfkit.PrivateState) (review, diag.Diagnostics) {
	if v, ok := r.Memory.LoadAndDelete(n.key()); ok {
		return v.(review), nil //nolint:forcetypeassert // its key has a type of its own
	}
	v, diags := r.review(ctx, n, private)
	if !diags.HasError() && !plan.Changes.IsUnknown() {
		named := make(map[string]bool)
		for key := range plan.Changes.Elements() {
			named[changedID(key)] = true
		}
		diags.Append(unnamed(v.changes.by, named)...)
	}
	return v, diags
}

// unnamed refuses changes of customers that the plan does not name.
func unnamed(by map[string]string, named map[string]bool) diag.Diagnostics {
	var ids []string
	for id := range by {
		if !named[id] {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return diag.Diagnostics{diag.NewErrorDiagnostic(fmt.Sprintf("%d customers changed since this plan was made", len(ids)),
		fmt.Sprintf("The plan does not name them, so nothing was changed: %s.\n\nWhat to do: plan again.", shortList(ids)))}
}

// reached are the planned changes without those of customers that failed.
func (v review) reached(planned types.Map, results []result) types.Map {
	failed := make(map[string]bool)
	for i, s := range v.steps {
		failed[s.customerID] = results[i].err != nil
	}
	out := planned.Elements()
	maps.DeleteFunc(out, func(key string, _ attr.Value) bool { return failed[changedID(key)] })
	if len(out) == 0 {
		return types.MapNull(types.StringType)
	}
	return types.MapValueMust(types.StringType, out)
}
