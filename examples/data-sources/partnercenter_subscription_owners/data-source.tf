data "partnercenter_subscription_owners" "production" {
  customer_id     = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
  subscription_id = "6f3eac58-d2a9-4b47-9c16-e5f802b3a606"
}

# For the names of the users among them.
data "partnercenter_customer_users" "all" {
  customer_id = data.partnercenter_subscription_owners.production.customer_id
}

locals {
  names = { for u in data.partnercenter_customer_users.all.users : u.user_id => u.user_principal_name }
}

# Who of the customer is Owner; null when that is not known.
output "owners" {
  value = (
    data.partnercenter_subscription_owners.production.owners == null ? null :
    [for o in data.partnercenter_subscription_owners.production.owners : lookup(local.names, o.principal_id, o.principal_id) if o.side == "customer"]
  )
}

output "why_not_known" {
  value = data.partnercenter_subscription_owners.production.unknown_reason
}
