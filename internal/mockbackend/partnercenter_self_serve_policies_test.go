package mockbackend_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestPolicyLifeCycle(t *testing.T) { // DEV/self-serve-policy-resources
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	list := "/SelfServePolicy?entity_id=" + mockbackend.AdatumID
	if got := c.call("GET", list, nil); len(got.items()) != 0 || got.status != 200 || got.body["totalCount"] != 0.0 {
		t.Errorf("no policy: %d %s", got.status, got.raw)
	}
	created := c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances))
	created.want(t, "create", http.StatusCreated, 0)
	if created.body["id"] != policyID(mockbackend.AdatumID) {
		t.Errorf("id %v", created.body["id"])
	}
	etag := created.body["attributes"].(map[string]any)["etag"].(string)
	if !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) || len(etag) != 38 {
		t.Errorf("etag %s is not a quoted GUID", etag)
	}
	c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).want(t, "duplicate", 409, 600041)

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
	update["permissions"] = policyFor("", mockbackend.AzureReservedInstances, mockbackend.AzureSavingsPlan)["permissions"]
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
	for _, record := range policyRecords(b) {
		operations = append(operations, record.OperationType)
	}
	if got := strings.Join(operations, " "); got != "create_self_serve_policy update_self_serve_policy delete_self_serve_policy" {
		t.Errorf("audit: %s", got)
	}
}

// change returns a copy of the body in which the field at a path of keys is set or, with nil, removed.
func change(body map[string]any, value any, keys ...string) map[string]any {
	body = maps.Clone(body)
	switch {
	case len(keys) > 1:
		inner, _ := body[keys[0]].(map[string]any)
		body[keys[0]] = change(inner, value, keys[1:]...)
	case value == nil:
		delete(body, keys[0])
	default:
		body[keys[0]] = value
	}
	return body
}

func permission(resource, action string) []any {
	return []any{map[string]any{"resource": resource, "action": action}}
}

func TestPolicyBodies(t *testing.T) {
	good := policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	stranger := "0f0f0f0f-1111-4222-8333-444444444444"
	for _, test := range []struct {
		name      string
		body      any
		status    int
		code      any
		violation string
	}{
		{"as documented", good, 201, 0, ""},
		{"PascalCase with nulls, as the .NET SDK sends it", `{"Id":null,"SelfServeEntity":{"SelfServeEntityType":"customer","TenantID":"` + mockbackend.AdatumID +
			`"},"Grantor":{"GrantorType":"billToPartner","TenantID":"` + mockbackend.PartnerTenantID + `"},"Permissions":[{"Resource":"AzureReservedInstances","Action":"Purchase"}],"Attributes":{"ObjectType":"SelfServePolicy"}}`, 201, 0, ""},
		{"GUIDs in capitals", change(change(good, strings.ToUpper(mockbackend.AdatumID), "selfServeEntity", "tenantID"), strings.ToUpper(mockbackend.PartnerTenantID), "grantor", "tenantID"), 201, 0, ""},
		{"values in another case", change(change(good, "BillToPartner", "grantor", "grantorType"), "Customer", "selfServeEntity", "selfServeEntityType"), 201, 0, ""},
		{"the same permission twice", policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances, mockbackend.AzureReservedInstances), 201, 0, ""},
		{"links echoed", change(good, map[string]any{"self": map[string]any{"uri": "/x"}}, "links"), 201, 0, ""},
		{"no body", "", 400, 800002, ""},
		{"no JSON", "{", 400, 800002, ""},
		{"two values", "{} {}", 400, 800002, ""},
		{"wrong type", change(good, "all", "permissions"), 400, 800002, ""},
		{"null", "null", 400, 3000, ""},
		{"no entity", change(good, nil, "selfServeEntity"), 400, 3000, ""},
		{"no grantor", change(good, nil, "grantor"), 400, 3000, ""},
		{"no permissions", change(good, nil, "permissions"), 400, 3000, ""},
		{"empty permissions", change(good, []any{}, "permissions"), 400, 3000, ""},
		{"unknown resource", change(good, permission("AzureEverything", "Purchase"), "permissions"), 400, 3000, ""},
		{"unknown action", change(good, permission(mockbackend.AzureSavingsPlan, "Sell"), "permissions"), 400, 3000, ""},
		{"unknown entity type", change(good, "user", "selfServeEntity", "selfServeEntityType"), 400, 3000, ""},
		{"unknown grantor type", change(good, "billToCustomer", "grantor", "grantorType"), 400, 3000, ""},
		{"entity is no GUID", change(good, "adatum", "selfServeEntity", "tenantID"), 400, 3000, ""},
		{"grantor is no GUID", change(good, "us", "grantor", "tenantID"), 400, 3000, ""},
		{"another partner's grantor", change(good, stranger, "grantor", "tenantID"), 403, 900308, ""},
		{"unknown customer", change(good, stranger, "selfServeEntity", "tenantID"), 403, 20002, ""},
		{"unknown property", change(good, true, "enabled"), 400, 3000, "enabled"},
		{"unknown inner property", change(good, "x", "grantor", "name"), 400, 3000, "name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := admin(t, b)
			got := c.call("POST", "/SelfServePolicy", test.body)
			got.want(t, "create", test.status, test.code)
			if _, made := b.Policy(mockbackend.AdatumID); made != (test.status == 201) {
				t.Errorf("policy created: %t", made)
			}
			if test.violation != "" {
				wantViolation(t, b, "create", test.violation)
			}
			if test.status == 201 {
				entity := got.body["selfServeEntity"].(map[string]any)
				if entity["tenantID"] != mockbackend.AdatumID || entity["selfServeEntityType"] != "customer" || len(got.body["permissions"].([]any)) != 1 {
					t.Errorf("answer %s", got.raw)
				}
			}
		})
	}
}

