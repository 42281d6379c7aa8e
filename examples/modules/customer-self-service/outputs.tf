output "name" {
  description = "Company name of the customer."
  value       = partnercenter_customer_permission_reservations.this.name
}

output "azure_subscriptions" {
  description = "IDs of the Azure subscriptions that the buyer is Owner of."
  value       = keys(partnercenter_subscription_owner_assignment.buyer)
}

output "ready" {
  description = "true if the customer can buy Azure reservations, null if that is not known."
  value       = data.partnercenter_reservation_readiness.this.ready
}

output "blockers" {
  description = "What keeps the customer from buying, or could not be checked."
  value       = concat(data.partnercenter_reservation_readiness.this.blockers, data.partnercenter_reservation_readiness.this.unknowns)
}
