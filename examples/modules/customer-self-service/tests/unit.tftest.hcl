# Without any service. Lists of objects of a mocked data source are empty, and a test cannot fill them: so this customer has no
# Azure subscription. tests/mock.tftest.hcl tests the rest.

mock_provider "partnercenter" {}

variables {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  buyer       = "azure.owner@adatum-demo.onmicrosoft.com"
}

run "no_azure_subscription" {
  command = plan

  expect_failures = [data.partnercenter_subscriptions.azure]
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
