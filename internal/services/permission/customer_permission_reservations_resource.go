package permission

import (
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// NewCustomerPermissionReservationsResource returns the resource
// partnercenter_customer_permission_reservations.
func NewCustomerPermissionReservationsResource() resource.Resource {
	return newCustomerPermissionReservations()
}

// NewCustomerPermissionReservationsList returns the list resource
// partnercenter_customer_permission_reservations.
func NewCustomerPermissionReservationsList() list.ListResource {
	return newCustomerPermissionReservations()
}

func newCustomerPermissionReservations() *customerPermissionResource {
	return &customerPermissionResource{
		permission: partnercenter.AzureReservedInstances, name: "reservations", what: "reservations", other: "savings plans",
		opens: "The permission also allows purchases of **pre-purchase plans**, such as those for Copilot Credits. They cannot be cancelled or exchanged, " +
			"and they renew by default.\n\n",
	}
}
