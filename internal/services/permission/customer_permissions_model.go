package permission

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// members are the permissions by their names in the attribute permissions.
var members = map[string]partnercenter.Permission{
	"azure_reservations":  partnercenter.AzureReservedInstances,
	"azure_savings_plans": partnercenter.AzureSavingsPlan,
}

// memberNames are the keys of members in a stable order.
var memberNames = slices.Sorted(maps.Keys(members))

// switchesType is the type of one customer in the attribute permissions. It is a plain map, not a nested
// object: with 10,000 customers, the framework plans a map of nested objects in a minute, and a map of maps in
// a second.
var switchesType = types.MapType{ElemType: types.BoolType}

type customerPermissionsModel struct {
	ID                      types.String   `tfsdk:"id"`
	Permissions             types.Map      `tfsdk:"permissions"`
	Unlisted                types.String   `tfsdk:"unlisted"`
	MaxChanges              types.Int64    `tfsdk:"max_changes"`
	VerifyAzureSubscription types.Bool     `tfsdk:"verify_azure_subscription"`
	Refresh                 types.String   `tfsdk:"refresh"`
	Read                    types.String   `tfsdk:"read"`
	FullRefreshAfter        types.String   `tfsdk:"full_refresh_after"`
	OnError                 types.String   `tfsdk:"on_error"`
	Unconfirmed             types.Map      `tfsdk:"unconfirmed"`
	ChangeSummary           types.String   `tfsdk:"change_summary"`
	Changes                 types.Map      `tfsdk:"changes"`
	Timeouts                timeouts.Value `tfsdk:"timeouts"`
}

func (m customerPermissionsModel) denies() bool { return m.Unlisted.ValueString() == "deny" }

func (m customerPermissionsModel) reports() bool {
	return m.OnError.ValueString() == tfkit.ReportOnError
}

// unconfirmed returns the customers whose permissions differ from the state, or may differ.
func (m customerPermissionsModel) unconfirmed() map[string]reason {
	out := make(map[string]reason)
	for id, v := range m.Unconfirmed.Elements() {
		if text, ok := v.(types.String); ok {
			out[strings.ToLower(id)] = reason(text.ValueString())
		}
	}
	return out
}

// unconfirmedMap returns null if there are none.
func unconfirmedMap(unconfirmed map[string]reason) types.Map {
	if len(unconfirmed) == 0 {
		return types.MapNull(types.StringType)
	}
	out := make(map[string]attr.Value, len(unconfirmed))
	for id, why := range unconfirmed {
		out[id] = types.StringValue(string(why))
	}
	return types.MapValueMust(types.StringType, out)
}

// snapshot returns what the state says about listed customers, and private state about the others (unlisted).
// Customers that were left out have the permissions of left, and unsure permissions count as enabled.
func (m customerPermissionsModel) snapshot(unlisted, left fleet) snapshot {
	k := snapshot{listed: toFleet(m.Permissions), unlisted: maps.Clone(unlisted), unsure: make(map[string]bool)}
	if k.unlisted == nil {
		k.unlisted = fleet{}
	}
	for id, why := range m.unconfirmed() {
		if why == reasonUnsure {
			k.unsure[id] = true
			continue
		}
		for permission := range k.listed[id] {
			k.listed[id][permission] = left[id][permission]
		}
	}
	return k
}

// unlistedKey is the key of private state for the enabled permissions of customers that are not listed, with
// unlisted = "deny".
const unlistedKey = "unlisted"

// leftKey is the key of private state for the enabled permissions of customers that the last apply left out. The
// attribute permissions has their declared values.
const leftKey = "left"

func leftOf(ctx context.Context, private tfkit.PrivateState) fleet {
	return tfkit.GetPrivate[fleet](ctx, private, leftKey)
}

// unlistedOf reads the value of unlistedKey if the plan or the state has unlisted = "deny".
func unlistedOf(ctx context.Context, private tfkit.PrivateState, denies bool) fleet {
	if !denies {
		return nil
	}
	return tfkit.GetPrivate[fleet](ctx, private, unlistedKey)
}

// isKnown reports whether a map has no unknown value.
func isKnown(m types.Map) bool {
	if m.IsUnknown() {
		return false
	}
	for _, v := range m.Elements() {
		inner, ok := v.(types.Map)
		if !ok || inner.IsUnknown() {
			return false
		}
		for _, b := range inner.Elements() {
			if b.IsUnknown() {
				return false
			}
		}
	}
	return true
}

// toFleet converts a map of the schema. Members that are null are not managed.
func toFleet(m types.Map) fleet {
	out := make(fleet, len(m.Elements()))
	for id, v := range m.Elements() {
		one := switches{}
		if inner, ok := v.(types.Map); ok {
			for name, b := range inner.Elements() {
				if on, ok := b.(types.Bool); ok && !on.IsNull() {
					one[members[name]] = on.ValueBool()
				}
			}
		}
		out[strings.ToLower(id)] = one
	}
	return out
}

// toMap converts a fleet to a map of the schema. The keys are spelled as in like, and members that are null
// there are kept.
func (f fleet) toMap(like types.Map) (types.Map, diag.Diagnostics) {
	spelled := make(map[string]string, len(f))
	likes := like.Elements() // Elements copies each time
	for id := range likes {
		spelled[strings.ToLower(id)] = id
	}
	out := make(map[string]attr.Value, len(f))
	for id, one := range f {
		inner := make(map[string]attr.Value, len(one))
		key, ok := spelled[id]
		if !ok {
			key = id
		}
		if before, ok := likes[key].(types.Map); ok {
			for name, b := range before.Elements() {
				if b.IsNull() {
					inner[name] = b
				}
			}
		}
		for name, permission := range members {
			if on, ok := one[permission]; ok {
				inner[name] = types.BoolValue(on)
			}
		}
		v, diags := types.MapValue(types.BoolType, inner)
		if diags.HasError() {
			return types.MapNull(switchesType), diags
		}
		out[key] = v
	}
	return types.MapValue(switchesType, out)
}
