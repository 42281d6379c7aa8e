package mockbackend_test

import (
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestMFAOfEveryRoute(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	clients := map[string]*rawClient{"true": admin(t, b), "false": signedIn(t, b, b.UserWithoutMFA()), "app": anonymous(t, b)}
	clients["app"].bearer = clients["app"].token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", "")
	for _, pattern := range mockbackend.Routes(mockbackend.PartnerCenter) {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{customer}", mockbackend.AdatumID, "{id}", policyID(mockbackend.AdatumID), "{subscription}", mockbackend.AdatumAzurePlanID, "{entitlement}", mockbackend.AdatumAzureID, "{order}", "Qm4xZ1sampleOrder1").Replace(path)
		for who, c := range clients {
			want := who
			if who == "app" {
				want = "true"
			}
			c.header.Set("ValidateMfa", "true")
			got := c.do(c.request(method, path, nil))
			if got.header.Get("isMfaCompliant") != want {
				t.Errorf("%s as %s: isMfaCompliant %q, status %d", pattern, who, got.header.Get("isMfaCompliant"), got.status)
			}
			if who == "false" {
				got.want(t, pattern, 401, 900421)
			}
			c.header.Del("ValidateMfa")
			if got := c.do(c.request(method, path, nil)); got.header.Get("isMfaCompliant") != "" {
				t.Errorf("%s as %s: isMfaCompliant without ValidateMfa", pattern, who)
			}
		}
	}
}
