// Package partnercenter is a client for the part of the Partner Center REST API that the provider
// needs. It does not depend on Terraform.
//
// Each noun of the API is a field of [Client] and a file of the same name: customers.go,
// subscriptions.go, orders.go, reservations.go, audit_records.go, self_serve_policies.go,
// profiles.go. If one task needs several API calls, there is one method for it, such as
// [SelfServePolicies.Grant] or [Purchases.List].
//
// Lists are iterators that read all pages (pages.go). Values that the API writes in more than one
// form (dates, numbers, enumerations) have their own types (values.go). Every failure is an
// [*Error] with the server's answer (errors.go) and, for known errors, a remedy (remedies.go).
//
// Package httppipe implements the HTTP side: token, retries, throttling, IDs, limits, cleaning of
// texts, and logging. client.go configures it.
//
// The API reference is
// https://learn.microsoft.com/partner-center/developer/partner-center-rest-api-reference.
package partnercenter
