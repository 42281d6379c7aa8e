package mockbackend_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// requestCIToken requests an OIDC token with a bearer token.
func (c *rawClient) requestCIToken(method, url, bearer string, header ...string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, url, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	if len(header) == 2 {
		req.Header.Set(header[0], header[1])
	}
	return c.do(req)
}

func TestGitHubActions(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	job := b.GitHubActions()
	got := c.requestCIToken("GET", job.RequestURL+"&audience="+mockbackend.FederatedAudience, job.RequestToken)
	token, _ := got.body["value"].(string)
	if got.status != 200 || token == "" {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	if got := c.signIn(v2Path, c.asserted(token)); got.status != 200 {
		t.Errorf("its token: %d %s", got.status, got.raw)
	}
	got = c.requestCIToken("GET", job.RequestURL, job.RequestToken)
	token, _ = got.body["value"].(string)
	if got := c.signIn(v2Path, c.asserted(token)); got.entraCode() != 700212 {
		t.Errorf("default audience: %d %s", got.status, got.raw)
	}
	withoutQuery, _, _ := strings.Cut(job.RequestURL, "?")
	for what, test := range map[string]struct {
		method, url, bearer string
		status              int
	}{
		"no token":        {"GET", job.RequestURL, "", 401},
		"wrong token":     {"GET", job.RequestURL, b.AzureDevOps().SystemAccessToken, 401},
		"query replaced":  {"GET", withoutQuery + "?audience=" + mockbackend.FederatedAudience, job.RequestToken, 400},
		"POST":            {"POST", job.RequestURL, job.RequestToken, 405},
		"another address": {"GET", b.Endpoints().CI + "/", job.RequestToken, 404},
	} {
		if got := c.requestCIToken(test.method, test.url, test.bearer); got.status != test.status {
			t.Errorf("%s: %d %s", what, got.status, got.raw)
		}
	}
	b.ClearViolations() // method and path are violations
	c.requestCIToken("GET", job.RequestURL+"&pretty=1", job.RequestToken)
	wantViolation(t, b, "unknown parameter", "pretty")
	c.requestCIToken("GET", job.RequestURL, c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", ""))
	wantViolation(t, b, "access token", "an access token was sent to the CI system")
}

func TestAzureDevOps(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	job := b.AzureDevOps()
	good := job.RequestURL + "?api-version=7.1&serviceConnectionId=" + job.ServiceConnectionID
	const header, suppress = "X-TFS-FedAuthRedirect", "Suppress"
	got := c.requestCIToken("POST", good, job.SystemAccessToken, header, suppress)
	token, _ := got.body["oidcToken"].(string)
	if got.status != 200 || token == "" {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	if got := c.signIn(v2Path, c.asserted(token)); got.status != 200 {
		t.Errorf("its token: %d %s", got.status, got.raw)
	}
	for what, test := range map[string]struct {
		url, bearer string
		status      int
	}{
		"wrong token":                {good, "x", 401},
		"unknown service connection": {job.RequestURL + "?api-version=7.1&serviceConnectionId=" + mockbackend.AdatumID, job.SystemAccessToken, 404},
		"no service connection":      {job.RequestURL + "?api-version=7.1", job.SystemAccessToken, 404},
		"no version":                 {job.RequestURL + "?serviceConnectionId=" + job.ServiceConnectionID, job.SystemAccessToken, 400},
	} {
		if got := c.requestCIToken("POST", test.url, test.bearer, header, suppress); got.status != test.status {
			t.Errorf("%s: %d %s", what, got.status, got.raw)
		}
	}
	if got := c.requestCIToken("POST", good, "x"); got.status != 302 || !strings.HasPrefix(got.header.Get("Location"), b.Endpoints().Elsewhere) {
		t.Errorf("redirect: %d %v", got.status, got.header)
	}
	wantViolation(t, b, "no header", header)
	c.http.CheckRedirect = nil
	if got := c.requestCIToken("POST", good, "x"); got.status != 200 || !strings.Contains(string(got.raw), "Sign in") {
		t.Errorf("redirect followed: %d %s", got.status, got.raw)
	}
	b.ClearViolations()
}

func TestCIOverTLS(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := overTLS(t, b)
	job := b.GitHubActions()
	if got := c.requestCIToken("GET", job.RequestURL, job.RequestToken); got.status != 200 || !strings.HasPrefix(job.RequestURL, "https://127.0.0.1:") {
		t.Errorf("%s: %d %s", job.RequestURL, got.status, got.raw)
	}
}

func TestCIFaults(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	b.Fail(mockbackend.Fault{Service: mockbackend.CI, Kind: mockbackend.Throttle, RetryAfter: 2 * time.Second})
	job := b.GitHubActions()
	if got := c.requestCIToken("GET", job.RequestURL, job.RequestToken); got.status != 429 || got.header.Get("Retry-After") != "2" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := c.requestCIToken("GET", job.RequestURL, job.RequestToken); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}
