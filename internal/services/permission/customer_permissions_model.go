package permission

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
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

type customerPermissionsModel struct {
	ID                      types.String   `tfsdk:"id"`
	Permissions             types.String   `tfsdk:"permissions"`
	Unlisted                types.String   `tfsdk:"unlisted"`
	MaxChanges              types.Int64    `tfsdk:"max_changes"`
	VerifyAzureSubscription types.Bool     `tfsdk:"verify_azure_subscription"`
	Refresh                 types.String   `tfsdk:"refresh"`
	Read                    types.String   `tfsdk:"read"`
	FullRefreshAfter        types.String   `tfsdk:"full_refresh_after"`
	OnError                 types.String   `tfsdk:"on_error"`
	Unconfirmed             types.String   `tfsdk:"unconfirmed"`
	ChangeSummary           types.String   `tfsdk:"change_summary"`
	Changes                 types.String   `tfsdk:"changes"`
	Timeouts                timeouts.Value `tfsdk:"timeouts"`
}

func (m customerPermissionsModel) denies() bool { return m.Unlisted.ValueString() == "deny" }

func (m customerPermissionsModel) reports() bool {
	return m.OnError.ValueString() == tfkit.ReportOnError
}

// unconfirmed returns the customers whose permissions differ from the state, or may differ.
func (m customerPermissionsModel) unconfirmed() map[string]reason {
	out := make(map[string]reason)
	for id, why := range unpack(m.Unconfirmed) {
		if text, ok := why.(string); ok {
			out[strings.ToLower(id)] = reason(text)
		}
	}
	return out
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
