package permission

import (
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// stayUnchanged says what becomes of customers that are left out.
const stayUnchanged = "Customers that cannot be enabled stay in permissions, and are not changed until they qualify. Every later plan tries them again."

// qualify checks the prerequisite of the customers that are enabled. It returns the customers that the apply
// leaves out, and why. Customers in off were disabled outside Terraform, which never fails the plan. Customers
// in before were left out by the last apply.
func (r *customerPermissionsResource) qualify(ctx context.Context, n reviewed, steps []step, off, before map[string]reason) (map[string]reason, diag.Diagnostics) {
	verify := n.Verifies
	steps = slices.DeleteFunc(slices.Clone(steps), func(s step) bool {
		mayBeGone := off[s.customerID] == reasonNoRelationship || before[s.customerID] == reasonNoRelationship
		return len(s.on) == 0 || !verify && !mayBeGone
	})
	errs, err := r.PartnerCenter.Each(ctx, len(steps), func(ctx context.Context, i int) error {
		err := qualifies(ctx, r.PartnerCenter, steps[i].customerID, steps[i].on)
		if noAzure(err) && r.AzurePlanPlanned(steps[i].customerID) {
			return nil // the same configuration buys the plan
		}
		return err
	})
	if err != nil {
		return nil, diag.Diagnostics{tfkit.Failure("Could not check whether the customers qualify", tfkit.OutOfTime(ctx, err))}
	}
	left := make(map[string]reason)
	var failed, warned, leftOut tfkit.Failures
	for i, s := range steps {
		_, wasOn := off[s.customerID]
		why, err := reasonOf(errs[i]), errs[i]
		if !verify && why != reasonNoRelationship {
			err = nil
		}
		isLeft := err != nil && why != "" && (n.Reports || why == reasonNoRelationship && (wasOn || before[s.customerID] == why))
		switch {
		case isLeft:
			left[s.customerID] = why
			leftOut.Add(s.customerID, err)
		case err != nil && wasOn:
			warned.Add(s.customerID, err)
		default:
			failed.Add(s.customerID, err)
		}
	}
	var diags diag.Diagnostics
	if leftOut.Any() {
		diags.Append(leftOut.Named(ctx, r.Clients).Warning("enable the permissions", stayUnchanged))
	}
	if warned.Any() {
		diags.Append(warned.Named(ctx, r.Clients).Warning("enable the permissions again", "They were disabled outside Terraform, and enabling them again will fail."))
	}
	if failed.Any() {
		diags.Append(failed.Named(ctx, r.Clients).Error("enable the permissions", "Nothing was changed. To leave such customers out, set on_error = \"report\". "+
			"To set permissions without this check, set verify_azure_subscription = false. "+
			"To destroy the resource, which plans it first: terraform destroy -refresh=false."))
	}
	return left, diags
}

func noAzure(err error) bool { return errors.As(err, new(*partnercenter.NoAzureSubscriptionError)) }

// reasonOf returns why a customer cannot be enabled, or "" if the failure does not say it.
func reasonOf(err error) reason {
	switch {
	case isGone(err):
		return reasonNoRelationship
	case noAzure(err):
		return reasonNoAzure
	}
	return ""
}

// isGone reports whether the ID is not one of the partner's customers, or no longer one.
func isGone(err error) bool {
	return partnercenter.IsCustomerNotFound(err) || partnercenter.IsNoRelationship(err)
}
