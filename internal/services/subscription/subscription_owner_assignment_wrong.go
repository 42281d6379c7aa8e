package subscription

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// wrongSubscription returns the error for a subscription ID for which the customer has no Azure subscription, neither in
// Azure nor in Partner Center. It can be the ID of the Azure plan, for example. It returns nil if Partner Center has the
// Azure subscription, which may be new then, or if Partner Center cannot be read.
func (r *subscriptionOwnerAssignmentResource) wrongSubscription(ctx context.Context, plan subscriptionOwnerAssignmentModel, failed error) diag.Diagnostic {
	if !resourcemanager.IsElsewhere(failed) {
		return nil
	}
	o := plan.toAPI()
	all, err := r.PartnerCenter.Subscriptions.Of(ctx, o.TenantID)
	if err != nil {
		return nil
	}
	is := "It is none of the customer's subscriptions in Partner Center. "
	var azure []string
	for _, s := range all {
		below, err := r.PartnerCenter.Subscriptions.Azure(ctx, o.TenantID, s)
		if err != nil {
			return nil
		}
		for _, a := range below {
			if strings.EqualFold(a.ID, o.SubscriptionID) {
				return nil
			}
			azure = append(azure, fmt.Sprintf("%s (%s, %s)", a.ID, a.FriendlyName, a.Status))
		}
		switch {
		case !strings.EqualFold(s.ID, o.SubscriptionID):
		case s.Kind() == partnercenter.AzurePlan:
			is = "It is the ID of the customer's Azure plan in Partner Center, not of an Azure subscription. "
		default:
			is = fmt.Sprintf("It is the ID of the customer's subscription to %s in Partner Center, not of an Azure subscription. ", s.OfferName)
		}
	}
	do := "The customer has no Azure subscription. Create one under its Azure plan in Partner Center, and use that subscription ID."
	if len(azure) > 0 {
		do = "Use the subscription ID of an Azure subscription of the customer: " + strings.Join(azure, ", ") + ". If another customer has the subscription, correct the customer ID."
	}
	return tfkit.FailureAt(path.Root("subscription_id"), fmt.Sprintf("%s has no Azure subscription %s", r.Customers(ctx, o.TenantID)(o.TenantID), o.SubscriptionID),
		&wrongSubscriptionError{failed, is + do})
}

// wrongSubscriptionError is the error of a call for a subscription that does not exist, with its remedy.
type wrongSubscriptionError struct {
	error

	remedy string
}

func (e *wrongSubscriptionError) Unwrap() error { return e.error }

// Remedy returns what to do, in complete sentences.
func (e *wrongSubscriptionError) Remedy() string { return e.remedy }
