package credential_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

const (
	authority = "https://login.example"
	tenant    = "1d3f0c52-6a4e-4b8e-9c55-2f4a7be0a101"
	customer  = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"
	clientID  = "44a8f2de-0b1c-4a7e-8f7d-0d9be3f6c303"
	scope     = "https://api.partnercenter.microsoft.com/.default"

	// The secrets contain characters that need escaping in URLs, as real ones may.
	clientSecret = "s3cr+t/of=the app~"
	refreshToken = "0.refresh+token/one=="

	bom = "\xef\xbb\xbf"
)

// asked is one request to the token endpoint.
type asked struct {
	path   string
	form   url.Values
	header http.Header
}

// entra simulates Microsoft Entra ID in-process.
type entra struct {
	// answer returns status and body for the nth token request.
	answer func(n int, a asked) (int, string)
	// err is the answer to all requests if it is set.
	err error

	mu    sync.Mutex
	asked []asked
	paths []string // paths of all requests
}

func (e *entra) RoundTrip(req *http.Request) (*http.Response, error) {
	e.mu.Lock()
	e.paths = append(e.paths, req.Method+" "+req.URL.Path)
	e.mu.Unlock()
	if e.err != nil {
		return nil, e.err
	}
	if "https://"+req.URL.Host != authority {
		return nil, fmt.Errorf("unexpected request to host %s", req.URL.Host)
	}
	if t, ok := strings.CutSuffix(req.URL.Path, "/v2.0/.well-known/openid-configuration"); ok && req.Method == http.MethodGet {
		return response(req, 200, fmt.Sprintf(`{"token_endpoint":%q,"authorization_endpoint":%q,"issuer":%q}`,
			authority+t+"/oauth2/v2.0/token", authority+t+"/oauth2/v2.0/authorize", authority+t+"/v2.0")), nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	a := asked{req.Method + " " + req.URL.Path, form, req.Header.Clone()}
	e.mu.Lock()
	n := len(e.asked)
	e.asked = append(e.asked, a)
	e.mu.Unlock()
	status, text := e.answer(n, a)
	return response(req, status, text), nil
}

// tokenRequests returns the number of token requests.
func (e *entra) tokenRequests() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

func response(req *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Request: req,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

// always returns the same answer to every request.
func always(status int, body string) func(int, asked) (int, string) {
	return func(int, asked) (int, string) { return status, body }
}

func issued(n int, _ asked) (int, string) {
	return 200, fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"access-%d"}`, n+1)
}

// refusal returns an error body of Entra ID.
func refusal(oauthError string, code int, text string) string {
	return fmt.Sprintf(`{"error":%q,"error_description":%q,"error_codes":[%d],"timestamp":"2026-03-01 12:00:00Z",`+
		`"trace_id":"trace-1","correlation_id":"correlation-1"}`,
		oauthError, fmt.Sprintf("AADSTS%d: %s Trace ID: trace-1 Correlation ID: correlation-1 Timestamp: 2026-03-01 12:00:00Z", code, text), code)
}

// configure returns the settings of either mode with the transport.
func configure(t *testing.T, over http.RoundTripper, appOnly bool) credential.Config {
	t.Helper()
	u, err := httppipe.ParseEndpoint(authority)
	if err != nil {
		t.Fatal(err)
	}
	c := credential.Config{
		TenantID: tenant, ClientID: clientID, Proof: credential.ClientSecret(clientSecret), RefreshToken: refreshToken,
		Authority: u, DisableInstanceDiscovery: true, Client: httppipe.ClientOver(over), UserAgent: "the whole user agent",
	}
	if appOnly {
		c.RefreshToken = ""
	}
	return c
}

func newCredential(t *testing.T, over http.RoundTripper, appOnly bool) *credential.Credential {
	t.Helper()
	c, err := credential.New(configure(t, over, appOnly))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(ctx context.Context, c *credential.Credential) (*httppipe.Token, error) {
	return c.Token(ctx, httppipe.TokenRequest{Scope: scope})
}

// mustBeError fails the test unless err is a [credential.Error].
func mustBeError(t *testing.T, err error) *credential.Error {
	t.Helper()
	var e *credential.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %T %v, want a *credential.Error", err, err)
	}
	return e
}

// mustHideSecrets fails the test if a text contains a secret, also if the secret is encoded as in a
// URL.
func mustHideSecrets(t *testing.T, err error, more ...string) {
	t.Helper()
	texts := []string{err.Error(), fmt.Sprintf("%+v", err)}
	if e := new(credential.Error); errors.As(err, &e) {
		texts = append(texts, e.Description, e.OAuthError, e.Remedy(), fmt.Sprintf("%+v", *e))
	}
	for _, secret := range append(more, clientSecret, refreshToken) {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), lowerEscapes(secret)} {
			for _, text := range texts {
				if strings.Contains(text, form) {
					t.Fatalf("%q contains the secret %q", text, form)
				}
			}
		}
	}
}

// lowerEscapes is url.QueryEscape with hexadecimal digits in lower case, as in .NET.
func lowerEscapes(s string) string {
	s = url.QueryEscape(s)
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' {
			s = s[:i] + strings.ToLower(s[i:i+3]) + s[i+3:]
		}
	}
	return s
}

func bothModes(t *testing.T, f func(t *testing.T, appOnly bool)) {
	t.Helper()
	t.Run("app+user", func(t *testing.T) { f(t, false) })
	t.Run("app-only", func(t *testing.T) { f(t, true) })
}

func TestNew_needsTenantClientAndSecret(t *testing.T) {
	for name, remove := range map[string]func(*credential.Config){
		"tenant id": func(c *credential.Config) { c.TenantID = "" },
		"client id": func(c *credential.Config) { c.ClientID = "" },
		"secret":    func(c *credential.Config) { c.Proof = credential.Proof{} },
	} {
		t.Run(name, func(t *testing.T) {
			c := configure(t, new(entra), false)
			remove(&c)
			if _, err := credential.New(c); err == nil {
				t.Error("made a credential without it")
			}
		})
	}
}

func TestNew_sendsNothing(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		e := new(entra)
		if got := newCredential(t, e, appOnly).AppOnly(); got != appOnly {
			t.Errorf("AppOnly is %v, want %v", got, appOnly)
		}
		if len(e.paths) != 0 {
			t.Errorf("sent %q", e.paths)
		}
	})
}

func TestRefreshToken_sendsExactlyWhatEntraExpects(t *testing.T) {
	for name, c := range map[string]struct {
		options httppipe.TokenRequest
		path    string
		claims  []string
	}{
		"for the partner's tenant": {httppipe.TokenRequest{Scope: scope}, "POST /" + tenant + "/oauth2/v2.0/token", nil},
		"for a customer's tenant":  {httppipe.TokenRequest{Scope: scope, TenantID: customer}, "POST /" + customer + "/oauth2/v2.0/token", nil},
		"with claims": {
			httppipe.TokenRequest{Scope: scope, Claims: `{"access_token":{"acrs":{"value":"c1"}}}`},
			"POST /" + tenant + "/oauth2/v2.0/token",
			[]string{`{"access_token":{"acrs":{"value":"c1"}}}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := &entra{answer: issued}
			ctx := httppipe.WithCorrelationID(t.Context())
			token, err := newCredential(t, e, false).Token(ctx, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if token.Value != "access-1" {
				t.Errorf("got the token %q", token.Value)
			}
			want := url.Values{
				"grant_type": {"refresh_token"}, "client_id": {clientID}, "client_secret": {clientSecret},
				"refresh_token": {refreshToken}, "scope": {scope + " offline_access"},
			}
			if c.claims != nil {
				want["claims"] = c.claims
			}
			a := e.asked[0]
			if !reflect.DeepEqual(a.form, want) {
				t.Errorf("sent the form\n%v, want\n%v", a.form, want)
			}
			if a.path != c.path {
				t.Errorf("sent %q, want %q", a.path, c.path)
			}
			for k, want := range map[string]string{
				"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "Authorization": "",
				"User-Agent": "the whole user agent", "X-Client-Correlation-Id": httppipe.CorrelationID(ctx),
			} {
				if got := a.header.Get(k); got != want {
					t.Errorf("sent %s %q, want %q", k, got, want)
				}
			}
			if uuid.Validate(a.header.Get("client-request-id")) != nil {
				t.Errorf("sent the request ID %q", a.header.Get("client-request-id"))
			}
		})
	}
}

