# The permissions of all customers: who is not listed has none.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

resource "partnercenter_customer_permissions" "all" {
  permissions = {
    "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" = { azure_reservations = true } # Adatum Demo
    "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303" = { azure_reservations = true } # Litware Demo
  }

  unlisted    = "deny"         # disables whatever other customers have enabled
  max_changes = 50             # an apply that would change more customers is refused
  refresh     = "activity_log" # reads all customers once a day, and otherwise only what was changed
}
