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

// nameKey is a key of the run's memory, for the name that Delete hands over to Create in a replacement.
type nameKey tfkit.Subject

// fillName fills in the name, in the plan of a creation and after an import. The name stays unknown while
// the subscription cannot be read, for example because the partner's access is new.
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
		return nil // the check in the plan reports it
	}
	names, err := r.PartnerCenter.Customers.Names(ctx, o.TenantID)
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not read the name of customer "+o.TenantID, err)}
	}
	m.Name = types.StringValue(fmt.Sprintf("%s on %s of %s", m.principal(), cmp.Or(subscription.Name, o.SubscriptionID), cmp.Or(names[strings.ToLower(o.TenantID)], o.TenantID)))
	return nil
}

// title returns how messages name the role assignment.
func (r *subscriptionOwnerAssignmentResource) title(m subscriptionOwnerAssignmentModel) string {
	return fmt.Sprintf("%s as Owner of subscription %s of %s", m.principal(), m.SubscriptionID.ValueString(), r.Customer(m.CustomerID.ValueString()))
}

// changedOutside is a warning with the same headline for all role assignments, so that the CLI groups them. It
// cannot say who made the change: the activity log of Partner Center does not contain role assignments.
func (r *subscriptionOwnerAssignmentResource) changedOutside(m subscriptionOwnerAssignmentModel, what string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Owner role assignments changed outside Terraform", r.title(m)+": "+what)
}
