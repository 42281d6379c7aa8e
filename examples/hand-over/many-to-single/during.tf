resource "partnercenter_customer_permissions" "this" {
  permissions = {
    "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" = { azure_reservations = true } # Adatum Demo
    "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303" = {}                            # Litware Demo, released
  }
}

resource "partnercenter_customer_permission_reservations" "litware" {
  customer_id = "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303"
}
