# Purchases of the last 2 days, by or for the customers whose permission is enabled.
data "partnercenter_self_serve_purchases" "lately" {
  last          = "2d"
  include_price = true
}

locals {
  # Everything except purchases by the partner.
  bought = [for p in data.partnercenter_self_serve_purchases.lately.purchases : p if p.bought_by != "partner"]
}

# A purchase is a warning in the plan.
check "customers_bought_nothing" {
  assert {
    condition = length(local.bought) == 0
    error_message = join("\n", [for p in local.bought :
      "${coalesce(p.company_name, p.customer_id)} bought a ${replace(p.product_kind, "_", " ")} for ${coalesce(p.amount, "?")} ${coalesce(p.currency_code, "")}, by ${coalesce(p.buyer, "somebody")}."
    ])
  }
}

# Savings plans that were bought in the Azure portal, with their commitment.
output "savings_plans" {
  value = flatten([for p in data.partnercenter_self_serve_purchases.lately.purchases : [for s in p.savings_plans : {
    customer            = p.company_name
    commitment_per_hour = "${coalesce(s.commitment_per_hour, "?")} ${coalesce(s.currency_code, "?")}"
    total_commitment    = s.total_commitment
    until               = s.commitment_end_date
  }] if p.source == "outside_partner_center"])
}

# Purchases of one customer in January, while it was not allowed to buy, and what they add up to.
data "partnercenter_self_serve_purchases" "contoso" {
  customer_id   = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
  start         = "2026-01-01T00:00:00Z"
  end           = "2026-02-01T00:00:00Z"
  include_price = true
}

output "ordered_without_permission" {
  value = [for p in data.partnercenter_self_serve_purchases.contoso.purchases : p.order_id if p.permission_was_on == false]
}

output "total" {
  value = { for t in data.partnercenter_self_serve_purchases.contoso.totals_by_currency : coalesce(t.currency_code, "?") => t.amount }
}
