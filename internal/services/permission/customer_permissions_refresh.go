package permission

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// lateRecords is the part of the activity log that each refresh reads again. Microsoft does not document how
// long after a change its record appears.
const lateRecords = 6 * time.Hour

// refreshedKey is the key of private state for the data that the next refresh needs.
const refreshedKey = "refreshed"

// refreshed is the data about the last refresh.
type refreshed struct {
	// Full is the time when all customers were read. Log is the time up to which the activity log was read.
	Full time.Time `json:"full"`
	Log  time.Time `json:"log"`
	// Own are the provider's own operations, by correlation ID. Their changes need no second read.
	Own map[string]time.Time `json:"own,omitempty"`
}

// loadRefreshed returns the zero value if there is no data. The next refresh is then a full one.
func loadRefreshed(ctx context.Context, private tfkit.PrivateState) refreshed {
	return tfkit.GetPrivate[refreshed](ctx, private, refreshedKey)
}

func (r refreshed) save(ctx context.Context, private tfkit.PrivateState) diag.Diagnostics {
	return tfkit.SetPrivate(ctx, private, refreshedKey, r)
}

// afterWrite returns the data for the refresh after a write. If a part of the write failed, that refresh is a
// full one.
func (r refreshed) afterWrite(ctx context.Context, diags diag.Diagnostics) refreshed {
	if diags.HasError() {
		r.Full = time.Time{}
		return r
	}
	r.wrote(ctx, time.Now().UTC())
	return r
}

// wrote adds an operation of the provider, and removes those for which the log is no longer read.
func (r *refreshed) wrote(ctx context.Context, now time.Time) {
	if r.Own == nil {
		r.Own = make(map[string]time.Time)
	}
	maps.DeleteFunc(r.Own, func(_ string, at time.Time) bool { return now.Sub(at) > 30*24*time.Hour })
	r.Own[tfkit.CorrelationID(ctx)] = now
}

// finding is the result of a refresh.
type finding struct {
	known snapshot
	// gone are listed customers without a reseller relationship.
	gone []string
	// failed are customers that could not be read. known has their values from the state.
	failed tfkit.Failures
	// warnings say why the list of all permissions was not used.
	warnings diag.Diagnostics
}

// read returns the present permissions. written is the time of the last write. For some time after it, a read
// that contradicts the state is repeated, because reads can lag behind writes.
func (r *customerPermissionsResource) read(ctx context.Context, m customerPermissionsModel, known snapshot, last *refreshed, written time.Time) (finding, error) {
	out := finding{known: known}
	at := time.Now().UTC()
	ids, byLog := r.readChanged(ctx, m, out.known.listed, *last, at)
	var err error
	switch {
	case byLog:
		for id := range m.unconfirmed() {
			ids = append(ids, id)
		}
	case m.denies():
		if ids, err = r.listCustomers(ctx, out.known.listed); err != nil {
			return finding{}, err
		}
	default:
		ids = slices.Collect(maps.Keys(out.known.listed))
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { // no permission is managed
		one, listed := out.known.listed[id]
		return listed && len(one) == 0
	})
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var byList policies
	if m.Read.ValueString() == readByList {
		byList, out.warnings = listPolicies(ctx, r.Clients, ids, func(id string) []partnercenter.Permission { return out.known.of(id).on() })
	}
	if err := r.readPolicies(ctx, ids, &out, m.denies(), written, byList); err != nil {
		return finding{}, err
	}
	if !out.failed.Any() {
		last.Log = at
		if !byLog {
			last.Full = at
		}
	}
	return out, nil
}

// listCustomers returns the IDs of all customers of the partner, and of those in f that are not customers of
// the partner.
func (r *customerPermissionsResource) listCustomers(ctx context.Context, f fleet) ([]string, error) {
	all := make(map[string]bool, len(f))
	for id := range f {
		all[id] = true
	}
	for c, err := range r.PartnerCenter.Customers.All(ctx, partnercenter.CustomerFilter{}) {
		if err != nil {
			return nil, err
		}
		all[strings.ToLower(c.ID)] = true
		r.PartnerCenter.Customers.KnowName(c.ID, c.CompanyProfile.CompanyName)
	}
	return slices.Collect(maps.Keys(all)), nil
}

