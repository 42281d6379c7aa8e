data "partnercenter_azure_reservations" "contoso" {
  customer_id           = "c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404"
  include_renewal_price = true
}

locals {
  # Null means that the reservations are not known.
  contoso_renewals = [for r in coalesce(data.partnercenter_azure_reservations.contoso.reservations, []) : r if r.renew]
}

# Warns in every plan and apply as long as a reservation renews within 60 days.
check "contoso_renewals" {
  assert {
    condition     = data.partnercenter_azure_reservations.contoso.unknown_reason == null
    error_message = "The reservations of Contoso are not known. ${coalesce(data.partnercenter_azure_reservations.contoso.unknown_reason, "-")}"
  }
  assert {
    condition = alltrue([for r in local.contoso_renewals : timecmp(r.expires_on, timeadd(plantimestamp(), "1440h")) > 0])
    error_message = join("\n", concat(["Renewals of Contoso in the next 60 days:"], [
      for r in local.contoso_renewals : "  ${r.expires_on}: ${r.quantity} × ${r.sku}, ${coalesce(r.renewal_price, "?")} ${coalesce(r.renewal_currency_code, "?")}"
      if timecmp(r.expires_on, timeadd(plantimestamp(), "1440h")) <= 0
    ]))
  }
}
