package mockbackend

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// authorizationCodeLifetime is the lifetime of authorization codes:
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow.
const authorizationCodeLifetime = 10 * time.Minute

// pageLifetime is the time that a person has on the sign-in page (choice).
const pageLifetime = time.Hour

// grantAuthorizationCode is the grant type that redeems a code.
const grantAuthorizationCode = "authorization_code"

// interactive is the state of interactive sign-in.
type interactive struct {
	pages    map[string]*signInRequest // by the hidden field of the page
	codes    map[string]*redeemable    // authorization codes
	devices  map[string]*deviceCode    // by device code
	consents map[consent]bool          // what users consented to
}

func newInteractive() interactive {
	return interactive{
		pages: map[string]*signInRequest{}, codes: map[string]*redeemable{}, devices: map[string]*deviceCode{}, consents: map[consent]bool{},
	}
}

// consent is the consent of a user to the use of a resource by the partner's application. See Knobs.ConsentRequired.
type consent struct {
	user     int
	resource resource
}

// signInRequest is a request for which a person is on the sign-in page.
type signInRequest struct {
	tenant      string
	scopes      []string
	redirectURI string // empty for a device code
	state       string
	challenge   string
	device      *deviceCode // nil for the authorization code flow
	forced      bool        // prompt=consent
	opened      time.Time

	user int // chosen on the page
	mfa  bool
}

// redeemable is a sign-in that a client can redeem for tokens, once.
type redeemable struct {
	request  signInRequest
	issued   time.Time
	redeemed bool
}

// authorizeQuery lists the query parameters of the authorize endpoint.
var authorizeQuery = []string{
	"client_id", "response_type", "redirect_uri", "response_mode", "scope", "state", "nonce", "prompt", "login_hint", "domain_hint", "code_challenge", "code_challenge_method",
}

// authorize answers a browser with the sign-in page. Entra requires neither PKCE nor a state of confidential clients.
// The mock requires both, because a client without them is vulnerable to injected codes.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
func (b *Backend) authorize(x *exchange) response {
	b.inspectQuery(x)
	q := x.query
	tenant, refused := b.interactiveTenant(x.values["tenant"], q.Get("client_id"))
	if refused != nil {
		return errorPage(x, refused)
	}
	// An unregistered address is shown. The browser is not redirected to it.
	if !isRegisteredRedirect(q.Get("redirect_uri")) {
		return errorPage(x, refuse(http.StatusBadRequest, "invalid_request", 50011, "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application '%s'.", q.Get("redirect_uri"), b.partner.ClientID))
	}
	request := &signInRequest{
		tenant: tenant, scopes: strings.Fields(q.Get("scope")), redirectURI: q.Get("redirect_uri"), state: q.Get("state"),
		challenge: q.Get("code_challenge"), forced: strings.Contains(q.Get("prompt"), "consent"), opened: time.Now(),
	}
	switch mode := q.Get("response_mode"); {
	case q.Get("response_type") != "code":
		return redirectError(request, refuse(0, "unsupported_response_type", 70005, "The mock supports response_type=code."))
	case mode != "" && mode != "query":
		return redirectError(request, refuse(0, "invalid_request", 9002313, "The mock supports response_mode=query."))
	case request.state == "":
		b.violate("GET %s: no state", x.req.URL.Path)
		return redirectError(request, refuse(0, "invalid_request", 9002313, "The mock requires a state."))
	case q.Get("code_challenge_method") != "S256" || !isChallenge(request.challenge):
		b.violate("GET %s: no code_challenge with the method S256 (RFC 7636)", x.req.URL.Path)
		return redirectError(request, refuse(0, "invalid_request", 501481, "The mock requires a code_challenge with code_challenge_method=S256."))
	}
	if refused := b.checkScopes(request.scopes); refused != nil {
		return redirectError(request, refused)
	}
	return b.openPage(request)
}

