terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

# The credentials come from PARTNERCENTER_* environment variables.
provider "partnercenter" {}

# Two customers may buy Azure reservations. No other customer is read or changed.
resource "partnercenter_customer_permissions" "this" {
  permissions = {
    "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" = { azure_reservations = true } # Adatum Demo
    "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303" = { azure_reservations = true } # Litware Demo
  }
}
