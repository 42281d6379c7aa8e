# Takes customers from nothing to buying Azure reservations by themselves: agreement checked, Azure plan bought, a user of
# the customer Owner of the Azure subscription that comes with the plan, permission enabled. The steps refer to each other,
# which orders them. Credentials come from the PARTNERCENTER_* environment variables.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

variable "customers" {
  description = "Customers to onboard, by a short name, with the user who shall buy."
  type = map(object({
    customer_id = string
    buyer       = string
  }))
}

variable "partner_on_record_attestation_accepted" {
  description = "Accepts the partner's statement about the partner of record, which Microsoft requires for each purchase."
  type        = bool
}

# 1. The customer has accepted the Microsoft Customer Agreement.
data "partnercenter_customer_agreement" "this" {
  for_each = var.customers

  customer_id = each.value.customer_id

  lifecycle {
    postcondition {
      condition     = self.accepted
      error_message = "${self.name} has not accepted the Microsoft Customer Agreement. Its Global Administrator accepts it at https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement."
    }
  }
}

# 2. The Azure plan, with a first Azure subscription. A plan that the customer has already is taken over.
resource "partnercenter_azure_plan" "this" {
  for_each = var.customers

  customer_id                            = data.partnercenter_customer_agreement.this[each.key].customer_id
  partner_on_record_attestation_accepted = var.partner_on_record_attestation_accepted
  adopt_existing                         = true
}

# 3. A user of the customer is Owner of the Azure subscription that came with the plan.
resource "partnercenter_subscription_owner_assignment" "buyer" {
  for_each = var.customers

  customer_id         = partnercenter_azure_plan.this[each.key].customer_id
  subscription_id     = partnercenter_azure_plan.this[each.key].azure_subscription_id
  user_principal_name = each.value.buyer
  description         = "Buys reservations."
}

# 4. The permission. It comes after the Owner, and goes before the Owner.
resource "partnercenter_customer_permission_reservations" "this" {
  for_each = var.customers

  customer_id = partnercenter_subscription_owner_assignment.buyer[each.key].customer_id
}

output "azure_subscriptions" {
  description = "Azure subscription that each customer buys for."
  value       = { for name, owner in partnercenter_subscription_owner_assignment.buyer : name => owner.subscription_id }
}
