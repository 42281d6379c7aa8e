# Who is Owner of any Azure subscription of a customer.
list "partnercenter_subscription_owner_assignment" "contoso" {
  provider         = partnercenter
  include_resource = true

  config {
    customer_id = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
  }
}

# Who is Owner of one subscription.
list "partnercenter_subscription_owner_assignment" "production" {
  provider = partnercenter

  config {
    customer_id     = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
    subscription_id = "6f3eac58-d2a9-4b47-9c16-e5f802b3a606"
  }
}
