import {
  to = partnercenter_customer_permission_savings_plans.adatum
  identity = {
    customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
  }
}
