// Package provider has the provider's schema and the list of all types (provider.go). It creates the
// clients from configuration and environment (config.go). Between Terraform and the plugin framework are the
// servers of server.go and packed.go.
package provider
