package mockbackend_test

import (
	"regexp"
	"strings"
	"testing"

	"terraform-provider-partnercenter/internal/mockbackend"
)

const (
	assignmentVersion = "?api-version=2022-04-01"
	adatumAssignments = "/subscriptions/" + mockbackend.AdatumAzureID + "/providers/Microsoft.Authorization/roleAssignments"
	firstAssignment   = "0d6b6c8e-3f52-4f0c-9a9b-2f1f6f8f7001"
	secondAssignment  = "0d6b6c8e-3f52-4f0c-9a9b-2f1f6f8f7002"
)

// inTenant is a client with a Resource Manager token of an Admin agent in the tenant of a customer.
func inTenant(t testing.TB, b *mockbackend.Backend, tenant string) *rawClient {
	t.Helper()
	c := anonymous(t, b)
	c.bearer = c.token(tenant, resourceManagerScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
	return c
}

// assign is the body of a PUT.
func assign(principalID, principalType string, more ...string) map[string]any {
	properties := map[string]any{
		"roleDefinitionId": "/subscriptions/" + mockbackend.AdatumAzureID + "/providers/Microsoft.Authorization/roleDefinitions/" + mockbackend.OwnerRole,
		"principalId":      principalID,
	}
	if principalType != "" {
		properties["principalType"] = principalType
	}
	for i := 0; i < len(more); i += 2 {
		properties[more[i]] = more[i+1]
	}
	return map[string]any{"properties": properties}
}

func (r reply) wantARM(t testing.TB, what string, status int, code any) {
	t.Helper()
	if r.status != status || status >= 400 && armCode(r) != code {
		t.Errorf("%s: got %d/%v, want %d/%v; body %s", what, r.status, armCode(r), status, code, r.raw)
	}
}

// properties are those of a role assignment.
func (r reply) properties() map[string]any {
	properties, _ := r.body["properties"].(map[string]any)
	return properties
}

// assigned are the names in a list of role assignments.
func assigned(r reply) []string {
	names := []string{}
	values, _ := r.body["value"].([]any)
	for _, value := range values {
		names = append(names, value.(map[string]any)["name"].(string))
	}
	return names
}

func TestRoleAssignmentLifeCycle(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	path := adatumAssignments + "/" + firstAssignment + assignmentVersion
	c.arm(path).wantARM(t, "before", 404, "RoleAssignmentNotFound")
	body := assign(mockbackend.AdatumUserID, "User", "description", "first")
	created := c.armCall("PUT", path, body)
	created.wantARM(t, "create", 201, nil)
	agent := b.User(mockbackend.AdminAgent).ObjectID
	got := created.properties()
	want := map[string]any{
		"roleDefinitionId": body["properties"].(map[string]any)["roleDefinitionId"], "principalId": mockbackend.AdatumUserID, "principalType": "User",
		"scope": "/subscriptions/" + mockbackend.AdatumAzureID, "description": "first", "condition": nil, "conditionVersion": nil,
		"delegatedManagedIdentityResourceId": nil, "createdBy": agent, "updatedBy": agent, "createdOn": got["createdOn"], "updatedOn": got["createdOn"],
	}
	if len(got) != len(want) {
		t.Errorf("properties: %s", created.raw)
	}
	for name, value := range want {
		if present, ok := got[name]; !ok || present != value {
			t.Errorf("%s: %v, want %v", name, present, value)
		}
	}
	if on, _ := got["createdOn"].(string); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$`).MatchString(on) {
		t.Errorf("createdOn: %v", got["createdOn"])
	}
	if created.body["id"] != adatumAssignments+"/"+firstAssignment || created.body["name"] != firstAssignment || created.body["type"] != "Microsoft.Authorization/roleAssignments" {
		t.Errorf("%s", created.raw)
	}
	read := c.arm(strings.ToUpper(path[:len(path)-len(assignmentVersion)]) + assignmentVersion)
	read.wantARM(t, "read in another case", 200, nil)
	if string(read.raw) != string(created.raw) {
		t.Errorf("read: %s, created: %s", read.raw, created.raw)
	}
	if names := assigned(c.arm(adatumAssignments + assignmentVersion)); len(names) != 2 || names[1] != firstAssignment {
		t.Errorf("list: %v", names)
	}
	again := c.armCall("PUT", path, assign(mockbackend.AdatumUserID, "User"))
	again.wantARM(t, "repeat", 200, nil)
	if p := again.properties(); p["description"] != nil || p["createdOn"] != got["createdOn"] || p["updatedOn"] == got["createdOn"] {
		t.Errorf("update: %s", again.raw)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RepeatedPUTCreated, k.CreatedByNull = true, true })
	again = c.armCall("PUT", path, body)
	again.wantARM(t, "repeat with the knob", 201, nil)
	if p := again.properties(); p["createdBy"] != nil || p["updatedBy"] != agent {
		t.Errorf("createdBy: %s", again.raw)
	}
	deleted := c.armCall("DELETE", path, nil)
	deleted.wantARM(t, "delete", 200, nil)
	if deleted.body["name"] != firstAssignment {
		t.Errorf("deleted: %s", deleted.raw)
	}
	deleted = c.armCall("DELETE", path, nil)
	deleted.wantARM(t, "delete again", 204, nil)
	if len(deleted.raw) != 0 {
		t.Errorf("204 with a body: %s", deleted.raw)
	}
	c.arm(path).wantARM(t, "after", 404, "RoleAssignmentNotFound")
}
