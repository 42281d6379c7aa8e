# All customers.
data "partnercenter_customers" "all" {}

# Those whose company name starts with "ad", in upper or lower case.
data "partnercenter_customers" "ad" {
  company_name_prefix = "ad"
}

# A list for each name, since companies can share one.
output "customer_ids" {
  value = { for c in data.partnercenter_customers.all.customers : c.company_name => c.customer_id... }
}