func TestRefreshToken_readsEveryFormOfSuccess(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		life time.Duration
	}{
		"a number":          {`{"access_token":"a","expires_in":3599}`, 3599 * time.Second},
		"a number as text":  {`{"access_token":"a","expires_in":"4242","expires_on":"1714561522"}`, 4242 * time.Second},
		"a byte order mark": {bom + `{"access_token":"a","expires_in":60}`, time.Minute},
		"a refresh token":   {`{"access_token":"a","expires_in":60,"refresh_token":"b","id_token":"c."}`, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				e := &entra{answer: func(int, asked) (int, string) {
					<-time.After(3 * time.Second)
					return 200, c.body
				}}
				token, err := get(t.Context(), newCredential(t, e, false))
				if err != nil {
					t.Fatal(err)
				}
				// The lifetime is counted from the request, because the time when the token was
				// issued is unknown.
				if token.Value != "a" || !token.ExpiresOn.Equal(start.Add(c.life)) {
					t.Errorf("got %q until %v, want a until %v", token.Value, token.ExpiresOn, start.Add(c.life))
				}
			})
		})
	}
}

func TestRefreshToken_usesTheNewest(t *testing.T) {
	t.Run("one call after the other", func(t *testing.T) {
		e := &entra{answer: func(n int, _ asked) (int, string) {
			switch n {
			case 0, 1:
				return 200, fmt.Sprintf(`{"access_token":"a","expires_in":60,"refresh_token":"rotated-%d"}`, n+1)
			case 2:
				return 400, refusal("invalid_grant", 50076, "no.")
			}
			return 200, `{"access_token":"a","expires_in":60}`
		}}
		c := newCredential(t, e, false)
		for i := range 5 {
			_, err := c.Token(t.Context(), httppipe.TokenRequest{Scope: scope, TenantID: fmt.Sprint("tenant-", i)})
			if (err != nil) != (i == 2) {
				t.Fatal(i, err)
			}
		}
		for i, want := range []string{refreshToken, "rotated-1", "rotated-2", "rotated-2", "rotated-2"} {
			if got := e.asked[i].form.Get("refresh_token"); got != want {
				t.Errorf("request %d used %q, want %q", i+1, got, want)
			}
		}
	})
	t.Run("overlapping calls", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := &entra{answer: func(_ int, a asked) (int, string) {
				name := strings.Split(a.path, "/")[1] // the name of the tenant is the duration of its answer
				d, _ := time.ParseDuration(name)
				<-time.After(d)
				return 200, fmt.Sprintf(`{"access_token":"a","expires_in":60,"refresh_token":"of-%s"}`, name)
			}}
			c := newCredential(t, e, false)
			var wg sync.WaitGroup
			begin := func(tenant string) {
				wg.Go(func() {
					if _, err := c.Token(t.Context(), httppipe.TokenRequest{Scope: scope, TenantID: tenant}); err != nil {
						t.Error(err)
					}
				})
				synctest.Wait()
			}
			begin("10s")
			begin("20s")
			<-time.After(15 * time.Second)
			begin("30s")
			<-time.After(10 * time.Second)
			begin("1s")
			wg.Wait()
			for i, want := range []string{refreshToken, refreshToken, "of-10s", "of-20s"} {
				if got := e.asked[i].form.Get("refresh_token"); got != want {
					t.Errorf("request %d used %q, want %q", i+1, got, want)
				}
			}
		})
	})
	t.Run("many concurrent calls", func(t *testing.T) {
		e := &entra{answer: func(n int, _ asked) (int, string) {
			return 200, fmt.Sprintf(`{"access_token":"a","expires_in":60,"refresh_token":"rotated-%d"}`, n+1)
		}}
		c := newCredential(t, e, false)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if _, err := c.Token(t.Context(), httppipe.TokenRequest{Scope: scope, TenantID: fmt.Sprint("tenant-", i)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if _, err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if got := e.asked[100].form.Get("refresh_token"); !strings.HasPrefix(got, "rotated-") {
			t.Errorf("the last request used %q, want one that was issued later", got)
		}
	})
}

func TestRefusal_oneRequestForAllCallers(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		known := []string{clientSecret, refreshToken}
		if appOnly {
			known = known[:1]
		}
		var forms []string
		for _, secret := range known {
			forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret), lowerEscapes(secret))
		}
		echo := strings.Join(forms, " and ")
		e := &entra{answer: always(400, refusal("invalid_grant", 50076, "You sent "+echo+"."))}
		cred := newCredential(t, e, appOnly)
		u, _ := url.Parse("https://api.example")
		o := httppipe.Options{
			Endpoint: u, Tokens: cred, Scope: scope,
			Client: httppipe.ClientOver(new(entra)),
		}.ClientOptions()
		p := runtime.NewPipeline("", "", runtime.PipelineOptions{}, &o)

		errs := make([]error, 500)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				req, err := runtime.NewRequest(t.Context(), http.MethodGet, "https://api.example/v1/customers")
				if err == nil {
					_, err = p.Do(req)
				}
				errs[i] = err
			})
		}
		wg.Wait()
		if n := e.tokenRequests(); n != 1 {
			t.Errorf("Entra ID received %d requests, want 1", n)
		}
		for _, err := range errs {
			got := mustBeError(t, err)
			if got.StatusCode != 400 || got.OAuthError != "invalid_grant" || !slices.Equal(got.Codes, []int{50076}) ||
				got.TraceID != "trace-1" || got.CorrelationID != "correlation-1" {
				t.Fatalf("got %+v", got)
			}
			if !strings.HasPrefix(got.Description, "AADSTS50076: You sent (redacted)") || strings.Contains(got.Description, "Trace ID") {
				t.Fatalf("got the description %q", got.Description)
			}
			mustHideSecrets(t, err)
		}
	})
}

