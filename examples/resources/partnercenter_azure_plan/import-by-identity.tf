import {
  to = partnercenter_azure_plan.northwind
  identity = {
    customer_id = "e5a3c1b7-90d8-4f2e-a6b4-7c8d1f0e3606"
  }
}
