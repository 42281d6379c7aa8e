package mockbackend

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

func (b *Backend) openIDConfigurationV2(x *exchange) response {
	return b.openIDConfiguration(x, "/oauth2/v2.0/token", "/oauth2/v2.0/authorize", "/discovery/v2.0/keys", "/v2.0")
}

func (b *Backend) openIDConfigurationV1(x *exchange) response {
	return b.openIDConfiguration(x, "/oauth2/token", "/oauth2/authorize", "/discovery/keys", "/")
}

func (b *Backend) openIDConfiguration(x *exchange, token, authorize, keys, issuer string) response {
	tenant := strings.ToLower(x.values["tenant"])
	id, ok := b.tenantID(tenant)
	switch {
	case tenant == "common" || tenant == "organizations":
		id = tenant
	case !ok:
		return response{status: http.StatusBadRequest, body: entraErrorBody(x, &apiError{name: "invalid_tenant", code: 90002, text: fmt.Sprintf("Tenant '%s' not found.", tenant)})}
	}
	base := b.endpoints.SignIn + "/" + id
	return response{status: http.StatusOK, body: map[string]any{
		"token_endpoint": base + token, "authorization_endpoint": base + authorize, "jwks_uri": base + keys, "issuer": base + issuer,
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_types_supported":              []string{"code"}, "subject_types_supported": []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": openIDScopes,
	}}
}

func (b *Backend) signingKeys(x *exchange) response {
	key, err := b.signingKey()
	if err != nil {
		return response{status: http.StatusInternalServerError, body: entraErrorBody(x, &apiError{name: "server_error", code: 90033, text: err.Error()})}
	}
	return response{status: http.StatusOK, body: map[string]any{"keys": []any{publicKey(key)}}}
}

func (b *Backend) instanceDiscovery(*exchange) response {
	host := b.endpoints.SignIn
	if parsed, err := url.Parse(host); err == nil {
		host = parsed.Host
	}
	return response{status: http.StatusOK, body: map[string]any{
		"tenant_discovery_endpoint": b.endpoints.SignIn + "/" + b.partner.TenantID + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	}}
}
