package credential_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
)

const (
	permission = "https://api.partnercenter.microsoft.com/user_impersonation"
	azure      = "https://management.azure.com/user_impersonation"
	newToken   = `{"token_type":"Bearer","expires_in":3599,"access_token":"access-token-1","refresh_token":"refresh-token-1"}`
)

func newUserSignIn(t *testing.T, over http.RoundTripper) *credential.UserSignIn {
	t.Helper()
	s, err := credential.NewUserSignIn(configure(t, over, true), permission, azure)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestUserSignIn_needsAnApplication(t *testing.T) {
	for name, change := range map[string]func(*credential.Config){
		"tenant": func(c *credential.Config) { c.TenantID = "" }, "client": func(c *credential.Config) { c.ClientID = "" },
		"proof": func(c *credential.Config) { c.Proof = credential.Proof{} }, "Azure CLI": func(c *credential.Config) { c.Proof = credential.AzureCLI() },
	} {
		c := configure(t, nil, true)
		change(&c)
		if _, err := credential.NewUserSignIn(c, permission); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestUserSignIn_code checks that the URL for the browser and the request for the code match.
func TestUserSignIn_code(t *testing.T) {
	e := &entra{answer: always(200, newToken)}
	s := newUserSignIn(t, e)
	const home = "http://localhost:8400"
	a := s.Authorize(home)
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if got := u.Scheme + "://" + u.Host + u.Path; got != authority+"/"+tenant+"/oauth2/v2.0/authorize" {
		t.Errorf("the browser opens %s", got)
	}
	for name, want := range map[string]string{
		"client_id": clientID, "response_type": "code", "response_mode": "query", "redirect_uri": home, "prompt": "login", "code_challenge_method": "S256",
		"scope": permission + " " + azure + " offline_access",
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if other, err := url.Parse(s.Authorize(home).URL); err != nil || other.Query().Get("state") == q.Get("state") || other.Query().Get("code_challenge") == q.Get("code_challenge") {
		t.Error("two sign-ins share their state or challenge", err)
	}
	code, err := s.Code(a, url.Values{"state": {q.Get("state")}, "code": {"the-code"}, "session_state": {"x"}})
	if err != nil || code != "the-code" {
		t.Fatal(code, err)
	}
	if token, err := s.Redeem(t.Context(), a, code); err != nil || token != "refresh-token-1" {
		t.Fatal(token, err)
	}
	form := e.asked[0].form
	verifier := sha256.Sum256([]byte(form.Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(verifier[:]) != q.Get("code_challenge") || len(form.Get("code_verifier")) < 43 {
		t.Errorf("the verifier %q does not match the challenge", form.Get("code_verifier"))
	}
	form.Del("code_verifier")
	want := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "client_secret": {clientSecret}, "code": {"the-code"}, "redirect_uri": {home},
		"scope": {permission + " offline_access"},
	}
	if !reflect.DeepEqual(form, want) {
		t.Errorf("got %v, want %v", form, want)
	}
}

func TestUserSignIn_redirects(t *testing.T) {
	s := newUserSignIn(t, &entra{answer: always(500, "")})
	a := s.Authorize("http://localhost:8400")
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	state := u.Query().Get("state")
	for query, want := range map[string]string{
		"code=x&state=other":        "another sign-in",
		"code=x":                    "another sign-in",
		"error=access_denied":       "another sign-in",
		"state=" + state:            "no code",
		"state=" + state + "&code=": "no code",
		"error=access_denied&error_description=AADSTS65004:+User+declined.&state=" + state:                     "cancelled the sign-in or declined the consent",
		"error=server_error&error_description=AADSTS90033:+A+transient+error.%0d%0aTrace+ID:+1&state=" + state: "server_error: AADSTS90033: A transient error.",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if code, err := s.Code(a, q); code != "" || err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Trace") {
			t.Errorf("%s: %q, %v", query, code, err)
		}
	}
}

// TestUserSignIn_refused checks that a code is sent once, and that errors contain no secrets.
func TestUserSignIn_refused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
		remedy string
	}{
		"expired code":     {400, refusal("invalid_grant", 70008, "The provided authorization code or refresh token has expired."), "the code was refused: AADSTS70008", ""},
		"redeemed code":    {400, refusal("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed."), "one try within ten minutes", ""},
		"wrong secret":     {401, refusal("invalid_client", 7000215, "Invalid client secret provided."), "AADSTS7000215", "The client secret is wrong."},
		"no refresh token": {200, `{"token_type":"Bearer","expires_in":3599,"access_token":"access-token-1"}`, "no refresh token", ""},
		"not JSON":         {200, `access-token-1`, "without a token that can be read", "A proxy or firewall may have answered"},
		"server error":     {503, ``, "503", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &entra{answer: always(test.status, test.body)}
				s := newUserSignIn(t, e)
				token, err := s.Redeem(t.Context(), s.Authorize("http://localhost:8400"), "the-code-of-the-redirect")
				failed := mustBeError(t, err)
				if token != "" || !strings.Contains(err.Error(), test.want) || !strings.Contains(failed.Remedy(), test.remedy) {
					t.Errorf("%q, %v, %s", token, err, failed.Remedy())
				}
				mustHideSecrets(t, err, "the-code-of-the-redirect", "access-token-1")
				if e.tokenRequests() != 1 {
					t.Errorf("the code was sent %d times", e.tokenRequests())
				}
			})
		})
	}
}

