package permission

import (
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// NewCustomerPermissionSavingsPlansResource returns the resource
// partnercenter_customer_permission_savings_plans.
func NewCustomerPermissionSavingsPlansResource() resource.Resource {
	return newCustomerPermissionSavingsPlans()
}

// NewCustomerPermissionSavingsPlansList returns the list resource
// partnercenter_customer_permission_savings_plans.
func NewCustomerPermissionSavingsPlansList() list.ListResource {
	return newCustomerPermissionSavingsPlans()
}

func newCustomerPermissionSavingsPlans() *customerPermissionResource {
	return &customerPermissionResource{
		permission: partnercenter.AzureSavingsPlan, name: "savings_plans", what: "savings plans", other: "reservations",
		opens: "The purchase of a savings plan cannot be cancelled, exchanged or refunded.\n\n",
	}
}