func TestRefusal_appliesToItsRequestOnly(t *testing.T) {
	e := &entra{answer: func(_ int, a asked) (int, string) {
		if strings.Contains(a.path, customer) || strings.Contains(a.form.Get("scope"), "other") || a.form.Get("claims") == "good" {
			return issued(0, a)
		}
		return 400, refusal("invalid_grant", 50076, "no.")
	}}
	c := newCredential(t, e, false)
	ask := func(tenant, scope, claims string) error {
		_, err := c.Token(t.Context(), httppipe.TokenRequest{TenantID: tenant, Scope: scope, Claims: claims})
		return err
	}
	first := ask("", scope, "")
	if again := ask("", scope, ""); first == nil || mustBeError(t, again) != mustBeError(t, first) || e.tokenRequests() != 1 {
		t.Errorf("got %v and %v from %d requests, want the same error twice from 1", first, again, e.tokenRequests())
	}
	for i, err := range []error{ask(customer, scope, ""), ask("", "other", ""), ask("", scope, "good")} {
		if err != nil {
			t.Errorf("request %d got the refusal of another request: %v", i+1, err)
		}
	}
	if n := e.tokenRequests(); n != 4 {
		t.Errorf("Entra ID received %d requests, want 4", n)
	}
}

// TestRefusal_ofClaims checks that refused claims do not affect tokens without
// claims. Azure requires claims for writes only.
func TestRefusal_ofClaims(t *testing.T) {
	e := &entra{answer: func(_ int, a asked) (int, string) {
		if a.form.Has("claims") {
			return 400, refusal("interaction_required", 50076, "no.")
		}
		return issued(0, a)
	}}
	c := newCredential(t, e, false)
	if _, err := c.Token(t.Context(), httppipe.TokenRequest{Scope: scope, Claims: "more"}); err == nil {
		t.Fatal("the claims were granted")
	}
	if _, err := get(t.Context(), c); err != nil {
		t.Errorf("without claims got %v", err)
	}
}

