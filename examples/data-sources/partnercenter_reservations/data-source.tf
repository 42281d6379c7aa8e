data "partnercenter_reservations" "contoso" {
  customer_id = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
}

output "reservations" {
  value = { for r in data.partnercenter_reservations.contoso.reservations : r.reservation_id => {
    name     = r.display_name
    reserved = r.reservation_type
    quantity = r.quantity
    until    = r.expiry_date_time
    order_id = r.order_id
  } if r.reservation_id != null }
}

# A reservation that was ordered shows in the plan as long as it is not provisioned.
check "reservations_are_provisioned" {
  assert {
    condition     = alltrue([for r in data.partnercenter_reservations.contoso.reservations : r.reservation_id != null])
    error_message = "Some reservations are ordered but not provisioned."
  }
}
