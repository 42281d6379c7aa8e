package permission

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// A review finds out what an apply will change. If the state has the permissions, the changes follow from state
// and configuration. If not (a first create, new customers, a first deny), the review reads them from Partner
// Center. Terraform plans again during the apply, and rejects a plan with another result. So an apply changes
// only customers that the reviewed plan names.

// reviewed is the input of a review.
type reviewed struct {
	Wanted   fleet `json:"wanted"`
	Denies   bool  `json:"denies"`
	Verifies bool  `json:"verifies"`
	Reports  bool  `json:"reports"`

	state   *customerPermissionsModel // nil if there is none
	asserts []string
}

// reviewed returns the input for the review of the plan.
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
	// read is the number of customers that were read because the state does not have them.
	read int
}

// taken returns the steps without the customers that are left out.
func (v review) taken() []step {
	return slices.DeleteFunc(slices.Clone(v.steps), func(s step) bool { return v.left[s.customerID] != "" })
}

// reviewKey is the key of a review in the memory of the run. With it, Create finds the review of its plan.
type reviewKey [sha256.Size]byte

func (n reviewed) key() reviewKey {
	text, _ := json.Marshal(n) // json.Marshal sorts maps
	return sha256.Sum256(text)
}

// review makes the review. In a replacement, it returns the review that the first half has made: at that time,
// nothing may fail any more.
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
		out.before = n.state.snapshot(unlistedOf(ctx, private, n.Denies), leftOf(ctx, private))
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
	out.steps = out.before.steps(n.Wanted)
	var diags diag.Diagnostics
	if !r.PartnerCenter.AppOnly() {
		out.left, diags = r.qualify(ctx, n, out.steps, found.Off, unconfirmed)
	}
	shown := snapshot{out.before.listed, out.before.unlisted, unsure}.withEnded(n.Wanted, r.Claims.Ended)
	out.changes = shown.changes(n.Wanted, shown.steps(n.Wanted), out.left, unconfirmed, found)
	if !diags.HasError() {
		r.Memory.Store(n.key(), out)
	}
	return out, diags
}

// readMissing reads the permissions that are not in the state. It returns the number of customers that it read.
func (r *customerPermissionsResource) readMissing(ctx context.Context, n reviewed, before snapshot) (snapshot, int, diag.Diagnostics) {
	missing := n.missing(before)
	found := finding{known: snapshot{listed: missing, unlisted: fleet{}}}
	ids := slices.Collect(maps.Keys(missing))
	neverRead := n.Denies && (n.state == nil || !n.state.denies()) // customers that are not listed
	var err error
	if neverRead {
		if ids, err = r.listCustomers(ctx, missing); err != nil {
			return before, 0, r.notRead(ctx, found.failed, tfkit.OutOfTime(ctx, err))
		}
		ids = slices.DeleteFunc(ids, func(id string) bool {
			_, isKnown := before.listed[id]
			_, isListed := n.Wanted[id]
			return (isKnown || isListed) && missing[id] == nil
		})
	}
	slices.Sort(ids)
	err = r.readPolicies(ctx, ids, &found, neverRead, time.Time{}, nil)
	if diags := r.notRead(ctx, found.failed, tfkit.OutOfTime(ctx, err)); diags.HasError() {
		return before, 0, diags
	}
	for id, one := range found.known.listed {
		before.listed[id] = one
		delete(before.unlisted, id)
	}
	maps.Copy(before.unlisted, found.known.unlisted)
	return before, len(ids), nil
}

// missing returns the customers with wanted permissions that are not in the state. With deny, it also returns
// customers that are no longer listed, because all their permissions are disabled.
func (n reviewed) missing(before snapshot) fleet {
	out := fleet{}
	for id, one := range n.Wanted {
		has := before.of(id)
		for permission := range one {
			if _, seen := has[permission]; !seen {
				out[id] = one
			}
		}
	}
	for id, has := range before.listed {
		if _, isListed := n.Wanted[id]; n.Denies && !isListed && len(has) < len(memberPermissions) {
			out[id] = switches{}
			for _, permission := range memberPermissions {
				out[id][permission] = false
			}
		}
	}
	return out
}

// notRead returns the error that says why nothing is changed.
func (r *customerPermissionsResource) notRead(ctx context.Context, failed tfkit.Failures, err error) diag.Diagnostics {
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not read the permissions of the customers", err)}
	}
	if failed.Any() {
		return diag.Diagnostics{failed.Named(ctx, r.Clients).Error("read the permissions", "Nothing was changed.")}
	}
	return nil
}

// take returns the review of the plan that is applied. If another process made the plan, it makes the review
// again, and rejects changes of customers that the plan does not name.
func (r *customerPermissionsResource) take(ctx context.Context, n reviewed, plan customerPermissionsModel, private tfkit.PrivateState) (review, diag.Diagnostics) {
	if v, ok := r.Memory.LoadAndDelete(n.key()); ok {
		return v.(review), nil //nolint:forcetypeassert // its key has a type of its own
	}
	v, diags := r.review(ctx, n, private)
	if !diags.HasError() && !plan.Changes.IsUnknown() {
		named := make(map[string]bool)
		for key := range unpack(plan.Changes) {
			named[changedID(key)] = true
		}
		diags.Append(r.unnamed(ctx, v.changes.by, named)...)
	}
	return v, diags
}

// unnamed rejects changes of customers that the plan does not name.
func (r *customerPermissionsResource) unnamed(ctx context.Context, by map[string]string, named map[string]bool) diag.Diagnostics {
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
	return diag.Diagnostics{diag.NewErrorDiagnostic(numberOf(len(ids))+" changed since this plan was made",
		fmt.Sprintf("The plan does not name them, so nothing was changed: %s.\n\nWhat to do: plan again.", shortList(ctx, r.Clients, ids)))}
}

// reached returns the planned changes without those of customers that failed.
func (v review) reached(planned types.String, results []result) types.String {
	failed := make(map[string]bool)
	for i, s := range v.steps {
		failed[s.customerID] = results[i].err != nil
	}
	out := unpack(planned)
	maps.DeleteFunc(out, func(key string, _ any) bool { return failed[changedID(key)] })
	return pack(out)
}