func TestFailure_isNotCached(t *testing.T) {
	for name, answer := range map[string]func(int, asked) (int, string){
		"an unavailable service":  always(503, ""),
		"an internal error":       always(500, refusal("server_error", 90033, "A transient error.")),
		"throttling":              always(429, refusal("temporarily_unavailable", 90055, "Slow down.")),
		"a proxy's page":          always(403, "<html>Blocked</html>"),
		"an unreadable success":   always(200, "<html>Welcome</html>"),
		"an answer without codes": always(400, `{"error":"invalid_request"}`),
	} {
		t.Run(name, func(t *testing.T) {
			bothModes(t, func(t *testing.T, appOnly bool) {
				synctest.Test(t, func(t *testing.T) {
					e := &entra{answer: answer}
					c := newCredential(t, e, appOnly)
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					_, err := get(ctx, c)
					_ = mustBeError(t, err)
					mustHideSecrets(t, err)
					e.mu.Lock()
					e.answer = issued
					e.mu.Unlock()
					if _, err := get(t.Context(), c); err != nil {
						t.Errorf("the next request got %v", err)
					}
				})
			})
		})
	}
}

func TestTransientFailure_isRetried(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		synctest.Test(t, func(t *testing.T) {
			e := &entra{answer: func(n int, a asked) (int, string) {
				if n < 3 {
					return []int{500, 503, 504}[n], "<html>Sorry</html>"
				}
				return issued(n, a)
			}}
			token, err := get(t.Context(), newCredential(t, e, appOnly))
			if err != nil {
				t.Fatal(err)
			}
			if token.Value != "access-4" || e.tokenRequests() != 4 {
				t.Errorf("got %q after %d requests, want the fourth answer", token.Value, e.tokenRequests())
			}
			ids := make(map[string]bool)
			for _, a := range e.asked {
				ids[a.header.Get("client-request-id")] = true
			}
			if len(ids) != 4 {
				t.Errorf("the attempts had the request ids %v, want a new one after each answer", ids)
			}
		})
	})
}

