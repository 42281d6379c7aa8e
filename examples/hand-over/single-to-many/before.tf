resource "partnercenter_customer_permission_reservations" "this" {
  for_each = toset([
    "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202", # Adatum Demo
    "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303", # Litware Demo
  ])

  customer_id = each.key
}