func TestPolicyIDs(t *testing.T) {
	stranger := "0f0f0f0f-1111-4222-8333-444444444444"
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		for id, code := range map[string]int{
			policyID(mockbackend.AdatumID):         600039, // no policy
			policyID(stranger):                     600039, // no such customer
			stranger + "_" + mockbackend.ContosoID: 600039, // another grantor
			"nonsense":                             600040,
			"a_b":                                  600040,
			mockbackend.ContosoID:                  600040,
			policyID(mockbackend.ContosoID) + "_" + "extra": 600040,
		} {
			b := newBackend(t, mockbackend.Config{})
			var body any
			if method == "PUT" {
				body = policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
			}
			admin(t, b).call(method, "/SelfServePolicy/"+id, body).want(t, method+" "+id, 404, code)
		}
	}
}

func TestPolicyUpdate(t *testing.T) {
	contoso := policyID(mockbackend.ContosoID)
	for _, test := range []struct {
		name   string
		knobs  func(*mockbackend.Knobs)
		path   string
		edit   func(map[string]any) map[string]any
		status int
		code   any
	}{
		{name: "as read", status: 200},
		{name: "id in capitals in the path", path: "/SelfServePolicy/" + strings.ToUpper(contoso), status: 200},
		{name: "without an id in the path", path: "/SelfServePolicy", status: 200},
		{name: "without an id in the body", edit: func(p map[string]any) map[string]any { return change(p, nil, "id") }, status: 200},
		{name: "without any id", path: "/SelfServePolicy", edit: func(p map[string]any) map[string]any { return change(p, nil, "id") }, status: 404, code: 600040},
		{name: "another id in the body", edit: func(p map[string]any) map[string]any { return change(p, policyID(mockbackend.AdatumID), "id") }, status: 404, code: 600040},
		{name: "another customer", edit: func(p map[string]any) map[string]any {
			return change(p, mockbackend.AdatumID, "selfServeEntity", "tenantID")
		}, status: 400, code: 3000},
		{name: "stale etag", edit: func(p map[string]any) map[string]any { return change(p, `"old"`, "attributes", "etag") }, status: 400, code: 2055},
		{name: "missing etag", edit: func(p map[string]any) map[string]any { return change(p, nil, "attributes") }, status: 400, code: 2055},
		{name: "stale etag, 412", knobs: func(k *mockbackend.Knobs) { k.StaleETag = mockbackend.StaleETagReject412 }, edit: func(p map[string]any) map[string]any { return change(p, nil, "attributes") }, status: 412, code: 2055},
		{name: "stale etag, ignored", knobs: func(k *mockbackend.Knobs) { k.StaleETag = mockbackend.StaleETagIgnore }, edit: func(p map[string]any) map[string]any { return change(p, nil, "attributes") }, status: 200},
		{name: "empty permissions", edit: func(p map[string]any) map[string]any { return change(p, []any{}, "permissions") }, status: 400, code: 3000},
		{name: "empty permissions, accepted", knobs: func(k *mockbackend.Knobs) { k.EmptyPermissions = mockbackend.EmptyPermissionsAccept }, edit: func(p map[string]any) map[string]any { return change(p, []any{}, "permissions") }, status: 200},
		{name: "path with id only", knobs: func(k *mockbackend.Knobs) { k.PUTPath = mockbackend.PUTPathIDOnly }, status: 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := admin(t, b)
			if test.knobs != nil {
				b.SetKnobs(test.knobs)
			}
			body := change(c.call("GET", "/SelfServePolicy/"+contoso, nil).body, permission(mockbackend.AzureSavingsPlan, "Purchase"), "permissions")
			if test.edit != nil {
				body = test.edit(body)
			}
			path := test.path
			if path == "" {
				path = "/SelfServePolicy/" + contoso
			}
			before, _ := b.Policy(mockbackend.ContosoID)
			c.call("PUT", path, body).want(t, "update", test.status, test.code)
			after, _ := b.Policy(mockbackend.ContosoID)
			if (after.ETag != before.ETag) != (test.status == 200) || len(after.Permissions) == 2 != (test.status != 200) {
				t.Errorf("before %+v, after %+v", before, after)
			}
		})
	}
}

