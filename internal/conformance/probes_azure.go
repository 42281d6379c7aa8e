package conformance

import "context"

// azureSample bounds how many tenants of customers are signed in to.
const azureSample = 3

// azureProbes are about Azure in the tenants of customers.
func azureProbes() []probe {
	return []probe{
		{"admin_agents_type", "Which type has the partner's group among the Owners of an Azure subscription?", func(ctx context.Context, o *observer) (string, error) {
			for _, customer := range o.customers[:min(len(o.customers), azureSample)] {
				for subscription, err := range o.clients.Azure.Subscriptions.List(ctx, customer) {
					if err != nil {
						break // not every application has access
					}
					owners, err := o.clients.Azure.RoleAssignments.ListOwners(ctx, customer, subscription)
					if err != nil {
						break
					}
					for _, owner := range owners.Owners {
						if owner.Foreign() {
							return oneOf(owner.PrincipalType, "ForeignGroup", "Group", "User", "ServicePrincipal", "Unknown"), nil
						}
					}
				}
			}
			return notObserved(noAzure), ctx.Err()
		}},
	}
}
