# Lets one customer buy Azure reservations by itself, with everything that a purchase needs.

# 1. An active Azure subscription, below an Azure plan or an Azure (global) subscription.
data "partnercenter_subscriptions" "azure" {
  customer_id = var.customer_id
  azure_only  = true
  status      = "active"

  lifecycle {
    postcondition {
      condition     = contains(flatten(self.subscriptions[*].azure_subscriptions)[*].status, "active")
      error_message = "Customer ${var.customer_id} has no active Azure subscription. Buy an Azure plan, and create a subscription below it."
    }
  }
}

locals {
  active_subscriptions = toset([
    for s in flatten(data.partnercenter_subscriptions.azure.subscriptions[*].azure_subscriptions) : s.subscription_id if s.status == "active"
  ])
  azure_subscriptions = var.subscription_ids == null ? local.active_subscriptions : toset([for id in var.subscription_ids : lower(id)])
}

# 2. A user of the customer who is Owner of it.
resource "partnercenter_subscription_owner_assignment" "buyer" {
  for_each = local.azure_subscriptions

  customer_id         = var.customer_id
  subscription_id     = each.key
  user_principal_name = var.buyer
  description         = "Buys Azure reservations."

  lifecycle {
    precondition {
      condition     = contains(local.active_subscriptions, each.key)
      error_message = "Azure subscription ${each.key} is not an active one of customer ${var.customer_id}. Active are: ${join(", ", local.active_subscriptions)}."
    }
  }
}

# 3. The permission. Terraform enables it after the Owner exists, and disables it before it removes the Owner.
resource "partnercenter_customer_permission_reservations" "this" {
  customer_id = var.customer_id

  depends_on = [partnercenter_subscription_owner_assignment.buyer]
}

resource "partnercenter_customer_permission_savings_plans" "this" {
  count = var.savings_plans ? 1 : 0

  customer_id = var.customer_id

  depends_on = [partnercenter_subscription_owner_assignment.buyer]
}

# What is still missing, as the services see it. The outputs have it.
data "partnercenter_reservation_readiness" "this" {
  customer_id = var.customer_id

  depends_on = [partnercenter_customer_permission_reservations.this]
}
