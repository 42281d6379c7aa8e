# A user of the customer becomes Owner of the customer's Azure subscription, found by name.
resource "partnercenter_subscription_owner_assignment" "owner" {
  customer_id         = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  subscription_id     = "d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c"
  user_principal_name = "azure.owner@adatum-demo.onmicrosoft.com"
  description         = "Buys Azure reservations for Adatum."

  timeouts = {
    create = "15m"
  }
}

# A group, by its object id in the customer's directory.
resource "partnercenter_subscription_owner_assignment" "buyers" {
  customer_id     = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  subscription_id = "d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c"
  principal_id    = "4b8f3da6-bc57-4e90-af42-d3061ac5e333"
  principal_type  = "Group"
}
