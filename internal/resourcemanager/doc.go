// Package resourcemanager is a client for Azure Resource Manager in the customers' tenants: role assignments,
// subscriptions and reservations. It is not intended for the partner's own subscriptions, and it does not
// depend on Terraform.
//
// Each noun of the API is a field of [Client] and a file of the same name: role_assignments.go,
// subscriptions.go, reservations.go. owner_assignments.go and owners.go are about the Owner role, which users
// need to buy reservations. errors.go and remedies.go contain the errors and what to do about them. refusals.go
// limits how long temporary refusals are retried.
//
// Each tenant has its own token, because a token of the partner's tenant is refused in a customer's tenant (401
// InvalidAuthenticationTokenTenant). Each tenant also has its own throttle gate, because Resource Manager's
// limits are per tenant. Package httppipe implements the HTTP side; client.go configures it.
//
// Start with [New]. The API reference is https://learn.microsoft.com/rest/api/resources.
package resourcemanager
