package azureplan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// buy buys the plan, or continues a purchase, and sets the model to the result. Ours means that the state already has
// the purchase.
func (r *azurePlanResource) buy(ctx context.Context, m *azurePlanModel, purchase *partnercenter.AzurePlanPurchase, ours bool) (diags diag.Diagnostics) {
	name, reseller, options := m.FriendlyName, m.IndirectResellerMPNID, m.options()
	options.Adopt = options.Adopt || ours && purchase.SubscriptionID != ""
	plan, err := r.PartnerCenter.AzurePlans.Buy(ctx, m.CustomerID.ValueString(), options, purchase)
	m.fromPurchase(*purchase)
	if err != nil {
		if open, ok := errors.AsType[*partnercenter.OrderOpenError](err); ok {
			m.Status = tfkit.OrNull(string(open.Status))
		}
		m.nullUnknowns()
		return diag.Diagnostics{failure(ctx, *m, "Could not buy "+m.title(), err, begunAdvice(*purchase)...)}
	}
	m.fromAPI(plan)
	if !reseller.IsUnknown() && m.IndirectResellerMPNID.IsNull() {
		m.IndirectResellerMPNID = reseller // a new plan may not show it yet
	}
	if !name.IsUnknown() && name.ValueString() != plan.FriendlyName {
		if plan, err = r.PartnerCenter.AzurePlans.Rename(ctx, m.CustomerID.ValueString(), plan.ID, name.ValueString()); err != nil {
			m.nullUnknowns()
			return diag.Diagnostics{failure(ctx, *m, "Could not rename "+m.title(), err, begunAdvice(*purchase)...)}
		}
		m.fromAPI(plan)
	}
	azure, err := r.PartnerCenter.AzurePlans.AwaitAzure(ctx, m.CustomerID.ValueString(), plan)
	m.fromAzure(azure)
	switch {
	case err != nil:
		diags.AddWarning("Could not read the Azure subscriptions of "+m.title(), tfkit.Detail(err)+"\n\nThe plan is active. The next plan reads them.")
	case len(azure) == 0:
		diags.AddWarning("No Azure subscription yet: "+m.title(), "Microsoft creates an Azure subscription with the Azure plan, and Partner Center does not show it yet. "+
			"The plan is active.\n\nWhat to do: run apply again in some minutes for resources that need the subscription.")
	}
	return diags
}

// begunAdvice returns the advice for a purchase that has begun, or nil.
func begunAdvice(p partnercenter.AzurePlanPurchase) []string {
	if !p.Begun() {
		return nil
	}
	return []string{"The purchase has begun. The state has its IDs, so the next apply continues with it and buys no second plan. Terraform marks the resource as " +
		"tainted and plans to replace it: the replacement only continues the purchase."}
}

// failure returns the error for a failed call.
func failure(ctx context.Context, m azurePlanModel, summary string, err error, more ...string) diag.Diagnostic {
	if exists, ok := errors.AsType[*partnercenter.AzurePlanExistsError](err); ok {
		return existsFailure(m, exists)
	}
	return tfkit.Failure(summary, tfkit.OutOfTime(ctx, err), more...)
}

// refresh reads the plan. If the plan no longer exists, gone is the reason. Fresh means that it was written a short
// time ago, so a plan that is not found does not count as gone.
func (r *azurePlanResource) refresh(ctx context.Context, m *azurePlanModel, fresh bool) (gone string, err error) {
	customerID, purchase := m.CustomerID.ValueString(), m.purchase()
	found, err := r.PartnerCenter.AzurePlans.Read(ctx, customerID)
	if err != nil {
		return "", err
	}
	if found.HasPlan() {
		m.fromAPI(found.Plan)
		m.fromAzure(found.Azure)
		return "", nil
	}
	if purchase.SubscriptionID == "" && purchase.OrderID != "" {
		order, err := r.PartnerCenter.Orders.Get(ctx, customerID, purchase.OrderID, false)
		switch {
		case partnercenter.IsOrderNotFound(err):
			return "", nil // a new order may not be visible yet
		case err != nil:
			return "", err
		case order.Failed():
			return fmt.Sprintf("Order %s ended with the status %s. Nothing was bought.", order.ID, order.Status), nil
		}
		m.Status, m.SubscriptionID = tfkit.OrNull(string(order.Status)), tfkit.OrNull(strings.ToLower(order.AzurePlan()))
		purchase.SubscriptionID = order.AzurePlan()
	}
	if purchase.SubscriptionID == "" {
		return "", nil // only the cart exists
	}
	plan, err := r.PartnerCenter.Subscriptions.Get(ctx, customerID, purchase.SubscriptionID)
	switch {
	case partnercenter.IsSubscriptionNotFound(err) && fresh:
		return "", nil
	case partnercenter.IsSubscriptionNotFound(err):
		return fmt.Sprintf("Partner Center does not have subscription %s any more.", purchase.SubscriptionID), nil
	case err != nil:
		return "", err
	case plan.Ended():
		return fmt.Sprintf("Subscription %s is %s.", plan.ID, plan.Status), nil
	}
	m.fromAPI(plan)
	return "", nil
}

