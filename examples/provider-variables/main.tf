terraform {
  required_version = ">= 1.10" # for ephemeral variables; OpenTofu has them from 1.11 on
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

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
  ephemeral   = true # in no plan file and no state
}

variable "refresh_token" {
  description = "A refresh token of an Admin agent, issued with multifactor authentication."
  type        = string
  sensitive   = true
  ephemeral   = true
}
