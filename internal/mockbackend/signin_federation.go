package mockbackend

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// OIDCIssuer is an issuer of OIDC tokens. The partner's application has a federated credential for each.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust
type OIDCIssuer string

// The issuers.
const (
	GitHubIssuer      OIDCIssuer = "github"
	AzureDevOpsIssuer OIDCIssuer = "azuredevops"
	GitLabIssuer      OIDCIssuer = "gitlab"
	KubernetesIssuer  OIDCIssuer = "kubernetes"
)

// AllOIDCIssuers returns every issuer, for matrix tests.
func AllOIDCIssuers() []OIDCIssuer {
	return []OIDCIssuer{GitHubIssuer, AzureDevOpsIssuer, GitLabIssuer, KubernetesIssuer}
}

// FederatedAudience is the audience of all federated credentials.
const FederatedAudience = "api://AzureADTokenExchange"

// FederatedCredential has the claims that the tokens of an issuer must have exactly.
type FederatedCredential struct {
	Issuer   string
	Subject  string
	Audience string
}

// FederatedCredential returns the credential registered for an issuer.
func (b *Backend) FederatedCredential(issuer OIDCIssuer) FederatedCredential {
	return federatedCredentials[issuer]
}

var federatedCredentials = map[OIDCIssuer]FederatedCredential{
	GitHubIssuer:      {"https://token.actions.githubusercontent.com", "repo:contoso/partner-center:ref:refs/heads/main", FederatedAudience},
	AzureDevOpsIssuer: {"https://vstoken.dev.azure.com/2f6d1c84-5b0e-4a97-8c3d-6e1f0a9b8c11", "sc://contoso/partner-center/connection", FederatedAudience},
	GitLabIssuer:      {"https://gitlab.com", "project_path:contoso/partner-center:ref_type:branch:ref:main", FederatedAudience},
	// The issuer of a cluster ends with a slash.
	KubernetesIssuer: {"https://eastus.oic.prod-aks.azure.com/" + PartnerTenantID + "/8d4b7a20-1c5e-4f63-9ab8-0d2e6f7c8b12/", "system:serviceaccount:partner-center:terraform", FederatedAudience},
}

// OIDCClaims are claims that differ from the federated credential of the issuer. Empty fields change nothing.
type OIDCClaims struct {
	IssuerURL string        `json:"issuerURL,omitempty"`
	Subject   string        `json:"subject,omitempty"`
	Audience  string        `json:"audience,omitempty"`
	Lifetime  time.Duration `json:"lifetime,omitempty"` // negative = expired; 0 = Knobs.OIDCTokenLifetime
	WrongKey  bool          `json:"wrongKey,omitempty"` // signed with a different key than kid
}

// OIDCToken returns a token of an issuer with which the partner's application can authenticate. At most one OIDCClaims
// changes it. An unknown issuer is a violation.
func (b *Backend) OIDCToken(issuer OIDCIssuer, changes ...OIDCClaims) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var claims OIDCClaims
	if len(changes) > 0 {
		claims = changes[0]
	}
	token, err := b.oidcToken(issuer, claims)
	if err != nil || len(changes) > 1 {
		b.violate("OIDCToken %s: %d changes, %v", issuer, len(changes), err)
	}
	return token
}

// issuerKey signs the tokens of all issuers.
var issuerKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func (i OIDCIssuer) keyID() string { return string(i) + "-key-1" }

func (b *Backend) oidcToken(issuer OIDCIssuer, change OIDCClaims) (string, error) {
	if err := oneOf("issuer", issuer, AllOIDCIssuers()...); err != nil {
		return "", err
	}
	said := federatedCredentials[issuer]
	lifetime := b.knobs.OIDCTokenLifetime
	if change.IssuerURL != "" {
		said.Issuer = change.IssuerURL
	}
	if change.Subject != "" {
		said.Subject = change.Subject
	}
	if change.Audience != "" {
		said.Audience = change.Audience
	}
	if change.Lifetime != 0 {
		lifetime = change.Lifetime
	}
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": said.Issuer, "sub": said.Subject, "aud": said.Audience, "jti": newGUID(),
		"iat": now.Add(min(0, lifetime)).Unix(), "nbf": now.Add(min(0, lifetime) - 5*time.Minute).Unix(), "exp": now.Add(lifetime).Unix(),
	}
	if issuer == KubernetesIssuer {
		claims["aud"] = []string{said.Audience}
	}
	key, err := issuerKey()
	if change.WrongKey {
		key, err = b.signingKey()
	}
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = issuer.keyID()
	signed, err := token.SignedString(key)
	if err == nil {
		b.rememberToken(IssuedToken{Kind: OIDCToken, Token: signed, Audience: said.Audience})
	}
	return signed, err
}

const federationPage = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"

// checkFederatedAssertion checks a token of another issuer. Since 2024 Entra compares with case
// (https://learn.microsoft.com/entra/identity-platform/reference-breaking-changes).
func (b *Backend) checkFederatedAssertion(x *exchange, r *tokenRequest, assertion string) *refusal {
	noMatch := func(code int, what, value string) *refusal {
		return refuseAs(code, "No matching federated identity record found for presented assertion %s '%s'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. %s", what, value, federationPage)
	}
	var said jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(assertion, &said); err != nil {
		return refuseAs(50027, "")
	}
	var issuer OIDCIssuer
	for _, known := range AllOIDCIssuers() {
		if federatedCredentials[known].Issuer == said.Issuer && r.app.ClientID == b.partner.ClientID {
			issuer = known
		}
	}
	if issuer == "" {
		return noMatch(700211, "issuer", said.Issuer)
	}
	invalid := func(error) *refusal {
		return refuseAs(50013, "Assertion failed signature validation. [Reason - Key was found, but use of the key to verify the signature failed.]")
	}
	claims, refused := parseAssertion(assertion, []string{"RS256"}, invalid, func(token *jwt.Token) (crypto.PublicKey, *refusal) {
		if token.Header["kid"] != issuer.keyID() {
			return nil, refuseAs(7000272, "The certificate with identifier %v used to sign the federated credential could not be found in the metadata of identity provider %s.", token.Header["kid"], said.Issuer)
		}
		key, err := issuerKey()
		if err != nil {
			return nil, refuse(http.StatusInternalServerError, "server_error", 90033, "%v", err)
		}
		return &key.PublicKey, nil
	})
	registered := federatedCredentials[issuer]
	switch {
	case refused != nil:
		return refused
	case strings.EqualFold(claims.Subject, registered.Subject) && claims.Subject != registered.Subject:
		return refuseAs(7002138, "No matching federated identity record found for presented assertion subject '%s'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. %s", claims.Subject, federationPage)
	case claims.Subject != registered.Subject:
		return noMatch(700213, "subject", claims.Subject)
	case !slices.Contains(claims.Audience, registered.Audience):
		return noMatch(700212, "audience", strings.Join(claims.Audience, " "))
	case claims.ExpiresAt == nil:
		return refuseAs(50027, "JWT token is invalid or malformed: exp is needed.")
	case r.grant == "refresh_token" && r.tenant != b.partner.TenantID && x.knobs.FederationAtHomeOnly:
		return refuseAs(70021, "")
	}
	return withinTime(claims)
}
