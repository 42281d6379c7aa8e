# The customer's active Azure plans and Azure (global) subscriptions.
data "partnercenter_subscriptions" "azure" {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  azure_only  = true
  status      = "active"
}

# The Azure subscriptions whose Owners can buy reservations.
output "azure_subscription_ids" {
  value = flatten([for s in data.partnercenter_subscriptions.azure.subscriptions : s.azure_subscriptions[*].subscription_id])
}
