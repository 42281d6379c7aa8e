# Every customer that has an Azure plan, with a limit above the number of customers.
list "partnercenter_azure_plan" "on" {
  provider         = partnercenter
  include_resource = true
  limit            = 10000
}
