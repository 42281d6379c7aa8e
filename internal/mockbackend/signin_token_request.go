package mockbackend

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tokenRequest is a token request. The checks fill in its fields.
type tokenRequest struct {
	form     url.Values
	v1       bool
	grant    string
	tenant   string // ID, or the name in the path if it is unknown
	app      Application
	proof    ClientProof
	audience string // as requested
	scopes   []string
	contexts []string // authentication contexts requested by claims
	user     *User    // nil for client_credentials
	userAt   int
	mfa      bool // the user completed multifactor authentication
}

func (b *Backend) issueTokenV1(x *exchange) response { return b.issueToken(x, true) }

func (b *Backend) issueTokenV2(x *exchange) response { return b.issueToken(x, false) }

func (b *Backend) issueToken(x *exchange, v1 bool) response {
	form, err := b.readForm(x)
	request := tokenRequest{form: form, v1: v1, tenant: strings.ToLower(x.values["tenant"])}
	refused := b.checkTokenRequest(x, &request)
	if err != nil {
		refused = refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must be form-encoded.")
	}
	if refused != nil {
		b.countToken(request.tenant, strings.TrimSuffix(request.audience, "/"), "AADSTS"+strconv.Itoa(refused.code))
		return response{status: refused.status, body: entraErrorBody(x, &refused.apiError)}
	}
	token, err := b.accessToken(&request, x.knobs.TokenLifetime)
	if err != nil {
		return response{status: http.StatusInternalServerError, body: entraErrorBody(x, &apiError{name: "server_error", code: 90033, text: err.Error()})}
	}
	b.countToken(request.tenant, strings.TrimSuffix(request.audience, "/"), tokenIssued)
	return response{status: http.StatusOK, body: b.tokenBody(x, &request, token)}
}

// readForm treats other bodies than forms as empty, as Entra does.
func (b *Backend) readForm(x *exchange) (url.Values, error) {
	contentType := x.req.Header.Get("Content-Type")
	if media, _, _ := mime.ParseMediaType(contentType); media != "application/x-www-form-urlencoded" {
		b.violate("%s %s: not a form: Content-Type %q", x.req.Method, x.req.URL.Path, contentType)
		return nil, nil
	}
	return url.ParseQuery(string(x.body))
}

