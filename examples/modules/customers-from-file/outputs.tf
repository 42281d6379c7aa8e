output "may_buy_reservations" {
  description = "IDs of the customers in the file that may buy Azure reservations."
  value       = [for id, row in local.customers : id if row.cells.azure_reservations == "true"]
}

output "may_buy_savings_plans" {
  description = "IDs of the customers in the file that may buy Azure savings plans."
  value       = [for id, row in local.customers : id if row.cells.azure_savings_plans == "true"]
}

output "labels" {
  description = "Labels of the customers in the file, by customer ID."
  value       = { for id, row in local.customers : id => row.labels }
}

output "unconfirmed" {
  description = "Customers whose permissions are not, or may not be, as the file says, with the reason."
  value       = partnercenter_customer_permissions.this.unconfirmed
}

output "permissions" {
  description = "Permissions of the customers in the file, by customer ID."
  value       = partnercenter_customer_permissions.this.permissions
}
