policy "partnercenter" {
  description       = "Limits and approvals for customer permissions"
  query             = "data.partnercenter.deny"
  enforcement_level = "mandatory"
}
