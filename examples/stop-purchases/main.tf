# Ends what customers spend on reservations: nobody buys new ones, and none that was bought is purchased again. Reservations that run stay
# in use until they expire. Sign-in comes from the PARTNERCENTER_* environment variables.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

variable "customer_ids" {
  description = "Customers whose purchases end."
  type        = set(string)
  default = [
    "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404",
    "d9c8b7a6-5f4e-4d3c-8b2a-1f0e9d8c7707",
  ]
}

# 1. The permission is off.
resource "partnercenter_customer_permission_reservations" "off" {
  for_each = var.customer_ids

  customer_id = each.key
  enabled     = false
}

# 2. The renewal of each reservation is off, whoever bought it. A reservation that is bought until then shows in the next plan.
data "partnercenter_azure_reservations" "bought" {
  for_each = var.customer_ids

  customer_id = each.key
}

locals {
  renewable = merge([
    for customer_id, azure in data.partnercenter_azure_reservations.bought : {
      for r in coalesce(azure.reservations, []) : r.reservation_id => customer_id if r.renewable
    }
  ]...)
}

resource "partnercenter_reservation_renewal" "off" {
  for_each = local.renewable

  customer_id    = each.value
  reservation_id = each.key
}

# Where the provider has no access, renewals may be on.
check "all_reservations_are_known" {
  assert {
    condition = alltrue([for azure in data.partnercenter_azure_reservations.bought : azure.unknown_reason == null])
    error_message = join("\n", concat(["Reservations of these customers are not known and may renew:"], [
      for customer_id, azure in data.partnercenter_azure_reservations.bought : "  ${customer_id}: ${azure.unknown_reason}" if azure.unknown_reason != null
    ]))
  }
}

output "renewals_off" {
  description = "Reservations that do not renew, by ID."
  value       = { for id, renewal in partnercenter_reservation_renewal.off : id => renewal.name if !renewal.renew }
}
