# One user, by the sign-in name.
data "partnercenter_customer_users" "buyer" {
  customer_id         = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  user_principal_name = "azure.owner@adatum-demo.onmicrosoft.com"
}

# The users that were deleted and can still be restored.
data "partnercenter_customer_users" "deleted" {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  state       = "inactive"
}

output "buyer_object_id" {
  value = one(data.partnercenter_customer_users.buyer.users[*].user_id)
}
