resource "partnercenter_customer_permission_reservations" "these" {
  for_each = {
    adatum  = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
    litware = "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303"
  }

  customer_id = each.value
}
