# {customer_id}, or {customer_id}/{subscription_id} with the ID of the plan in Partner Center
import {
  to = partnercenter_azure_plan.northwind
  id = "e5a3c1b7-90d8-4f2e-a6b4-7c8d1f0e3606"
}
