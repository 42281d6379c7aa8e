# Tests the configuration alone, without any server: terraform test -filter=tests/unit.tftest.hcl

mock_provider "partnercenter" {
  mock_data "partnercenter_customer_agreement" {
    defaults = {
      name     = "Contoso"
      accepted = true
    }
  }
  mock_resource "partnercenter_azure_plan" {
    defaults = {
      azure_subscription_id = "22222222-2222-2222-2222-222222222222"
    }
  }
}

variables {
  partner_on_record_attestation_accepted = true
  customers = {
    contoso = {
      customer_id = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
      buyer       = "azure.owner@contoso-demo.onmicrosoft.com"
    }
  }
}

run "owner_of_the_subscription" {
  assert {
    condition     = partnercenter_subscription_owner_assignment.buyer["contoso"].subscription_id == "22222222-2222-2222-2222-222222222222"
    error_message = "The user is not Owner of the Azure subscription of the plan."
  }
  assert {
    condition     = partnercenter_customer_permission_reservations.this["contoso"].customer_id == var.customers.contoso.customer_id
    error_message = "The permission is that of another customer."
  }
}

run "agreement_missing" {
  command = plan

  override_data {
    target = data.partnercenter_customer_agreement.this["contoso"]
    values = {
      name     = "Contoso"
      accepted = false
    }
  }

  expect_failures = [data.partnercenter_customer_agreement.this["contoso"]]
}
