# One resource for all customers of customers.yaml. The first apply imports them.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

resource "partnercenter_customer_permissions" "all" {
  permissions = yamldecode(file("${path.module}/customers.yaml"))
}

# Delete this block after the first apply.
import {
  to = partnercenter_customer_permissions.all
  id = "on" # the customers that have a permission enabled
}
