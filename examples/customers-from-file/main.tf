# Reads the permissions from customers.csv. An empty cell leaves the permission unmanaged.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

locals {
  rows = [for number, row in csvdecode(file("${path.module}/customers.csv")) : {
    line  = number + 2
    id    = lower(trimspace(row.customer_id))
    cells = { for name in ["azure_reservations", "azure_savings_plans"] : name => lower(trimspace(row[name])) }
  }]

  lines = { for row in local.rows : row.id => row.line... }

  bad_rows = [for row in local.rows : row if !(
    can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", row.id)) &&
    length(local.lines[row.id]) == 1 &&
    alltrue([for cell in values(row.cells) : cell == "" || can(tobool(cell))])
  )]
}

resource "partnercenter_customer_permissions" "this" {
  permissions = {
    for row in setsubtract(local.rows, local.bad_rows) :
    row.id => { for name, cell in row.cells : name => tobool(cell) if cell != "" }
  }

  lifecycle {
    precondition {
      condition = length(local.bad_rows) == 0
      error_message = join("\n", concat(
        ["customers.csv has customer IDs that are not GUIDs or occur twice, or cells that are not true, false or empty:"],
        [for row in local.bad_rows : "  line ${row.line}: ${row.id}, ${join(", ", compact(values(row.cells)))}"],
      ))
    }
  }
}
