# Lets two customers buy Azure reservations. The sign-in comes from the PARTNERCENTER_* environment variables.

terraform {
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

resource "partnercenter_customer_permission_reservations" "this" {
  for_each = {
    adatum  = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" # Microsoft Entra tenant ID of the customer
    litware = "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303"
  }

  customer_id = each.value
}
