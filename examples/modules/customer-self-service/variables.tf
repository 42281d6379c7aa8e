variable "customer_id" {
  description = "Microsoft Entra tenant ID of the customer."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", var.customer_id))
    error_message = "The customer ID must be a GUID, such as 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202. Partner Center shows it as Microsoft ID."
  }
}

variable "buyer" {
  description = "User principal name of the customer's user who buys. The user becomes Owner of the Azure subscriptions."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.buyer))
    error_message = "The buyer must be a user principal name, such as azure.owner@adatum.onmicrosoft.com."
  }
}

variable "subscription_ids" {
  description = "IDs of the Azure subscriptions that the buyer becomes Owner of. Defaults to all active ones of the customer."
  type        = set(string)
  default     = null

  validation {
    condition     = var.subscription_ids == null || try(length(var.subscription_ids) > 0, true)
    error_message = "Name at least one Azure subscription, or leave the variable out."
  }
}

variable "savings_plans" {
  description = "Set to true to let the customer also buy Azure savings plans, which cannot be cancelled."
  type        = bool
  default     = false
  nullable    = false
}
