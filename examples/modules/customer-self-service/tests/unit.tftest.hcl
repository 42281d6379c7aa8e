# Without any service. Terraform does not invent elements of lists, so the test names what the data sources return.

mock_provider "partnercenter" {
  override_data {
    target = data.partnercenter_subscriptions.azure
    values = {
      subscriptions = [{
        azure_subscriptions = [
          { subscription_id = "d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c", status = "active" },
          { subscription_id = "a372e09c-16ed-4f8b-9a5a-293c46f7ea0a", status = "suspended" },
        ]
      }]
    }
  }

  override_data {
    target = data.partnercenter_reservation_readiness.this
    values = { ready = true }
  }
}

variables {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  buyer       = "azure.owner@adatum-demo.onmicrosoft.com"
}

run "owner_of_active_subscriptions" {
  assert {
    condition     = output.azure_subscriptions == ["d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c"]
    error_message = "The buyer must become Owner of the active subscriptions only."
  }
}

run "no_savings_plans_by_default" {
  command = plan

  assert {
    condition     = length(partnercenter_customer_permission_savings_plans.this) == 0
    error_message = "Savings plans must be chosen."
  }
}

run "wrong_values" {
  command = plan

  variables {
    customer_id      = "adatum"
    buyer            = "somebody"
    subscription_ids = []
  }

  expect_failures = [var.customer_id, var.buyer, var.subscription_ids]
}

run "inactive_subscription" {
  command = plan

  variables {
    subscription_ids = ["a372e09c-16ed-4f8b-9a5a-293c46f7ea0a"]
  }

  expect_failures = [partnercenter_subscription_owner_assignment.buyer]
}
