package mockbackend_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"terraform-provider-partnercenter/internal/mockbackend"
)

func TestPolicyLifeCycle(t *testing.T) { // rules 7, 10, 12, 13, 15
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	list := "/SelfServePolicy?entity_id=" + mockbackend.AdatumID
	if got := c.call("GET", list, nil); len(got.items()) != 0 || got.status != 200 || got.body["totalCount"] != 0.0 {
		t.Errorf("no policy: %d %s", got.status, got.raw)
	}
	created := c.call("POST", "/SelfServePolicy", policy(mockbackend.AdatumID, mockbackend.AzureReservedInstances))
	created.want(t, "create", http.StatusCreated, 0)
	if created.body["id"] != policyID(mockbackend.AdatumID) {
		t.Errorf("id %v", created.body["id"])
	}
	etag := created.body["attributes"].(map[string]any)["etag"].(string)
	if !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) || len(etag) != 38 {
		t.Errorf("etag %s is not a quoted GUID", etag)
	}
	c.call("POST", "/SelfServePolicy", policy(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).want(t, "duplicate", 409, 600041)

	for _, path := range []string{
		list, "/selfservepolicy?ENTITY_ID=" + strings.ToUpper(mockbackend.AdatumID), "/SelfServePolicy?entity_Id=" + mockbackend.AdatumID, "/SelfServePolicy",
	} {
		got := c.call("GET", path, nil)
		if found := got.items(); len(found) == 0 || found[0]["id"] != policyID(mockbackend.AdatumID) {
			t.Errorf("GET %s: %s", path, got.raw)
		}
	}
	c.call("GET", "/SelfServePolicy/"+strings.ToUpper(policyID(mockbackend.AdatumID)), nil).want(t, "get by id", 200, 0)

	update := maps.Clone(created.body)
	update["permissions"] = policy("", mockbackend.AzureReservedInstances, mockbackend.AzureSavingsPlan)["permissions"]
	updated := c.call("PUT", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), update)
	updated.want(t, "update", 200, 0)
	if now := updated.body["attributes"].(map[string]any)["etag"]; now == etag || len(updated.body["permissions"].([]any)) != 2 {
		t.Errorf("update: %s", updated.raw)
	}
	if stored, ok := b.Policy(mockbackend.AdatumID); !ok || len(stored.Permissions) != 2 {
		t.Errorf("stored: %+v", stored)
	}
	if got := c.call("DELETE", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil); got.status != 204 || len(got.raw) != 0 {
		t.Errorf("delete: %d %s", got.status, got.raw)
	}
	c.call("DELETE", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil).want(t, "delete again", 404, 600039)
	c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil).want(t, "get deleted", 404, 600039)

	var operations []string
	for _, record := range b.AuditRecords() {
		operations = append(operations, record.OperationType)
	}
	if got := strings.Join(operations, " "); got != "create_self_serve_policy update_self_serve_policy delete_self_serve_policy" {
		t.Errorf("audit: %s", got)
	}
}
