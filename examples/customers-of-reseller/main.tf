# The customers of one indirect reseller. A customer that leaves the reseller is no longer in the map, so its permissions are disabled;
# the plan names it first.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

variable "partner_id" {
  description = "Partner ID (formerly MPN ID) of the indirect reseller."
  type        = string
}

data "partnercenter_indirect_resellers" "all" {}

data "partnercenter_customers" "reseller" {
  indirect_reseller_id = one([
    for r in data.partnercenter_indirect_resellers.all.indirect_resellers : r.indirect_reseller_id if r.partner_id == var.partner_id
  ])

  lifecycle {
    postcondition {
      condition     = self.indirect_reseller_id != null # without a reseller, the list would have all customers
      error_message = "There is no indirect reseller with the Partner ID ${var.partner_id}."
    }
  }
}

resource "partnercenter_customer_permissions" "reseller" {
  permissions = { for c in data.partnercenter_customers.reseller.customers : c.customer_id => { azure_reservations = true } }
  on_error    = "report" # customers without an Azure plan
  max_changes = 50
}
