# Lets customers buy Azure reservations by themselves, with all that it takes: a user of each
# customer becomes Owner of the customer's Azure subscriptions, and then the permission is
# turned on. One provider block signs in to all the customers' tenants. Sign-in comes from the
# PARTNERCENTER_* environment variables.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

variable "buyers" {
  description = "The user who shall buy, by customer id."
  type        = map(string)
  default = {
    "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" = "azure.owner@adatum-demo.onmicrosoft.com"
    "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303" = "azure.owner@litware-demo.onmicrosoft.com"
  }
}

# 1. The customer has an active Azure plan with an Azure subscription, or an Azure (global) subscription.
data "partnercenter_subscriptions" "azure" {
  for_each = var.buyers

  customer_id = each.key
  azure_only  = true
  status      = "active"

  lifecycle {
    postcondition {
      condition     = contains(flatten(self.subscriptions[*].azure_subscriptions)[*].status, "active")
      error_message = "Customer ${self.customer_id} has no active Azure subscription: buy an Azure plan and make one under it, or leave the customer out."
    }
  }
}

locals {
  azure_subscriptions = merge([
    for customer_id, azure in data.partnercenter_subscriptions.azure : {
      for s in flatten(azure.subscriptions[*].azure_subscriptions) : s.subscription_id => customer_id if s.status == "active"
    }
  ]...)
}

# 2. A user of the customer is Owner of each of its Azure subscriptions.
resource "partnercenter_subscription_owner_assignment" "buyer" {
  for_each = local.azure_subscriptions

  customer_id         = each.value
  subscription_id     = each.key
  user_principal_name = var.buyers[each.value]
  description         = "Buys reservations."
}

# 3. The permission, which refers to the Owners: it comes after them, and goes before them.
resource "partnercenter_customer_permission_reservations" "this" {
  for_each = var.buyers

  customer_id = one(distinct([
    for owner in partnercenter_subscription_owner_assignment.buyer : owner.customer_id if owner.customer_id == each.key
  ]))
}

# What is still in the way, by the servers' own word.
data "partnercenter_reservation_readiness" "this" {
  for_each = var.buyers

  customer_id = each.key
  depends_on  = [partnercenter_customer_permission_reservations.this]
}

check "customers_can_buy" {
  assert {
    condition     = alltrue([for r in data.partnercenter_reservation_readiness.this : coalesce(r.ready, false)])
    error_message = join("\n", flatten([for r in data.partnercenter_reservation_readiness.this : concat(r.blockers, r.unknowns)]))
  }
}

output "ready" {
  description = "Whether each customer can buy; null when that is not known."
  value       = { for customer_id, r in data.partnercenter_reservation_readiness.this : customer_id => r.ready }
}
