# What was bought in the last 2 days, by or for the customers whose permission is on.
data "partnercenter_self_serve_purchases" "lately" {
  last          = "2d"
  include_price = true
}

locals {
  # All but what the partner surely bought itself.
  bought = [for p in data.partnercenter_self_serve_purchases.lately.purchases : p if p.bought_by != "partner"]
}

# A purchase shows as a warning in the plan.
check "customers_bought_nothing" {
  assert {
    condition = length(local.bought) == 0
    error_message = join("\n", [for p in local.bought :
      "${coalesce(p.customer_name, p.customer_id)} bought ${join(", ", [for l in p.line_items : coalesce(l.friendly_name, l.offer_id, "a product")])}, by ${coalesce(p.buyer, "somebody")}."
    ])
  }
}

# What was ordered for one customer since the beginning of the year, while it was not allowed to buy.
data "partnercenter_self_serve_purchases" "contoso" {
  customer_id = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
  since       = "2026-01-01T00:00:00Z"
}

output "ordered_without_permission" {
  value = [for p in data.partnercenter_self_serve_purchases.contoso.purchases : p.order_id if p.permission_was_on == false]
}
