# A resource for each permission that is on in customers.yaml. The first apply imports them.

terraform {
  required_version = ">= 1.7"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

locals {
  customers     = yamldecode(file("${path.module}/customers.yaml"))
  reservations  = toset([for id, one in local.customers : id if one.azure_reservations])
  savings_plans = toset([for id, one in local.customers : id if one.azure_savings_plans])
}

resource "partnercenter_customer_permission_reservations" "customers" {
  for_each    = local.reservations
  customer_id = each.key
}

resource "partnercenter_customer_permission_savings_plans" "customers" {
  for_each    = local.savings_plans
  customer_id = each.key
}

# Delete both blocks after the first apply.
import {
  for_each = local.reservations
  to       = partnercenter_customer_permission_reservations.customers[each.key]
  id       = each.key
}

import {
  for_each = local.savings_plans
  to       = partnercenter_customer_permission_savings_plans.customers[each.key]
  id       = each.key
}
