package mockbackend_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	partnerCenterScope   = "https://api.partnercenter.microsoft.com"
	resourceManagerScope = "https://management.azure.com"
)

// rawClient is an HTTP client that sends what the API pages describe, without retries or paging.
type rawClient struct {
	t      testing.TB
	b      *mockbackend.Backend
	http   *http.Client
	bearer string
	header http.Header // overrides; an empty value removes a header
}

// newBackend returns a backend. Its violations fail the test, unless the test clears them.
func newBackend(t testing.TB, cfg mockbackend.Config) *mockbackend.Backend {
	t.Helper()
	b := mockbackend.New(cfg)
	t.Cleanup(func() {
		if violations := b.Violations(); len(violations) > 0 {
			t.Errorf("%d violations, the first: %s", len(violations), violations[0])
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func anonymous(t testing.TB, b *mockbackend.Backend) *rawClient {
	noRedirects := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &rawClient{t: t, b: b, http: &http.Client{Transport: b.Transport(), CheckRedirect: noRedirects}, header: http.Header{}}
}

// signedIn returns a client with a Partner Center token of a user.
func signedIn(t testing.TB, b *mockbackend.Backend, user mockbackend.User) *rawClient {
	t.Helper()
	c := anonymous(t, b)
	c.bearer = c.token(b.Partner().TenantID, partnerCenterScope+"/.default", user.RefreshToken)
	return c
}

func admin(t testing.TB, b *mockbackend.Backend) *rawClient {
	t.Helper()
	return signedIn(t, b, b.User(mockbackend.AdminAgent))
}

// token requests an access token. Without a refresh token, the token is app-only.
func (c *rawClient) token(tenant, scope, refreshToken string) string {
	c.t.Helper()
	got := c.signIn("/"+tenant+"/oauth2/v2.0/token", c.form(scope, refreshToken))
	token, ok := got.body["access_token"].(string)
	if got.status != http.StatusOK || !ok {
		c.t.Fatalf("sign-in: %d %v", got.status, got.body)
	}
	return token
}

func (c *rawClient) form(scope, refreshToken string) url.Values {
	partner := c.b.Partner()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {partner.ClientID}, "client_secret": {partner.ClientSecret}, "scope": {scope}}
	if refreshToken != "" {
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", refreshToken)
	}
	return form
}

// bigBody is the size in bytes from which rawClient does not decode a body: pages of hundreds of customers.
const bigBody = 20_000

// reply is a response with its whole body.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func (r reply) code() any {
	if n, ok := r.body["code"].(float64); ok {
		return int(n)
	}
	return r.body["code"]
}

func (r reply) items() []map[string]any {
	var items []map[string]any
	list, _ := r.body["items"].([]any)
	for _, item := range list {
		items = append(items, item.(map[string]any))
	}
	return items
}

func (c *rawClient) signIn(path string, form url.Values) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.b.Endpoints().SignIn+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(req)
}

// call sends a Partner Center request. path does not have the prefix /v1.
func (c *rawClient) call(method, path string, body any) reply {
	c.t.Helper()
	return c.do(c.request(method, "/v1"+path, body))
}

func (c *rawClient) request(method, path string, body any) *http.Request {
	c.t.Helper()
	var data []byte
	switch body := body.(type) {
	case nil:
	case string:
		data = []byte(body)
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.b.Endpoints().PartnerCenter+path, bytes.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("MS-RequestId", uuid.NewString())
	req.Header.Set("MS-CorrelationId", uuid.NewString())
	if data != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	for name, values := range c.header {
		req.Header.Del(name)
		if values[0] != "" {
			req.Header[name] = values
		}
	}
	return req
}

// arm sends a GET to Resource Manager.
func (c *rawClient) arm(path string) reply {
	c.t.Helper()
	return c.armCall(http.MethodGet, path, nil)
}

// armCall sends a Resource Manager request. body is a string, or a value to encode as JSON.
func (c *rawClient) armCall(method, path string, body any) reply {
	c.t.Helper()
	data, isText := body.(string)
	if !isText && body != nil {
		printed, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		data = string(printed)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.b.Endpoints().ResourceManager+path, strings.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	return c.do(req)
}

func (c *rawClient) do(req *http.Request) reply {
	c.t.Helper()
	got, err := c.try(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return got
}

func (c *rawClient) try(req *http.Request) (reply, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	got := reply{status: resp.StatusCode, header: resp.Header, raw: raw}
	if len(raw) < bigBody {
		_ = json.Unmarshal(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), &got.body) // not all bodies are JSON objects
	}
	return got, nil
}

// want checks status and code; code 0 = none.
func (r reply) want(t testing.TB, what string, status int, code any) {
	t.Helper()
	if code == 0 {
		code = nil
	}
	if r.status != status || status >= 400 && r.code() != code {
		t.Errorf("%s: got %d/%v, want %d/%v; body %s", what, r.status, r.code(), status, code, r.raw)
	}
}

// policyFor returns a request body with the values of the API.
func policyFor(customerID string, resources ...string) map[string]any {
	permissions := []any{}
	for _, resource := range resources {
		permissions = append(permissions, map[string]any{"resource": resource, "action": "Purchase"})
	}
	return map[string]any{
		"selfServeEntity": map[string]any{"selfServeEntityType": "customer", "tenantID": customerID},
		"grantor":         map[string]any{"grantorType": "billToPartner", "tenantID": mockbackend.PartnerTenantID},
		"permissions":     permissions,
	}
}

func policyID(customerID string) string { return mockbackend.PartnerTenantID + "_" + customerID }

// wantViolation checks that there is a violation with the text, and clears the violations.
func wantViolation(t testing.TB, b *mockbackend.Backend, what, text string) {
	t.Helper()
	if all := strings.Join(b.Violations(), "\n"); !strings.Contains(all, text) {
		t.Errorf("%s: no violation %q in %q", what, text, all)
	}
	b.ClearViolations()
}

// advance moves the clock of a synctest bubble.
func advance(d time.Duration) { <-time.After(d) }
