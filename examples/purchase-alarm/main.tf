# Says what customers bought by themselves. A job applies it every day; it needs no backend, since it manages nothing.
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

variable "last" {
  description = "How far back to look. Twice as far as the job's interval misses nothing that shows late."
  type        = string
  default     = "2d"
}

data "partnercenter_self_serve_purchases" "lately" {
  last          = var.last
  include_price = true
  on_error      = "report"
}

locals {
  # All but what the partner surely bought itself.
  purchases = [for p in data.partnercenter_self_serve_purchases.lately.purchases : {
    when     = p.creation_date == null ? "" : formatdate("YYYY-MM-DD hh:mm 'UTC'", p.creation_date)
    customer = coalesce(p.company_name, p.customer_id)
    what = join("; ", concat(
      [for s in p.savings_plans : "${coalesce(s.offer_name, "Savings plan")}, ${coalesce(s.commitment_per_hour, "?")} ${coalesce(s.currency_code, "?")} per hour"],
      [for l in p.line_items : "${coalesce(l.quantity, 1)} × ${coalesce(l.friendly_name, l.offer_id, "?")}${l.term_duration == null ? "" : " (${l.term_duration})"}" if length(p.savings_plans) == 0],
      p.product_kind == "unclear" ? ["unclear whether it is a reservation"] : [],
    ))
    price    = p.amount == null ? "" : "${p.amount} ${coalesce(p.currency_code, "?")}"
    buyer    = p.buyer == null ? "somebody (${p.bought_by_reason})" : p.buyer
    order_id = p.order_id == null ? p.savings_plans[0].subscription_id : p.order_id # a savings plan bought in the Azure portal has no order
  } if p.bought_by != "partner"]
}

check "customers_bought_nothing" {
  assert {
    condition = length(local.purchases) == 0
    error_message = join("\n", concat( # the CLI does not wrap lines that begin with a space
      ["Customers bought what you will be billed for:"],
      flatten([for p in local.purchases : ["  ${p.customer}: ${p.what}", "    ${p.price}, ${p.when}, by ${p.buyer}"]]),
    ))
  }
}

check "all_customers_were_read" {
  assert {
    condition     = length(data.partnercenter_self_serve_purchases.lately.errors) == 0
    error_message = "Not all customers could be read: ${join(", ", keys(data.partnercenter_self_serve_purchases.lately.errors))}. They may have bought, too."
  }
}

output "purchases" {
  description = "What customers bought, newest first."
  value       = local.purchases
}

output "customers_read" {
  description = "How many customers were looked at."
  value       = data.partnercenter_self_serve_purchases.lately.customers_read
}

output "errors" {
  description = "Customers that could not be read, and why."
  value       = data.partnercenter_self_serve_purchases.lately.errors
}
