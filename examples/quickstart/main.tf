# Lets every customer that has an Azure plan buy Azure reservations by itself.
# Sign-in comes from the PARTNERCENTER_* environment variables.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

data "partnercenter_customers" "all" {}

data "partnercenter_subscriptions" "azure" {
  for_each = { for c in data.partnercenter_customers.all.customers : c.customer_id => c }

  customer_id = each.key
  azure_only  = true
}

locals {
  company_names = { for c in data.partnercenter_customers.all.customers : c.customer_id => c.company_name }
  qualified     = toset([for id, s in data.partnercenter_subscriptions.azure : id if s.has_active_azure_subscription])
  unqualified   = [for id, s in data.partnercenter_subscriptions.azure : local.company_names[id] if !s.has_active_azure_subscription]
}

resource "partnercenter_customer_permission_reservations" "this" {
  for_each = local.qualified

  customer_id = each.key
}

check "every_customer_has_an_azure_plan" {
  assert {
    condition     = length(local.unqualified) == 0
    error_message = "No active Azure plan, so left out: ${join(", ", local.unqualified)}."
  }
}

output "may_buy_reservations" {
  description = "Company names of the customers that may buy Azure reservations."
  value       = sort([for id, p in partnercenter_customer_permission_reservations.this : local.company_names[id] if p.enabled])
}
