terraform {
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

# The first partner tenant: everything about its sign-in is in the environment.
provider "partnercenter" {}

# The second one: everything about its sign-in is in its block.
provider "partnercenter" {
  alias                     = "europe"
  tenant_id                 = var.europe_tenant_id
  client_id                 = var.europe_client_id
  client_secret_file_path   = "${var.secrets}/europe-client-secret"
  refresh_token_file_path   = "${var.secrets}/europe-refresh-token"
  refresh_token_output_path = "${var.secrets}/europe-refresh-token"
}

resource "partnercenter_customer_permission_reservations" "adatum" {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
}

resource "partnercenter_customer_permission_reservations" "litware" {
  provider    = partnercenter.europe
  customer_id = "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303"
}

variable "europe_tenant_id" {
  description = "Microsoft Entra tenant ID of the second partner tenant."
  type        = string
}

variable "europe_client_id" {
  description = "Application (client) ID of the app registration in the second partner tenant."
  type        = string
}

variable "secrets" {
  description = "Directory with the client secret and the refresh token of the second partner tenant."
  type        = string
}
