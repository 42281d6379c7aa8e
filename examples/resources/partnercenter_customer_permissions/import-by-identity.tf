import {
  to = partnercenter_customer_permissions.all
  identity = {
    id = "all"
  }
}
