package tfkit

import "strings"

// arguments map what the clients name in their remedies to the arguments that set it. The clients do not import Terraform.
var arguments = []struct{ thing, set string }{
	{"refresh token", "refresh_token (or PARTNERCENTER_REFRESH_TOKEN)"},
	{"client ID", "client_id"},
	{"tenant ID", "tenant_id"},
	{"endpoint", "endpoints"},
	{"cloud environment", "environment"},
	{"certificate authority", "ca_certificate_path"},
	{"limit of requests per second", "requests_per_second"},
	{"limit of concurrent requests", "max_concurrent_requests"},
	{"user principal name", "user_principal_name"},
	{"object ID works", "principal_id"},
	{"principal type", "principal_type"},
	{"subscription ID", "subscription_id"},
	{"Check the reservation", "reservation_id"},
	{"customer ID", "customer_id"},
	{"application consent", "partnercenter_application_consent"},
	{"authenticate to Azure as a user", `azure_auth_mode = "user"`},
}

// argumentsFor lists the arguments for the things that a remedy names, or returns "". SaysFrom means that the message
// already says where the refresh token comes from.
func argumentsFor(remedy string, saysFrom bool) string {
	var found []string
	for _, a := range arguments {
		if strings.Contains(remedy, a.thing) && !(saysFrom && a.thing == "refresh token") {
			found = append(found, a.set)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " In Terraform: " + strings.Join(found, ", ") + "."
}
