package mockbackend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestSubscriptions(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 8})
	c := admin(t, b)
	generated := b.Customers()[7].ID
	for path, want := range map[string]int{
		"/customers/" + mockbackend.AdatumID + "/subscriptions":                                                                              2,
		"/customers/" + mockbackend.AdatumID + "/subscriptions?order_id=Qm4xZ1sampleOrder1":                                                  1,
		"/customers/" + mockbackend.AdatumID + "/subscriptions?order_id=qm4xz1sampleorder1":                                                  0,
		"/customers/" + mockbackend.AdatumID + "/subscriptions?order_id=7a6b5c4d-3e2f-4109-8c7b-6d5e4f3a2b0b":                                1,
		"/customers/" + mockbackend.TailspinID + "/subscriptions?mpn_id=" + mockbackend.TailspinResellerMPNID:                                1,
		"/customers/" + mockbackend.AdatumID + "/subscriptions?mpn_id=" + mockbackend.TailspinResellerMPNID:                                  0,
		"/customers/" + generated + "/subscriptions":                                                                                         1,
		"/customers/" + mockbackend.AdatumID + "/subscriptions/" + mockbackend.AdatumAzurePlanID + "/azureEntitlements":                      1,
		"/customers/" + mockbackend.ContosoID + "/subscriptions/" + mockbackend.ContosoAzurePlanID + "/azureEntitlements":                    2,
		"/customers/" + mockbackend.FabrikamID + "/subscriptions/" + strings.ToUpper(mockbackend.FabrikamAzurePlanID) + "/azureEntitlements": 0,
	} {
		got := c.call("GET", path, nil)
		if items, ok := got.body["items"].([]any); !ok || len(items) != want || got.body["links"] != nil {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
	plan := c.call("GET", "/customers/"+mockbackend.AdatumID+"/subscriptions/"+mockbackend.AdatumAzurePlanID, nil).body
	legacy := c.call("GET", "/customers/"+mockbackend.LitwareID+"/subscriptions/"+strings.ToLower(mockbackend.LitwareAzureID), nil).body
	licence := c.call("GET", "/customers/"+mockbackend.AdatumID+"/subscriptions/"+mockbackend.AdatumLicencesID, nil).body
	if plan["offerId"] != mockbackend.AzurePlanOfferID || plan["productType"] == nil || plan["entitlementId"] != nil || plan["billingType"] != "usage" {
		t.Errorf("Azure plan: %v", plan)
	}
	if legacy["id"] != mockbackend.LitwareAzureID || legacy["offerId"] != "MS-AZR-0145P" || legacy["entitlementId"] != legacy["id"] || legacy["productType"] != nil {
		t.Errorf("legacy: %v", legacy)
	}
	if licence["billingType"] != "license" || licence["termDuration"] != nil || licence["quantity"] != 25.0 {
		t.Errorf("licence: %v", licence)
	}
	for _, item := range []map[string]any{plan, legacy, licence} {
		if _, err := time.Parse(time.RFC3339Nano, item["creationDate"].(string)); err != nil {
			t.Error(err)
		}
	}
	base := "/customers/" + mockbackend.AdatumID + "/subscriptions/"
	c.call("GET", base+"0f0f0f0f-1111-4222-8333-444444444444", nil).want(t, "unknown", 404, 20003)
	c.call("GET", base+mockbackend.AdatumLicencesID+"/azureEntitlements", nil).want(t, "licences", 400, 800011)
	c.call("GET", "/customers/"+mockbackend.LitwareID+"/subscriptions/"+mockbackend.LitwareAzureID+"/azureEntitlements", nil).want(t, "legacy", 400, 800011)
	c.call("GET", base+mockbackend.AdatumAzurePlanID+"/azureEntitlements/"+mockbackend.LitwareID, nil).want(t, "unknown entitlement", 404, 1000)
	entitlement := c.call("GET", base+mockbackend.AdatumAzurePlanID+"/azureEntitlements/"+mockbackend.AdatumAzureID, nil).body
	if fmt.Sprint(entitlement) != "map[friendlyName:Production id:"+mockbackend.AdatumAzureID+" status:active subscriptionId:"+mockbackend.AdatumAzurePlanID+"]" {
		t.Errorf("entitlement: %v", entitlement)
	}

	etag := plan["attributes"].(map[string]any)["etag"]
	b.SetSubscriptionStatus(mockbackend.AdatumID, strings.ToUpper(mockbackend.AdatumAzurePlanID), "suspended")
	plan = c.call("GET", base+mockbackend.AdatumAzurePlanID, nil).body
	if plan["status"] != "suspended" || plan["suspensionReasons"] == nil || plan["attributes"].(map[string]any)["etag"] == etag {
		t.Errorf("suspended: %v", plan)
	}
	b.SetSubscriptionStatus(mockbackend.AdatumID, "nothing", "active")
	wantViolation(t, b, "SetSubscriptionStatus", "has no subscription nothing")
}
