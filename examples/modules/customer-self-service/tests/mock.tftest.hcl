# Against the mock of Partner Center, whose environment variables must be set.

variables {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" # Adatum Demo
  buyer       = "azure.owner@adatum-demo.onmicrosoft.com"
}

run "ready" {
  assert {
    condition     = output.name == "Adatum Demo" && output.ready == true && length(output.blockers) == 0
    error_message = "The customer cannot buy: ${join(" ", output.blockers)}"
  }

  assert {
    condition     = output.azure_subscriptions == ["d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c"]
    error_message = "The buyer must be Owner of the active Azure subscriptions."
  }

  assert {
    condition     = length(partnercenter_customer_permission_savings_plans.this) == 0
    error_message = "Savings plans must be chosen."
  }
}

run "another_subscription" {
  command = plan

  variables {
    subscription_ids = ["a372e09c-16ed-4f8b-9a5a-293c46f7ea0a"] # of Tailspin Demo
  }

  expect_failures = [partnercenter_subscription_owner_assignment.buyer]
}

run "no_azure_plan" {
  command = plan

  variables {
    customer_id = "e5a3c1b7-90d8-4f2e-a6b4-7c8d1f0e3606" # Northwind Demo
    buyer       = "azure.owner@northwind-demo.onmicrosoft.com"
  }

  expect_failures = [data.partnercenter_subscriptions.azure]
}
