package mockbackend_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	verifier    = "a-code-verifier-of-at-least-forty-three-characters"
	redirectURI = "http://localhost:8400"
	userScope   = partnerCenterScope + "/user_impersonation offline_access"
	azureScope  = resourceManagerScope + "/user_impersonation"
)

// authorizeAddress returns the URL that a client opens in the browser. Pairs replace parameters; an empty value
// removes one.
func authorizeAddress(b *mockbackend.Backend, pairs ...string) string {
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"client_id": {b.Partner().ClientID}, "response_type": {"code"}, "redirect_uri": {redirectURI}, "scope": {userScope}, "state": {"the-state"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}, "prompt": {"select_account"},
	}
	for i := 0; i < len(pairs); i += 2 {
		if query.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			query.Del(pairs[i])
		}
	}
	return b.Endpoints().SignIn + "/" + mockbackend.PartnerTenantID + "/oauth2/v2.0/authorize?" + query.Encode()
}

// codeOf signs in on the page and returns the code.
func codeOf(t *testing.T, b *mockbackend.Backend, address string, p mockbackend.Person) string {
	t.Helper()
	location, err := b.Visit(t.Context(), address, p)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil || !strings.HasPrefix(location, redirectURI+"/?") || u.Query().Get("state") != "the-state" || u.Query().Get("code") == "" {
		t.Fatalf("%s: %v", location, err)
	}
	return u.Query().Get("code")
}

// codeForm returns the token request that redeems a code.
func codeForm(c *rawClient, code string, pairs ...string) url.Values {
	form := c.form(userScope, "")
	form.Set("grant_type", "authorization_code")
	form.Set("code", code)
	form.Set("redirect_uri", redirectURI)
	form.Set("code_verifier", verifier)
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func TestAuthorizationCode(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	for name, p := range map[string]mockbackend.Person{
		"with MFA": {}, "skipped": {SkipMFA: true}, "without MFA": {User: b.UserWithoutMFA().UserPrincipalName}, "sales": {User: b.User(mockbackend.SalesAgent).UserPrincipalName},
	} {
		got := c.signIn(v2Path, codeForm(c, codeOf(t, b, authorizeAddress(b), p)))
		if got.status != 200 || got.body["refresh_token"] == nil {
			t.Fatalf("%s: %d %s", name, got.status, got.raw)
		}
		wantMFA := name == "with MFA" || name == "sales"
		refreshed := c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default offline_access", got.body["refresh_token"].(string))
		for which, token := range map[string]string{"access token": got.body["access_token"].(string), "refreshed": refreshed} {
			claimed := claims(t, c, token)
			if mfa := len(claimed["amr"].([]any)) == 2; mfa != wantMFA || p.User != "" && claimed["upn"] != p.User {
				t.Errorf("%s, %s: %v", name, which, claimed)
			}
		}
	}
	if got := c.signIn(v2Path, codeForm(c, codeOf(t, b, authorizeAddress(b), mockbackend.Person{}), "scope", partnerCenterScope+"/user_impersonation")); got.body["refresh_token"] != nil {
		t.Error("a refresh token without offline_access")
	}
}

func TestAuthorizationCode_refused(t *testing.T) {
	for name, test := range map[string]struct {
		pairs     []string
		code      float64
		violation string
	}{
		"another verifier":     {[]string{"code_verifier", "x"}, 501481, ""},
		"no verifier":          {[]string{"code_verifier", ""}, 501481, ""},
		"another redirect":     {[]string{"redirect_uri", "http://localhost:8401"}, 500112, ""},
		"another code":         {[]string{"code", "x"}, 9002313, ""},
		"no code":              {[]string{"code", ""}, 900144, ""},
		"a scope more":         {[]string{"scope", azureScope}, 70011, ""},
		"no credential":        {[]string{"client_secret", ""}, 7000218, ""},
		"a wrong credential":   {[]string{"client_secret", "x"}, 7000215, ""},
		"another application":  {[]string{"client_id", "other"}, 700007, ""},
		"a code used twice":    {nil, 54005, "redeemed before"},
		"ten minutes too late": {nil, 70008, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t, mockbackend.Config{})
				c := anonymous(t, b)
				form := codeForm(c, codeOf(t, b, authorizeAddress(b), mockbackend.Person{}), test.pairs...)
				if other := b.OtherApplication(); form.Get("client_id") == "other" {
					form.Set("client_id", other.ClientID)
					form.Set("client_secret", other.ClientSecret)
				}
				switch name {
				case "a code used twice":
					if got := c.signIn(v2Path, form); got.status != 200 {
						t.Fatalf("%s", got.raw)
					}
				case "ten minutes too late":
					advance(10 * time.Minute)
				}
				got := c.signIn(v2Path, form)
				if codes, _ := got.body["error_codes"].([]any); got.status < 400 || len(codes) != 1 || codes[0] != test.code {
					t.Errorf("%d %s, want %v", got.status, got.raw, test.code)
				}
				if test.violation != "" {
					wantViolation(t, b, name, test.violation)
				}
			})
		})
	}
}

