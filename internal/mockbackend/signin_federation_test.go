package mockbackend_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
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
