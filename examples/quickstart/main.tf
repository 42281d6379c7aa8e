# Lets every customer that has an Azure plan buy Azure reservations by itself.
# The credentials come from PARTNERCENTER_* environment variables.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

data "partnercenter_customers" "all" {}

resource "partnercenter_customer_permissions" "all" {
  permissions = {
    for customer in data.partnercenter_customers.all.customers : customer.customer_id => { azure_reservations = true }
  }

  on_error = "report" # leaves out customers without an Azure plan, with a warning
}
