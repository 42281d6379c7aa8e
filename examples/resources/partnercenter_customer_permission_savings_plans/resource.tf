# The customer may buy Azure savings plans.
resource "partnercenter_customer_permission_savings_plans" "adatum" {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
}

# The customer must not, and a plan shows when somebody allows it.
resource "partnercenter_customer_permission_savings_plans" "litware" {
  customer_id = "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303"
  enabled     = false
}