func TestUnreadableSuccess_isNotRepeatedInTheError(t *testing.T) {
	for name, body := range map[string]string{
		"not JSON":                        `acc3ss-token`,
		"broken JSON":                     `{"access_token":"acc3ss-token","expires_in":3599`,
		"a token that is not a text":      `{"access_token":{"acc3ss-token":1},"expires_in":3599}`,
		"a lifetime that is not a number": `{"access_token":"acc3ss-token","expires_in":"acc3ss-soon"}`,
		"a lifetime that is a list":       `{"access_token":"acc3ss-token","expires_in":["acc3ss-soon"]}`,
		"a life of nothing":               `{"access_token":"acc3ss-token","expires_in":0}`,
		"no lifetime":                     `{"access_token":"acc3ss-token"}`,
		"no token":                        `{"refresh_token":"acc3ss-token","expires_in":3599}`,
		"an empty token":                  `{"access_token":"","expires_in":3599,"refresh_token":"acc3ss-token"}`,
		"nothing":                         ``,
		"an empty object":                 `{}`,
		"a list":                          `["acc3ss-token"]`,
		"two answers instead of one":      `{"access_token":"acc3ss-token","expires_in":3599}{}`,
		"an error with status 200":        `{"error":"invalid_grant","error_description":"acc3ss-token"}`,
	} {
		t.Run(name, func(t *testing.T) {
			bothModes(t, func(t *testing.T, appOnly bool) {
				synctest.Test(t, func(t *testing.T) {
					e := &entra{answer: always(200, body)}
					_, err := get(t.Context(), newCredential(t, e, appOnly))
					if appOnly && err == nil && (name == "two answers instead of one" || name == "a life of nothing") {
						return // azidentity reads the first answer, and treats the second token as expired
					}
					_ = mustBeError(t, err)
					if strings.Contains(err.Error(), "acc3ss") {
						t.Errorf("the error %q repeats the body", err)
					}
					mustHideSecrets(t, err)
				})
			})
		})
	}
}

func TestErrorAnswer_isReadInEveryForm(t *testing.T) {
	const supportIDs = "Trace ID: trace-1, correlation ID: correlation-1."
	for name, c := range map[string]struct {
		status int
		body   string
		text   string
	}{
		"Entra ID's": {
			401, refusal("invalid_client", 7000215, "Invalid client secret provided."),
			"sign-in failed: Microsoft Entra ID answered 401 Unauthorized (invalid_client): AADSTS7000215: Invalid client secret provided. " + supportIDs,
		},
		"with a byte order mark": {
			400, bom + refusal("invalid_grant", 70008, "Expired."),
			"sign-in failed: Microsoft Entra ID answered 400 Bad Request (invalid_grant): AADSTS70008: Expired. " + supportIDs,
		},
		"on several lines": {
			400, `{"error":"invalid_grant","error_description":"AADSTS70008: Expired.\r\nTrace ID: 1\r\nCorrelation ID: 2","error_codes":[70008]}`,
			"sign-in failed: Microsoft Entra ID answered 400 Bad Request (invalid_grant): AADSTS70008: Expired.",
		},
		"a proxy's page":   {403, "<html>s3cr+t/of=the app~</html>", "sign-in failed: the sign-in service answered 403 Forbidden"},
		"an empty body":    {404, "", "sign-in failed: the sign-in service answered 404 Not Found"},
		"a redirect":       {302, "", "sign-in failed: the sign-in service answered 302 Found"},
		"an empty object":  {400, "{}", "sign-in failed: the sign-in service answered 400 Bad Request"},
		"another 2xx code": {204, "", "sign-in failed: the sign-in service answered 204 No Content"},
	} {
		t.Run(name, func(t *testing.T) {
			bothModes(t, func(t *testing.T, appOnly bool) {
				e := &entra{answer: always(c.status, c.body)}
				_, err := get(t.Context(), newCredential(t, e, appOnly))
				if got := mustBeError(t, err); got.StatusCode != c.status || got.Error() != c.text {
					t.Errorf("got %d %q, want %q", got.StatusCode, got, c.text)
				}
			})
		})
	}
}