// update continues a purchase, or reactivates and renames the plan.
func (r *azurePlanResource) update(ctx context.Context, plan *azurePlanModel, state azurePlanModel) diag.Diagnostics {
	customerID, subscriptionID := plan.CustomerID.ValueString(), state.SubscriptionID.ValueString()
	if state.inProgress() {
		purchase := state.purchase()
		return r.buy(ctx, plan, &purchase, true)
	}
	if !plan.Status.Equal(state.Status) {
		found, err := r.PartnerCenter.AzurePlans.Activate(ctx, customerID, subscriptionID)
		if err != nil {
			return diag.Diagnostics{failure(ctx, *plan, "Could not reactivate "+plan.title(), err)}
		}
		plan.Status = types.StringValue(strings.ToLower(found.Status))
	}
	if !plan.FriendlyName.Equal(state.FriendlyName) {
		if _, err := r.PartnerCenter.AzurePlans.Rename(ctx, customerID, subscriptionID, plan.FriendlyName.ValueString()); err != nil {
			return diag.Diagnostics{failure(ctx, *plan, "Could not rename "+plan.title(), err)}
		}
	}
	if plan.AzureSubscriptions.IsUnknown() || plan.AzureSubscriptionID.IsUnknown() {
		found, err := r.PartnerCenter.AzurePlans.Read(ctx, customerID)
		if err != nil {
			return diag.Diagnostics{failure(ctx, *plan, "Could not read "+plan.title(), err)}
		}
		plan.fromAzure(found.Azure)
	}
	return nil
}

// inProgress reports whether the state has an unfinished purchase.
func (m azurePlanModel) inProgress() bool {
	return m.SubscriptionID.ValueString() == "" || m.Status.ValueString() == "pending" || m.Status.ValueString() == ""
}

// suspend suspends the plan. If the state has only an order, suspend reads first whether the order is completed by now.
func (r *azurePlanResource) suspend(ctx context.Context, state azurePlanModel) (diags diag.Diagnostics) {
	gone, err := "", error(nil)
	if state.SubscriptionID.ValueString() == "" {
		gone, err = r.refresh(ctx, &state, false)
	}
	if id := state.SubscriptionID.ValueString(); err == nil && gone == "" && id != "" {
		err = r.PartnerCenter.AzurePlans.Suspend(ctx, state.CustomerID.ValueString(), id)
	}
	switch {
	case partnercenter.IsCustomerNotFound(err), partnercenter.IsNoRelationship(err):
		diags.AddWarning("Could not suspend "+state.title(), tfkit.Detail(err)+"\n\nThe plan can no longer be suspended from here. It is removed from the state.")
	case err != nil:
		diags.Append(failure(ctx, state, "Could not suspend "+state.title(), err, "To leave the plan as it is: set on_destroy = \"abandon\" and apply that first. "+tfkit.GiveUp))
	case gone == "" && state.SubscriptionID.ValueString() == "" && state.OrderID.ValueString() != "":
		diags.AddWarning("The order is still in progress: "+state.title(), fmt.Sprintf("Order %s has not created an Azure plan yet, so there is nothing to suspend. "+
			"If it creates one later, that plan stays active and is not in the state.", state.OrderID.ValueString()))
	}
	return diags
}
