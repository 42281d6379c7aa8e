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

// lateRecords is how much of the activity log is read again each time: how long after a
// change its record may show is not documented.
const lateRecords = 6 * time.Hour

// refreshedKey is where private state keeps what the next refresh needs to know.
const refreshedKey = "refreshed"

// refreshed is when the fleet was read last.
type refreshed struct {
	// Full is when all customers were read, and Log until when the activity log was.
	Full time.Time `json:"full"`
	Log  time.Time `json:"log"`
	// Own are the operations of ours whose changes need no second look, by correlation id.
	Own map[string]time.Time `json:"own,omitempty"`
}

// loadRefreshed returns the zero value where there is none, so that the next refresh is a full one.
func loadRefreshed(ctx context.Context, private tfkit.PrivateState) refreshed {
	return tfkit.GetPrivate[refreshed](ctx, private, refreshedKey)
}

func (r refreshed) save(ctx context.Context, private tfkit.PrivateState) diag.Diagnostics {
	return tfkit.SetPrivate(ctx, private, refreshedKey, r)
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

// wrote notes an operation of ours, and forgets those that the log is not read for any more.
func (r *refreshed) wrote(ctx context.Context, now time.Time) {
	if r.Own == nil {
		r.Own = make(map[string]time.Time)
	}
	maps.DeleteFunc(r.Own, func(_ string, at time.Time) bool { return now.Sub(at) > 30*24*time.Hour })
	r.Own[tfkit.CorrelationID(ctx)] = now
}

// finding is what a refresh found.
type finding struct {
	known snapshot
	// gone are listed customers without a reseller relationship.
	gone []string
	// failed are customers that could not be read; they are as the state says.
	failed tfkit.Failures
	// warnings say why the list of all permissions was not used.
	warnings diag.Diagnostics
}

// read returns the fleet as it is. Written is when it was written last: until a while after that,
// an answer that contradicts the state is confirmed, since reads can lag behind writes.
func (r *customerPermissionsResource) read(ctx context.Context, m customerPermissionsModel, unlisted fleet, last *refreshed, written time.Time) (finding, error) {
	out := finding{known: m.known(unlisted)}
	at := time.Now().UTC()
	ids, byLog := r.changed(ctx, m, out.known.listed, *last, at)
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
	ids = slices.DeleteFunc(ids, func(id string) bool { // nothing of it is managed
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

// listCustomers returns the ids of all of the partner's customers, and of those of the fleet who are
// none.
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

// readPolicies reads the policies of some customers and notes what they have on: of listed ones
// what is managed, of others everything.
func (r *customerPermissionsResource) readPolicies(ctx context.Context, ids []string, out *finding, denies bool, written time.Time, byList policies) error {
	on := make([][]partnercenter.Permission, len(ids)) // thousands of policies take more memory
	progress := tfkit.NewProgress("read", "customers", len(ids))
	lately := time.Since(written) < partnercenter.ReadLag
	errs, err := r.PartnerCenter.Each(ctx, len(ids), func(ctx context.Context, i int) error {
		defer progress.Done(ctx, 1)
		before, isListed := out.known.listed[ids[i]]
		if lately && !isListed { // deny turned off what the state does not say
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
			errs[i] = nil // it has nothing on
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

// refresh takes what was found over into the state's terms. Customers that the last apply left out
// stay as they are declared while they are off still.
func (f finding) refresh(m customerPermissionsModel, before outside) applied {
	state, unconfirmed := toFleet(m.Permissions), m.unconfirmed()
	out := applied{known: f.known, unconfirmed: make(map[string]reason), changes: m.Changes, summary: m.ChangeSummary}
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
			if wasOff {
				out.outside.off(id, was)
			}
			if before.On[id] {
				out.outside.on(id)
			}
			continue
		case why != "" && why != reasonUnsure && !maps.Equal(found, state[id]):
			out.known.listed[id] = state[id]
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

// changedOutside are the permissions that are not as the state has them. Customers that are gone have a warning of their own.
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

// changed are the customers whose policies were changed since the fleet was read last, by the
// activity log. It answers false when all have to be read: the last full read is too long
// ago, the log does not reach back far enough, cannot be read or has a record that cannot be
// understood.
func (r *customerPermissionsResource) changed(ctx context.Context, m customerPermissionsModel, listed fleet, last refreshed, now time.Time) ([]string, bool) {
	if m.Refresh.ValueString() != refreshByLog {
		return nil, false
	}
	fullAfter, err := time.ParseDuration(m.FullRefreshAfter.ValueString())
	start := last.Log.Add(-lateRecords)
	// The log's first day may be kept in part only.
	if err != nil || last.Full.IsZero() || now.Sub(last.Full) >= fullAfter || now.Sub(start) > partnercenter.AuditRetention-24*time.Hour || last.Log.After(now) {
		return nil, false
	}
	ids := make(map[string]bool)
	for record, err := range r.PartnerCenter.AuditRecords.All(ctx, partnercenter.AuditFilter{Start: start, ResourceTypes: []string{"self_serve_policy"}}) {
		if err != nil {
			tflog.Warn(ctx, "the activity log cannot be read, so all customers are", map[string]any{"error": err.Error()})
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
