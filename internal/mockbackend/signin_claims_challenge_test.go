package mockbackend_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestClaimsChallenge(t *testing.T) {
	for _, test := range []struct {
		challenge      mockbackend.ClaimsChallenge
		partner, azure int
	}{
		{challenge: mockbackend.ClaimsChallengeNone, partner: 200, azure: 200},
		{challenge: mockbackend.ClaimsChallengePartnerCenter, partner: 401, azure: 200},
		{challenge: mockbackend.ClaimsChallengeResourceManager, partner: 200, azure: 401},
		{challenge: mockbackend.ClaimsChallengeBoth, partner: 401, azure: 401},
	} {
		b := newBackend(t, mockbackend.Config{})
		c, app := admin(t, b), anonymous(t, b)
		azure := anonymous(t, b)
		azure.bearer = azure.token(mockbackend.AdatumID, resourceManagerScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
		app.bearer = app.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", "")
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ClaimsChallenge = test.challenge })
		if got := c.call("GET", "/customers", nil); got.status != test.partner {
			t.Errorf("%s: %d %s", test.challenge, got.status, got.raw)
		}
		if got := azure.arm("/subscriptions?api-version=2022-12-01"); got.status != test.azure {
			t.Errorf("%s: %d %s", test.challenge, got.status, got.raw)
		}
		app.call("GET", "/customers", nil).want(t, "app-only", 200, 0)
	}
}

func TestClaimsAnswer(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ClaimsChallenge = mockbackend.ClaimsChallengeBoth })
	c := admin(t, b)
	challenge := c.call("GET", "/customers", nil).header.Get("WWW-Authenticate")
	_, rest, ok := strings.Cut(challenge, `error="insufficient_claims", claims="`)
	encoded, _, _ := strings.Cut(rest, `"`)
	claims, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || !strings.HasPrefix(challenge, "Bearer ") {
		t.Fatalf("%s: %v", challenge, err)
	}
	form := c.form(partnerCenterScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
	form.Set("claims", `{"access_token":{"xms_cc":{"values":["CP1"]}}}`) // client capabilities do not request claims
	if got := c.signIn(v2Path, form); got.status != http.StatusOK {
		t.Errorf("capabilities: %d %s", got.status, got.raw)
	}
	form.Set("claims", string(claims))
	if got := c.signIn(v2Path, form); got.entraCode() != 50076 || got.body["error"] != "interaction_required" {
		t.Errorf("refused: %d %s", got.status, got.raw)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ClaimsAnswer = mockbackend.ClaimsAnswerSatisfy })
	got := c.signIn(v2Path, form)
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	c.bearer = got.body["access_token"].(string)
	c.call("GET", "/customers", nil).want(t, "satisfied", 200, 0)
	form.Set("claims", encoded)
	if got := c.signIn(v2Path, form); got.entraCode() != 9002313 {
		t.Errorf("still encoded: %d %s", got.status, got.raw)
	}
	wantViolation(t, b, "still encoded", "not JSON")
}
