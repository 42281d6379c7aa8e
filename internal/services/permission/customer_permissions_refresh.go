package permission

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
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

func loadRefreshed(ctx context.Context, private tfkit.PrivateState) refreshed {
	var out refreshed
	b, _ := private.GetKey(ctx, refreshedKey)
	if json.Unmarshal(b, &out) != nil {
		return refreshed{} // the next refresh is a full one
	}
	return out
}

func (r refreshed) save(ctx context.Context, private tfkit.PrivateState) diag.Diagnostics {
	b, err := json.Marshal(r)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not note the time of the refresh", err.Error())}
	}
	return private.SetKey(ctx, refreshedKey, b)
}

// wrote notes an operation of ours, and forgets those that the log is not read for any more.
func (r *refreshed) wrote(ctx context.Context, now time.Time) {
	if r.Own == nil {
		r.Own = make(map[string]time.Time)
	}
	maps.DeleteFunc(r.Own, func(_ string, at time.Time) bool { return now.Sub(at) > 30*24*time.Hour })
	r.Own[tfkit.CorrelationID(ctx)] = now
}

// read returns the fleet as it is, who of it is gone, and what failed for single customers.
// With lately, which says that it was written a moment ago, an answer that contradicts the state
// is confirmed: reads can lag behind writes.
func (r *customerPermissionsResource) read(ctx context.Context, m customerPermissionsModel, last *refreshed, lately bool) (now known, gone []string, failed tfkit.Failures, err error) {
	now = known{listed: toFleet(m.Permissions), unlisted: fleet{}}
	at := time.Now().UTC()
	ids, byLog := r.changed(ctx, m, now.listed, *last, at)
	switch {
	case byLog:
		now.unlisted = toFleet(m.UnlistedPermissions)
	case m.denies():
		if ids, err = r.everybody(ctx, now.listed); err != nil {
			return known{}, nil, failed, err
		}
	default:
		ids = slices.Sorted(maps.Keys(now.listed))
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { // nothing of it is managed
		one, listed := now.listed[id]
		return listed && len(one) == 0
	})
	gone, failed, err = r.look(ctx, ids, now, m, lately)
	if err == nil && !failed.Any() {
		last.Log = at
		if !byLog {
			last.Full = at
		}
	}
	return now, gone, failed, err
}

// everybody are all of the partner's customers, and those of the fleet who are none.
func (r *customerPermissionsResource) everybody(ctx context.Context, f fleet) ([]string, error) {
	all := make(map[string]bool, len(f))
	for id := range f {
		all[id] = true
	}
	for c, err := range r.PartnerCenter.Customers.All(ctx, partnercenter.CustomerFilter{}) {
		if err != nil {
			return nil, err
		}
		all[strings.ToLower(c.ID)] = true
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// look reads the policies of some customers and notes what they have on: of listed ones what
// is managed, of others everything.
func (r *customerPermissionsResource) look(ctx context.Context, ids []string, now known, m customerPermissionsModel, lately bool) (gone []string, failed tfkit.Failures, err error) {
	on, unlisted := make([][]partnercenter.Permission, len(ids)), toFleet(m.UnlistedPermissions) // thousands of policies take more memory
	progress := tfkit.NewProgress("read", "customers", len(ids))
	errs, err := r.PartnerCenter.Each(ctx, len(ids), func(ctx context.Context, i int) error {
		defer progress.Done(ctx, 1)
		var policy partnercenter.SelfServePolicy
		var err error
		before, listed := now.listed[ids[i]]
		if lately && !listed { // deny turned off what the state does not say
			before = switches{}
			for _, permission := range members {
				before[permission] = unlisted[ids[i]][permission]
			}
		}
		if lately {
			policy, err = r.PartnerCenter.SelfServePolicies.Confirm(ctx, ids[i], before)
		} else {
			policy, err = r.PartnerCenter.SelfServePolicies.Get(ctx, ids[i])
		}
		for _, permission := range members {
			if policy.Allows(permission) {
				on[i] = append(on[i], permission)
			}
		}
		return err
	})
	if err != nil {
		return nil, failed, err
	}
	for i, id := range ids {
		if isGone(errs[i]) {
			gone, errs[i] = append(gone, id), nil // and has nothing on
		}
		if failed.Add(id, errs[i]); errs[i] != nil {
			continue
		}
		if before, listed := now.listed[id]; listed {
			one := switches{}
			for permission := range before {
				one[permission] = slices.Contains(on[i], permission)
			}
			now.listed[id] = one
			continue
		}
		delete(now.unlisted, id)
		if !m.denies() || len(on[i]) == 0 {
			continue
		}
		now.unlisted[id] = switches{}
		for _, permission := range on[i] {
			now.unlisted[id][permission] = true
		}
	}
	return gone, failed, nil
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
	return slices.Sorted(maps.Keys(ids)), true
}
