# Says which reservations renew soon and what that costs, the most expensive first. It manages nothing, so a job can apply it every day
# without a backend. Sign-in comes from the PARTNERCENTER_* environment variables.

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
  description = "Customers to look at. Defaults to all that may buy reservations."
  type        = set(string)
  default     = null
}

variable "within" {
  description = "How far ahead to look, as a Go duration: 1440h is 60 days."
  type        = string
  default     = "1440h"
}

data "partnercenter_customer_permissions" "all" {
  count = var.customer_ids == null ? 1 : 0
}

locals {
  customer_ids = var.customer_ids != null ? var.customer_ids : toset([
    for c in data.partnercenter_customer_permissions.all[0].customers : c.customer_id if c.azure_reservations
  ])
}

data "partnercenter_azure_reservations" "bought" {
  for_each = local.customer_ids

  customer_id           = each.key
  include_renewal_price = true
}

locals {
  due = flatten([
    for customer_id, azure in data.partnercenter_azure_reservations.bought : [
      for r in coalesce(azure.reservations, []) : merge(r, { customer_id = customer_id })
      if r.renew && timecmp(r.expires_on, timeadd(plantimestamp(), var.within)) <= 0
    ]
  ])
  # Terraform sorts texts, so the amounts get leading zeros.
  by_amount = reverse(sort([for i, r in local.due : format("%018.2f %04d", coalesce(r.renewal_price, 0), i)]))
  renewals  = [for key in local.by_amount : local.due[tonumber(split(" ", key)[1])]]
  totals = {
    for currency in distinct(compact(local.due[*].renewal_currency_code)) :
    currency => sum([for r in local.due : tonumber(r.renewal_price) if r.renewal_currency_code == currency])
  }
}

check "nothing_renews_soon" {
  assert {
    condition = length(local.renewals) == 0
    error_message = join("\n", concat( # the CLI does not wrap lines that begin with a space
      ["Azure will purchase ${length(local.renewals)} reservations again, and you will be billed:"],
      [for r in local.renewals : "  ${formatdate("YYYY-MM-DD", r.expires_on)}: ${coalesce(r.renewal_price, "?")} ${coalesce(r.renewal_currency_code, "?")}, ${r.quantity} × ${r.sku} (${r.term_duration}), customer ${r.customer_id}"],
      [for currency, total in local.totals : "  together ${format("%.2f", total)} ${currency}"],
    ))
  }
}

check "all_reservations_are_known" {
  assert {
    condition = alltrue([for azure in data.partnercenter_azure_reservations.bought : azure.unknown_reason == null])
    error_message = join("\n", concat(["Reservations of these customers are not known and may renew:"], [
      for customer_id, azure in data.partnercenter_azure_reservations.bought : "  ${customer_id}: ${azure.unknown_reason}" if azure.unknown_reason != null
    ]))
  }
}

output "renewals" {
  description = "Reservations that renew soon, the most expensive first."
  value       = local.renewals
}

output "totals" {
  description = "What they cost together, by currency."
  value       = local.totals
}
