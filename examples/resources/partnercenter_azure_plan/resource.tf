# Buys the Azure plan of a customer that has accepted the Microsoft Customer Agreement.
resource "partnercenter_azure_plan" "northwind" {
  customer_id   = "e5a3c1b7-90d8-4f2e-a6b4-7c8d1f0e3606"
  friendly_name = "Azure plan"

  # The partner's statement about the partner of record, which Microsoft requires for each purchase.
  partner_on_record_attestation_accepted = true
}

output "azure_subscription_id" {
  description = "Azure subscription that came with the plan."
  value       = partnercenter_azure_plan.northwind.azure_subscription_id
}
