# Indirect resellers of an indirect provider, and the customers of one of them.
data "partnercenter_indirect_resellers" "all" {}

locals {
  # Tenant IDs by Partner ID, which orders and invoices have.
  reseller_ids = { for r in data.partnercenter_indirect_resellers.all.indirect_resellers : r.partner_id => r.indirect_reseller_id if r.partner_id != null }
}

data "partnercenter_customers" "first_up" {
  indirect_reseller_id = local.reseller_ids["1234567"]
}

data "partnercenter_customer_permissions" "first_up" {
  indirect_reseller_id = local.reseller_ids["1234567"]
}

output "customers" {
  value = data.partnercenter_customers.first_up.customers[*].company_name
}

output "may_buy" {
  value = [for c in data.partnercenter_customer_permissions.first_up.customers : c.company_name if c.azure_reservations || c.azure_savings_plans]
}
