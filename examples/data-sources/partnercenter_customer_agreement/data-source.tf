data "partnercenter_customer_agreement" "adatum" {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"

  lifecycle {
    postcondition {
      condition     = self.accepted
      error_message = "${self.name} has not accepted the Microsoft Customer Agreement, so nothing can be bought for it."
    }
  }
}

check "agreement_up_to_date" {
  assert {
    condition     = !data.partnercenter_customer_agreement.adatum.outdated
    error_message = "${data.partnercenter_customer_agreement.adatum.name} accepted the Microsoft Customer Agreement before April 2023. Ask it to accept the agreement again."
  }
}
