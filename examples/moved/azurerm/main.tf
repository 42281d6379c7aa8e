moved {
  from = azurerm_role_assignment.buyers
  to   = partnercenter_subscription_owner_assignment.buyers
}

resource "partnercenter_subscription_owner_assignment" "buyers" {
  for_each = {
    adatum = {
      customer_id     = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
      subscription_id = "d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c"
      principal_id    = "2f6d1b84-9a35-4c7e-8d20-b1e4f7a3c111"
    }
  }

  customer_id     = each.value.customer_id
  subscription_id = each.value.subscription_id
  principal_id    = each.value.principal_id
}
