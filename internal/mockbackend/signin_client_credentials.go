package mockbackend

import (
	"net/http"
	"net/url"
	"strings"
)

// ClientProof is the kind of credential with which an application authenticates.
type ClientProof string

// The kinds of credentials.
const (
	ProofSecret      ClientProof = "secret"
	ProofCertificate ClientProof = "certificate" // a JWT that is signed with the certificate of the application
	ProofFederated   ClientProof = "federated"   // a JWT of a CI system or cluster
)

// Application is an app registration of the partner's tenant.
type Application struct {
	ClientID     string
	ClientSecret string
}

// OtherApplication returns a second app registration. It has only a secret, exists only in the partner's tenant, and
// cannot use the refresh tokens of the first one.
func (b *Backend) OtherApplication() Application { return b.signIn.other }

// assertionType is the only valid client_assertion_type (RFC 7523 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// credentials are the client credentials of a token request: secret or assertion. A request with both is refused (RFC
// 6749 2.3). Entra's answer to both is not documented (choice).
type credentials struct {
	id, secret, assertion, assertionType string
}

func credentialsOf(x *exchange, form url.Values) credentials {
	c := credentials{form.Get("client_id"), form.Get("client_secret"), form.Get("client_assertion"), form.Get("client_assertion_type")}
	if basicID, basicSecret, ok := x.req.BasicAuth(); ok { // RFC 6749 2.3.1: both are form-encoded
		id, idErr := url.QueryUnescape(basicID)
		secret, secretErr := url.QueryUnescape(basicSecret)
		if idErr == nil && secretErr == nil {
			c.id, c.secret = id, secret
		}
	}
	return c
}

// proof returns the kind of the credentials without checking them. It is empty if there are none.
func (c credentials) proof() ClientProof {
	switch {
	case c.assertion != "" && isSelfIssued(c.assertion):
		return ProofCertificate
	case c.assertion != "":
		return ProofFederated
	case c.secret != "":
		return ProofSecret
	}
	return ""
}

func (b *Backend) checkClient(x *exchange, r *tokenRequest) *refusal {
	c := credentialsOf(x, r.form)
	switch {
	case c.id == "":
		return missingParameter("client_id")
	case strings.EqualFold(c.id, b.signIn.other.ClientID) && r.tenant == b.partner.TenantID:
		r.app = b.signIn.other
	case strings.EqualFold(c.id, b.partner.ClientID):
		r.app = Application{b.partner.ClientID, b.partner.ClientSecret}
	default:
		return refuseAs(700016, "Application with identifier '%s' was not found in the directory '%s'.", c.id, r.tenant)
	}
	r.proof = c.proof()
	switch {
	case c.secret != "" && (c.assertion != "" || c.assertionType != ""):
		b.violate("%s %s: client_secret and client_assertion in one request", x.req.Method, x.req.URL.Path)
		return refuse(http.StatusBadRequest, "invalid_request", 9002313, "Invalid request. Request is malformed or invalid.")
	case r.proof == "" && r.grant == "client_credentials":
		return refuseAs(7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.")
	case r.proof == "":
		return refuseAs(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case r.proof == ProofSecret && c.secret != r.app.ClientSecret:
		return refuseAs(7000215, "")
	case r.proof == ProofSecret:
		return nil
	case c.assertionType == "":
		return missingParameter("client_assertion_type")
	case c.assertionType != assertionType:
		return refuse(http.StatusBadRequest, "invalid_request", 9002313, "Invalid request. The value '%s' of 'client_assertion_type' is not supported.", c.assertionType)
	case r.proof == ProofCertificate:
		return b.checkCertificateAssertion(x, r, c.assertion)
	}
	return b.checkFederatedAssertion(x, r, c.assertion)
}

func missingParameter(name string) *refusal {
	return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: '%s'.", name)
}
