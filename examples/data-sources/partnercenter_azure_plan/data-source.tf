data "partnercenter_azure_plan" "all" {}

output "without_azure_plan" {
  description = "Customers without an active Azure plan, by company name."
  value       = { for c in data.partnercenter_azure_plan.all.customers : c.customer_id => c.name if !c.active }
}
