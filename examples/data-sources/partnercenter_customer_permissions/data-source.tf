# What every customer may buy by itself.
data "partnercenter_customer_permissions" "all" {
  on_error = "report"
  read     = "list" # pages instead of one request per customer, where single reads agree with them
  timeouts = { read = "1h" }
}

# The customers whose reservations the partner pays for.
output "may_buy_reservations" {
  value = [for c in data.partnercenter_customer_permissions.all.customers : c.company_name if c.reservations]
}

# Savings plans must stay off, and a customer that could not be read must not pass for one that is off.
check "no_savings_plans" {
  assert {
    condition     = alltrue([for c in data.partnercenter_customer_permissions.all.customers : !c.savings_plans])
    error_message = "Some customers may buy Azure savings plans."
  }
  assert {
    condition     = length(data.partnercenter_customer_permissions.all.errors) == 0
    error_message = "Not read: ${join(", ", keys(data.partnercenter_customer_permissions.all.errors))}."
  }
}
