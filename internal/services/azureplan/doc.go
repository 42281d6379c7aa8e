// Package azureplan implements partnercenter_azure_plan, as resource, list resource and data source.
package azureplan
