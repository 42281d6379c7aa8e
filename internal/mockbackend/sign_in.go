package mockbackend

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// signInService is Entra's token endpoint, v1 and v2, as far as unattended clients use it.
type signInService struct{ serviceBase }

func (signInService) inspect(b *Backend, x *exchange) {
	if strings.HasPrefix(strings.ToLower(x.req.Header.Get("Authorization")), "bearer ") {
		b.violate("%s %s: a bearer token was sent to the sign-in host", x.req.Method, x.req.URL.Path)
	}
}

func (signInService) admit(*Backend, *exchange) (response, bool) { return response{}, true }

func (signInService) throttleAnswer(x *exchange, _ int) any {
	return entraErrorBody(x, &apiError{code: 50196, name: "temporarily_unavailable", text: "The server terminated an operation because it encountered a loop while processing a request."})
}

func (signInService) errorAnswer(x *exchange, status int, e *apiError) response {
	return response{status: status, body: entraErrorBody(x, e)}
}

func (signInService) encode(x *exchange, r response) answer {
	header := http.Header{
		"Cache-Control": {"no-store, no-cache"}, "Pragma": {"no-cache"}, "X-Ms-Request-Id": {newGUID()},
		"Date": {time.Now().UTC().Format(http.TimeFormat)},
	}
	if id := x.req.Header.Get("client-request-id"); id != "" {
		header.Set("client-request-id", id)
	}
	maps.Copy(header, r.header)
	if r.body == nil {
		return answer{status: r.status, header: header}
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	return answer{status: r.status, header: header, body: encodeJSON(r.body)}
}

// entraError is the error body of the token endpoint.
type entraError struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri"`
}

func entraErrorBody(x *exchange, e *apiError) entraError {
	correlation := x.req.Header.Get("client-request-id")
	if uuid.Validate(correlation) != nil {
		correlation = newGUID()
	}
	trace, at := newGUID(), time.Now().UTC().Format("2006-01-02 15:04:05Z")
	return entraError{
		Error: e.name, Codes: []int{e.code}, Timestamp: at, TraceID: trace, CorrelationID: correlation,
		Description: fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e.code, e.text, trace, correlation, at),
		URI:         "https://login.microsoftonline.com/error?code=" + strconv.Itoa(e.code),
	}
}

func (b *Backend) issueTokenV1(x *exchange) response { return b.issueToken(x, true) }
func (b *Backend) issueTokenV2(x *exchange) response { return b.issueToken(x, false) }

// tokenRequest is a token request while it is judged.
type tokenRequest struct {
	form     url.Values
	v1       bool
	tenant   string // id; what the path says as long as it is unknown
	audience string // as asked for
	scopes   []string
	user     *User // nil for client_credentials
	userAt   int
}

// refusal is an error of the token endpoint.
type refusal struct {
	status int
	apiError
}

func refuse(status int, name string, code int, format string, args ...any) *refusal {
	return &refusal{status: status, apiError: apiError{name: name, code: code, text: fmt.Sprintf(format, args...)}}
}

func (b *Backend) issueToken(x *exchange, v1 bool) response {
	form, err := url.ParseQuery(string(x.body))
	request := tokenRequest{form: form, v1: v1, tenant: strings.ToLower(x.values["tenant"])}
	refused := b.judge(x, &request)
	if err != nil {
		refused = refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must be form-encoded.")
	}
	if refused != nil {
		b.countToken(request.tenant, strings.TrimSuffix(request.audience, "/"), "AADSTS"+strconv.Itoa(refused.code))
		return response{status: refused.status, body: entraErrorBody(x, &refused.apiError)}
	}
	token, err := b.accessToken(request.tenant, request.audience, request.user, x.knobs.TokenLifetime)
	if err != nil {
		return response{status: http.StatusInternalServerError, body: entraErrorBody(x, &apiError{name: "server_error", code: 90033, text: err.Error()})}
	}
	b.countToken(request.tenant, strings.TrimSuffix(request.audience, "/"), tokenIssued)
	return response{status: http.StatusOK, body: b.tokenBody(x, &request, token)}
}