func TestUntrustedCertificate_hasRemedy(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		synctest.Test(t, func(t *testing.T) {
			e := &entra{err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}
			_, err := get(t.Context(), newCredential(t, e, appOnly))
			if got := mustBeError(t, err).Remedy(); !strings.Contains(got, "certificate authority") {
				t.Errorf("%v: %q", err, got)
			}
			if len(e.paths) != 1 {
				t.Errorf("tried %d times, although a retry cannot succeed", len(e.paths))
			}
		})
	})
}

// TestRetries_areLimited checks that the maximum number of retries also applies to sign-in.
func TestRetries_areLimited(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		for retries, want := range map[int]int{-1: 1, 2: 3, 0: 5} {
			synctest.Test(t, func(t *testing.T) {
				e := &entra{err: errors.New("connection refused")}
				config := configure(t, e, appOnly)
				config.MaxRetries = retries
				c, err := credential.New(config)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := get(t.Context(), c); err == nil || len(e.paths) != want {
					t.Errorf("with %d: tried %d times, not %d (%v)", retries, len(e.paths), want, err)
				}
			})
		}
	})
}

// TestRefusal_containsSourceOfCredential checks that only the refusal of a credential contains the
// source of the credential.
func TestRefusal_containsSourceOfCredential(t *testing.T) {
	for code, want := range map[int]string{7000215: "the environment variable SECRET", 700082: "the file token, which FILE names", 50076: "the file token, which FILE names", 90002: ""} {
		e := &entra{answer: always(400, refusal("invalid_grant", code, "no."))}
		config := configure(t, e, false)
		config.ProofFrom, config.RefreshTokenFrom = "the environment variable SECRET", "the file token, which FILE names"
		c, err := credential.New(config)
		if err != nil {
			t.Fatal(err)
		}
		_, err = get(t.Context(), c)
		if got := mustBeError(t, err); got.From != want || want != "" && !strings.HasSuffix(err.Error(), "The refused credential is from "+want+".") {
			t.Errorf("%d: %q, %v", code, got.From, err)
		}
	}
}

func TestNoAnswer_isAnErrorWithItsCause(t *testing.T) {
	bothModes(t, func(t *testing.T, appOnly bool) {
		synctest.Test(t, func(t *testing.T) {
			e := &entra{err: errors.New("connection refused, and " + clientSecret)}
			_, err := get(t.Context(), newCredential(t, e, appOnly))
			got := mustBeError(t, err)
			if got.StatusCode != 0 || got.Err == nil || !strings.Contains(err.Error(), "connection refused") || got.Remedy() != "" {
				t.Errorf("got %+v", got)
			}
			mustHideSecrets(t, err)
			if len(e.paths) != 5 {
				t.Errorf("tried %d times, want 5", len(e.paths))
			}
		})
	})
}

func TestCancellation_isReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &entra{answer: always(503, "")}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := get(ctx, newCredential(t, e, false)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the cancellation", err)
		}
		<-time.After(10 * time.Minute) // the sign-in continues for other callers, and ends by itself
	})
}

