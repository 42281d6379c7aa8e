// Package resourcemanager is a client for the customers' side of Azure: Azure Resource Manager in
// the customers' tenants. It knows nothing of Terraform.
//
// It uses the Azure SDK's generated clients over the pipeline of package httppipe, so that
// retry, throttling, logging and hosts are those of Partner Center's client. Each tenant has
// its own token: a token of the partner's tenant is refused in a customer's (401
// InvalidAuthenticationTokenTenant), and azcore keeps one token per client.
//
// Failures are [*Error]. Start with [New].
package resourcemanager
