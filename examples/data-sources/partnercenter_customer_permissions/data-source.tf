# What every customer may buy by itself.
data "partnercenter_customer_permissions" "all" {
  on_error = "report"
  read     = "list" # pages instead of one request per customer, where single reads agree with them
  timeouts = { read = "1h" }
}

# The customers whose reservations the partner pays for.
output "may_buy_reservations" {
  value = [for c in data.partnercenter_customer_permissions.all.customers : c.company_name if c.azure_reservations]
}

# The same, as the argument permissions of partnercenter_customer_permissions takes it.
output "permissions" {
  value = { for c in data.partnercenter_customer_permissions.all.customers : c.customer_id => {
    azure_reservations = c.azure_reservations, azure_savings_plans = c.azure_savings_plans
  } }
}

# Savings plans must stay off, and a customer that could not be read must not pass for one that is off.
check "no_savings_plans" {
  assert {
    condition     = alltrue([for c in data.partnercenter_customer_permissions.all.customers : !c.azure_savings_plans])
    error_message = "Some customers may buy Azure savings plans."
  }
  assert {
    condition     = length(data.partnercenter_customer_permissions.all.errors) == 0
    error_message = "Not read: ${join(", ", keys(data.partnercenter_customer_permissions.all.errors))}."
  }
}
