data "partnercenter_reservation_readiness" "contoso" {
  customer_id = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
}

# Warns in every plan and apply as long as something is in the way.
check "contoso_can_buy_reservations" {
  assert {
    condition     = length(data.partnercenter_reservation_readiness.contoso.blockers) == 0
    error_message = join("\n", data.partnercenter_reservation_readiness.contoso.blockers)
  }
  # Leave this out where a group is Owner that is known to have members.
  assert {
    condition     = length(data.partnercenter_reservation_readiness.contoso.unknowns) == 0
    error_message = join("\n", data.partnercenter_reservation_readiness.contoso.unknowns)
  }
}

# One Azure subscription of another customer.
data "partnercenter_reservation_readiness" "adatum" {
  customer_id     = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  subscription_id = "d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c"
}

output "adatum_can_buy" {
  value = data.partnercenter_reservation_readiness.adatum.ready
}