func TestUserSignIn_deviceCode(t *testing.T) {
	const started = `{"user_code":"ABCD","device_code":"the-device-code-1","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5}`
	for name, test := range map[string]struct {
		started string
		answers []string // answers to the polls
		token   string
		want    string
		after   time.Duration
	}{
		"signed in":      {started, []string{"authorization_pending", "authorization_pending", ""}, "refresh-token-1", "", 15 * time.Second},
		"slower":         {started, []string{"slow_down", "authorization_pending", ""}, "refresh-token-1", "", 25 * time.Second},
		"declined":       {started, []string{"authorization_declined"}, "", "cancelled the sign-in", 5 * time.Second},
		"expired":        {started, []string{"authorization_pending", "expired_token"}, "", "nobody signed in with the code", 10 * time.Second},
		"refused":        {started, []string{"invalid_client"}, "", "AADSTS1:", 5 * time.Second},
		"older numbers":  {strings.NewReplacer(":900", `:"900"`, ":5", `:"5"`).Replace(started), []string{""}, "refresh-token-1", "", 5 * time.Second},
		"no interval":    {strings.Replace(started, `,"interval":5`, "", 1), []string{""}, "refresh-token-1", "", 5 * time.Second},
		"no device code": {strings.Replace(started, "the-device-code-1", "", 1), nil, "", "without a token", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &entra{answer: func(n int, a asked) (int, string) {
					if strings.HasSuffix(a.path, "/devicecode") {
						return 200, test.started
					}
					if failed := test.answers[n-1]; failed != "" {
						return 400, refusal(failed, 1, "x")
					}
					return 200, newToken
				}}
				s := newUserSignIn(t, e)
				begun := time.Now()
				d, err := s.StartDeviceCode(t.Context())
				token := ""
				if err == nil {
					if d.UserCode != "ABCD" || d.VerificationURI != "https://microsoft.com/devicelogin" || d.ExpiresOn.Sub(begun) != 15*time.Minute {
						t.Errorf("%+v", d)
					}
					token, err = s.Await(t.Context(), d)
				}
				if token != test.token || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("%q, %v", token, err)
				}
				if err != nil {
					mustHideSecrets(t, err, "the-device-code-1")
				}
				if passed := time.Since(begun); test.started != "" && passed != test.after && test.want != "without a token" {
					t.Errorf("it took %s, want %s", passed, test.after)
				}
				if len(test.answers) > 0 {
					form := e.asked[1].form
					if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" || form.Get("device_code") != "the-device-code-1" || form.Get("client_secret") != clientSecret {
						t.Errorf("%v", form)
					}
				}
			})
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newUserSignIn(t, &entra{answer: always(200, started)})
			d, err := s.StartDeviceCode(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			if _, err := s.Await(ctx, d); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
	})
}

// TestUserSignIn_oidcToken checks that each poll uses the newest OIDC token, because those are
// valid for minutes only.
func TestUserSignIn_oidcToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "token")
		var assertions []string
		e := &entra{answer: func(n int, a asked) (int, string) {
			if err := os.WriteFile(file, fmt.Appendf(nil, "oidc-token-%d", n+1), 0o600); err != nil {
				t.Error(err)
			}
			if strings.HasSuffix(a.path, "/devicecode") {
				return 200, `{"user_code":"ABCD","device_code":"d","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5}`
			}
			assertions = append(assertions, a.form.Get("client_assertion"))
			if n < 3 {
				return 400, refusal("authorization_pending", 70016, "x")
			}
			return 200, newToken
		}}
		c := configure(t, e, true)
		c.Proof = credential.OIDCTokenFile(file)
		s, err := credential.NewUserSignIn(c, permission)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.StartDeviceCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Await(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if want := []string{"oidc-token-1", "oidc-token-2", "oidc-token-3"}; !slices.Equal(assertions, want) {
			t.Errorf("got %q, want %q", assertions, want)
		}
	})
}