func TestSecrets_areHiddenEverywhere(t *testing.T) {
	t.Run("in an answer that comes with the cancellation", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		e := &entra{answer: func(int, asked) (int, string) {
			cancel()
			return 400, refusal("invalid_grant", 9002313, "Malformed: "+refreshToken)
		}}
		_, err := get(ctx, newCredential(t, e, false))
		if err == nil {
			t.Fatal("got no error")
		}
		mustHideSecrets(t, err)
	})
	t.Run("a rotated refresh token", func(t *testing.T) {
		const rotated = "rotated+token/two=="
		e := &entra{answer: func(n int, a asked) (int, string) {
			if n == 0 {
				return 200, fmt.Sprintf(`{"access_token":"a","expires_in":60,"refresh_token":%q}`, rotated)
			}
			return 400, refusal("invalid_grant", 9002313, "Malformed: "+a.form.Get("refresh_token")+" or "+url.QueryEscape(rotated))
		}}
		c := newCredential(t, e, false)
		if _, err := get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		_, err := c.Token(t.Context(), httppipe.TokenRequest{Scope: scope, TenantID: "another"})
		if e.asked[1].form.Get("refresh_token") != rotated {
			t.Fatal("the rotated token was not used, so this test checks nothing")
		}
		mustHideSecrets(t, err, rotated)
	})
	t.Run("an assertion from a file", func(t *testing.T) {
		bothModes(t, func(t *testing.T, appOnly bool) {
			const assertion = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvIn0.c2lnbmF0dXJl"
			e := &entra{answer: func(_ int, a asked) (int, string) {
				return 401, refusal("invalid_client", 700213, "No match: "+a.form.Get("client_assertion"))
			}}
			config := configure(t, e, appOnly)
			file := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(file, []byte(assertion), 0o600); err != nil {
				t.Fatal(err)
			}
			config.Proof = credential.OIDCTokenFile(file)
			c, err := credential.New(config)
			if err != nil {
				t.Fatal(err)
			}
			_, err = get(t.Context(), c)
			if len(e.asked) == 0 || e.asked[0].form.Get("client_assertion") != assertion || !strings.Contains(err.Error(), "No match: (redacted)") {
				t.Errorf("got %v, after %d requests", err, len(e.asked))
			}
			mustHideSecrets(t, err, assertion)
		})
	})
	t.Run("in other fields than the description", func(t *testing.T) {
		e := &entra{answer: always(400, fmt.Sprintf(`{"error":%q,"error_codes":[1]}`, "bad "+refreshToken))}
		_, err := get(t.Context(), newCredential(t, e, false))
		mustHideSecrets(t, err)
	})
}

func TestAppOnly_signsInThroughTheConfiguredAuthority(t *testing.T) {
	for name, c := range map[string]struct{ ask, tenant string }{
		"in the partner's tenant":             {"", tenant},
		"in a customer's tenant":              {customer, customer},
		"in a tenant by its name":             {"contoso.onmicrosoft.com", "contoso.onmicrosoft.com"},
		"in the partner's tenant, explicitly": {tenant, tenant},
	} {
		t.Run(name, func(t *testing.T) {
			e := &entra{answer: issued}
			cred := newCredential(t, e, true)
			for range 2 {
				token, err := cred.Token(t.Context(), httppipe.TokenRequest{Scope: scope, TenantID: c.ask})
				if err != nil {
					t.Fatal(err)
				}
				if token.Value != "access-1" || time.Until(token.ExpiresOn) < 58*time.Minute {
					t.Errorf("got %q until %v", token.Value, token.ExpiresOn)
				}
			}
			want := []string{"GET /" + c.tenant + "/v2.0/.well-known/openid-configuration", "POST /" + c.tenant + "/oauth2/v2.0/token"}
			if !slices.Equal(e.paths, want) {
				t.Errorf("sent %q, want %q and nothing for the second token", e.paths, want)
			}
			a := e.asked[0]
			for k, want := range map[string]string{"grant_type": "client_credentials", "client_id": clientID, "client_secret": clientSecret} {
				if got := a.form.Get(k); got != want {
					t.Errorf("sent %s %q, want %q", k, got, want)
				}
			}
			if !slices.Contains(strings.Fields(a.form.Get("scope")), scope) || a.form.Has("refresh_token") {
				t.Errorf("sent %v", a.form)
			}
			if got := a.header.Get("User-Agent"); got != "the whole user agent" {
				t.Errorf("sent the user agent %q", got)
			}
		})
	}
}

func TestAppOnly_instanceDiscovery(t *testing.T) {
	e := &entra{answer: issued}
	c := configure(t, e, true)
	c.DisableInstanceDiscovery = false
	cred, err := credential.New(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = get(t.Context(), cred)
	_ = mustBeError(t, err)
	if len(e.paths) != 0 || !strings.Contains(err.Error(), "refused to send a request to https://login.microsoftonline.com") {
		t.Errorf("sent %q and got %v, want nothing sent and the host named", e.paths, err)
	}
}
