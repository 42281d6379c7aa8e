package mockbackend_test

import (
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestIssuedTokens(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	user := b.User(mockbackend.AdminAgent)
	got := c.signIn(v2Path, c.form(partnerCenterScope+"/.default offline_access openid", user.RefreshToken))
	oidc := b.OIDCToken(mockbackend.GitLabIssuer)
	signed := assertion(t, b, nil)
	c.signIn(v2Path, c.asserted(signed))
	texts := map[mockbackend.TokenKind]string{
		mockbackend.RefreshToken: got.body["refresh_token"].(string), mockbackend.IDToken: got.body["id_token"].(string),
		mockbackend.OIDCToken: oidc, mockbackend.ClientAssertion: signed,
	}
	issued := b.IssuedTokens()
	if len(issued) != 6 {
		t.Errorf("%d tokens", len(issued))
	}
	for _, token := range issued {
		if text := texts[token.Kind]; text != "" && text != token.Token || token.Time.IsZero() {
			t.Errorf("%+v", token)
		}
		if token.Kind == mockbackend.AccessToken && (token.Tenant != mockbackend.PartnerTenantID || token.Audience != partnerCenterScope) {
			t.Errorf("%+v", token)
		}
	}
	if issued[0].User != user.UserPrincipalName || issued[0].Token != got.body["access_token"] || issued[5].User != "" {
		t.Errorf("%+v, %+v", issued[0], issued[5])
	}
}

func TestIssuedTokensAreBounded(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	user := b.User(mockbackend.AdminAgent)
	for range 20_500 {
		b.NewRefreshToken(user)
	}
	issued := b.IssuedTokens()
	if len(issued) != 10_000 || issued[len(issued)-1].Token != b.NewestRefreshToken(user) {
		t.Errorf("%d tokens", len(issued))
	}
}

func TestSecretsInTheQuery(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	c.signIn(v2Path+"?client_secret=x", c.form(partnerCenterScope+"/.default", ""))
	wantViolation(t, b, "query", "client_secret in the query")
}
