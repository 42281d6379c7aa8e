package mockbackend_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const v2Path = "/" + mockbackend.PartnerTenantID + "/oauth2/v2.0/token"

// claims checks the signature against the published keys and returns the claims.
func claims(t *testing.T, c *rawClient, token string) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.b.Endpoints().SignIn+"/common/discovery/v2.0/keys", nil)
	if err != nil {
		t.Fatal(err)
	}
	var keys struct {
		Keys []struct{ Kid, N, E string }
	}
	if err := json.Unmarshal(c.do(req).raw, &keys); err != nil {
		t.Fatal(err)
	}
	n, err := base64.RawURLEncoding.DecodeString(keys.Keys[0].N)
	if err != nil {
		t.Fatal(err)
	}
	got := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(token, got, func(token *jwt.Token) (any, error) {
		if token.Header["kid"] != keys.Keys[0].Kid {
			t.Errorf("kid %v", token.Header["kid"])
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestClaims(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	user := b.User(mockbackend.SalesAgent)
	got := claims(t, c, c.token(b.Partner().Domain, partnerCenterScope+"/user_impersonation offline_access openid", user.RefreshToken))
	for name, want := range map[string]any{
		"aud": partnerCenterScope, "iss": "https://sts.windows.net/" + mockbackend.PartnerTenantID + "/", "tid": mockbackend.PartnerTenantID,
		"appid": b.Partner().ClientID, "oid": user.ObjectID, "upn": user.UserPrincipalName, "idtyp": "user", "scp": "user_impersonation",
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	if amr := got["amr"].([]any); len(amr) != 2 || amr[1] != "mfa" {
		t.Errorf("amr %v", amr)
	}
	if life := got["exp"].(float64) - got["iat"].(float64); life != 3600 {
		t.Errorf("lifetime %v", life)
	}
	got = claims(t, c, c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", b.UserWithoutMFA().RefreshToken))
	if amr := got["amr"].([]any); len(amr) != 1 || amr[0] != "pwd" {
		t.Errorf("amr without MFA: %v", amr)
	}
	got = claims(t, c, c.token("Adatum-Demo.onmicrosoft.com", "https://management.core.windows.net//.default", ""))
	if got["idtyp"] != "app" || got["upn"] != nil || got["scp"] != nil || got["tid"] != mockbackend.AdatumID || got["aud"] != "https://management.core.windows.net/" {
		t.Errorf("app-only: %v", got)
	}
}

func TestTokenV1(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	form := c.form("openid", b.User(mockbackend.AdminAgent).RefreshToken)
	form.Set("resource", partnerCenterScope)
	got := c.signIn("/"+mockbackend.PartnerTenantID+"/oauth2/token", form)
	if got.status != 200 || got.body["expires_in"] != "3600" || got.body["resource"] != partnerCenterScope || got.body["refresh_token"] == nil || got.body["id_token"] == nil {
		t.Errorf("%d %s", got.status, got.raw)
	}
	form = c.form("", "")
	form.Set("resource", "https://graph.windows.net")
	if got = c.signIn("/"+mockbackend.PartnerTenantID+"/oauth2/token", form); got.status != 200 || got.body["refresh_token"] != nil {
		t.Errorf("client credentials: %d %s", got.status, got.raw)
	}
}

// TestClientInfo: Microsoft's libraries request client_info and use it as the cache key of the account.
func TestClientInfo(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	user := b.User(mockbackend.AdminAgent)
	for _, tenant := range []string{mockbackend.PartnerTenantID, mockbackend.AdatumID} { // in both, the home tenant of the user is the partner's
		form := c.form(resourceManagerScope+"/.default", user.RefreshToken)
		form.Set("client_info", "1")
		got := c.signIn("/"+tenant+"/oauth2/v2.0/token", form)
		text, _ := got.body["client_info"].(string)
		info, err := base64.RawURLEncoding.DecodeString(text)
		if want := `{"uid":"` + user.ObjectID + `","utid":"` + mockbackend.PartnerTenantID + `"}`; err != nil || string(info) != want {
			t.Errorf("%s: client_info %q, want %s; %v", tenant, info, want, err)
		}
	}
	for _, refreshToken := range []string{user.RefreshToken, ""} { // not requested, and app-only
		form := c.form(partnerCenterScope+"/.default", refreshToken)
		if refreshToken == "" {
			form.Set("client_info", "1")
		}
		if got := c.signIn(v2Path, form); got.status != 200 || got.body["client_info"] != nil {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
}

func TestTokenRequestIsAForm(t *testing.T) { // RFC 6749 4.4.2 and 6
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	for contentType, status := range map[string]int{
		"application/x-www-form-urlencoded; charset=utf-8": 200, "text/plain": 400, "application/json": 400, "": 400,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.Endpoints().SignIn+v2Path, strings.NewReader(c.form(partnerCenterScope+"/.default", "").Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		got := c.do(req)
		if description, _ := got.body["error_description"].(string); got.status != status || status == 400 && !strings.HasPrefix(description, "AADSTS900144: ") {
			t.Errorf("%q: %d %s", contentType, got.status, got.raw)
		}
		if status == 400 {
			wantViolation(t, b, contentType, "not a form")
		}
	}
}

// TestSignInErrorsHaveEntraNames: sign-in must not answer with codes and names of other services.
func TestSignInErrorsHaveEntraNames(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	try := func(method, path string) reply {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, b.Endpoints().SignIn+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.do(req)
	}
	want := func(what string, got reply, status int, name, code string) {
		t.Helper()
		if description, _ := got.body["error_description"].(string); got.status != status || got.body["error"] != name || !strings.HasPrefix(description, code+": ") {
			t.Errorf("%s: %d %s", what, got.status, got.raw)
		}
	}
	want("GET", try(http.MethodGet, v2Path), 405, "invalid_request", "AADSTS900561")
	wantViolation(t, b, "GET", "method not allowed")
	if got := try(http.MethodGet, "/"+mockbackend.PartnerTenantID+"/oauth2/v2.0/logout"); got.status != 404 || len(got.raw) != 0 {
		t.Errorf("unknown route: %d %s", got.status, got.raw)
	}
	wantViolation(t, b, "unknown route", "unknown route of signin")
	b.Fail(mockbackend.Fault{Service: mockbackend.SignIn, Kind: mockbackend.ServerError, Status: 503})
	want("server error", c.signIn(v2Path, c.form(partnerCenterScope+"/.default", "")), 503, "server_error", "AADSTS90033")
}

func TestRefreshTokenRotation(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	first := b.User(mockbackend.AdminAgent).RefreshToken
	seen := map[string]bool{first: true}
	current := first
	for range 3 {
		got := c.signIn(v2Path, c.form(partnerCenterScope+"/.default offline_access", current))
		current, _ = got.body["refresh_token"].(string)
		if got.status != 200 || seen[current] {
			t.Fatalf("%d %s", got.status, got.raw)
		}
		seen[current] = true
	}
	for token := range seen { // earlier tokens stay valid, in any tenant
		c.token(mockbackend.ContosoID, resourceManagerScope+"/.default", token)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RotateRefreshTokens = false })
	if got := c.signIn(v2Path, c.form(partnerCenterScope+"/.default offline_access", first)); got.body["refresh_token"] != first {
		t.Errorf("no rotation: %s", got.raw)
	}
}

func TestSignInErrors(t *testing.T) {
	set := func(name, value string) func(url.Values) {
		return func(form url.Values) { form.Set(name, value) }
	}
	foreign := mockbackend.New(mockbackend.Config{Seed: 99}).User(mockbackend.AdminAgent).RefreshToken
	user := func(token string) func(url.Values) {
		return func(form url.Values) {
			form.Set("grant_type", "refresh_token")
			form.Set("refresh_token", token)
		}
	}
	for _, test := range []struct {
		name   string
		path   string
		edit   func(url.Values)
		knobs  func(*mockbackend.Knobs)
		status int
		error  string
		code   int
	}{
		{name: "wrong secret", edit: set("client_secret", "x"), status: 401, error: "invalid_client", code: 7000215},
		{name: "no secret", edit: set("client_secret", ""), status: 401, error: "invalid_client", code: 7000216},
		{name: "unknown client", edit: set("client_id", mockbackend.AdatumID), status: 400, error: "unauthorized_client", code: 700016},
		{name: "no client", edit: set("client_id", ""), status: 400, error: "invalid_request", code: 900144},
		{name: "unknown tenant", path: "/0f0f0f0f-1111-4222-8333-444444444444/oauth2/v2.0/token", status: 400, error: "invalid_request", code: 90002},
		{name: "app-only in common", path: "/common/oauth2/v2.0/token", status: 400, error: "invalid_request", code: 90002},
		{name: "no grant", edit: set("grant_type", ""), status: 400, error: "invalid_request", code: 900144},
		{name: "unknown grant", edit: set("grant_type", "password"), status: 400, error: "unsupported_grant_type", code: 70003},
		{name: "no scope", edit: set("scope", ""), status: 400, error: "invalid_request", code: 900144},
		{name: "app-only without .default", edit: set("scope", partnerCenterScope+"/user_impersonation"), status: 400, error: "invalid_scope", code: 1002012},
		{name: "two resources", edit: set("scope", partnerCenterScope+"/.default "+resourceManagerScope+"/.default"), status: 400, error: "invalid_request", code: 700022},
		{name: "unknown audience", edit: set("scope", "https://fabrikam.test/.default"), status: 400, error: "invalid_resource", code: 500011},
		{name: "Partner Center in a customer's tenant", path: "/" + mockbackend.AdatumID + "/oauth2/v2.0/token", status: 400, error: "invalid_resource", code: 500011},
		{name: "v1 without resource", path: "/" + mockbackend.PartnerTenantID + "/oauth2/token", status: 400, error: "invalid_request", code: 900144},
		{name: "no refresh token", edit: user(""), status: 400, error: "invalid_grant", code: -1},
		{name: "malformed refresh token", edit: user("secret"), status: 400, error: "invalid_grant", code: 9002313},
		{name: "refresh token of somebody else", edit: user(foreign), status: 400, error: "invalid_grant", code: 70000},
		{name: "expired", edit: user(mockbackend.New(mockbackend.Config{}).User(mockbackend.AdminAgent).RefreshToken), knobs: func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensExpired }, status: 400, error: "invalid_grant", code: 700082},
		{name: "revoked", edit: user(mockbackend.New(mockbackend.Config{}).User(mockbackend.AdminAgent).RefreshToken), knobs: func(k *mockbackend.Knobs) { k.RefreshTokens = mockbackend.RefreshTokensRevoked }, status: 400, error: "invalid_grant", code: 50173},
		{name: "injected", knobs: func(k *mockbackend.Knobs) {
			k.SignInError = &mockbackend.SignInError{Status: 400, Error: "interaction_required", Code: 50076}
		}, status: 400, error: "interaction_required", code: 50076},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.code == -1 { // a missing parameter is an error of the request, not of the grant
				test.error, test.code = "invalid_request", 900144
			}
			b := newBackend(t, mockbackend.Config{})
			c := anonymous(t, b)
			if test.knobs != nil {
				b.SetKnobs(test.knobs)
			}
			form := c.form(partnerCenterScope+"/.default", "")
			if test.edit != nil {
				test.edit(form)
			}
			path := test.path
			if path == "" {
				path = v2Path
			}
			got := c.signIn(path, form)
			codes, _ := got.body["error_codes"].([]any)
			if got.status != test.status || got.body["error"] != test.error || len(codes) != 1 || codes[0] != float64(test.code) {
				t.Errorf("%d %s", got.status, got.raw)
			}
			for _, part := range []string{"AADSTS", "Trace ID: ", "Correlation ID: ", "Timestamp: "} {
				if description, _ := got.body["error_description"].(string); !strings.Contains(description, part) {
					t.Errorf("error_description %q", description)
				}
			}
			if tokens := b.Counters().Tokens; len(tokens) != 1 || !strings.HasPrefix(tokens[0].Result, "AADSTS") || b.Counters().TokensIssued() != 0 {
				t.Errorf("counters: %v", tokens)
			}
		})
	}
}

func TestSignInKeepsSecretsOutOfTheJournal(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	admin(t, b).call("GET", "/customers", nil)
	text, err := json.Marshal(b.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{b.Partner().ClientSecret, b.User(mockbackend.AdminAgent).RefreshToken, "eyJ"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the journal has %q", secret)
		}
	}
}

func TestTokenForAnotherHost(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	req := c.request("GET", "/", nil)
	req.URL, _ = url.Parse(b.Endpoints().SignIn + "/common/discovery/keys")
	c.do(req)
	wantViolation(t, b, "sign-in host", "bearer token was sent to the sign-in host")
}

func TestBasicClientAuthentication(t *testing.T) { // RFC 6749 2.3.1; what golang.org/x/oauth2 tries first
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {partnerCenterScope + "/.default"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.Endpoints().SignIn+v2Path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(b.Partner().ClientID), url.QueryEscape(b.Partner().ClientSecret))
	if got := c.do(req); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := anonymous(t, b)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.TokenLifetime = 90 * time.Second })
		c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
		advance(89 * time.Second)
		c.call("GET", "/customers", nil).want(t, "still good", 200, 0)
		advance(time.Second)
		c.call("GET", "/customers", nil).want(t, "expired", 401, 400)
	})
}

func TestDiscovery(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	base := b.Endpoints().SignIn
	get := func(path string) reply {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.do(req)
	}
	for path, token := range map[string]string{
		"/adatum-demo.onmicrosoft.com/v2.0/.well-known/openid-configuration":          "/" + mockbackend.AdatumID + "/oauth2/v2.0/token",
		"/" + mockbackend.PartnerTenantID + "/.well-known/openid-configuration":       "/" + mockbackend.PartnerTenantID + "/oauth2/token",
		"/common/v2.0/.well-known/openid-configuration?appid=" + b.Partner().ClientID: "/common/oauth2/v2.0/token",
	} {
		if got := get(path); got.status != 200 || got.body["token_endpoint"] != base+token {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
	if got := get("/nobody/v2.0/.well-known/openid-configuration"); got.status != 400 || got.body["error"] != "invalid_tenant" {
		t.Errorf("unknown tenant: %d %s", got.status, got.raw)
	}
	if got := get("/common/discovery/instance?api-version=1.1"); got.status != 200 || got.body["metadata"] == nil {
		t.Errorf("instance discovery: %d %s", got.status, got.raw)
	}
}