// checkTokenRequest fills in the request, or returns the refusal. It checks in the order of Entra: tenant, client, grant,
// resource.
func (b *Backend) checkTokenRequest(x *exchange, r *tokenRequest) *refusal {
	r.grant = r.form.Get("grant_type")
	tenant, ok := b.tenantID(r.tenant)
	if !ok && r.grant == "refresh_token" && (r.tenant == "common" || r.tenant == "organizations") {
		tenant, ok = b.partner.TenantID, true
	}
	if ok {
		r.tenant = tenant
	}
	if r.grant == grantDeviceCode {
		b.scopeOfDevice(r)
	}
	wrongAudience := b.checkAudience(r)
	if injected := x.knobs.SignInError; injected != nil {
		return injected.refusal()
	}
	if refused := b.takeSignInFault(r.tenant, r.audience, credentialsOf(x, r.form).proof()); refused != nil {
		return refused
	}
	switch r.grant {
	case "":
		return missingParameter("grant_type")
	case "client_credentials", "refresh_token":
	case grantAuthorizationCode, grantDeviceCode:
		if r.v1 {
			return refuse(http.StatusBadRequest, "unsupported_grant_type", 70003, "The mock supports the grant type '%s' at the v2 endpoint.", r.grant)
		}
	default:
		return refuse(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", r.grant)
	}
	if !ok {
		return refuseAs(90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", r.tenant)
	}
	if refused := b.checkClient(x, r); refused != nil {
		return refused
	}
	if wrongAudience != nil {
		return wrongAudience
	}
	var refused *refusal
	switch r.grant {
	case "refresh_token":
		refused = b.checkRefreshToken(x, r)
	case grantAuthorizationCode:
		refused = b.checkAuthorizationCode(x, r)
	case grantDeviceCode:
		refused = b.checkDeviceCode(x, r)
	}
	if refused != nil {
		return refused
	}
	return b.checkClaims(x, r)
}

// openIDScopes can be combined with the scopes of any resource.
var openIDScopes = []string{"openid", "profile", "email", "offline_access"}

func (b *Backend) checkAudience(r *tokenRequest) *refusal {
	r.scopes = strings.Fields(r.form.Get("scope"))
	if r.v1 {
		r.audience = r.form.Get("resource")
		if r.audience == "" {
			return missingParameter("resource")
		}
	} else {
		for _, scope := range r.scopes {
			if slices.Contains(openIDScopes, scope) {
				continue
			}
			at := strings.LastIndex(scope, "/")
			if at <= 0 || r.grant == "client_credentials" && scope[at+1:] != ".default" {
				code := 70011
				if r.grant == "client_credentials" {
					code = 1002012
				}
				return refuse(http.StatusBadRequest, "invalid_scope", code, "The provided value for scope %s is not valid.", scope)
			}
			if r.audience != "" && r.audience != scope[:at] {
				return refuse(http.StatusBadRequest, "invalid_request", 700022, "The provided value for the input parameter 'scope' is not valid because it contains more than one resource.")
			}
			r.audience = scope[:at]
			if name := scope[at+1:]; name != ".default" && name != "user_impersonation" {
				return refuse(http.StatusBadRequest, "invalid_grant", 65001, "The user or administrator has not consented to use the application: %s.", scope)
			}
		}
		// Optional for a refresh token, according to the page above. The token is then for the resource of the first
		// sign-in.
		if r.audience == "" && r.grant == "refresh_token" && !b.knobs.RefreshNeedsScope {
			r.audience = "https://api.partnercenter.microsoft.com"
		}
		if r.audience == "" {
			return missingParameter("scope")
		}
	}
	known := b.resourceOf(r.audience)
	// Customers' tenants have no service principal of the Partner Center API (choice).
	if known == unknownResource || known == partnerCenterResource && r.tenant != b.partner.TenantID {
		return refuse(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant named %s.", r.audience, r.tenant)
	}
	return nil
}

// tenantID finds a tenant by the ID or verified domain of the partner or a customer.
func (b *Backend) tenantID(name string) (string, bool) {
	name = strings.ToLower(name)
	if name == b.partner.TenantID || name == b.partner.Domain {
		return b.partner.TenantID, true
	}
	if id, ok := b.domains[name]; ok {
		return id, true
	}
	if record := b.customer(name); record != nil {
		return record.ID, true
	}
	return "", false
}

// tokenResponse is the body of v2. v1 prints numbers as strings and has more fields.
type tokenResponse struct {
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope,omitempty"`
	ExpiresIn    any    `json:"expires_in"`
	ExtExpiresIn any    `json:"ext_expires_in"`
	ExpiresOn    string `json:"expires_on,omitempty"`
	NotBefore    string `json:"not_before,omitempty"`
	Resource     string `json:"resource,omitempty"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	ClientInfo   string `json:"client_info,omitempty"` // object ID and home tenant of the user
}

func (b *Backend) tokenBody(x *exchange, r *tokenRequest, token string) tokenResponse {
	seconds := int(x.knobs.TokenLifetime / time.Second)
	body := tokenResponse{TokenType: "Bearer", ExpiresIn: seconds, ExtExpiresIn: seconds, AccessToken: token}
	if r.v1 {
		now := time.Now()
		body.ExpiresIn, body.ExtExpiresIn = strconv.Itoa(seconds), strconv.Itoa(seconds)
		body.NotBefore = strconv.FormatInt(now.Unix(), 10)
		body.ExpiresOn = strconv.FormatInt(now.Add(x.knobs.TokenLifetime).Unix(), 10)
		body.Resource = r.audience
	}
	if r.user == nil {
		return body
	}
	body.Scope = "user_impersonation"
	if !r.v1 {
		body.Scope = strings.TrimSuffix(r.audience, "/") + "/user_impersonation"
	}
	// The page says that offline_access is needed, but Entra returns a new refresh token for a refresh token without it:
	// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
	refreshed := r.grant == "refresh_token" && !x.knobs.RefreshNeedsOfflineAccess
	if r.v1 || refreshed || slices.Contains(r.scopes, "offline_access") {
		body.RefreshToken = r.form.Get("refresh_token")
		if x.knobs.RotateRefreshTokens || r.grant != "refresh_token" {
			body.RefreshToken = b.issueRefreshToken(r.userAt, r.mfa)
		}
	}
	part := base64.RawURLEncoding.EncodeToString
	if r.form.Get("client_info") == "1" { // MSAL requests it and uses it as cache key
		body.ClientInfo = part(encodeJSON(map[string]string{"uid": r.user.ObjectID, "utid": b.partner.TenantID}))
	}
	if slices.Contains(r.scopes, "openid") { // unsigned, as in v1: "header.payload."
		body.IDToken = part([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + part(encodeJSON(map[string]any{
			"aud": r.app.ClientID, "iss": "https://sts.windows.net/" + r.tenant + "/", "tid": r.tenant, "oid": r.user.ObjectID,
			"upn": r.user.UserPrincipalName, "ver": "1.0", "iat": time.Now().Unix(), "exp": time.Now().Add(x.knobs.TokenLifetime).Unix(),
		})) + "."
		b.rememberToken(IssuedToken{Kind: IDToken, Token: body.IDToken, Tenant: r.tenant, User: r.user.UserPrincipalName})
	}
	return body
}
