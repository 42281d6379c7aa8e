# Disables every permission of every customer. The credentials come from PARTNERCENTER_* environment variables.

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
  permissions = {} # nobody is listed
  unlisted    = "deny"
}
