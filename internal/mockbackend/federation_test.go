package mockbackend_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-partnercenter/internal/mockbackend"
)

func TestFederatedAssertion(t *testing.T) {
	const audience = mockbackend.FederatedAudience
	for name, test := range map[string]struct {
		claims mockbackend.OIDCClaims
		code   int
	}{
		"as registered":      {},
		"another issuer":     {mockbackend.OIDCClaims{IssuerURL: "https://issuer.fabrikam.test"}, 700211},
		"slash after issuer": {mockbackend.OIDCClaims{IssuerURL: "https://gitlab.com//"}, 700211},
		"another subject":    {mockbackend.OIDCClaims{Subject: "repo:fabrikam/other:ref:refs/heads/main"}, 700213},
		"another audience":   {mockbackend.OIDCClaims{Audience: "https://github.com/contoso"}, 700212},
		"audience's case":    {mockbackend.OIDCClaims{Audience: strings.ToLower(audience)}, 700212},
		"a little late":      {mockbackend.OIDCClaims{Lifetime: -10 * time.Second}, 0},
		"expired":            {mockbackend.OIDCClaims{Lifetime: -time.Minute}, 700024},
		"wrong key":          {mockbackend.OIDCClaims{WrongKey: true}, 50013},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := anonymous(t, b)
			for _, issuer := range mockbackend.AllOIDCIssuers() {
				got := c.signIn(v2Path, c.asserted(b.OIDCToken(issuer, test.claims)))
				want := 200
				if test.code != 0 {
					want = 401
				}
				if got.status != want || got.entraCode() != test.code {
					t.Errorf("%s: %d %s", issuer, got.status, got.raw)
				}
			}
		})
	}
}

func TestFederatedSubjectInAnotherCase(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	subject := strings.ToUpper(b.FederatedCredential(mockbackend.GitHubIssuer).Subject)
	if got := c.signIn(v2Path, c.asserted(b.OIDCToken(mockbackend.GitHubIssuer, mockbackend.OIDCClaims{Subject: subject}))); got.entraCode() != 7002138 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if b.OIDCToken("jenkins") != "" {
		t.Error("a token of an unknown issuer")
	}
	wantViolation(t, b, "unknown issuer", "jenkins")
}

func TestFederatedAssertionWithRefreshToken(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	signIn := func(tenant string) reply {
		form := c.asserted(b.OIDCToken(mockbackend.GitLabIssuer))
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", b.User(mockbackend.AdminAgent).RefreshToken)
		form.Set("scope", resourceManagerScope+"/.default")
		return c.signIn("/"+tenant+"/oauth2/v2.0/token", form)
	}
	for _, tenant := range []string{mockbackend.PartnerTenantID, mockbackend.AdatumID} {
		if got := signIn(tenant); got.status != 200 {
			t.Errorf("%s: %d %s", tenant, got.status, got.raw)
		}
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.FederationAtHomeOnly = true })
	if home, away := signIn(mockbackend.PartnerTenantID), signIn(mockbackend.AdatumID); home.status != 200 || away.entraCode() != 70021 {
		t.Errorf("at home only: %d %s, %d %s", home.status, home.raw, away.status, away.raw)
	}
}

func TestFederatedTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := anonymous(t, b)
		form := c.asserted(b.OIDCToken(mockbackend.KubernetesIssuer))
		advance(5 * time.Minute)
		if got := c.signIn(v2Path, form); got.status != 200 {
			t.Errorf("%d %s", got.status, got.raw)
		}
		advance(time.Minute)
		if got := c.signIn(v2Path, form); got.entraCode() != 700024 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
}

// askCI requests an OIDC token with a bearer token.
func (c *rawClient) askCI(method, url, bearer string, header ...string) reply {
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
	got := c.askCI("GET", job.RequestURL+"&audience="+mockbackend.FederatedAudience, job.RequestToken)
	token, _ := got.body["value"].(string)
	if got.status != 200 || token == "" {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	if got := c.signIn(v2Path, c.asserted(token)); got.status != 200 {
		t.Errorf("its token: %d %s", got.status, got.raw)
	}
	got = c.askCI("GET", job.RequestURL, job.RequestToken)
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
		if got := c.askCI(test.method, test.url, test.bearer); got.status != test.status {
			t.Errorf("%s: %d %s", what, got.status, got.raw)
		}
	}
	b.ClearViolations() // of the method and the address
	c.askCI("GET", job.RequestURL+"&pretty=1", job.RequestToken)
	wantViolation(t, b, "unknown parameter", "pretty")
	c.askCI("GET", job.RequestURL, c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", ""))
	wantViolation(t, b, "access token", "an access token was sent to the CI system")
}

func TestAzureDevOps(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	job := b.AzureDevOps()
	good := job.RequestURL + "?api-version=7.1&serviceConnectionId=" + job.ServiceConnectionID
	const header, suppress = "X-TFS-FedAuthRedirect", "Suppress"
	got := c.askCI("POST", good, job.SystemAccessToken, header, suppress)
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
		if got := c.askCI("POST", test.url, test.bearer, header, suppress); got.status != test.status {
			t.Errorf("%s: %d %s", what, got.status, got.raw)
		}
	}
	if got := c.askCI("POST", good, "x"); got.status != 302 || !strings.HasPrefix(got.header.Get("Location"), b.Endpoints().Elsewhere) {
		t.Errorf("redirect: %d %v", got.status, got.header)
	}
	wantViolation(t, b, "no header", header)
}

func TestCIFaults(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	b.Fail(mockbackend.Fault{Service: mockbackend.CI, Kind: mockbackend.Throttle, RetryAfter: 2 * time.Second})
	job := b.GitHubActions()
	if got := c.askCI("GET", job.RequestURL, job.RequestToken); got.status != 429 || got.header.Get("Retry-After") != "2" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := c.askCI("GET", job.RequestURL, job.RequestToken); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}
