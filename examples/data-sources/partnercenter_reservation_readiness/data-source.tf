# Checks first and then enables. While something is missing, the plan fails and says what to do.
data "partnercenter_reservation_readiness" "contoso" {
  customer_id = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"

  lifecycle {
    postcondition {
      # Null means that it is not known, as where only a group is Owner. Replace false by true to allow that.
      condition     = coalesce(self.prerequisites_met, false)
      error_message = join("\n", concat(self.blockers, self.unknowns))
    }
  }
}

resource "partnercenter_customer_permission_reservations" "contoso" {
  customer_id = data.partnercenter_reservation_readiness.contoso.customer_id
}

# One Azure subscription of another customer.
data "partnercenter_reservation_readiness" "adatum" {
  customer_id     = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  subscription_id = "d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c"
}

output "adatum_can_buy" {
  value = data.partnercenter_reservation_readiness.adatum.ready
}

# Every customer, with what is missing.
data "partnercenter_reservation_readiness" "all" {
  on_error = "report"
}

output "missing" {
  value = { for c in data.partnercenter_reservation_readiness.all.customers : c.customer_id => c.blockers if c.prerequisites_met == false }
}
