package permission

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

// judge refuses what apply would refuse, and tells what the plan does not show. Wanted is the
// plan's fleet, before what the state says.
func (r *customerPermissionsResource) judge(ctx context.Context, plan customerPermissionsModel, state *customerPermissionsModel, wanted fleet, before known) diag.Diagnostics {
	if plan.Unlisted.IsUnknown() || plan.MaxChanges.IsUnknown() {
		return r.intended(wanted, wanted.steps(before.all(), false))
	}
	timeout, diags := plan.Timeouts.Update(ctx, fleetTimeout)
	if state == nil {
		timeout, diags = plan.Timeouts.Create(ctx, fleetTimeout)
	}
	if diags.HasError() {
		return diags
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	if !r.PartnerCenter.AppOnly() {
		if before, diags = r.complete(ctx, plan, state, wanted, before); diags.HasError() {
			return diags
		}
		if needsReading(plan, state) {
			diags.Append(tellOfUnlisted(before.unlisted)...)
		}
	}
	steps := wanted.steps(before.all(), plan.denies())
	if diags.Append(r.intended(wanted, steps)...); diags.HasError() || len(steps) == 0 {
		return diags
	}
	if r.PartnerCenter.AppOnly() {
		return append(diags, errAppOnly)
	}
	diags.Append(tellOfRemoved(wanted, before, steps)...)
	if diags.Append(tooMany(plan, steps)...); !diags.HasError() && plan.VerifyAzureSubscription.ValueBool() {
		diags.Append(r.verify(ctx, steps)...)
	}
	return diags
}

// intended compares what the fleet means to do with what other resources do.
func (r *customerPermissionsResource) intended(wanted fleet, steps []step) diag.Diagnostics {
	ended := fleet{}
	for _, s := range steps {
		if _, listed := wanted[s.customerID]; !listed {
			ended[s.customerID] = switches{}
			for _, permission := range s.off {
				ended[s.customerID][permission] = true
			}
		}
	}
	return intended(&r.Intents, path.Root("permissions"), "partnercenter_customer_permissions", wanted, ended)
}

// created notes whom a new fleet lists. What it does not manage of them is not to be touched
// either.
func (r *customerPermissionsResource) created(f fleet) {
	for id := range f {
		for _, permission := range members {
			r.Intents.Created(tfkit.Switch{Name: string(permission), Of: id})
		}
	}
}

// notReplaced is what a fleet that is destroyed has to turn off: all but what was created before.
func (r *customerPermissionsResource) notReplaced(f fleet) fleet {
	for id, one := range f {
		maps.DeleteFunc(one, func(permission partnercenter.Permission, _ bool) bool {
			return r.Intents.Replaced(tfkit.Switch{Name: string(permission), Of: id})
		})
	}
	return f
}

// needsReading tells whether the state does not say what would change: what is not listed has
// never been looked at, or nothing has.
func needsReading(plan customerPermissionsModel, state *customerPermissionsModel) bool {
	return plan.denies() && (state == nil || !state.denies()) || state == nil && !plan.MaxChanges.IsNull()
}

// tellOfUnlisted names who would be turned off without being listed: the plan has no place for
// what is on before there is a state.
func tellOfUnlisted(unlisted fleet) diag.Diagnostics {
	if len(unlisted) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(unlisted))
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("unlisted"), fmt.Sprintf("Customers to be turned off without being listed: %d", len(ids)),
		"They have permissions on, and unlisted is deny: "+shortList(ids)+".")}
}

// tellOfRemoved names who is turned off by being listed no longer, which looks in a plan like being
// let go.
func tellOfRemoved(wanted fleet, before known, steps []step) diag.Diagnostics {
	var ids []string
	for _, s := range steps {
		_, listed := wanted[s.customerID]
		if _, was := before.listed[s.customerID]; was && !listed {
			ids = append(ids, s.customerID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(path.Root("permissions"), fmt.Sprintf("Customers to be turned off since they are no longer listed: %d", len(ids)),
		shortList(ids)+".\n\nTo release a customer and switch nothing, set it to {} before you remove it.")}
}

// shortList names the first of many customers.
func shortList(ids []string) string {
	if more := len(ids) - tfkit.ShownCustomers; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:tfkit.ShownCustomers], ", "), more)
	}
	return strings.Join(ids, ", ")
}

// tooMany refuses more changes than are allowed.
func tooMany(plan customerPermissionsModel, steps []step) diag.Diagnostics {
	if bound := plan.MaxChanges.ValueInt64(); plan.MaxChanges.IsNull() || plan.MaxChanges.IsUnknown() || int64(len(steps)) <= bound {
		return nil
	}
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("max_changes"), "Too many changes",
		fmt.Sprintf("This would change %d customers, and max_changes allows %d. Nothing was changed.\n\n"+
			"What to do: look whether all of them are meant, and raise max_changes for this apply.", len(steps), plan.MaxChanges.ValueInt64()))}
}

// verify checks the prerequisite of the customers that are turned on.
func (r *customerPermissionsResource) verify(ctx context.Context, steps []step) diag.Diagnostics {
	steps = slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return len(s.on) == 0 })
	errs := make([]error, len(steps))
	_, err := r.PartnerCenter.Each(ctx, len(steps), func(ctx context.Context, i int) error {
		errs[i] = r.PartnerCenter.Subscriptions.RequireAzure(ctx, steps[i].customerID)
		if errors.As(errs[i], new(*partnercenter.NoAzureSubscriptionError)) {
			return nil
		}
		return errs[i]
	})
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not check whether the customers qualify", err)}
	}
	failed := tfkit.Failures{}
	for i, s := range steps {
		failed.Add(s.customerID, errs[i])
	}
	if !failed.Any() {
		return nil
	}
	return diag.Diagnostics{failed.Error("turn on the permissions", "Nothing was changed. To set permissions without this check, set verify_azure_subscription = false.")}
}
