package mockbackend_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// refresh uses a refresh token at a tenant.
func (c *rawClient) refresh(tenant, scope, token string) reply {
	c.t.Helper()
	return c.signIn("/"+tenant+"/oauth2/v2.0/token", c.form(scope+"/.default offline_access", token))
}

func TestRefreshTokenInAnyTenant(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	token := b.User(mockbackend.AdminAgent).RefreshToken
	for _, at := range []struct{ tenant, scope string }{
		{mockbackend.PartnerTenantID, partnerCenterScope},
		{mockbackend.PartnerTenantID, resourceManagerScope},
		{mockbackend.AdatumID, resourceManagerScope},
		{"contoso-demo.onmicrosoft.com", resourceManagerScope},
	} {
		got := c.refresh(at.tenant, at.scope, token)
		if got.status != 200 {
			t.Fatalf("%v: %d %s", at, got.status, got.raw)
		}
		token = got.body["refresh_token"].(string) // the newest token, issued in another tenant
	}
	if b.NewestRefreshToken(b.User(mockbackend.AdminAgent)) != token {
		t.Error("not the newest")
	}
	if sales := b.User(mockbackend.SalesAgent); b.NewestRefreshToken(sales) != sales.RefreshToken {
		t.Error("a user who has not signed in has another token than the first")
	}
}

func TestRefreshTokenIsForOneApplication(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	other := b.OtherApplication()
	form := c.form(partnerCenterScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
	form.Set("client_id", other.ClientID)
	if got := c.signIn(v2Path, form); got.entraCode() != 7000215 {
		t.Errorf("secret of the first: %d %s", got.status, got.raw)
	}
	form.Set("client_secret", other.ClientSecret)
	if got := c.signIn(v2Path, form); got.entraCode() != 700007 || got.body["error"] != "invalid_grant" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	form.Set("grant_type", "client_credentials")
	got := c.signIn(v2Path, form)
	if got.status != 200 || claims(t, c, got.body["access_token"].(string))["appid"] != other.ClientID {
		t.Errorf("app-only: %d %s", got.status, got.raw)
	}
	form.Set("scope", resourceManagerScope+"/.default")
	if got := c.signIn("/"+mockbackend.AdatumID+"/oauth2/v2.0/token", form); got.entraCode() != 700016 {
		t.Errorf("customer's tenant: %d %s", got.status, got.raw)
	}
}

func TestRevokeRefreshTokens(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	user, other := b.User(mockbackend.AdminAgent), b.User(mockbackend.SalesAgent)
	second := c.refresh(mockbackend.PartnerTenantID, partnerCenterScope, user.RefreshToken).body["refresh_token"].(string)
	b.RevokeRefreshTokens(user)
	for _, token := range []string{user.RefreshToken, second} {
		if got := c.refresh(mockbackend.PartnerTenantID, partnerCenterScope, token); got.entraCode() != 50173 || got.body["error"] != "invalid_grant" {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	for _, token := range []string{other.RefreshToken, b.NewRefreshToken(user)} {
		if got := c.refresh(mockbackend.PartnerTenantID, partnerCenterScope, token); got.status != 200 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	b.RevokeRefreshTokens(mockbackend.User{ObjectID: "nobody"})
	wantViolation(t, b, "revoke", "nobody")
	if b.NewRefreshToken(mockbackend.User{})+b.NewestRefreshToken(mockbackend.User{}) != "" {
		t.Error("an unknown user has a refresh token")
	}
	b.ClearViolations()
}

func TestOnlyTheNewestRefreshToken(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReuseRefreshTokens = false })
	first := b.User(mockbackend.AdminAgent).RefreshToken
	second := c.refresh(mockbackend.PartnerTenantID, partnerCenterScope, first).body["refresh_token"].(string)
	if got := c.refresh(mockbackend.AdatumID, resourceManagerScope, first); got.entraCode() != 70000 {
		t.Errorf("the first: %d %s", got.status, got.raw)
	}
	if got := c.refresh(mockbackend.AdatumID, resourceManagerScope, second); got.status != 200 {
		t.Errorf("the second: %d %s", got.status, got.raw)
	}
}

func TestRefreshTokensAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := anonymous(t, b)
		first := b.User(mockbackend.AdminAgent).RefreshToken
		advance(60 * 24 * time.Hour)
		second := c.refresh(mockbackend.PartnerTenantID, partnerCenterScope, first).body["refresh_token"].(string)
		advance(30 * 24 * time.Hour)
		if got := c.refresh(mockbackend.PartnerTenantID, partnerCenterScope, first); got.entraCode() != 700082 || got.body["error"] != "invalid_grant" {
			t.Errorf("the first: %d %s", got.status, got.raw)
		}
		if got := c.refresh(mockbackend.PartnerTenantID, partnerCenterScope, second); got.status != 200 {
			t.Errorf("the second: %d %s", got.status, got.raw)
		}
		b.SetKnobs(func(k *mockbackend.Knobs) { k.RefreshTokenLifetime = time.Hour })
		if got := c.refresh(mockbackend.PartnerTenantID, partnerCenterScope, second); got.entraCode() != 700082 {
			t.Errorf("shorter life: %d %s", got.status, got.raw)
		}
	})
}

func TestCustomerTenants(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	token := b.User(mockbackend.AdminAgent).RefreshToken
	for access, code := range map[mockbackend.CustomerTenants]int{
		mockbackend.CustomerTenantsOpen: 0, mockbackend.CustomerTenantsNotAuthorized: 90099,
		mockbackend.CustomerTenantsNoConsent: 65001, mockbackend.CustomerTenantsNoUser: 50020,
	} {
		b.SetKnobs(func(k *mockbackend.Knobs) { k.CustomerTenants = access })
		if got := c.refresh(mockbackend.AdatumID, resourceManagerScope, token); got.entraCode() != code {
			t.Errorf("%s: %d %s", access, got.status, got.raw)
		}
		if got := c.refresh(mockbackend.PartnerTenantID, resourceManagerScope, token); got.status != 200 {
			t.Errorf("%s at home: %d %s", access, got.status, got.raw)
		}
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.CustomerTenants = mockbackend.CustomerTenantsOpen })
	b.EndRelationship(mockbackend.AdatumID)
	if got := c.refresh(mockbackend.AdatumID, resourceManagerScope, token); got.entraCode() != 50020 {
		t.Errorf("ended relationship: %d %s", got.status, got.raw)
	}
}
