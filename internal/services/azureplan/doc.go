// Package azureplan has the types for the Azure plans of customers.
package azureplan
