# Who changed permissions of customers in the last 30 days, other than this provider.
data "partnercenter_activity_log" "permissions" {
  last           = "30d"
  resource_types = ["self_serve_policy"]
  statuses       = ["succeeded"]
}

output "permission_changes" {
  value = [for r in data.partnercenter_activity_log.permissions.audit_records : {
    when     = r.operation_date
    who      = r.user_principal_name
    customer = r.company_name
    before   = r.permissions_before
    after    = r.permissions_after
  } if r.by_this_application != true]
}

# What was bought for one customer, or by it.
data "partnercenter_activity_log" "orders" {
  last            = "90d"
  customer_id     = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
  operation_types = ["create_order"]
}

output "order_ids" {
  value = [for r in data.partnercenter_activity_log.orders.audit_records : lookup(r.customized_data, "OrderId", null)]
}
