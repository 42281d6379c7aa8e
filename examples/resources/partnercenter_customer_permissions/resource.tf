# Which of the partner's customers may buy Azure reservations and savings plans by themselves.
# Nobody else may: what others have on shows in the plan, and is turned off.
resource "partnercenter_customer_permissions" "all" {
  permissions = {
    "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" = { azure_reservations = true, azure_savings_plans = true }
    "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303" = { azure_reservations = true }
    "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404" = { azure_reservations = false, azure_savings_plans = false }
  }
  unlisted    = "deny"
  max_changes = 50

  # Refreshes take a few requests, and read all customers once a day.
  refresh = "activity_log"
}
