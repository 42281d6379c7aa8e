# Applies everything against the mock of Partner Center and Azure, which "make mock" serves, and destroys it again. The mock
# prints the environment variables that lead to it: terraform test -filter=tests/mock.tftest.hcl

provider "partnercenter" {}

variables {
  partner_on_record_attestation_accepted = true
  customers = {
    northwind = { # has no Azure plan yet
      customer_id = "e5a3c1b7-90d8-4f2e-a6b4-7c8d1f0e3606"
      buyer       = "azure.owner@northwind-demo.onmicrosoft.com"
    }
    adatum = { # has one
      customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
      buyer       = "azure.owner@adatum-demo.onmicrosoft.com"
    }
  }
}

run "onboard" {
  assert {
    condition     = alltrue([for plan in partnercenter_azure_plan.this : plan.status == "active"])
    error_message = "Not every customer has an active Azure plan."
  }
  assert {
    condition     = output.azure_subscriptions["adatum"] == "d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c"
    error_message = "Adatum does not buy for the subscription that it had before."
  }
}

run "no_plan_without_agreement" {
  command = plan

  variables {
    customers = {
      fabrikam = {
        customer_id = "f2d7a094-6e1b-4c85-b3f9-5a0c8d2e7505"
        buyer       = "azure.owner@fabrikam-demo.onmicrosoft.com"
      }
    }
  }

  expect_failures = [data.partnercenter_customer_agreement.this["fabrikam"]]
}
