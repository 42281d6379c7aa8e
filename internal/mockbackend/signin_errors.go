package mockbackend

import (
	"fmt"
	"net/http"
)

// SignInError is an error of the token endpoint. Empty fields have the values of SignInErrors.
type SignInError struct {
	Status   int    `json:"status"`             // HTTP status; 0 = usual status of the code, or 400
	Error    string `json:"error"`              // OAuth error name; empty = usual name of the code, or "invalid_grant"
	Code     int    `json:"code"`               // AADSTS number, for example 53003
	SubError string `json:"suberror,omitempty"` // suberror of the body
	Text     string `json:"text,omitempty"`     // text after "AADSTS53003: "
}

// SignInErrors returns every error of unattended sign-in that a person must fix, in the order of the checks of a sign-in.
// Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes. The OAuth error name of a code differs
// between flows. These are the usual ones, some are a choice.
func SignInErrors() []SignInError {
	return append([]SignInError{}, remediableErrors...)
}

var remediableErrors = []SignInError{
	{400, "invalid_request", 90002, "", "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."},
	{400, "invalid_request", 900382, "", "Confidential Client is not supported in Cross Cloud request."},
	{400, "invalid_request", 90038, "", "The specified tenant belongs to another National Cloud. The current cloud instance does not federate with it."},
	{400, "unauthorized_client", 700016, "", "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."},
	{401, "unauthorized_client", 7000112, "", "The application is disabled."},
	{400, "invalid_request", 50194, "", "Application is not configured as a multi-tenant application."},
	{401, "invalid_client", 7000215, "", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to the app."},
	{401, "invalid_client", 7000222, "", "The provided client secret keys for the app are expired."},
	{401, "invalid_client", 700027, "", "Client assertion failed signature validation."},
	{401, "invalid_client", 700024, "", "Client assertion is not within its valid time range."},
	{400, "invalid_request", 70021, "", "No matching federated identity record found for presented assertion."},
	{401, "invalid_client", 700213, "", "No matching federated identity record found for presented assertion subject."},
	{400, "invalid_resource", 500011, "", "The resource principal was not found in the tenant."},
	{400, "invalid_resource", 650057, "", "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration."},
	{400, "invalid_client", 650056, "", "Misconfigured application. The client has not listed any permissions in the requested permissions, or the admin has not consented in the tenant."},
	{400, "invalid_resource", 65005, "", "The application required resource access list does not contain applications discoverable by the resource."},
	{400, "invalid_grant", 65001, "consent_required", "The user or administrator has not consented to use the application."},
	{400, "invalid_grant", 90099, "", "The application has not been authorized in the tenant. Applications must be authorized to access the customer tenant before partner delegated administrators can use them."},
	{400, "invalid_grant", 50020, "", "User account from the identity provider does not exist in the tenant and cannot access the application in that tenant."},
	{400, "invalid_grant", 50034, "", "The user account does not exist in the directory."},
	{400, "interaction_required", 16000, "", "Either multiple user identities are available for the current request or selected account is not supported for the scenario."},
	{400, "invalid_grant", 500213, "", "The resource tenant's cross-tenant access policy does not allow this user to access this tenant."},
	{400, "invalid_grant", 500212, "", "The user's administrator has set an outbound access policy that does not allow access to the resource tenant."},
	{400, "invalid_grant", 530034, "", "A delegated administrator was blocked from accessing the tenant due to account risk in their home tenant."},
	{400, "invalid_grant", 700082, "", "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00."},
	{400, "invalid_grant", 70008, "", "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."},
	{400, "invalid_grant", 70043, "bad_token", "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access."},
	{400, "invalid_grant", 50173, "bad_token", "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."},
	{400, "invalid_grant", 50133, "bad_token", "Session is invalid due to expiration or recent password change."},
	{400, "invalid_grant", 50132, "bad_token", "The credentials have been revoked or have been changed since the session was established."},
	{400, "interaction_required", 50076, "basic_action", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource."},
	{400, "interaction_required", 50079, "basic_action", "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource."},
	{400, "interaction_required", 50074, "basic_action", "Strong Authentication is required."},
	{400, "interaction_required", 50072, "basic_action", "Due to a configuration change made by your administrator, you must enroll in multi-factor authentication to access the resource."},
	{400, "interaction_required", 50078, "basic_action", "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access the resource."},
	{400, "interaction_required", 50158, "basic_action", "External security challenge was not satisfied."},
	{400, "invalid_grant", 53003, "message_only", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."},
	{400, "invalid_grant", 530032, "message_only", "Tenant security policy does not allow token issuance."},
	{400, "interaction_required", 53000, "message_only", "Your device is required to be managed to access this resource."},
}

// requestErrors are caused only by errors in the client.
var requestErrors = []SignInError{
	{401, "invalid_client", 7000216, "", "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."},
	{401, "invalid_client", 7000218, "", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."},
	{401, "invalid_client", 700021, "", "Client assertion application identifier doesn't match 'client_id' parameter."},
	{401, "invalid_client", 700023, "", "Client assertion audience claim does not match Realm issuer."},
	{401, "invalid_client", 5002741, "", "Number of audience values in the provided client credential exceed maximum allowed."},
	{401, "invalid_client", 50027, "", "JWT token is invalid or malformed."},
	{401, "invalid_client", 50013, "", "Assertion failed signature validation."},
	{401, "invalid_client", 7000272, "", "The certificate used to sign the federated credential could not be found in the metadata of the identity provider."},
	{401, "invalid_client", 700211, "", "No matching federated identity record found for presented assertion issuer."},
	{401, "invalid_client", 700212, "", "No matching federated identity record found for presented assertion audience."},
	{401, "invalid_client", 7002138, "", "No matching federated identity record found for presented assertion subject."},
	{400, "invalid_grant", 700007, "bad_token", "The grant was issued for a different client id."},
	{400, "invalid_grant", 70000, "bad_token", "Provided grant is invalid or malformed."},
	{400, "invalid_request", 9002313, "", "Invalid request. Request is malformed or invalid."},
	{400, "invalid_grant", 54005, "", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."},
	{400, "invalid_grant", 501481, "", "The Code_Verifier does not match the code_challenge supplied in the authorization request."},
	{400, "invalid_request", 500112, "", "The reply address does not match the reply address provided when requesting Authorization code."},
}

var signInErrorsByCode = func() map[int]SignInError {
	byCode := map[int]SignInError{}
	for _, table := range [][]SignInError{remediableErrors, requestErrors} {
		for _, e := range table {
			byCode[e.Code] = e
		}
	}
	return byCode
}()

// refusal fills in empty fields.
func (e SignInError) refusal() *refusal {
	usual, known := signInErrorsByCode[e.Code]
	if !known {
		usual = SignInError{Status: http.StatusBadRequest, Error: "invalid_grant", Text: "The sign-in was refused."}
	}
	setDefault(&e.Status, usual.Status)
	if e.Error == "" {
		e.Error, e.SubError = usual.Error, usual.SubError
	}
	setDefault(&e.Text, usual.Text)
	return &refusal{status: e.Status, apiError: apiError{code: e.Code, name: e.Error, text: e.Text, subError: e.SubError}}
}

func (e *SignInError) validate() error {
	if e == nil || e.Status == 0 || e.Status >= 400 && e.Status <= 599 {
		return nil
	}
	return fmt.Errorf("signInError.status: %d is not an error status (400 to 599)", e.Status)
}

// refusal is an error of the token endpoint.
type refusal struct {
	status int
	apiError
}

func refuse(status int, name string, code int, format string, args ...any) *refusal {
	return &refusal{status: status, apiError: apiError{name: name, code: code, text: fmt.Sprintf(format, args...)}}
}

// refuseAs returns the error of a code with its usual status and name. An empty format stands for its usual text.
func refuseAs(code int, format string, args ...any) *refusal {
	return SignInError{Code: code, Text: fmt.Sprintf(format, args...)}.refusal()
}
