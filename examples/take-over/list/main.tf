# Who has a permission today, as the content of customers.yaml.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

data "partnercenter_customer_permissions" "all" {}

output "customers" {
  value = join("", [
    for c in data.partnercenter_customer_permissions.all.customers :
    "# ${c.company_name}\n${c.customer_id}: { azure_reservations: ${c.azure_reservations}, azure_savings_plans: ${c.azure_savings_plans} }\n"
    if c.azure_reservations || c.azure_savings_plans
  ])
}
