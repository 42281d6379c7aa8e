// Package resourcemanager is a client for Azure Resource Manager in the customers' tenants: role
// assignments, subscriptions and reservations. It is not a client for the partner's own subscriptions, and it
// knows nothing of Terraform.
//
// Each noun of the API is a field of [Client] and a file of the same name: role_assignments.go,
// subscriptions.go, reservations.go. owner_assignments.go and owners.go are about the one role that matters for
// buying reservations: Owner. What is said of errors is in errors.go and remedies.go, and how long
// refusals are retried that may be temporary is in refusals.go.
//
// Each tenant has its own token, since a token of the partner's tenant is refused in a customer's
// (401 InvalidAuthenticationTokenTenant), and its own throttle gate, since Resource Manager's limits
// are per tenant. The HTTP side is package httppipe; client.go puts it together.
//
// Start with [New], and at https://learn.microsoft.com/rest/api/resources.
package resourcemanager
