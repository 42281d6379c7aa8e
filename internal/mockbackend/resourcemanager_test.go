package mockbackend_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func armCode(r reply) any {
	inner, _ := r.body["error"].(map[string]any)
	return inner["code"]
}

func TestAzureSubscriptions(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 10})
	c := anonymous(t, b)
	const version = "?api-version=2022-12-01"
	refresh := b.User(mockbackend.AdminAgent).RefreshToken
	for _, test := range []struct {
		tenant string
		ids    []string
	}{
		{mockbackend.AdatumID, []string{mockbackend.AdatumAzureID}},
		{mockbackend.LitwareID, []string{strings.ToLower(mockbackend.LitwareAzureID)}},
		{mockbackend.ContosoID, []string{mockbackend.ContosoAzureID, mockbackend.ContosoSecondAzureID}},
		{mockbackend.NorthwindID, nil},
		{mockbackend.PartnerTenantID, nil},
	} {
		for _, token := range []string{refresh, ""} {
			c.bearer = c.token(test.tenant, resourceManagerScope+"/.default", token)
			list := c.arm("/subscriptions" + version)
			if values, ok := list.body["value"].([]any); !ok || len(values) != len(test.ids) {
				t.Errorf("%s: %s", test.tenant, list.raw)
			}
			for _, id := range test.ids {
				got := c.arm("/subscriptions/" + strings.ToUpper(id) + version)
				if got.status != 200 || got.body["subscriptionId"] != id || got.body["state"] != "Enabled" || got.body["tenantId"] != test.tenant {
					t.Errorf("%s: %d %s", id, got.status, got.raw)
				}
				for _, name := range []string{"x-ms-request-id", "x-ms-correlation-request-id", "x-ms-ratelimit-remaining-subscription-reads"} {
					if got.header.Get(name) == "" {
						t.Errorf("no %s", name)
					}
				}
			}
		}
	}
	c.bearer = c.token(mockbackend.AdatumID, resourceManagerScope+"//.default", refresh)
	b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzurePlanID, "suspended")
	if got := c.arm("/subscriptions/" + mockbackend.AdatumAzureID + version); got.body["state"] != "Disabled" {
		t.Errorf("suspended plan: %s", got.raw)
	}
	b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzureID, "deleted")
	if got := c.arm("/subscriptions/" + mockbackend.AdatumAzureID + version); got.body["state"] != "Deleted" {
		t.Errorf("deleted: %s", got.raw)
	}
}

func TestResourceManagerRefusals(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	adatum := "/subscriptions/" + mockbackend.AdatumAzureID + "?api-version=2022-12-01"
	want := func(what, path string, status int, code string) reply {
		t.Helper()
		got := c.arm(path)
		if got.status != status || armCode(got) != code {
			t.Errorf("%s: %d %s", what, got.status, got.raw)
		}
		return got
	}
	got := want("no token", adatum, 401, "AuthenticationFailed")
	if challenge := got.header.Get("WWW-Authenticate"); challenge != `Bearer authorization_uri="`+b.Endpoints().SignIn+"/"+mockbackend.AdatumID+`"` {
		t.Errorf("WWW-Authenticate: %s", challenge)
	}
	want("no token, unknown subscription", "/subscriptions/"+mockbackend.AdatumID+"?api-version=2022-12-01", 404, "SubscriptionNotFound")
	c.bearer = "nonsense"
	want("nonsense", adatum, 401, "InvalidAuthenticationToken")
	refresh := b.User(mockbackend.AdminAgent).RefreshToken
	c.bearer = c.token(mockbackend.PartnerTenantID, resourceManagerScope+"/.default", refresh)
	got = want("partner's tenant", adatum, 401, "InvalidAuthenticationTokenTenant")
	if challenge := got.header.Get("WWW-Authenticate"); !strings.Contains(challenge, "/"+mockbackend.AdatumID+`"`) || !strings.Contains(string(got.raw), mockbackend.PartnerTenantID) {
		t.Errorf("wrong tenant: %s, %s", challenge, got.raw)
	}
	c.bearer = c.token(mockbackend.AdatumID, resourceManagerScope+"/.default", refresh)
	want("no api-version", "/subscriptions", 400, "MissingApiVersionParameter")
	want("bad api-version", "/subscriptions?api-version=latest", 400, "InvalidApiVersionParameter")
	want("malformed id", "/subscriptions/adatum?api-version=2022-12-01", 400, "InvalidSubscriptionId")
	want("unknown", "/subscriptions/"+mockbackend.AdatumID+"?api-version=2022-12-01", 404, "SubscriptionNotFound")
	if n := len(b.Violations()); n != 0 {
		t.Errorf("violations: %v", b.Violations())
	}
	c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", refresh)
	want("Partner Center's token", adatum, 401, "InvalidAuthenticationTokenAudience")
	wantViolation(t, b, "audience", "wrong audience")
	want("unknown route", "/providers?api-version=2022-12-01", 404, "NotFound")
	wantViolation(t, b, "route", "unknown route of resourcemanager")
	c.bearer = c.token(mockbackend.AdatumID, resourceManagerScope+"/.default", refresh)
	c.arm("/subscriptions?api-version=2022-12-01&$top=1")
	wantViolation(t, b, "query", `unknown query parameter "$top"`)
}

func TestExpiredAzureToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := anonymous(t, b)
		c.bearer = c.token(mockbackend.AdatumID, resourceManagerScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
		advance(time.Hour)
		got := c.arm("/subscriptions/" + mockbackend.AdatumAzureID + "?api-version=2022-12-01")
		got.wantARM(t, "expired", 401, "ExpiredAuthenticationToken")
		if challenge := got.header.Get("WWW-Authenticate"); !strings.HasPrefix(challenge, `Bearer authorization_uri="`+b.Endpoints().SignIn+"/"+mockbackend.AdatumID+`", error="invalid_token"`) {
			t.Errorf("WWW-Authenticate: %s", challenge)
		}
	})
}