func TestPUTPathIDOnly(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.PUTPath = mockbackend.PUTPathIDOnly })
	body := c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.ContosoID), nil).body
	c.call("PUT", "/SelfServePolicy", body).want(t, "update", 400, 900141)
	wantViolation(t, b, "update", "id is missing")
}

func TestDeleteAnswersBody(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.DeleteAnswersBody = true })
	got := c.call("DELETE", "/SelfServePolicy/"+policyID(mockbackend.ContosoID), nil)
	if _, left := b.Policy(mockbackend.ContosoID); left || got.status != 200 || got.body["id"] != policyID(mockbackend.ContosoID) {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

func TestStaleReads(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.StaleReads = 2 })
	list := "/SelfServePolicy?entity_id=" + mockbackend.AdatumID
	c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances))
	if got := c.call("GET", list, nil); len(got.items()) != 0 {
		t.Errorf("first read: %s", got.raw)
	}
	c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil).want(t, "second read", 404, 600039)
	if got := c.call("GET", list, nil); len(got.items()) != 1 {
		t.Errorf("third read: %s", got.raw)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.StaleListOnly = true })
	c.call("DELETE", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil)
	c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil).want(t, "by id", 404, 600039)
	for i, want := range []int{1, 1, 0} {
		if got := c.call("GET", list, nil); len(got.items()) != want {
			t.Errorf("list %d: %s", i, got.raw)
		}
	}
	c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances))
	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
	if got := c.call("GET", list, nil); len(got.items()) != 1 {
		t.Errorf("a change in the portal is not returned at once: %s", got.raw)
	}
}

