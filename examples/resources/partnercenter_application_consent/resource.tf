# Every customer's tenant consents to the provider's application, so that Owner
# assignments can be made there.
data "partnercenter_customers" "all" {}

resource "partnercenter_application_consent" "azure" {
  for_each     = toset(data.partnercenter_customers.all.customers[*].customer_id)
  customer_id  = each.key
  display_name = "Contoso Partner automation"
}
