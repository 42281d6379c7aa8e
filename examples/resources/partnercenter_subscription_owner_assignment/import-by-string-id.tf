# {customer id}/{subscription id}/{principal id}, or the role assignment's ID of Azure Resource Manager:
# /subscriptions/…/roleAssignments/…
import {
  to = partnercenter_subscription_owner_assignment.buyers
  id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202/d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c/4b8f3da6-bc57-4e90-af42-d3061ac5e333"
}
