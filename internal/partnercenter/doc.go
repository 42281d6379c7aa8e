// Package partnercenter is a client for the part of the Partner Center REST API
// that the provider needs. It knows nothing of Terraform.
//
// Each noun of the API is a field of [Client] and a file of the same name:
// customers.go, subscriptions.go, orders.go, reservations.go, audit_records.go,
// self_serve_policies.go, profiles.go. Where the wire needs several calls for one
// thing, the method is a verb of the domain, such as [SelfServePolicies.Grant] and
// [Purchases.List], for which the API has no noun.
// Lists are iterators that read all pages (pages.go). What the API writes in more
// than one way — dates, numbers, enumerations — has types of its own (values.go).
// Every failure is an [*Error] with what the server said (errors.go) and, where
// something useful can be said, what to do (remedies.go).
//
// The HTTP side — token, retry, throttling, ids, limits, cleaning of texts, logging — is package
// httppipe; client.go puts it together.
//
// Start at https://learn.microsoft.com/partner-center/developer/partner-center-rest-api-reference.
package partnercenter