// judge fills in the request, or says what is wrong with it, in the order in which Entra looks: tenant, client, grant,
// resource.
func (b *Backend) judge(x *exchange, r *tokenRequest) *refusal {
	if injected := x.knobs.SignInError; injected != nil {
		name, status := injected.Error, injected.Status
		if name == "" {
			name = "invalid_grant"
		}
		if status == 0 {
			status = http.StatusBadRequest
		}
		return refuse(status, name, injected.Code, "The sign-in was refused.")
	}
	grant := r.form.Get("grant_type")
	switch grant {
	case "":
		return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
	case "client_credentials", "refresh_token":
	default:
		return refuse(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", grant)
	}
	tenant, ok := b.tenantID(r.tenant)
	if !ok && grant == "refresh_token" && (r.tenant == "common" || r.tenant == "organizations") {
		tenant, ok = b.partner.TenantID, true
	}
	if !ok {
		return refuse(http.StatusBadRequest, "invalid_request", 90002, "Tenant '%s' not found.", r.tenant)
	}
	r.tenant = tenant
	if refused := b.judgeClient(x, r); refused != nil {
		return refused
	}
	if refused := b.judgeAudience(r, grant); refused != nil {
		return refused
	}
	if grant == "refresh_token" {
		return b.judgeRefreshToken(x, r)
	}
	return nil
}

func (b *Backend) judgeClient(x *exchange, r *tokenRequest) *refusal {
	id, secret := r.form.Get("client_id"), r.form.Get("client_secret")
	if basicID, basicSecret, ok := x.req.BasicAuth(); ok { // RFC 6749 2.3.1: both are form-encoded first
		decodedID, idErr := url.QueryUnescape(basicID)
		decodedSecret, secretErr := url.QueryUnescape(basicSecret)
		if idErr == nil && secretErr == nil {
			id, secret = decodedID, decodedSecret
		}
	}
	switch {
	case id == "":
		return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'client_id'.")
	case !strings.EqualFold(id, b.partner.ClientID):
		return refuse(http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'.", id, r.tenant)
	case r.form.Get("client_assertion") != "":
		return refuse(http.StatusUnauthorized, "invalid_client", 700027, "Client assertion failed signature validation: the app has no certificate registered.")
	case secret == "":
		return refuse(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case secret != b.partner.ClientSecret:
		return refuse(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.")
	}
	return nil
}

// openIDScopes go with any resource.
var openIDScopes = []string{"openid", "profile", "email", "offline_access"}

func (b *Backend) judgeAudience(r *tokenRequest, grant string) *refusal {
	r.scopes = strings.Fields(r.form.Get("scope"))
	if r.v1 {
		r.audience = r.form.Get("resource")
		if r.audience == "" {
			return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'resource'.")
		}
	} else {
		for _, scope := range r.scopes {
			if slices.Contains(openIDScopes, scope) {
				continue
			}
			at := strings.LastIndex(scope, "/")
			if at <= 0 || grant == "client_credentials" && scope[at+1:] != ".default" {
				code := 70011
				if grant == "client_credentials" {
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
		if r.audience == "" {
			return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'scope'.")
		}
	}
	known := b.resourceOf(r.audience)
	// Customers' tenants have no service principal of the Partner Center API: choice.
	if known == unknownResource || known == partnerCenterResource && r.tenant != b.partner.TenantID {
		return refuse(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant named %s.", r.audience, r.tenant)
	}
	return nil
}

func (b *Backend) judgeRefreshToken(x *exchange, r *tokenRequest) *refusal {
	token := r.form.Get("refresh_token")
	if token == "" {
		return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'refresh_token'.")
	}
	at, err := b.signIn.userOf(token)
	switch {
	case errors.Is(err, errMalformedRefreshToken):
		return refuse(http.StatusBadRequest, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
	case err != nil:
		return refuse(http.StatusBadRequest, "invalid_grant", 70000, "The provided value for the input parameter 'refresh_token' is not valid.")
	case x.knobs.RefreshTokens == RefreshTokensExpired:
		return refuse(http.StatusBadRequest, "invalid_grant", 700082, "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.")
	case x.knobs.RefreshTokens == RefreshTokensRevoked:
		return refuse(http.StatusBadRequest, "invalid_grant", 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed.")
	}
	r.user, r.userAt = &b.signIn.users[at], at
	return nil
}

// tenantID resolves the tenant of a path: id or verified domain of the partner or a customer.
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

// tokenResponse is the v2 form; v1 prints numbers as strings and has more of them.
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
	if r.v1 || slices.Contains(r.scopes, "offline_access") {
		body.RefreshToken = r.form.Get("refresh_token")
		if x.knobs.RotateRefreshTokens {
			b.signIn.serial++
			body.RefreshToken = b.signIn.refreshToken(r.userAt, b.signIn.serial)
		}
	}
	if slices.Contains(r.scopes, "openid") { // unsigned, as v1 gives it: "header.payload."
		part := base64.RawURLEncoding.EncodeToString
		body.IDToken = part([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + part(encodeJSON(map[string]any{
			"aud": b.partner.ClientID, "iss": "https://sts.windows.net/" + r.tenant + "/", "tid": r.tenant, "oid": r.user.ObjectID,
			"upn": r.user.UserPrincipalName, "ver": "1.0", "iat": time.Now().Unix(), "exp": time.Now().Add(x.knobs.TokenLifetime).Unix(),
		})) + "."
	}
	return body
}
