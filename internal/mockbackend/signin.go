package mockbackend

import (
	"fmt"
	"maps"
	"mime"
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
	for _, secret := range []string{"client_secret", "client_assertion", "refresh_token"} {
		if x.query.Has(secret) {
			b.violate("%s %s: %s in the query, which ends in logs", x.req.Method, x.req.URL.Path, secret)
		}
	}
}

func (signInService) admit(*Backend, *exchange) (response, bool) { return response{}, true }

func (signInService) throttleAnswer(x *exchange, _ int) any {
	return entraErrorBody(x, &apiError{code: 50196, name: "temporarily_unavailable", text: "The server terminated an operation because it encountered a loop while processing a request."})
}

// errorAnswer gives what went wrong before the token endpoint its names there.
func (signInService) errorAnswer(x *exchange, status int, e *apiError) response {
	switch e.name {
	case "NotFound":
		return response{status: status}
	case "MethodNotAllowed":
		e = &apiError{code: 900561, name: "invalid_request", text: "The endpoint does not accept " + x.req.Method + " requests."}
	case "InternalServerError":
		e = &apiError{code: 90033, name: "server_error", text: "A transient error has occurred. Please try again."}
	}
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
	SubError      string `json:"suberror,omitempty"`
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
		Error: e.name, SubError: e.subError, Codes: []int{e.code}, Timestamp: at, TraceID: trace, CorrelationID: correlation,
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
	grant    string
	tenant   string // id; what the path says as long as it is unknown
	app      Application
	proof    ClientProof
	audience string // as asked for
	scopes   []string
	contexts []string // authentication contexts asked for by claims
	user     *User    // nil for client_credentials
	userAt   int
}

func (b *Backend) issueToken(x *exchange, v1 bool) response {
	form, err := b.readForm(x)
	request := tokenRequest{form: form, v1: v1, tenant: strings.ToLower(x.values["tenant"])}
	refused := b.judge(x, &request)
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

// readForm takes other bodies than forms for empty ones, as Entra does.
func (b *Backend) readForm(x *exchange) (url.Values, error) {
	contentType := x.req.Header.Get("Content-Type")
	if media, _, _ := mime.ParseMediaType(contentType); media != "application/x-www-form-urlencoded" {
		b.violate("%s %s: not a form: Content-Type %q", x.req.Method, x.req.URL.Path, contentType)
		return nil, nil
	}
	return url.ParseQuery(string(x.body))
}

// judge fills in the request, or says what is wrong with it, in the order in which Entra looks: tenant, client, grant,
// resource.
func (b *Backend) judge(x *exchange, r *tokenRequest) *refusal {
	r.grant = r.form.Get("grant_type")
	tenant, ok := b.tenantID(r.tenant)
	if !ok && r.grant == "refresh_token" && (r.tenant == "common" || r.tenant == "organizations") {
		tenant, ok = b.partner.TenantID, true
	}
	if ok {
		r.tenant = tenant
	}
	wrongAudience := b.judgeAudience(r)
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
	default:
		return refuse(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", r.grant)
	}
	if !ok {
		return refuseAs(90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", r.tenant)
	}
	if refused := b.judgeClient(x, r); refused != nil {
		return refused
	}
	if wrongAudience != nil {
		return wrongAudience
	}
	if r.grant == "refresh_token" {
		if refused := b.judgeRefreshToken(x, r); refused != nil {
			return refused
		}
	}
	return b.judgeClaims(x, r)
}

// openIDScopes go with any resource.
var openIDScopes = []string{"openid", "profile", "email", "offline_access"}

func (b *Backend) judgeAudience(r *tokenRequest) *refusal {
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
		if r.audience == "" {
			return missingParameter("scope")
		}
	}
	known := b.resourceOf(r.audience)
	// Customers' tenants have no service principal of the Partner Center API: choice.
	if known == unknownResource || known == partnerCenterResource && r.tenant != b.partner.TenantID {
		return refuse(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant named %s.", r.audience, r.tenant)
	}
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
