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
}

run "no_azure_plan" {
  command = plan

  variables {
    customer_id = "e5a3c1b7-90d8-4f2e-a6b4-7c8d1f0e3606" # Northwind Demo
    buyer       = "azure.owner@northwind-demo.onmicrosoft.com"
  }

  expect_failures = [data.partnercenter_subscriptions.azure]
}
