# Without any service.

mock_provider "partnercenter" {}

run "csv" {
  command = plan

  variables {
    file            = "tests/customers.csv"
    required_labels = ["cost_center"]
  }

  assert {
    condition = partnercenter_customer_permissions.this.permissions == tomap({
      "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" = tomap({ azure_reservations = true })
      "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303" = tomap({ azure_reservations = true, azure_savings_plans = false })
      "d9c8b7a6-5f4e-4d3c-8b2a-1f0e9d8c7707" = tomap({})
    })
    error_message = "The permissions are not those of the file."
  }

  assert {
    condition     = output.labels["7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"] == { cost_center = "4711" }
    error_message = "Other columns must be labels."
  }

  assert {
    condition     = partnercenter_customer_permissions.this.unlisted == "ignore"
    error_message = "Other customers must be left alone by default."
  }
}

run "yaml_is_the_same" {
  command = plan

  variables {
    file            = "tests/customers.yaml"
    required_labels = ["cost_center"]
  }

  assert {
    condition     = partnercenter_customer_permissions.this.permissions == run.csv.permissions
    error_message = "Both files must give the same permissions."
  }
}

run "mistakes" {
  command = plan

  variables {
    file            = "tests/mistakes.csv"
    required_labels = ["cost_center"]
  }

  expect_failures = [partnercenter_customer_permissions.this]
}

run "wrong_values" {
  command = plan

  variables {
    file        = "tests/none.csv"
    max_changes = 0
  }

  expect_failures = [var.file, var.max_changes]
}
