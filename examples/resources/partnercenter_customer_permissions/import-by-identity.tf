import {
  to = partnercenter_customer_permissions.this
  identity = {
    id = "all"
  }
}
