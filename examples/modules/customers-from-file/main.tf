# Sets the permissions of the customers in a CSV or YAML file.

locals {
  permission_names = ["azure_reservations", "azure_savings_plans"]
  is_csv           = endswith(lower(var.file), ".csv")

  # Rows of both kinds of files in one form. Cells are texts: true, false or empty.
  csv_rows = [for number, row in csvdecode(local.is_csv ? file(var.file) : "customer_id") : {
    where   = "line ${number + 2}"
    id      = lower(trimspace(row.customer_id))
    cells   = { for name in local.permission_names : name => lower(trimspace(try(row[name], ""))) }
    labels  = { for name, value in row : name => trimspace(value) if !contains(concat(["customer_id", "name"], local.permission_names), name) }
    unknown = []
  }]
  yaml_rows = [for id, row in yamldecode(local.is_csv ? "{}" : file(var.file)) : {
    where   = "customer ${id}"
    id      = lower(id)
    cells   = { for name in local.permission_names : name => try(lower(tostring(row[name])), "") }
    labels  = { for name, value in try(row.labels, {}) : name => tostring(value) }
    unknown = [for name in try(keys(row), []) : name if !contains(concat(["name", "labels"], local.permission_names), name)]
  }]
  rows = concat(local.csv_rows, local.yaml_rows)

  problems = concat(
    [for row in local.rows : "${row.where}: ${row.id} is not a GUID" if !can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", row.id))],
    flatten([for row in local.rows : [
      for name, cell in row.cells : "${row.where}: ${name} is ${cell}, and must be true, false or empty" if cell != "" && !can(tobool(cell))
    ]]),
    flatten([for row in local.rows : [for name in row.unknown : "${row.where}: unknown key ${name}"]]),
    [for id, same in { for row in local.rows : row.id => row.where... } : "${join(" and ", same)} have the same customer ID" if length(same) > 1],
    flatten([for row in local.rows : [
      for label in var.required_labels : "${row.where}: the label ${label} is missing" if contains(values(row.cells), "true") && try(row.labels[label], "") == ""
    ]]),
  )

  # Without the rows that the precondition refuses.
  customers = { for id, same in { for row in local.rows : row.id => row... } : id => same[0] }
}

resource "partnercenter_customer_permissions" "this" {
  permissions = length(local.problems) > 0 ? {} : {
    for id, row in local.customers : id => { for name, cell in row.cells : name => tobool(cell) if cell != "" }
  }

  unlisted    = var.deny_others ? "deny" : "ignore"
  max_changes = var.max_changes

  lifecycle {
    precondition {
      condition     = length(local.problems) == 0
      error_message = join("\n", concat(["${var.file} has mistakes:"], [for problem in local.problems : "  ${problem}"]))
    }
  }
}
