package mockbackend_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestApplicationConsents checks that a user of the partner gets no token in the customer's tenant without a consent.
func TestApplicationConsents(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c, app := admin(t, b), b.Partner().ClientID
	consents := "/customers/" + mockbackend.AdatumID + "/applicationconsents"
	azure := func() int {
		t.Helper()
		got := c.signIn("/"+mockbackend.AdatumID+"/oauth2/v2.0/token", c.form(resourceManagerScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken))
		if got.status == http.StatusOK {
			return 0
		}
		return got.entraCode()
	}
	body := func(id, api string) map[string]any {
		return map[string]any{"applicationId": id, "displayName": "x", "applicationGrants": []map[string]any{{"enterpriseApplicationId": api, "scope": "user_impersonation"}}}
	}
	if got := azure(); got != 0 {
		t.Errorf("a customer of the seed: %d", got)
	}
	c.call("POST", consents, body(app, mockbackend.AzureServiceManagementID)).want(t, "one that exists", 409, 409)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ConsentExistsBadRequest = true })
	c.call("POST", consents, body(app, mockbackend.AzureServiceManagementID)).want(t, "one that exists", 400, 409)
	c.call("DELETE", consents+"/"+strings.ToUpper(app), nil).want(t, "delete", 204, nil)
	c.call("DELETE", consents+"/"+app, nil).want(t, "delete again", 404, 404)
	if got := azure(); got != 65001 {
		t.Errorf("without a consent: %d", got)
	}
	c.call("POST", consents, body(app, mockbackend.MicrosoftGraphID)).want(t, "for another API", 201, nil)
	if got := azure(); got != 65001 {
		t.Errorf("with a consent for another API: %d", got)
	}
	b.RemoveApplicationConsents(mockbackend.AdatumID)
	c.call("POST", consents, body(strings.ToUpper(app), mockbackend.AzureServiceManagementID)).want(t, "create", 201, nil)
	if got := b.ApplicationConsents(mockbackend.AdatumID); azure() != 0 || len(got) != 1 || got[0].ApplicationID != app {
		t.Errorf("with a consent: %d, %+v", azure(), got)
	}
	for what, bad := range map[string]map[string]any{
		"no application": body("x", mockbackend.AzureServiceManagementID), "no API": body(app, "x"), "no grants": {"applicationId": app},
	} {
		c.call("POST", consents, bad).want(t, what, 400, 3000)
	}
	signedIn(t, b, b.User(mockbackend.SalesAgent)).call("DELETE", consents+"/"+app, nil).want(t, "sales agent", 403, 900150)
	b.EndDelegatedAccess(mockbackend.AdatumID)
	if got := c.call("DELETE", consents+"/"+app, nil); got.status != 403 {
		t.Errorf("without GDAP: %d", got.status)
	}
	c.call("DELETE", "/customers/"+mockbackend.AdatumUserID+"/applicationconsents/"+app, nil).want(t, "no such customer", 404, 60003)
	unknown := body(app, mockbackend.AzureServiceManagementID)
	unknown["consentType"] = "AllPrincipals"
	c.call("POST", "/customers/"+mockbackend.LitwareID+"/applicationconsents", unknown)
	wantViolation(t, b, "unknown field", "consentType")
}

// TestApplicationConsents_limit: 50 requests per second, counted separately from other calls.
func TestApplicationConsents_limit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		path := "/customers/" + mockbackend.AdatumID + "/applicationconsents/" + url.PathEscape(mockbackend.AdatumID)
		for range 50 {
			c.call("DELETE", path, nil).want(t, "within the limit", 404, 404)
		}
		if got := c.call("DELETE", path, nil); got.status != 429 || got.header.Get("Retry-After") != "1" {
			t.Errorf("above the limit: %d", got.status)
		}
		c.call("GET", "/customers/"+mockbackend.AdatumID, nil).want(t, "another call", 200, nil)
		advance(time.Second)
		c.call("DELETE", path, nil).want(t, "a second later", 404, 404)
	})
}
