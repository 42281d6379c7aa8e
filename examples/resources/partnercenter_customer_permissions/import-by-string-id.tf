import {
  to = partnercenter_customer_permissions.this
  id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202,a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303"
}
