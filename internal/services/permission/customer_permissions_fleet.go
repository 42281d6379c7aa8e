package permission

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

// members are the permissions by their names in the fleet's map.
var members = map[string]partnercenter.Permission{
	"azure_reservations":  partnercenter.AzureReservedInstances,
	"azure_savings_plans": partnercenter.AzureSavingsPlan,
}

// memberNames are in a stable order.
var memberNames = slices.Sorted(maps.Keys(members))

// switches are the managed permissions of one customer. One that is absent is not managed.
type switches map[partnercenter.Permission]bool

// fleet is a map of customers to their switches, by customer id in lower case.
type fleet map[string]switches

// switchesType is that of one customer in the schema. It is a plain map, not a nested object:
// with 10,000 customers the framework plans a map of nested objects in a minute and one of maps
// in a second.
var switchesType = types.MapType{ElemType: types.BoolType}

type customerPermissionsModel struct {
	ID                      types.String   `tfsdk:"id"`
	Permissions             types.Map      `tfsdk:"permissions"`
	Unlisted                types.String   `tfsdk:"unlisted"`
	UnlistedPermissions     types.Map      `tfsdk:"unlisted_permissions"`
	MaxChanges              types.Int64    `tfsdk:"max_changes"`
	VerifyAzureSubscription types.Bool     `tfsdk:"verify_azure_subscription"`
	Refresh                 types.String   `tfsdk:"refresh"`
	FullRefreshAfter        types.String   `tfsdk:"full_refresh_after"`
	Timeouts                timeouts.Value `tfsdk:"timeouts"`
}

// fleetTimeouts are longer than those of other resources.
func fleetTimeouts(ctx context.Context) schema.Attribute {
	const form = ", such as `30m`. Default `2h`."
	a := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, Read: true, Update: true, Delete: true,
		CreateDescription: "How long creating may take" + form, ReadDescription: "How long reading may take" + form,
		UpdateDescription: "How long updating may take" + form, DeleteDescription: "How long deleting may take" + form,
	})
	if nested, ok := a.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long operations may take, waits for the server's limits included. The check of subscriptions in a plan may take as long again."
		return nested
	}
	return a
}

func (m customerPermissionsModel) denies() bool { return m.Unlisted.ValueString() == "deny" }

// isKnown tells whether nothing of a map is unknown.
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

// toFleet reads a map of the schema. Members that are null are not managed.
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

// toMap writes a fleet as a map of the schema, in the spelling of like: its keys, and members
// that are null.
func (f fleet) toMap(like types.Map) (types.Map, diag.Diagnostics) {
	spelled := make(map[string]string, len(f))
	likes := like.Elements() // a copy each time
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

// equal compares without the spelling.
func (f fleet) equal(g fleet) bool { return maps.EqualFunc(f, g, maps.Equal[switches, switches]) }

// step is what a customer needs.
type step struct {
	customerID string
	on, off    []partnercenter.Permission
	seen       partnercenter.Seen
}

// steps are the changes that lead from one fleet to another, sorted by customer. Customers
// that are no longer listed are turned off, with deny also what is not known; members that are
// no longer managed stay as they are. What from has not is not known.
func (f fleet) steps(from fleet, deny bool) []step {
	var out []step
	for id, want := range f {
		before, known := from[id]
		s := step{customerID: id}
		for _, name := range memberNames {
			permission := members[name]
			on, managed := want[permission]
			was, seen := before[permission]
			switch {
			case !managed, known && seen && on == was:
			case on:
				s.on = append(s.on, permission)
			default:
				s.off = append(s.off, permission)
			}
		}
		s.see(before)
		out = append(out, s)
	}
	for id, before := range from {
		if _, listed := f[id]; listed {
			continue
		}
		s := step{customerID: id}
		for _, name := range memberNames {
			if on, known := before[members[name]]; on || deny && !known {
				s.off = append(s.off, members[name])
			}
		}
		s.see(before)
		out = append(out, s)
	}
	out = slices.DeleteFunc(out, func(s step) bool { return len(s.on)+len(s.off) == 0 })
	slices.SortFunc(out, func(a, b step) int { return strings.Compare(a.customerID, b.customerID) })
	return out
}

// see notes what the state says of the customer.
func (s *step) see(before switches) {
	for _, on := range before {
		s.seen.Policy = s.seen.Policy || on
	}
	s.seen.On = s.seen.Policy && len(s.off) > 0
}

// write takes the steps, several customers at a time. It returns which customers are as
// wanted now, and one error about the others.
func (r *customerPermissionsResource) write(ctx context.Context, steps []step, verify bool) (map[string]bool, diag.Diagnostics) {
	errs, reached := make([]error, len(steps)), make([]bool, len(steps))
	progress := tfkit.NewProgress("changed", "customers", len(steps))
	_, err := r.PartnerCenter.Each(ctx, len(steps), func(ctx context.Context, i int) error {
		defer progress.Done(ctx, 1)
		s := steps[i]
		if verify && len(s.on) > 0 {
			errs[i] = r.PartnerCenter.Subscriptions.RequireAzure(ctx, s.customerID)
			if errors.As(errs[i], new(*partnercenter.NoAzureSubscriptionError)) {
				return nil // it says nothing about the next customer
			}
			if errs[i] != nil {
				return errs[i]
			}
		}
		_, errs[i] = r.PartnerCenter.SelfServePolicies.Set(ctx, s.customerID, s.on, s.off, s.seen)
		if len(s.on) == 0 && isGone(errs[i]) {
			errs[i] = nil // there is nothing to turn off
		}
		reached[i] = errs[i] == nil
		return errs[i]
	})
	done, failed := make(map[string]bool, len(steps)), tfkit.Failures{}
	for i, s := range steps {
		if reached[i] {
			done[s.customerID] = true
		}
		failed.Add(s.customerID, errs[i])
	}
	outcome := fmt.Sprintf("%d of %d customers are done, and are in the state. The next apply continues with the others.", len(done), len(steps))
	switch {
	case err != nil:
		return done, diag.Diagnostics{diag.NewErrorDiagnostic(
			fmt.Sprintf("Could not set the permissions of %d of %d customers", len(steps)-len(done), len(steps)), outcome+"\n\n"+tfkit.Detail(err))}
	case failed.Any():
		return done, diag.Diagnostics{failed.Error("set the permissions", outcome)}
	}
	return done, nil
}

// reached is the fleet after steps of which some were not done: those customers are as they
// were before, if that is known.
func (f fleet) reached(from fleet, steps []step, done map[string]bool) fleet {
	out := maps.Clone(f)
	for _, s := range steps {
		if done[s.customerID] {
			continue
		}
		if before, ok := from[s.customerID]; ok {
			out[s.customerID] = before
		} else {
			delete(out, s.customerID)
		}
	}
	return out
}

// isGone tells whether the customer is none of the partner's, or no longer.
func isGone(err error) bool {
	return partnercenter.IsCustomerNotFound(err) || partnercenter.IsNoRelationship(err)
}
