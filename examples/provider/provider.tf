terraform {
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

# Everything may come from the environment instead:
# PARTNERCENTER_TENANT_ID, PARTNERCENTER_CLIENT_ID, PARTNERCENTER_CLIENT_SECRET
# and, for app+user sign-in, PARTNERCENTER_REFRESH_TOKEN.
provider "partnercenter" {
  tenant_id     = var.tenant_id
  client_id     = var.client_id
  client_secret = var.client_secret
  refresh_token = var.refresh_token
}

variable "tenant_id" {
  description = "The partner's tenant."
  type        = string
}

variable "client_id" {
  description = "The application that is enabled for Partner Center."
  type        = string
}

variable "client_secret" {
  description = "The application's secret."
  type        = string
  sensitive   = true
}

variable "refresh_token" {
  description = "A refresh token of an Admin agent, issued with multifactor authentication."
  type        = string
  sensitive   = true
}