func TestRelationshipEnded(t *testing.T) {
	list := "/SelfServePolicy?entity_id=" + mockbackend.ContosoID
	id := "/SelfServePolicy/" + policyID(mockbackend.ContosoID)
	type outcome struct {
		status int
		code   any
	}
	forbidden, notFound, ok := outcome{403, 20002}, outcome{404, 60003}, outcome{200, 0}
	for answer, want := range map[mockbackend.RelationshipEnded]map[string]outcome{
		mockbackend.RelationshipEndedForbidden: {list: forbidden, id: forbidden, "/customers/" + mockbackend.ContosoID: forbidden, "/customers/" + mockbackend.ContosoID + "/subscriptions": forbidden},
		mockbackend.RelationshipEndedNotFound:  {list: notFound, id: notFound, "/customers/" + mockbackend.ContosoID: notFound, "/customers/" + mockbackend.ContosoID + "/subscriptions": notFound},
		mockbackend.RelationshipEndedEmptyList: {list: ok, id: {404, 600039}, "/customers/" + mockbackend.ContosoID: forbidden, "/customers/" + mockbackend.ContosoID + "/subscriptions": forbidden},
	} {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.RelationshipEnded = answer })
		b.EndRelationship(mockbackend.ContosoID)
		for path, outcome := range want {
			got := c.call("GET", path, nil)
			got.want(t, string(answer)+" "+path, outcome.status, outcome.code)
			if len(got.items()) != 0 {
				t.Errorf("%s %s: %s", answer, path, got.raw)
			}
		}
		if got := c.call("GET", "/customers", nil); len(got.items()) != 5 {
			t.Errorf("%s: the customer is still listed", answer)
		}
	}
}

func TestChangesOutside(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
	b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan, mockbackend.AzureReservedInstances)
	b.SetPermissions(mockbackend.AdatumID)
	b.SetPermissions(mockbackend.AdatumID) // no change, so no record
	c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances))
	records := policyRecords(b)
	if len(records) != 4 {
		t.Fatalf("%d records", len(records))
	}
	for i, operation := range []string{"create_self_serve_policy", "update_self_serve_policy", "delete_self_serve_policy", "create_self_serve_policy"} {
		record := records[i]
		if record.OperationType != operation || record.ResourceType != "self_serve_policy" || record.CustomerID != mockbackend.AdatumID {
			t.Errorf("record %d: %+v", i, record)
		}
		if ours := record.ApplicationID == b.Partner().ClientID; ours != (i == 3) {
			t.Errorf("record %d: application %s", i, record.ApplicationID)
		}
	}
	if got, want := records[3].OriginalCorrelationID, b.Requests()[len(b.Requests())-1].CorrelationID; got != want {
		t.Errorf("originalCorrelationId %s, want %s", got, want)
	}
	if records[1].ResourceOldValue == "" || !strings.Contains(records[1].ResourceNewValue, `"Permissions":[{"Resource":"AzureSavingsPlan"`) {
		t.Errorf("values: %q, %q", records[1].ResourceOldValue, records[1].ResourceNewValue)
	}
	b.SetPermissions("nobody", mockbackend.AzureSavingsPlan)
	wantViolation(t, b, "SetPermissions", "no customer nobody")
	b.SetPermissions(mockbackend.AdatumID, "everything")
	wantViolation(t, b, "SetPermissions", "unknown resource")
}

func TestReadLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.ReadLag = 4 * time.Second })
		shown := func(by string) bool {
			t.Helper()
			if by == "list" {
				return len(c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.AdatumID, nil).items()) == 1
			}
			return c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil).status == http.StatusOK
		}
		expect := func(list, get bool) {
			t.Helper()
			if shown("list") != list || shown("id") != get {
				t.Errorf("listed: %t, by id: %t; want %t and %t", shown("list"), shown("id"), list, get)
			}
		}
		c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).want(t, "create", 201, 0)
		expect(false, false)
		advance(3 * time.Second)
		expect(false, false)
		c.call("DELETE", "/SelfServePolicy/"+policyID(mockbackend.AdatumID), nil).want(t, "writes see what is", 204, 0)
		advance(time.Second)
		expect(true, true) // reads return each write after the lag
		b.SetKnobs(func(k *mockbackend.Knobs) { k.StaleListOnly = true })
		expect(true, false)
		advance(3 * time.Second)
		expect(false, false)
		c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)).want(t, "create", 201, 0)
		b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
		expect(true, true) // reads return changes in the portal at once
	})
}
