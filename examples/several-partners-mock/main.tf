terraform {
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

# The first mock: its settings are in the environment.
provider "partnercenter" {}

# The second mock: its settings are in the file that it has written.
locals {
  europe = { for v in regexall("PARTNERCENTER_(\\w+)='([^']*)'", file("europe.env")) : v[0] => v[1] }
}

provider "partnercenter" {
  alias                      = "europe"
  tenant_id                  = local.europe.TENANT_ID
  client_id                  = local.europe.CLIENT_ID
  client_secret              = local.europe.CLIENT_SECRET
  refresh_token              = local.europe.REFRESH_TOKEN
  refresh_token_obtained_on  = local.europe.REFRESH_TOKEN_OBTAINED_ON
  ca_certificate_path        = local.europe.CA_CERTIFICATE_PATH
  disable_instance_discovery = true

  endpoints {
    authority_host   = local.europe.AUTHORITY_HOST
    partner_center   = local.europe.PARTNER_CENTER_ENDPOINT
    resource_manager = local.europe.RESOURCE_MANAGER_ENDPOINT
  }
}

resource "partnercenter_customer_permission_reservations" "adatum" {
  customer_id = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
}

resource "partnercenter_customer_permission_reservations" "litware" {
  provider    = partnercenter.europe
  customer_id = "a4e1c7d9-5b02-4f6d-8d31-90b7f2c6e303"
}
