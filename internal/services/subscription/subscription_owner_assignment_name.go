package subscription

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// nameKey is the key of the name of a replaced assignment in the memory of the run.
type nameKey tfkit.Subject

// fillName fills in the name, in the plan of a creation and after an import. It stays unknown while the
// subscription, which is read for its name, cannot be read, as when the partner's access is new.
func (r *subscriptionOwnerAssignmentResource) fillName(ctx context.Context, m *subscriptionOwnerAssignmentModel) diag.Diagnostics {
	if m.CustomerID.IsUnknown() || m.SubscriptionID.IsUnknown() || m.PrincipalID.IsUnknown() {
		return nil
	}
	if name, ok := r.Memory.Load(nameKey(m.subject())); ok {
		text, _ := name.(string)
		m.Name = tfkit.OrNull(text)
		return nil
	}
	o := m.toAPI()
	subscription, err := r.Azure.Subscriptions.Get(ctx, o.TenantID, o.SubscriptionID)
	if err != nil {
		return nil // the check of the plan tells why
	}
	names, err := r.PartnerCenter.Customers.Names(ctx, o.TenantID)
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not read the name of customer "+o.TenantID, err)}
	}
	m.Name = types.StringValue(fmt.Sprintf("%s on %s of %s", m.principal(), cmp.Or(subscription.Name, o.SubscriptionID), cmp.Or(names[strings.ToLower(o.TenantID)], o.TenantID)))
	return nil
}

// title names the assignment in messages.
func (r *subscriptionOwnerAssignmentResource) title(m subscriptionOwnerAssignmentModel) string {
	return fmt.Sprintf("%s as Owner of subscription %s of %s", m.principal(), m.SubscriptionID.ValueString(), r.Customer(m.CustomerID.ValueString()))
}

// changedOutside is a warning under the same headline for all, so that the CLI folds them. Partner
// Center's activity log does not say who changes role assignments.
func (r *subscriptionOwnerAssignmentResource) changedOutside(m subscriptionOwnerAssignmentModel, what string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Owner role assignments changed outside Terraform", r.title(m)+": "+what)
}
