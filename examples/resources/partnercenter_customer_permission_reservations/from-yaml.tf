resource "partnercenter_customer_permission_reservations" "listed" {
  for_each = yamldecode(file("${path.module}/customers.yaml"))

  customer_id = each.key
  enabled     = each.value.enabled
}
