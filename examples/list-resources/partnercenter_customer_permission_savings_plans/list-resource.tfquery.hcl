# Every customer that may buy savings plans, with a limit above the number of customers.
list "partnercenter_customer_permission_savings_plans" "on" {
  provider         = partnercenter
  include_resource = true
  limit            = 10000
}
