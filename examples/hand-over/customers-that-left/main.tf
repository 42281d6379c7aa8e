data "partnercenter_customers" "all" {}

locals {
  permissions = {
    "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" = { azure_reservations = true } # Adatum Demo
    "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303" = { azure_reservations = true } # Litware Demo
  }

  customer_ids = [for c in data.partnercenter_customers.all.customers : lower(c.customer_id)]
  left         = [for id in keys(local.permissions) : id if !contains(local.customer_ids, lower(id))]
}

resource "partnercenter_customer_permissions" "this" {
  permissions = { for id, one in local.permissions : id => one if !contains(local.left, id) }
}

check "no_customer_has_left" {
  assert {
    condition     = length(local.left) == 0
    error_message = "No longer a customer: ${join(", ", local.left)}. Remove them from the configuration."
  }
}