// interactiveTenant checks tenant and application. Users of the partner authenticate in the partner's tenant.
func (b *Backend) interactiveTenant(name, clientID string) (string, *refusal) {
	tenant, ok := b.tenantID(name)
	if lower := strings.ToLower(name); lower == "organizations" || lower == "common" {
		tenant, ok = b.partner.TenantID, true
	}
	switch {
	case !ok:
		return "", refuseAs(90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", name)
	case !strings.EqualFold(clientID, b.partner.ClientID):
		return "", refuseAs(700016, "Application with identifier '%s' was not found in the directory '%s'.", clientID, tenant)
	case tenant != b.partner.TenantID:
		return "", refuseAs(50020, "User account '{EmailHidden}' does not exist in tenant '%s'.", tenant)
	}
	return tenant, nil
}

// checkScopes checks the scopes of an interactive request. Unlike a token request it may name several resources. The
// user consents to all of them at once.
func (b *Backend) checkScopes(scopes []string) *refusal {
	if len(b.resourcesOf(scopes)) == 0 {
		return missingParameter("scope")
	}
	for _, scope := range scopes {
		at := strings.LastIndex(scope, "/")
		switch {
		case slices.Contains(openIDScopes, scope):
		case at <= 0 || scope[at+1:] != "user_impersonation" && scope[at+1:] != ".default":
			return refuse(http.StatusBadRequest, "invalid_scope", 70011, "The provided value for scope %s is not valid.", scope)
		case b.resourceOf(scope[:at]) == unknownResource:
			return refuse(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant.", scope[:at])
		}
	}
	return nil
}

// resourcesOf returns the resources that scopes name.
func (b *Backend) resourcesOf(scopes []string) []resource {
	var found []resource
	for _, scope := range scopes {
		if at := strings.LastIndex(scope, "/"); at > 0 {
			if r := b.resourceOf(scope[:at]); !slices.Contains(found, r) {
				found = append(found, r)
			}
		}
	}
	return found
}

// isRegisteredRedirect: http://localhost is registered. Entra ignores the port of localhost and nothing else:
// https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions.
func isRegisteredRedirect(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Scheme == "http" && u.Hostname() == "localhost" && strings.TrimSuffix(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

// isChallenge: the S256 challenge is a SHA-256 in base64url without padding.
func isChallenge(text string) bool {
	sum, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && len(sum) == sha256.Size
}

// redirectTo sends the browser back to the application.
func redirectTo(request *signInRequest, values url.Values) response {
	u, err := url.Parse(request.redirectURI)
	if err != nil { // cannot fail, the URI was checked before
		return response{status: http.StatusInternalServerError}
	}
	if u.Path == "" {
		u.Path = "/" // as Entra does
	}
	if request.state != "" {
		values.Set("state", request.state)
	}
	u.RawQuery = values.Encode()
	return response{status: http.StatusFound, header: http.Header{"Location": {u.String()}}}
}

func redirectError(request *signInRequest, e *refusal) response {
	text := "AADSTS" + itoa(e.code) + ": " + e.text
	return redirectTo(request, url.Values{"error": {e.name}, "error_description": {text}, "error_uri": {"https://login.microsoftonline.com/error?code=" + itoa(e.code)}})
}

// finish ends a sign-in after the last step of the person. It redirects with a code, or allows the device to get
// tokens.
func (b *Backend) finish(request *signInRequest) response {
	for _, r := range b.resourcesOf(request.scopes) {
		b.signIn.interactive.consents[consent{request.user, r}] = true
	}
	done := &redeemable{request: *request, issued: time.Now()}
	if request.device != nil {
		request.device.signedIn = done
		return messagePage("You have signed in", "You have signed in to the application on your device. You may now close this window.")
	}
	code := newAuthorizationCode()
	b.signIn.interactive.codes[code] = done
	b.rememberToken(IssuedToken{Kind: AuthorizationCode, Token: code, Tenant: request.tenant, User: b.signIn.users[request.user].UserPrincipalName})
	return redirectTo(request, url.Values{"code": {code}, "session_state": {newGUID()}})
}

// newAuthorizationCode returns a code about as long as those of Entra, so that a test finds a client that truncates
// it.
func newAuthorizationCode() string {
	var random [700]byte
	_, _ = rand.Read(random[:]) // never fails
	return "1.AXoA" + base64.RawURLEncoding.EncodeToString(random[:])
}

// checkAuthorizationCode redeems a code.
func (b *Backend) checkAuthorizationCode(x *exchange, r *tokenRequest) *refusal {
	code := r.form.Get("code")
	if code == "" {
		return missingParameter("code")
	}
	done := b.signIn.interactive.codes[code]
	switch {
	case done == nil:
		return refuseAs(9002313, "Invalid request. The 'code' is malformed or invalid.")
	case r.tenant != done.request.tenant || r.app.ClientID != b.partner.ClientID:
		return refuseAs(700007, "")
	case done.redeemed:
		b.violate("POST %s: the authorization code was redeemed before", x.req.URL.Path)
		return refuseAs(54005, "")
	case time.Since(done.issued) >= authorizationCodeLifetime:
		return refuseAs(70008, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.")
	}
	// A code is for one attempt, even if the attempt is refused (choice: Entra's behavior is not documented).
	done.redeemed = true
	verifier := sha256.Sum256([]byte(r.form.Get("code_verifier")))
	switch {
	case r.form.Get("redirect_uri") != done.request.redirectURI:
		return refuseAs(500112, "The reply address '%s' does not match the reply address '%s' provided when requesting Authorization code.", r.form.Get("redirect_uri"), done.request.redirectURI)
	case r.form.Get("code_verifier") == "" || base64.RawURLEncoding.EncodeToString(verifier[:]) != done.request.challenge:
		return refuseAs(501481, "")
	}
	return b.redeem(r, done)
}

// redeem sets the user of the token request to the user of a sign-in. The scopes must be among those of the sign-in.
func (b *Backend) redeem(r *tokenRequest, done *redeemable) *refusal {
	for _, scope := range r.scopes {
		if !slices.Contains(done.request.scopes, scope) {
			return refuse(http.StatusBadRequest, "invalid_scope", 70011, "The provided value for scope %s is not valid: the sign-in did not request it.", scope)
		}
	}
	r.user, r.userAt, r.mfa = &b.signIn.users[done.request.user], done.request.user, done.request.mfa
	return nil
}

// checkConsent refuses a token for a resource that the user did not consent to.
func (b *Backend) checkConsent(x *exchange, user int, audience, tenant string) *refusal {
	if !x.knobs.ConsentRequired || tenant != b.partner.TenantID || b.signIn.interactive.consents[consent{user, b.resourceOf(audience)}] {
		return nil
	}
	return refuseAs(65001, "The user or administrator has not consented to use the application with ID '%s'. Send an interactive authorization request for this user and resource.", b.partner.ClientID)
}
