package partnercenter

import (
	"errors"
	"net/http"
	"strings"

	"terraform-provider-partnercenter/internal/httppipe"
)

const (
	docs        = "https://learn.microsoft.com/partner-center/"
	rolesLink   = docs + "customers/give-customers-permission"
	appUserLink = "https://registry.terraform.io/providers/partnercenter/partnercenter/latest/docs/guides/secure_application_model"
)

// remedies says what to do about Partner Center's codes
// (https://learn.microsoft.com/partner-center/developer/error-codes).
var remedies = map[string]string{
	"900420": "The token was issued for a retired audience. Request tokens for " + DefaultEndpoint + ".",
	"900421": "The sign-in lacks multifactor authentication, which Partner Center requires of every call on behalf of a user. " +
		"Sign the partner's user in again with multifactor authentication, by terraform-provider-partnercenter login, and store the new refresh token: " +
		appUserLink + ".",
	"900329": "This call needs app+user sign-in: use a refresh token of an Admin agent: " + appUserLink + ".",
	"900150": "The role of the user is not enough. Only an Admin agent can enable or disable customer permissions. " +
		"Sales agents and Helpdesk agents can only read them. Use the refresh token of an Admin agent: " + rolesLink + ".",
	"900308": "The user lacks privileges. Customer permissions need a user in the partner tenant's AdminAgents group: " + rolesLink + ".",
	"900309": "Conditional Access blocks the call. Ask the partner tenant's administrator to allow this application and user.",
	"20002":  "The customer has no reseller relationship with this partner, or no longer. Check the customer's ID. Renew the relationship, or remove the customer from the configuration.",
	"60003":  "There is no customer tenant with this ID. Check the customer's ID.",
	"900118": "The customer's ID is malformed. It is the Microsoft Entra tenant ID of the customer, a GUID.",
	"13605":  "The customer has not accepted the Microsoft Customer Agreement.",
	"900124": "The partner has not accepted the Microsoft Partner Agreement.",
	"900123": "The indirect reseller has not accepted the Microsoft Partner Agreement.",
	"600040": "Partner Center does not know the ID of the policy.",
}

// remedy says what to do, in whole sentences, or "".
func remedy(e *Error) string {
	if r := remedies[e.Code]; r != "" {
		return r
	}
	switch {
	case e.StatusCode == http.StatusTooManyRequests:
		return httppipe.ThrottledRemedy
	case e.StatusCode == http.StatusForbidden && strings.Contains(strings.ToLower(e.Path), "/selfservepolicy"):
		return "Customer permissions need app+user authentication by a user of the partner tenant's group AdminAgents. Sales agents and Helpdesk agents can only read them. " +
			"Check the role of the user, and that the customer is yours: " + rolesLink + "."
	case e.StatusCode == http.StatusForbidden && (strings.Contains(strings.ToLower(e.Path), "/entitlements") || strings.Contains(strings.ToLower(e.Path), "/artifacts/")):
		return "Reservations need app+user authentication by an agent of the partner: " + appUserLink + ". Check the sign-in and that the customer is yours."
	case e.StatusCode == http.StatusForbidden && strings.Contains(strings.ToLower(e.Path), "/applicationconsents"):
		return "An application consent needs app+user authentication by an Admin agent, and a GDAP relationship with the customer that has the role Application Administrator: " +
			docs + "developer/control-panel-vendor-apis."
	case e.StatusCode == http.StatusForbidden:
		return "Check the role of the user in the partner tenant, and that a relationship with the customer (reseller, GDAP) exists."
	case e.StatusCode == http.StatusUnauthorized:
		return "Partner Center does not accept the token. Check that the application is enabled for the Partner Center API in this tenant: " +
			docs + "developer/set-up-api-access-in-partner-center."
	case e.StatusCode >= 300 && e.StatusCode < 400:
		return "The API sends no redirects, and the token must not follow one. Check the endpoints and the proxy."
	case e.StatusCode == http.StatusNotFound && e.Code == "":
		return "The address itself seems to be unknown. Check the endpoints."
	case e.StatusCode >= 500:
		return "The failure is on Partner Center's side. Run again. If it stays, give the IDs to Microsoft support."
	case errors.Is(e.Err, errUnreadable):
		return "Something between may have answered, such as a proxy. Check the endpoints and the proxy; if it stays, report it with the IDs."
	case e.StatusCode == http.StatusConflict:
		return "Somebody else is changing the same object. Run again."
	case e.StatusCode >= 400:
		return "Partner Center does not accept the request. If its message does not help, report it with the IDs."
	case e.StatusCode == 0:
		return "No answer came. Check the network and the proxy, and run again."
	}
	return ""
}
