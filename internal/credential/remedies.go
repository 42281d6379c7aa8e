package credential

import (
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

const (
	consentLink  = "https://registry.terraform.io/providers/partnercenter/partnercenter/latest/docs/guides/secure_application_model"
	appLink      = "https://learn.microsoft.com/partner-center/developer/partner-center-authentication"
	entraErrors  = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
	gdapLink     = "https://learn.microsoft.com/partner-center/developer/gdap-and-secure-application-model"
	consentAgain = "Sign the partner's user in again with multifactor authentication, using terraform-provider-partnercenter login, " +
		"and store the new refresh token: " + consentLink + "."
)

// remedies contains what to do about Entra ID's error codes
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
var remedies = map[int]string{
	700082: "The refresh token expired: it was issued more than 90 days ago, and no newer one was stored. " + consentAgain,
	70008:  "The refresh token expired. " + consentAgain,
	70043:  "The refresh token expired by a sign-in frequency policy of Conditional Access. Exclude the service account from it, then: " + consentAgain,
	50173:  "The refresh token was revoked, for example by a password reset. " + consentAgain,
	50133:  "The session was revoked, for example by a password change. " + consentAgain,
	50132:  "The session was revoked, for example by a password change. " + consentAgain,
	70000:  "Microsoft Entra ID does not know the refresh token for this application and user. " + consentAgain,

	9002313: "The refresh token is malformed: check that it was stored whole and without quotes. " + consentAgain,

	50076:  "The user must complete multifactor authentication. " + consentAgain,
	50079:  "The user must enrol for multifactor authentication. " + consentAgain,
	50074:  "The user must complete multifactor authentication. " + consentAgain,
	50072:  "The user must enrol for multifactor authentication. " + consentAgain,
	50078:  "The multifactor authentication expired. " + consentAgain,
	50158:  "A Conditional Access policy requires another authentication. " + consentAgain,
	53003:  "A Conditional Access policy blocks the sign-in. Ask the partner tenant's administrator to allow this application and user.",
	530032: "A security policy of the tenant blocks the sign-in. Ask the tenant's administrator to allow this application and user.",
	53000:  "A Conditional Access policy allows managed devices only. Ask the partner tenant's administrator to allow this application and user.",

	90099:   "The application is not authorised in the customer's tenant. Create an application consent for it: " + gdapLink + ".",
	65001:   "The permission was not consented to. Grant the application's delegated permissions, then: " + consentAgain,
	650057:  "The application asks for an API that is not among its permissions. Add it to the app registration: " + appLink + ".",
	650056:  "The app registration lacks permissions or consent. Add them: " + appLink + ".",
	65005:   "The app registration lacks the API's permission. Add it: " + appLink + ".",
	700016:  "The application does not exist in this tenant. Check the client ID and the tenant ID.",
	7000112: "The application is disabled in this tenant. Ask the tenant's administrator to enable it.",
	500011:  "The API is unknown in this tenant. Check the tenant ID and the endpoints; Partner Center knows partner tenants only.",

	50020:  "The user is not known in this tenant: there is no relationship with the customer, or the tenant is the wrong one.",
	50034:  "The user is not known in this tenant: there is no relationship with the customer, or the tenant is the wrong one.",
	16000:  "The user is not known in this tenant: there is no relationship with the customer, or the tenant is the wrong one.",
	500213: "A cross-tenant access policy forbids this sign-in. Ask the customer's administrator.",
	500212: "A cross-tenant access policy forbids this sign-in. Ask the partner tenant's administrator.",
	530034: "Delegated administration is blocked because of risk. See the security alerts in Partner Center.",

	7000215: "The client secret is wrong. Use the secret's value, not its ID: " + appLink + ".",
	7000222: "The client secret expired. Create a new one in the app registration: " + appLink + ".",
	700027:  "The certificate is not one of the app registration's.",
	700024:  "The OIDC token expired before it was used. Use a request URL or a token file, which is read again on every use.",
	70021:   "No federated credential of the app registration matches the OIDC token.",
	700213:  "No federated credential of the app registration matches the OIDC token's subject.",
	700211:  "No federated credential of the app registration matches the OIDC token's issuer.",
	700212:  "No federated credential of the app registration matches the OIDC token's audience, which is api://AzureADTokenExchange.",
	90002:   "The tenant does not exist. Check the tenant ID, and that it belongs to the configured cloud.",
	900382:  "The tenant belongs to another cloud. Check the tenant ID and the endpoints.",
	90038:   "The tenant belongs to another cloud. Check the tenant ID and the endpoints.",
	50194:   "The application is for one tenant only. Make it multi-tenant.",
}

// Remedy returns what to do, in whole sentences, or "".
func (e *Error) Remedy() string {
	for _, code := range e.Codes {
		if r := customerRemedies[code]; r != "" && e.CustomerTenant != "" {
			return r
		}
		if r := remedies[code]; r != "" {
			return r
		}
	}
	switch e.OAuthError {
	case "interaction_required", "invalid_grant":
		if e.CustomerTenant != "" {
			return "A policy of the customer's tenant may refuse the sign-in. See the code's meaning: " + entraErrors + "."
		}
		return consentAgain
	case "invalid_client":
		return "Check the client ID, and the secret, certificate or federated credential of the application: " + appLink + "."
	}
	var cause interface{ Remedy() string }
	switch {
	case errors.As(e.Err, new(*httppipe.ProxyError)) && errors.As(e.Err, &cause):
		return cause.Remedy() + e.requiredHosts()
	case errors.As(e.Err, &cause) && cause.Remedy() != "":
		return cause.Remedy()
	case e.Err != nil && strings.Contains(e.Err.Error(), "executable not found on path"):
		return "The Azure CLI is not installed here. Install it (https://learn.microsoft.com/cli/azure/install-azure-cli), run az login, and check with az --version that it is on the PATH."
	case e.Err != nil && strings.Contains(e.Err.Error(), "x509: "): // MSAL keeps only the text of a cause
		return "The certificate of the sign-in service is not trusted here. Where a proxy inspects the traffic, add the proxy's certificate authority to the trusted ones. Otherwise check the endpoints."
	case e.Err != nil && isConnection(e.Err):
		return "The sign-in service cannot be reached. Check the network, the name resolution and the proxy (HTTPS_PROXY), and run again." + e.requiredHosts()
	case e.StatusCode == http.StatusTooManyRequests:
		return "Microsoft Entra ID throttles sign-ins of this application. Run again later."
	case e.StatusCode >= 500 && len(e.Codes) > 0:
		return "The failure is on Microsoft's side. Run again. If the error persists, send the IDs to Microsoft support."
	case len(e.Codes) > 0:
		return "See the code's meaning: " + entraErrors + "."
	case e.StatusCode == http.StatusForbidden, e.StatusCode == http.StatusProxyAuthRequired:
		return "Microsoft Entra ID does not answer like this: a proxy or firewall has answered instead. Check the proxy, and that it lets this computer through." + e.requiredHosts()
	case e.StatusCode != 0, errors.Is(e.Err, errUnreadable):
		return "Microsoft Entra ID does not answer like this. A proxy or firewall may have answered instead. Check the endpoints, the cloud environment and the proxy."
	}
	return ""
}

// isConnection reports whether no connection was possible. MSAL keeps only the text of a cause.
func isConnection(err error) bool {
	return errors.As(err, new(*net.OpError)) || strings.Contains(err.Error(), "dial tcp")
}

// requiredHosts returns a sentence with the hosts that a proxy must allow, or "".
func (e *Error) requiredHosts() string {
	if len(e.hosts) == 0 {
		return ""
	}
	return " A run needs these hosts, over HTTPS: " + strings.Join(e.hosts, ", ") + "."
}