// TestAuthorize: an error of the request or the person is returned to the application, or stays on the page.
func TestAuthorize(t *testing.T) {
	for name, test := range map[string]struct {
		pairs     []string
		person    mockbackend.Person
		sentBack  string // error that the application gets; empty = the browser stays
		text      string
		violation string
	}{
		"no PKCE":               {[]string{"code_challenge", ""}, mockbackend.Person{}, "invalid_request", "AADSTS501481", "code_challenge"},
		"a plain challenge":     {[]string{"code_challenge_method", "plain"}, mockbackend.Person{}, "invalid_request", "AADSTS501481", "code_challenge"},
		"no state":              {[]string{"state", ""}, mockbackend.Person{}, "invalid_request", "state", "no state"},
		"an unknown parameter":  {[]string{"client_secret", "x", "response_type", "token"}, mockbackend.Person{}, "unsupported_response_type", "", "client_secret"},
		"an unknown scope":      {[]string{"scope", partnerCenterScope + "/everything"}, mockbackend.Person{}, "invalid_scope", "AADSTS70011", ""},
		"no resource":           {[]string{"scope", "offline_access"}, mockbackend.Person{}, "invalid_request", "AADSTS900144", ""},
		"a foreign redirect":    {[]string{"redirect_uri", "https://elsewhere.example/"}, mockbackend.Person{}, "", "AADSTS50011", ""},
		"a path":                {[]string{"redirect_uri", "http://localhost:8400/callback"}, mockbackend.Person{}, "", "AADSTS50011", ""},
		"127.0.0.1":             {[]string{"redirect_uri", "http://127.0.0.1:8400"}, mockbackend.Person{}, "", "AADSTS50011", ""},
		"another application":   {[]string{"client_id", "x"}, mockbackend.Person{}, "", "AADSTS700016", ""},
		"cancelled":             {nil, mockbackend.Person{Cancel: true}, "access_denied", "AADSTS65004", ""},
		"consent declined":      {[]string{"prompt", "consent"}, mockbackend.Person{Decline: true}, "access_denied", "AADSTS65004", ""},
		"a Conditional Access":  {nil, mockbackend.Person{Fail: 53003}, "", "AADSTS53003", ""},
		"an unknown user":       {nil, mockbackend.Person{User: "nobody"}, "", "find an account", ""},
		"response_mode of form": {[]string{"response_mode", "form_post"}, mockbackend.Person{}, "invalid_request", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			location, err := b.Visit(t.Context(), authorizeAddress(b, test.pairs...), test.person)
			if test.sentBack == "" {
				if !errors.Is(err, mockbackend.ErrStayed) || !strings.Contains(err.Error(), test.text) {
					t.Errorf("%q, %v", location, err)
				}
			} else if u, parseErr := url.Parse(location); err != nil || parseErr != nil || u.Query().Get("error") != test.sentBack ||
				!strings.Contains(u.Query().Get("error_description"), test.text) || u.Query().Get("code") != "" {
				t.Errorf("%q, %v", location, err)
			}
			if test.violation != "" {
				wantViolation(t, b, name, test.violation)
			}
		})
	}
}

func TestAuthorize_consent(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ConsentRequired = true })
	c := anonymous(t, b)
	refused := func(what, scope, refreshToken string) {
		t.Helper()
		got := c.signIn(v2Path, c.form(scope, refreshToken))
		if codes, _ := got.body["error_codes"].([]any); len(codes) != 1 || codes[0] != float64(65001) {
			t.Errorf("%s: %d %s", what, got.status, got.raw)
		}
	}
	refused("never consented", userScope, b.User(mockbackend.AdminAgent).RefreshToken)
	got := c.signIn(v2Path, codeForm(c, codeOf(t, b, authorizeAddress(b), mockbackend.Person{})))
	token, _ := got.body["refresh_token"].(string)
	refused("Azure", azureScope, token)
	codeOf(t, b, authorizeAddress(b, "scope", userScope+" "+azureScope), mockbackend.Person{})
	c.token(mockbackend.PartnerTenantID, azureScope+" offline_access", token)
	c.token(mockbackend.AdatumID, azureScope, token) // customers' tenants have their own consents
}

// TestSignInPage: a browser receives HTML, and text of the request is escaped.
func TestSignInPage(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, authorizeAddress(b), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := c.do(req)
	if got.status != 200 || got.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(string(got.raw), b.User(mockbackend.AdminAgent).UserPrincipalName) {
		t.Errorf("%d %v %s", got.status, got.header, got.raw)
	}
	req, err = http.NewRequestWithContext(t.Context(), http.MethodGet, authorizeAddress(b, "redirect_uri", "<script>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got = c.do(req); strings.Contains(string(got.raw), "<script>") {
		t.Errorf("%s", got.raw)
	}
	if got = c.signIn("/common/login", url.Values{"flow": {"x"}, "action": {"next"}}); !strings.Contains(string(got.raw), "AADSTS90014") {
		t.Errorf("a page that was never opened: %s", got.raw)
	}
}
