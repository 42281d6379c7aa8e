# Reservations, and what could be one, among the customer's orders since the beginning of the year, with prices.
data "partnercenter_order_history" "reservations" {
  customer_id       = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
  start             = "2026-01-01T00:00:00Z"
  reservations_only = true
  include_price     = true
}

output "reservations_bought" {
  value = [for o in data.partnercenter_order_history.reservations.orders : {
    when     = o.creation_date
    what     = o.line_items[*].friendly_name
    kind     = o.line_items[*].product_kind
    price    = o.total_price
    currency = o.currency_code
  }]
}
