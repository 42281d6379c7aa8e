# Monthly report of what customers bought, as Markdown, CSV and one HTML page. It manages nothing and needs no backend.
# Credentials come from the PARTNERCENTER_* environment variables. "sh report.sh" writes the files.

terraform {
  required_version = ">= 1.5"
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}

provider "partnercenter" {}

variable "month" {
  description = "Month of the report in UTC, such as 2026-05. Defaults to last month."
  type        = string
  default     = null
  validation {
    condition     = var.month == null ? true : can(regex("^20[0-9]{2}-(0[1-9]|1[0-2])$", var.month))
    error_message = "The month must have the form 2026-05."
  }
}

variable "limits" {
  description = "Largest total of the month by currency, such as { USD = 5000 }. Once there is a limit, a currency without one has the limit 0."
  type        = map(number)
  default     = {}
}

variable "renewals_within" {
  description = "Number of days in which a term that ends is a renewal that is due."
  type        = number
  default     = 90
}

variable "customer_ids" {
  description = "Customers of the report. Defaults to those whose permission is enabled or was changed in the last 90 days."
  type        = list(string)
  default     = null
}

variable "indirect_reseller_id" {
  description = "Microsoft Entra tenant ID of the indirect reseller whose customers the report is about, instead of customer_ids."
  type        = string
  default     = null
}

# Three years, so that the terms that still run are known. It takes the same requests as a month.
data "partnercenter_self_serve_purchases" "all" {
  start                    = local.history
  end                      = local.end
  include_price            = true
  include_system_purchases = true
  customer_ids             = var.customer_ids
  indirect_reseller_id     = var.indirect_reseller_id
  on_error                 = "report"
}

# Azure knows whether reservations renew. Without access to them, the report says "unknown".
data "partnercenter_azure_reservations" "bought" {
  for_each    = toset([for p in data.partnercenter_self_serve_purchases.all.purchases : p.customer_id if try(length(p.reservations), 0) > 0])
  customer_id = each.key
}

