# Every customer that may buy reservations, with a limit above the number of customers.
list "partnercenter_customer_permission_reservations" "on" {
  provider         = partnercenter
  include_resource = true
  limit            = 10000
}

# Customers whose name starts with Contoso and whose permission is off, but for one.
list "partnercenter_customer_permission_reservations" "contoso_off" {
  provider = partnercenter

  config {
    enabled              = false
    company_name_prefix  = "Contoso"
    exclude_customer_ids = ["7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"]
  }
}
