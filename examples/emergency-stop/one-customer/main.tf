# Disables both permissions of one customer. The credentials come from PARTNERCENTER_* environment variables.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

resource "partnercenter_customer_permissions" "stop" {
  permissions = {
    "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404" = { azure_reservations = false, azure_savings_plans = false } # Contoso Demo
  }
}