// readPolicies reads the policies of some customers. It stores the managed permissions of listed customers, and
// all enabled permissions of others.
func (r *customerPermissionsResource) readPolicies(ctx context.Context, ids []string, out *finding, denies bool, written time.Time, byList policies) error {
	on := make([][]partnercenter.Permission, len(ids)) // complete policies of thousands of customers would take more memory
	progress := tfkit.NewProgress("read", "customers", len(ids))
	lately := time.Since(written) < partnercenter.ReadLag
	errs, err := r.PartnerCenter.Each(ctx, len(ids), func(ctx context.Context, i int) error {
		defer progress.Done(ctx, 1)
		before, isListed := out.known.listed[ids[i]]
		if lately && !isListed { // with deny, the last write may have disabled what is not in the state
			before = switches{}
			for _, permission := range members {
				before[permission] = out.known.unlisted[ids[i]][permission]
			}
		}
		policy, ok := byList[ids[i]]
		var err error
		if !ok || lately && !before.same(policy) {
			policy, err = r.PartnerCenter.SelfServePolicies.Confirm(ctx, ids[i], partnercenter.Seen{Allows: before, WrittenAt: written})
		}
		for _, permission := range members {
			if policy.Allows(permission) {
				on[i] = append(on[i], permission)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, id := range ids {
		before, isListed := out.known.listed[id]
		if isGone(errs[i]) {
			errs[i] = nil // and no permission is enabled
			if isListed {
				out.gone = append(out.gone, id)
			}
		}
		if out.failed.Add(id, errs[i]); errs[i] != nil {
			continue
		}
		if isListed {
			one := make(switches, len(before))
			for permission := range before {
				one[permission] = slices.Contains(on[i], permission)
			}
			out.known.listed[id] = one
			continue
		}
		delete(out.known.unlisted, id)
		if !denies || len(on[i]) == 0 {
			continue
		}
		out.known.unlisted[id] = switches{}
		for _, permission := range on[i] {
			out.known.unlisted[id][permission] = true
		}
	}
	if out.failed.All() {
		return out.failed.First()
	}
	return nil
}

// refresh returns the state after the refresh. Customers that the last apply left out keep their declared
// values until Partner Center has them, too.
func (f finding) refresh(m customerPermissionsModel, before outside) applied {
	state, unconfirmed := toFleet(m.Permissions), m.unconfirmed()
	out := applied{known: f.known, unconfirmed: make(map[string]reason), left: fleet{}, changes: m.Changes, summary: m.ChangeSummary}
	unread := f.failed.IDs()
	for id, found := range f.known.listed {
		why, isGone := unconfirmed[id], slices.Contains(f.gone, id)
		was, wasOff := before.Off[id]
		switch {
		case unread[id]:
			out.known.listed[id] = state[id]
			if why != "" {
				out.unconfirmed[id] = why
			}
			if why != "" && why != reasonUnsure {
				out.left.keep(id, found)
			}
			if wasOff {
				out.outside.off(id, was)
			}
			if before.On[id] {
				out.outside.on(id)
			}
			continue
		case why != "" && why != reasonUnsure && !maps.Equal(found, state[id]):
			out.known.listed[id] = state[id]
			out.left.keep(id, found)
			if out.unconfirmed[id] = why; isGone {
				out.unconfirmed[id] = reasonNoRelationship
			}
			continue
		}
		for permission, on := range found {
			switch {
			case on && (before.On[id] || !state[id][permission] && why == ""):
				out.outside.on(id)
			case !on && isGone && (wasOff || state[id][permission] && why == ""):
				out.outside.off(id, reasonNoRelationship)
			case !on && (wasOff || state[id][permission] && why == ""):
				out.outside.off(id, was)
			}
		}
	}
	return out
}

// changedOutside returns the permissions that differ from the state. Customers that are gone have their own
// warning.
func (f finding) changedOutside(m customerPermissionsModel, unlisted fleet) []outsideChange {
	state, unconfirmed, unread := toFleet(m.Permissions), m.unconfirmed(), f.failed.IDs()
	var out []outsideChange
	compare := func(id string, before, found switches) {
		for _, permission := range memberPermissions {
			if before[permission] != found[permission] {
				out = append(out, outsideChange{id, permission, found[permission]})
			}
		}
	}
	for id, found := range f.known.listed {
		if unconfirmed[id] == "" && !unread[id] && !slices.Contains(f.gone, id) {
			compare(id, state[id], found)
		}
	}
	for id, found := range f.known.unlisted {
		if _, known := unlisted[id]; !known {
			compare(id, nil, found)
		}
	}
	return out
}

// readChanged reads from the activity log which customers' policies were changed since the last refresh. It
// returns false if all customers have to be read: the last full read is too long ago, or the log does not reach
// back far enough, cannot be read, or has a record that cannot be understood.
func (r *customerPermissionsResource) readChanged(ctx context.Context, m customerPermissionsModel, listed fleet, last refreshed, now time.Time) ([]string, bool) {
	if m.Refresh.ValueString() != refreshByLog {
		return nil, false
	}
	fullAfter, err := time.ParseDuration(m.FullRefreshAfter.ValueString())
	start := last.Log.Add(-lateRecords)
	// The first day of the log may be incomplete.
	if err != nil || last.Full.IsZero() || now.Sub(last.Full) >= fullAfter || now.Sub(start) > partnercenter.AuditRetention-24*time.Hour || last.Log.After(now) {
		return nil, false
	}
	ids := make(map[string]bool)
	for record, err := range r.PartnerCenter.AuditRecords.All(ctx, partnercenter.AuditFilter{Start: start, ResourceTypes: []string{"self_serve_policy"}}) {
		if err != nil {
			tflog.Warn(ctx, "could not read the activity log, so all customers are read", map[string]any{"error": err.Error()})
			return nil, false
		}
		id := strings.ToLower(record.CustomerID)
		if tfkit.CheckGUID(id) != nil || strings.EqualFold(id, record.PartnerID) {
			tflog.Warn(ctx, "the activity log has a change of an unknown customer, so all customers are read", map[string]any{"record": record.ID})
			return nil, false
		}
		if _, ok := last.Own[string(record.OriginalCorrelationID)]; ok {
			continue
		}
		if _, ok := listed[id]; ok || m.denies() {
			ids[id] = true
		}
	}
	return slices.Collect(maps.Keys(ids)), true
}
