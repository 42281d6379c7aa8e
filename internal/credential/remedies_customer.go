package credential

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

const (
	customerConsent = "The customer's tenant has not consented to the application. Create an application consent for the customer: " + gdapLink + "."
	customerAccess  = "A Conditional Access policy of the customer's tenant refuses the sign-in. Ask the customer's administrator to exclude service provider users " +
		"or this user from the policy: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups."
	customerMFA = "A Conditional Access policy of the customer's tenant asks for more than the sign-in has. Ask the customer's administrator to trust multifactor " +
		"authentication of the partner's tenant, or to exclude service provider users: https://learn.microsoft.com/entra/external-id/cross-tenant-access-overview."
	customerUnknown = "There is no tenant with this ID. Check the customer ID: it is the ID of the customer's Microsoft Entra tenant."
	customerCloud   = "The customer's tenant belongs to another cloud. Check the customer ID and the cloud environment."
)

// customerRemedies contains the remedies for codes that have another meaning in a customer's tenant
// than in the partner's own.
var customerRemedies = map[int]string{
	65001:  customerConsent,
	90099:  customerConsent,
	650056: customerConsent,
	650057: "The application asks for an API that is not among its permissions. Add it to the app registration, and then to the application consent for the customer: " + gdapLink + ".",
	700016: "The application does not exist in the customer's tenant. Create an application consent for the customer, and check the customer ID: " + gdapLink + ".",

	53003:  customerAccess,
	53000:  customerAccess,
	530032: customerAccess,
	50072:  customerMFA,
	50074:  customerMFA,
	50076:  customerMFA,
	50078:  customerMFA,
	50079:  customerMFA,
	50158:  customerMFA,
	70043: "A Conditional Access policy of the customer's tenant on sign-in frequency refuses the sign-in. Ask the customer's administrator to exclude " +
		"service provider users or this user from the policy.",

	90002:  customerUnknown,
	900382: customerCloud,
	90038:  customerCloud,
	500011: "The API is unknown in the customer's tenant. Check the customer ID, and that the tenant has an Azure subscription.",
}

// headlines contains short descriptions of Entra ID's error codes.
var headlines = map[int]string{
	700082: "the refresh token expired", 70008: "the refresh token expired",
	70043: "a sign-in frequency policy ended the refresh token",
	50173: "the refresh token was revoked", 50133: "the session was revoked", 50132: "the session was revoked",
	70000: "the refresh token is not valid", 9002313: "the refresh token is malformed",

	50072: "the user has to enrol for multifactor authentication", 50079: "the user has to enrol for multifactor authentication",
	50074: "multifactor authentication is missing", 50076: "multifactor authentication is missing", 50078: "the multifactor authentication expired",
	50158: "a Conditional Access policy asks for more",
	53003: "a Conditional Access policy blocks it", 530032: "a security policy blocks it", 53000: "a policy asks for a managed device",

	90099: "the application is not authorized", 65001: "the application has no consent",
	650057: "the application lacks a permission", 650056: "the application lacks a permission", 65005: "the application lacks a permission",
	700016: "the application does not exist there", 7000112: "the application is disabled", 500011: "the API is unknown in the tenant",
	50194: "the application is for one tenant only",

	50020: "the user is unknown there", 50034: "the user is unknown there", 16000: "the user is unknown there",
	500213: "a cross-tenant access policy forbids it", 500212: "a cross-tenant access policy forbids it", 530034: "delegated administration is blocked",

	7000215: "the client secret is wrong", 7000222: "the client secret expired", 700027: "the certificate is refused",
	700024: "the OIDC token expired", 70021: "no federated credential matches", 700213: "no federated credential matches",
	700211: "no federated credential matches", 700212: "no federated credential matches",
	90002: "the tenant does not exist", 900382: "the tenant belongs to another cloud", 90038: "the tenant belongs to another cloud",
}

// Headline returns in one line what failed.
func (e *Error) Headline() string {
	headline := "Sign-in failed"
	if e.CustomerTenant != "" && e.OfTenant() {
		headline += " in tenant " + e.CustomerTenant
	}
	for _, code := range e.Codes {
		if text := headlines[code]; text != "" {
			return headline + ": " + text
		}
	}
	var cause interface{ Headline() string }
	switch {
	case errors.As(e.Err, &cause):
		return headline + ": " + cause.Headline()
	case errors.As(e.Err, new(*httppipe.ProxyError)):
		return headline + ": a proxy refused the connection"
	case e.Err != nil && strings.Contains(e.Err.Error(), "x509: "):
		return headline + ": the certificate is not trusted"
	case e.Err != nil && isConnection(e.Err):
		return headline + ": no connection to the sign-in service"
	case len(e.Codes) > 0 && e.refusal():
		return fmt.Sprintf("%s: Microsoft Entra ID refused it (AADSTS%d)", headline, e.Codes[0])
	case e.StatusCode == http.StatusTooManyRequests:
		return headline + ": Microsoft Entra ID throttles it"
	case e.StatusCode >= http.StatusInternalServerError:
		return headline + ": the sign-in service is not available"
	}
	return headline
}
