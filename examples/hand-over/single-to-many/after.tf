resource "partnercenter_customer_permission_reservations" "this" {
  for_each = toset([
    "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303", # Litware Demo
  ])

  customer_id = each.key
}

# A removed block takes no instance key, so the instance first gets an address without one.
moved {
  from = partnercenter_customer_permission_reservations.this["7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"]
  to   = partnercenter_customer_permission_reservations.adatum
}

removed {
  from = partnercenter_customer_permission_reservations.adatum

  lifecycle {
    destroy = false
  }
}

resource "partnercenter_customer_permissions" "this" {
  permissions = {
    "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202" = { azure_reservations = true } # Adatum Demo
  }
}