locals {
  # By reservation order: whether a reservation of it renews.
  renews_in_azure = { for order, renew in merge([
    for azure in data.partnercenter_azure_reservations.bought : { for r in coalesce(azure.reservations, []) : r.reservation_order_id => r.renew... }
  ]...) : order => anytrue(renew) }
  # By purchase: whether its parts renew.
  renewing = [for p in local.read.purchases : concat(
    [for plan in p.savings_plans : plan.auto_renew_enabled == null ? "unknown" : plan.auto_renew_enabled ? "yes" : "no"],
    [for r in coalesce(p.reservations, []) : try(local.renews_in_azure[lower(r.resource_id)] ? "yes" : "no", "unknown")],
  )]

  first  = "YYYY-MM-01'T'00:00:00Z"
  month  = var.month == null ? formatdate("YYYY-MM", timeadd(formatdate(local.first, plantimestamp()), "-24h")) : var.month
  year   = tonumber(substr(local.month, 0, 4))
  number = local.year * 12 + tonumber(substr(local.month, 5, 2)) - 1 # of the month, from year 0
  end    = formatdate(local.first, timeadd("${local.month}-01T00:00:00Z", "768h"))
  # 36 months before the end, so that the oldest term of three years is in it.
  history = format("%04d-%s-01T00:00:00Z", local.year - 3, substr(local.month, 5, 2))
  due     = timeadd(plantimestamp(), "${var.renewals_within * 24}h")

  read = data.partnercenter_self_serve_purchases.all

  # Every purchase, with what a reader wants to know.
  purchases = [for i, p in local.read.purchases : {
    month       = p.creation_date == null ? "" : substr(p.creation_date, 0, 7)
    date        = p.creation_date == null ? "" : substr(p.creation_date, 0, 10)
    customer_id = p.customer_id
    customer    = coalesce(p.company_name, p.customer_id)
    kind        = replace(p.product_kind, "_", " ")
    what = join("; ", length(p.savings_plans) > 0 ? [
      for s in p.savings_plans : "${coalesce(s.offer_name, "Savings plan")}, ${coalesce(s.commitment_per_hour, "?")} ${coalesce(s.currency_code, "?")} per hour"
      ] : [
      for l in p.line_items : "${coalesce(l.quantity, 1)} × ${coalesce(l.friendly_name, l.offer_id, "?")}"
    ])
    amount    = p.amount == null ? "" : p.amount
    currency  = p.currency_code == null ? "" : p.currency_code
    cancelled = p.status == "cancelled"
    source    = p.source == null ? "" : replace(p.source, "_", " ")
    buyer     = p.buyer == null ? "" : p.buyer
    bought_by = p.bought_by == null ? "unknown" : p.bought_by
    allowed   = p.permission_was_on == null ? "unknown" : p.permission_was_on ? "yes" : "no"
    order_id  = p.order_id == null ? p.savings_plans[0].subscription_id : p.order_id
    begins = concat(compact(concat(p.savings_plans[*].effective_start_date, p.reservations == null ? [] : p.reservations[*].effective_date_time)), [
      p.creation_date == null ? "" : p.creation_date
    ])[0]
    ends   = concat(reverse(sort(compact(concat(p.savings_plans[*].commitment_end_date, p.reservations == null ? [] : p.reservations[*].expiry_date_time)))), [""])[0]
    renews = contains(local.renewing[i], "yes") ? "yes" : length(local.renewing[i]) == 0 || contains(local.renewing[i], "unknown") ? "unknown" : "no"
  }]
  in_month = [for p in local.purchases : p if p.month == local.month]

  # Totals of the month are the provider's, which adds up exactly.
  totals = [for t in local.read.totals_by_month : {
    currency = t.currency_code == null ? "?" : t.currency_code, amount = t.amount, purchases = t.purchases, unpriced = t.unpriced
  } if t.month == local.month]
  by_customer = values({ for t in local.read.totals_by_customer_and_month : # the largest first, by currency
    format("%s %018.2f %s", coalesce(t.currency_code, "?"), 999999999999 - tonumber(coalesce(t.amount, "0")), t.customer_id) => {
      customer = coalesce(t.company_name, t.customer_id), currency = t.currency_code == null ? "?" : t.currency_code, amount = t.amount, purchases = t.purchases, unpriced = t.unpriced
    } if t.month == local.month
  })

  # Terms that still run.
  running = [for p in local.purchases : p if p.ends != "" && !p.cancelled && timecmp(coalesce(p.ends, local.end), local.end) > 0]
  # Terms that end soon, whether they renew or not.
  ending   = [for i, p in local.running : format("%s %06d", p.ends, i) if timecmp(p.ends, local.due) <= 0]
  renewals = [for key in sort(local.ending) : local.running[tonumber(split(" ", key)[1])]]

  # The chart of the last 12 months and the next 36, by currency. Amounts are numbers here: a pixel is not exact.
  months     = [for i in range(-11, 1) : format("%04d-%02d", floor((local.number + i) / 12), (local.number + i) % 12 + 1)]
  ahead      = [for i in range(1, 37) : format("%04d-%02d", floor((local.number + i) / 12), (local.number + i) % 12 + 1)]
  currencies = sort(distinct([for t in local.read.totals_by_currency : t.currency_code if t.currency_code != null]))
  names      = { for id, names in { for p in local.purchases : p.customer_id => p.customer... } : id => names[0] }
  spent = { for c in local.currencies : c => { for id in keys(local.names) : id => {
    for t in local.read.totals_by_customer_and_month : t.month => tonumber(t.amount) if t.customer_id == id && t.currency_code == c && t.month != null
  } } }
  # The eight customers that spent most, and the others together.
  ranked = { for c in local.currencies : c => [
    for key in reverse(sort([for id, by_month in local.spent[c] : format("%030.4f %s", sum(concat([0], [for m in local.months : lookup(by_month, m, 0)])), id)])) : split(" ", key)[1]
  ] }
  series = { for c in local.currencies : c => concat(
    [for i, id in local.ranked[c] : { name = local.names[id], values = [for m in local.months : max(0, lookup(local.spent[c][id], m, 0))] } if i < 8],
    length(local.ranked[c]) <= 8 ? [] : [{ name = "Others", values = [for m in local.months : sum([for i, id in local.ranked[c] : i < 8 ? 0 : max(0, lookup(local.spent[c][id], m, 0))])] }],
  ) }
  terms = [for p in local.running : {
    currency = p.currency, amount = p.amount == "" ? 0 : tonumber(p.amount)
    from     = tonumber(substr(p.begins, 0, 4)) * 12 + tonumber(substr(p.begins, 5, 2)) - 1
    to       = tonumber(substr(p.ends, 0, 4)) * 12 + tonumber(substr(p.ends, 5, 2)) - 1
  }]
  committed = { for c in local.currencies : c => [for i in range(1, 37) : sum(concat([0], [
    for t in local.terms : t.amount / max(1, t.to - t.from) if t.currency == c && t.from <= local.number + i && t.to > local.number + i
  ]))] }

  over = [for t in local.totals : "The purchases of ${local.month} add up to ${t.amount} ${t.currency}, and the limit is ${lookup(var.limits, t.currency, 0)} ${t.currency}."
  if length(var.limits) > 0 && tonumber(t.amount) > lookup(var.limits, t.currency, 0)]
  unread   = [for id, reason in local.read.errors : "Customer ${id} could not be read: ${reason}"]
  problems = concat(local.over, local.unread)

  # Names are the customers' own words: none of them may become HTML, Markdown or a formula.
  texts    = distinct(concat(local.problems, flatten([for p in local.purchases : [for text in values(p) : tostring(text)]]), [for t in local.by_customer : t.customer]))
  html     = { for text in local.texts : text => replace(replace(replace(replace(replace(text, "&", "&amp;"), "<", "&lt;"), ">", "&gt;"), "\"", "&quot;"), "'", "&#39;") }
  markdown = { for text in local.texts : text => replace(replace(text, "/\\s+/", " "), "/([\\\\|`*_<>\\[\\]])/", "\\$1") }
  csv      = { for text in local.texts : text => "\"${replace(replace(replace(text, "/\\s+/", " "), "\"", "\"\""), "/^[=+@-]/", "'$0")}\"" }

  report = {
    month           = local.month, months = local.months, ahead = local.ahead, purchases = local.in_month, totals = local.totals, by_customer = local.by_customer, renewals = local.renewals
    running         = local.running, currencies = local.currencies, series = local.series, committed = local.committed, customers_read = local.read.customers_read
    renewals_within = var.renewals_within, problems = local.problems, html = local.html, markdown = local.markdown, csv = local.csv
    colors          = ["#0f6cbd", "#e3008c", "#498205", "#ca5010", "#8764b8", "#038387", "#986f0b", "#a4262c", "#69797e"]
  }
}

output "month" {
  description = "Month of the report."
  value       = local.month
}

output "md" {
  description = "The report as Markdown."
  value       = templatefile("${path.module}/report.md.tftpl", local.report)
}

output "csv" {
  description = "Purchases of the month as CSV."
  value       = templatefile("${path.module}/report.csv.tftpl", local.report)
}

output "html" {
  description = "The report as one HTML page."
  value       = templatefile("${path.module}/report.html.tftpl", local.report)
}

output "problems" {
  description = "What fails the job after the report was kept: limits that are exceeded and customers that could not be read."
  value       = join("\n", local.problems)
}
