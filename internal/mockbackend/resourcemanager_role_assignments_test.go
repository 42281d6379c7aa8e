package mockbackend_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	assignmentVersion = "?api-version=2022-04-01"
	adatumAssignments = "/subscriptions/" + mockbackend.AdatumAzureID + "/providers/Microsoft.Authorization/roleAssignments"
	firstAssignment   = "0d6b6c8e-3f52-4f0c-9a9b-2f1f6f8f7001"
	secondAssignment  = "0d6b6c8e-3f52-4f0c-9a9b-2f1f6f8f7002"
)

// inTenant returns a client with a Resource Manager token of an Admin agent in the tenant of a customer.
func inTenant(t testing.TB, b *mockbackend.Backend, tenant string) *rawClient {
	t.Helper()
	c := anonymous(t, b)
	c.bearer = c.token(tenant, resourceManagerScope+"/.default", b.User(mockbackend.AdminAgent).RefreshToken)
	return c
}

// assign returns the body of a PUT.
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

// properties returns the properties of a role assignment.
func (r reply) properties() map[string]any {
	properties, _ := r.body["properties"].(map[string]any)
	return properties
}

// assigned returns the names in a list of role assignments.
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
	c.arm("/"+path).wantARM(t, "read with two slashes", 200, nil)
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

func TestRoleAssignmentsOfTheSeed(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 8})
	type holder struct {
		principal string
		kind      mockbackend.PrincipalType
		role      string
	}
	partner := holder{mockbackend.GroupID(mockbackend.AdminAgent), mockbackend.ForeignGroupPrincipal, mockbackend.OwnerRole}
	generated := b.Subscriptions(b.Customers()[7].ID)[0].AzureSubscriptions[0].ID
	for subscription, want := range map[string][]holder{
		mockbackend.AdatumAzureID:        {partner},
		mockbackend.ContosoAzureID:       {partner, {mockbackend.ContosoUserID, mockbackend.UserPrincipal, mockbackend.OwnerRole}},
		mockbackend.ContosoSecondAzureID: {partner, {mockbackend.ContosoSecondUserID, mockbackend.UserPrincipal, mockbackend.ReservationPurchaserRole}},
		mockbackend.LitwareAzureID:       {partner},
		generated:                        {partner},
	} {
		var got []holder
		for _, a := range b.RoleAssignments(subscription) {
			got = append(got, holder{a.PrincipalID, a.PrincipalType, a.RoleID})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", subscription, got)
		}
	}
	if none := b.RoleAssignments(mockbackend.AdatumID); len(none) != 0 {
		t.Errorf("no subscription: %v", none)
	}
}

func TestRoleAssignmentRefusals(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	path := adatumAssignments + "/" + firstAssignment + assignmentVersion
	put := func(what string, body any, status int, code any, texts ...string) {
		t.Helper()
		got := c.armCall("PUT", path, body)
		got.wantARM(t, what, status, code)
		for _, text := range texts {
			if !strings.Contains(string(got.raw), text) {
				t.Errorf("%s: no %q in %s", what, text, got.raw)
			}
		}
	}
	group := b.AddGroup(mockbackend.AdatumID, mockbackend.Principal{})
	put("unknown principal", assign(mockbackend.ContosoUserID, "User"), 400, "PrincipalNotFound", strings.ReplaceAll(mockbackend.ContosoUserID, "-", ""), mockbackend.AdatumID)
	put("another type", assign(mockbackend.AdatumServicePrincipalID, "User"), 400, "UnmatchedPrincipalType", "has type 'ServicePrincipal', which is different from specified PrinciaplType 'User'")
	put("no type of input", assign(mockbackend.AdatumUserID, "ForeignGroup"), 400, "InvalidPrincipalType", "'User', 'Group' or 'ServicePrincipal'")
	put("no GUID", assign("adatum", "User"), 400, "InvalidPrincipalId")
	put("no role", assign(mockbackend.AdatumUserID, "User", "roleDefinitionId", mockbackend.OwnerRole), 400, "InvalidRoleDefinitionId")
	put("unknown role", assign(mockbackend.AdatumUserID, "User", "roleDefinitionId", "/providers/Microsoft.Authorization/roleDefinitions/"+mockbackend.AdatumID), 400, "RoleDefinitionDoesNotExist")
	put("condition alone", assign(mockbackend.AdatumUserID, "User", "condition", "x"), 400, "InvalidRequestContent")
	put("no JSON", "nonsense", 400, "InvalidRequestContent")
	b.DeletePrincipal(mockbackend.AdatumID, group.ID)
	put("deleted principal", assign(group.ID, ""), 400, "PrincipalNotFound")
	c.armCall("PUT", adatumAssignments+"/first"+assignmentVersion, assign(mockbackend.AdatumUserID, "User")).wantARM(t, "name", 400, "InvalidRoleAssignmentId")
	c.armCall("PUT", adatumAssignments+"/"+firstAssignment+"?api-version=2022-04-02", assign(mockbackend.AdatumUserID, "User")).wantARM(t, "version", 400, "NoRegisteredProviderFound")
	c.armCall("PUT", adatumAssignments+"/"+firstAssignment, assign(mockbackend.AdatumUserID, "User")).wantARM(t, "no version", 400, "MissingApiVersionParameter")
	c.arm(adatumAssignments+assignmentVersion+"&tenantId=adatum").wantARM(t, "tenantId", 400, "InvalidTenantId")
	c.arm(adatumAssignments+assignmentVersion+"&tenantId="+mockbackend.AdatumID).wantARM(t, "tenantId", 200, nil)
	c.arm(strings.Replace(adatumAssignments, mockbackend.AdatumAzureID, mockbackend.AdatumID, 1)+assignmentVersion).wantARM(t, "no such subscription", 404, "SubscriptionNotFound")
	if n := len(b.RoleAssignments(mockbackend.AdatumAzureID)); n != 1 {
		t.Errorf("%d assignments", n)
	}

	put("create", assign(mockbackend.AdatumUserID, ""), 201, nil, `"principalType":"User"`)
	put("another principal", assign(mockbackend.AdatumSecondUserID, "User"), 400, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated")
	put("another role", assign(mockbackend.AdatumUserID, "User", "roleDefinitionId", "/providers/Microsoft.Authorization/roleDefinitions/"+mockbackend.ReaderRole), 400, "RoleAssignmentUpdateNotPermitted")
	other := adatumAssignments + "/" + secondAssignment + assignmentVersion
	got := c.armCall("PUT", other, assign(mockbackend.AdatumUserID, "User"))
	got.wantARM(t, "the same under another name", 409, "RoleAssignmentExists")
	if !strings.Contains(string(got.raw), "The ID of the existing role assignment is "+strings.ReplaceAll(firstAssignment, "-", "")+".") {
		t.Errorf("%s", got.raw)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ExistsWithoutID = true })
	got = c.armCall("PUT", other, assign(mockbackend.AdatumUserID, "User"))
	got.wantARM(t, "the same under another name", 409, "RoleAssignmentExists")
	if strings.Contains(string(got.raw), "ID") {
		t.Errorf("%s", got.raw)
	}
	inContoso := inTenant(t, b, mockbackend.ContosoID)
	contoso := strings.Replace(path, mockbackend.AdatumAzureID, mockbackend.ContosoSecondAzureID, 1)
	inContoso.armCall("PUT", contoso, assign(mockbackend.ContosoUserID, "User")).wantARM(t, "name taken in another subscription", 400, "RoleAssignmentUpdateNotPermitted")

	b.SetKnobs(func(k *mockbackend.Knobs) { k.RoleAssignmentLimit = 2 })
	c.armCall("PUT", other, assign(mockbackend.AdatumSecondUserID, "User")).wantARM(t, "limit", 400, "RoleAssignmentLimitExceeded")
	c.armCall("PUT", path, assign(mockbackend.AdatumUserID, "User")).wantARM(t, "an update at the limit", 200, nil)
}

func TestRoleAssignmentViolations(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	path := adatumAssignments + "/" + firstAssignment + assignmentVersion
	body := assign(mockbackend.AdatumUserID, "User")
	for _, property := range []string{"roleName", "principalid2"} {
		c.armCall("PUT", path, assign(mockbackend.AdatumUserID, "User", property, "x")).wantARM(t, property, 400, "InvalidRequestContent")
		wantViolation(t, b, property, property)
	}
	body["name"] = firstAssignment
	c.armCall("PUT", path, body).wantARM(t, "name in the body", 400, "InvalidRequestContent")
	wantViolation(t, b, "name", "name")
	c.armCall("PUT", path, `{}`).wantARM(t, "nothing", 400, "InvalidRequestContent")
	wantViolation(t, b, "nothing", "no properties.roleDefinitionId")
	c.armCall("PUT", path, `{"properties":{"principalId":"`+mockbackend.AdatumUserID+`"}}`).wantARM(t, "no role", 400, "InvalidRequestContent")
	wantViolation(t, b, "no role", "no properties.roleDefinitionId")
	c.armCall("PUT", path+"&tenantId="+mockbackend.AdatumID, assign(mockbackend.AdatumUserID, "User"))
	wantViolation(t, b, "tenantId on PUT", `unknown query parameter "tenantId"`)
	c.arm(path + "&$filter=atScope()")
	wantViolation(t, b, "filter on GET", `unknown query parameter "$filter"`)
	c.arm("/subscriptions//providers/Microsoft.Authorization/roleAssignments"+assignmentVersion).wantARM(t, "scope", 404, "MissingSubscription")
	wantViolation(t, b, "scope", "unknown route")
	c.armCall("POST", path, nil).wantARM(t, "POST", 405, "MethodNotAllowed")
	wantViolation(t, b, "POST", "not allowed")

	req, err := http.NewRequestWithContext(t.Context(), "PUT", b.Endpoints().ResourceManager+path, strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.bearer)
	c.do(req)
	wantViolation(t, b, "Content-Type", "body without Content-Type: application/json")
	req, err = http.NewRequestWithContext(t.Context(), "GET", b.Endpoints().ResourceManager+adatumAssignments+assignmentVersion, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.bearer)
	req.URL.RawQuery += "&$filter=principalId eq '" + mockbackend.AdatumUserID + "'"
	if got := c.do(req); got.status != 400 || len(got.raw) != 0 {
		t.Errorf("raw space: %d %s", got.status, got.raw)
	}
	wantViolation(t, b, "raw space", "a space in the query")
}

func TestRoleAssignmentFilters(t *testing.T) { // https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	inner := b.AddGroup(mockbackend.AdatumID, mockbackend.Principal{Members: []string{mockbackend.AdatumUserID}})
	outer := b.AddGroup(mockbackend.AdatumID, mockbackend.Principal{Members: []string{inner.ID, mockbackend.AdatumServicePrincipalID}})
	add := func(principal, scope string) string {
		return b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: principal, Scope: scope, RoleID: mockbackend.ReaderRole}).Name
	}
	partner := b.RoleAssignments(mockbackend.AdatumAzureID)[0].Name
	direct := add(mockbackend.AdatumUserID, "")
	above := add(mockbackend.AdatumUserID, "/providers/Microsoft.Management/managementGroups/adatum")
	below := add(mockbackend.AdatumUserID, "/subscriptions/"+mockbackend.AdatumAzureID+"/resourceGroups/app")
	byGroup := add(outer.ID, "")
	all := []string{partner, direct, above, below, byGroup}
	user, group := mockbackend.AdatumUserID, outer.ID
	for filter, want := range map[string][]string{
		"":                              all,
		"principalId eq '" + user + "'": {direct, above, below},
		"PRINCIPALID EQ '" + strings.ToUpper(user) + "'":             {direct, above, below},
		"principalId eq '" + group + "'":                             {byGroup},
		"principalId eq '" + mockbackend.AdatumSecondUserID + "'":    {},
		"assignedTo('" + user + "')":                                 {direct, above, below, byGroup},
		"assignedTo('" + mockbackend.AdatumServicePrincipalID + "')": {byGroup},
		"atScope()": {partner, direct, above, byGroup},
		"atScope() and assignedTo('" + user + "')":                                 {direct, above, byGroup},
		"atScope() and assignedTo('" + mockbackend.AdatumServicePrincipalID + "')": {byGroup},
	} {
		got := c.arm(adatumAssignments + assignmentVersion + "&$filter=" + url.QueryEscape(filter))
		if names := assigned(got); got.status != 200 || !slices.Equal(names, want) {
			t.Errorf("%q: %d %v, want %v", filter, got.status, names, want)
		}
	}
	for _, name := range []string{above, below} { // their IDs are below other scopes
		c.arm(adatumAssignments+"/"+name+assignmentVersion).wantARM(t, "other scope", 404, "RoleAssignmentNotFound")
		c.armCall("DELETE", adatumAssignments+"/"+name+assignmentVersion, nil).wantARM(t, "other scope", 204, nil)
	}
	list := c.arm(adatumAssignments + assignmentVersion + "&$filter=atScope()")
	if !strings.Contains(string(list.raw), `"id":"/providers/Microsoft.Management/managementGroups/adatum/providers/Microsoft.Authorization/roleAssignments/`+above) {
		t.Errorf("inherited: %s", list.raw)
	}
	for _, filter := range []string{
		"principalId eq " + user, "principalId eq 'adatum'", "principalId  eq '" + user + "'", "atScope", "assignedTo()", "atScope() or assignedTo('" + user + "')",
		"atScope() and principalId eq '" + user + "'", "atScope()assignedTo('" + user + "')", "roleDefinitionId eq '" + mockbackend.OwnerRole + "'",
	} {
		c.arm(adatumAssignments+assignmentVersion+"&$filter="+url.QueryEscape(filter)).wantARM(t, filter, 400, "InvalidFilter")
		wantViolation(t, b, filter, "filter")
	}
	c.arm(adatumAssignments + assignmentVersion + "&$filter=" + url.QueryEscape("assignedTo('"+group+"')"))
	wantViolation(t, b, "a group", "takes no group")
}

func TestRoleAssignmentPages(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	for range 6 {
		user := b.AddUser(mockbackend.AdatumID, mockbackend.Principal{})
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: user.ID})
	}
	var want []string
	for _, a := range b.RoleAssignments(mockbackend.AdatumAzureID) {
		want = append(want, a.Name)
	}
	if got := c.arm(adatumAssignments + assignmentVersion); got.body["nextLink"] != nil || len(assigned(got)) != 7 {
		t.Errorf("one page: %s", got.raw)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RoleAssignmentPageSize = 3 })
	for _, filter := range []string{"", "&$filter=atScope()", "&tenantId=" + mockbackend.AdatumID} {
		var names []string
		next := adatumAssignments + assignmentVersion + filter
		for pages := 1; ; pages++ {
			got := c.arm(next)
			names = append(names, assigned(got)...)
			link, more := got.body["nextLink"].(string)
			if !more {
				if pages != 3 {
					t.Errorf("%d pages", pages)
				}
				break
			}
			if !strings.HasPrefix(link, b.Endpoints().ResourceManager+adatumAssignments+"?") || !strings.Contains(link, "skipToken=") {
				t.Fatalf("nextLink %s", link)
			}
			next = strings.TrimPrefix(link, b.Endpoints().ResourceManager)
		}
		if !slices.Equal(names, want) {
			t.Errorf("%q: %v, want %v", filter, names, want)
		}
	}
	link := c.arm(adatumAssignments + assignmentVersion).body["nextLink"].(string)
	c.arm(strings.TrimPrefix(link, b.Endpoints().ResourceManager)+"&$filter=atScope()").wantARM(t, "token of another list", 400, "InvalidSkipToken")
	c.arm(adatumAssignments+assignmentVersion+"&$skipToken=x").wantARM(t, "token", 400, "InvalidSkipToken")
	for _, host := range []string{"elsewhere.mock.test", "https://elsewhere.mock.test/"} {
		b.SetKnobs(func(k *mockbackend.Knobs) { k.NextLinkHost = host })
		if link := c.arm(adatumAssignments + assignmentVersion).body["nextLink"].(string); !strings.HasPrefix(link, "https://elsewhere.mock.test/subscriptions/") {
			t.Errorf("nextLink %s", link)
		}
	}
}

func TestRoleAssignmentForms(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	path := adatumAssignments + "/" + firstAssignment + assignmentVersion
	c.armCall("PUT", path, assign(strings.ToUpper(mockbackend.AdatumUserID), "User", "condition", "true", "conditionVersion", "2.0")).wantARM(t, "create", 201, nil)
	sent := assign(mockbackend.AdatumUserID, "")["properties"].(map[string]any)["roleDefinitionId"].(string)
	for form, fits := range map[mockbackend.RoleDefinitionIDForm]func(string) bool{
		mockbackend.RoleDefinitionIDAsSent: func(id string) bool { return id == sent },
		mockbackend.RoleDefinitionIDProvider: func(id string) bool {
			return id == "/providers/Microsoft.Authorization/roleDefinitions/"+mockbackend.OwnerRole
		},
		mockbackend.RoleDefinitionIDOther: func(id string) bool {
			return id != sent && strings.HasPrefix(id, "/subscriptions/") && strings.HasSuffix(id, "/providers/Microsoft.Authorization/roleDefinitions/"+mockbackend.OwnerRole)
		},
	} {
		b.SetKnobs(func(k *mockbackend.Knobs) { k.RoleDefinitionIDForm = form })
		if id, _ := c.arm(path).properties()["roleDefinitionId"].(string); !fits(id) {
			t.Errorf("%s: %s", form, id)
		}
	}
	p := c.arm(path).properties()
	if p["principalId"] != mockbackend.AdatumUserID || p["condition"] != "true" || p["conditionVersion"] != "2.0" {
		t.Errorf("%v", p)
	}
	b.DeletePrincipal(mockbackend.AdatumID, mockbackend.AdatumUserID)
	if p := c.arm(path).properties(); p["principalType"] != "User" {
		t.Errorf("deleted principal: %v", p)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.DeletedPrincipalsUnknown = true })
	if p := c.arm(path).properties(); p["principalType"] != "Unknown" {
		t.Errorf("deleted principal with the knob: %v", p)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.UpperCaseGUIDs = true })
	if p := c.arm(path).properties(); p["principalId"] != strings.ToUpper(mockbackend.AdatumUserID) {
		t.Errorf("upper case: %v", p)
	}
	if got := c.arm("/subscriptions/" + mockbackend.AdatumAzureID + "?api-version=2022-12-01"); got.body["tenantId"] != strings.ToUpper(mockbackend.AdatumID) {
		t.Errorf("upper case: %s", got.raw)
	}
	c.armCall("PUT", path, assign(mockbackend.AdatumUserID, "User")).wantARM(t, "update after the principal is gone", 200, nil)
}

func TestRoleAssignmentReplication(t *testing.T) { // new objects are not visible at once
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	path := adatumAssignments + "/" + firstAssignment + assignmentVersion
	user := b.AddUser(mockbackend.AdatumID, mockbackend.Principal{})
	b.SetKnobs(func(k *mockbackend.Knobs) {
		k.UnknownPrincipals, k.UnknownSubscriptions, k.StaleAssignmentGets, k.StaleAssignmentLists, k.StaleDeletedLists = 2, 2, 2, 1, 2
	})
	c.arm("/subscriptions/"+mockbackend.AdatumAzureID+"?api-version=2022-12-01").wantARM(t, "new subscription", 404, "SubscriptionNotFound")
	c.armCall("PUT", path, assign(user.ID, "User")).wantARM(t, "new subscription", 404, "SubscriptionNotFound")
	for range 2 {
		c.armCall("PUT", path, assign(user.ID, "User")).wantARM(t, "new principal", 400, "PrincipalNotFound")
	}
	c.armCall("PUT", path, assign(user.ID, "User")).wantARM(t, "create", 201, nil)
	lists := func() bool {
		return slices.Contains(assigned(c.arm(adatumAssignments+assignmentVersion)), firstAssignment)
	}
	if lists() {
		t.Error("listed at once")
	}
	for range 2 {
		c.arm(path).wantARM(t, "not visible yet", 404, "RoleAssignmentNotFound")
	}
	c.arm(path).wantARM(t, "visible", 200, nil)
	if !lists() {
		t.Error("not listed by the second list")
	}
	if n := len(b.RoleAssignments(mockbackend.AdatumAzureID)); n != 2 {
		t.Errorf("%d assignments", n)
	}
	c.armCall("DELETE", path, nil).wantARM(t, "delete", 200, nil)
	for range 2 {
		if !lists() {
			t.Error("no longer listed after the delete")
		}
	}
	if lists() {
		t.Error("still listed by the third list after the delete")
	}
	c.arm(path).wantARM(t, "deleted", 404, "RoleAssignmentNotFound")
}

func TestWhoMayAssignRoles(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	path := adatumAssignments + "/" + firstAssignment + assignmentVersion
	call := func(c *rawClient, method string) reply {
		if method == "PUT" {
			return c.armCall("PUT", path, assign(mockbackend.AdatumUserID, "User"))
		}
		return c.armCall(method, path, nil)
	}
	denied := func(what string, c *rawClient, methods ...string) {
		t.Helper()
		for _, method := range methods {
			got := call(c, method)
			got.wantARM(t, what+" "+method, 403, "AuthorizationFailed")
			action := map[string]string{"GET": "read", "PUT": "write", "DELETE": "delete"}[method]
			if !strings.Contains(string(got.raw), "Microsoft.Authorization/roleAssignments/"+action+"'") {
				t.Errorf("%s: %s", what, got.raw)
			}
		}
	}
	// Users of the partner have access through its group as long as the GDAP relationship exists.
	for _, role := range []mockbackend.Role{mockbackend.SalesAgent, mockbackend.HelpdeskAgent} {
		agent := anonymous(t, b)
		agent.bearer = agent.token(mockbackend.AdatumID, resourceManagerScope+"/.default", b.User(role).RefreshToken)
		denied(string(role), agent, "GET", "PUT", "DELETE")
	}
	b.EndDelegatedAccess(mockbackend.AdatumID)
	denied("without GDAP", c, "GET", "PUT", "DELETE")
	c.arm("/subscriptions/"+mockbackend.AdatumAzureID+"?api-version=2022-12-01").wantARM(t, "without GDAP", 403, "AuthorizationFailed")
	if got := c.arm("/subscriptions?api-version=2022-12-01"); len(got.body["value"].([]any)) != 0 {
		t.Errorf("without GDAP: %s", got.raw)
	}
	b.GrantDelegatedAccess(mockbackend.AdatumID, 2)
	denied("just granted", c, "PUT", "PUT")
	call(c, "PUT").wantARM(t, "granted", 201, nil)

	// Applications need a service principal and a role of their own.
	app := anonymous(t, b)
	app.bearer = app.token(mockbackend.AdatumID, resourceManagerScope+"/.default", "")
	denied("application", app, "GET", "PUT", "DELETE")
	assignApp := func(role, scope, condition string) string {
		return b.AssignRole(mockbackend.RoleAssignment{
			SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: b.ServicePrincipalID(mockbackend.AdatumID), RoleID: role, Scope: scope, Condition: condition,
		}).Name
	}
	above := "/providers/Microsoft.Management/managementGroups/adatum"
	for _, test := range []struct {
		role, scope, condition string
		reads, writes          bool
	}{
		{mockbackend.OwnerRole, "", "", true, true},
		{mockbackend.UserAccessAdministratorRole, "", "", true, true},
		{mockbackend.RBACAdministratorRole, "", "", true, true},
		{mockbackend.OwnerRole, above, "", true, true},
		{mockbackend.OwnerRole, "/subscriptions/" + mockbackend.AdatumAzureID + "/resourceGroups/app", "", false, false},
		{mockbackend.OwnerRole, "", "no Owner", true, false},
		{mockbackend.ContributorRole, "", "", true, false},
		{mockbackend.ReaderRole, "", "", true, false},
		{mockbackend.ReservationPurchaserRole, "", "", true, false},
	} {
		name := assignApp(test.role, test.scope, test.condition)
		for method, allowed := range map[string]bool{"GET": test.reads, "PUT": test.writes} {
			if got := call(app, method); (got.status == 200) != allowed || !allowed && armCode(got) != "AuthorizationFailed" {
				t.Errorf("%+v: %s %d %s", test, method, got.status, got.raw)
			}
		}
		b.RemoveAssignment(mockbackend.AdatumAzureID, name)
	}
	group := b.AddGroup(mockbackend.AdatumID, mockbackend.Principal{Members: []string{b.ServicePrincipalID(mockbackend.AdatumID)}})
	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: group.ID})
	call(app, "PUT").wantARM(t, "through a group", 200, nil)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.NoServicePrincipal = true })
	app.bearer = app.token(mockbackend.AdatumID, resourceManagerScope+"/.default", "")
	got := call(app, "GET")
	got.wantARM(t, "no service principal", 401, "InvalidAuthenticationToken")
	if !strings.Contains(string(got.raw), "'puid' or 'altsecid' or 'oid' should be present") {
		t.Errorf("%s", got.raw)
	}

	noMFA := anonymous(t, b)
	noMFA.bearer = noMFA.token(mockbackend.AdatumID, resourceManagerScope+"/.default", b.UserWithoutMFA().RefreshToken)
	call(noMFA, "GET").wantARM(t, "read without MFA", 200, nil)
	got = call(noMFA, "PUT")
	got.wantARM(t, "write without MFA", 403, "RequestDisallowedByPolicy")
	if !strings.Contains(string(got.raw), "MFA is required") {
		t.Errorf("%s", got.raw)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.MFANotEnforced = true })
	call(noMFA, "PUT").wantARM(t, "MFA not enforced", 200, nil)

	home := inTenant(t, b, mockbackend.PartnerTenantID)
	call(home, "PUT").wantARM(t, "partner's tenant", 401, "InvalidAuthenticationTokenTenant")
	// The customer removes the partner's role. The group cannot assign it to itself again.
	for _, a := range b.RoleAssignments(mockbackend.AdatumAzureID) {
		if a.PrincipalType == mockbackend.ForeignGroupPrincipal {
			b.RemoveAssignment(mockbackend.AdatumAzureID, a.Name)
		}
	}
	denied("without the foreign group", c, "GET", "PUT", "DELETE")
	app.bearer = ""
	b.SetKnobs(func(k *mockbackend.Knobs) { k.NoServicePrincipal = false })
	app.bearer = app.token(mockbackend.AdatumID, resourceManagerScope+"/.default", "")
	restore := assign(mockbackend.GroupID(mockbackend.AdminAgent), "ForeignGroup")
	app.armCall("PUT", adatumAssignments+"/"+secondAssignment+assignmentVersion, restore).wantARM(t, "restored by an Owner of the customer", 201, nil)
	call(c, "GET").wantARM(t, "restored", 200, nil)
}

func TestDisabledAndLockedSubscriptions(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	path := adatumAssignments + "/" + firstAssignment + assignmentVersion
	put := func() reply { return c.armCall("PUT", path, assign(mockbackend.AdatumUserID, "User")) }
	remove := func() reply { return c.armCall("DELETE", path, nil) }
	put().wantARM(t, "create", 201, nil)
	for _, status := range []string{"suspended", "deleted"} {
		b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzureID, status)
		put().wantARM(t, status, 409, "ReadOnlyDisabledSubscription")
		remove().wantARM(t, status, 409, "ReadOnlyDisabledSubscription")
		c.arm(path).wantARM(t, status, 200, nil)
	}
	b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzureID, "active")
	b.LockSubscription(mockbackend.AdatumAzureID, mockbackend.ReadOnly)
	put().wantARM(t, "read-only", 409, "ScopeLocked")
	remove().wantARM(t, "read-only", 409, "ScopeLocked")
	c.arm(path).wantARM(t, "read-only", 200, nil)
	b.LockSubscription(mockbackend.AdatumAzureID, mockbackend.CanNotDelete)
	put().wantARM(t, "cannot delete", 200, nil)
	remove().wantARM(t, "cannot delete", 409, "ScopeLocked")
	b.LockSubscription(mockbackend.AdatumAzureID, mockbackend.Unlocked)
	remove().wantARM(t, "unlocked", 200, nil)
	if b.LockSubscription(mockbackend.AdatumAzureID, "Closed") {
		t.Error("locked in an unknown way")
	}
	wantViolation(t, b, "lock", "LockSubscription")
}

func TestLastOwner(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := inTenant(t, b, mockbackend.AdatumID)
	partner := adatumAssignments + "/" + b.RoleAssignments(mockbackend.AdatumAzureID)[0].Name + assignmentVersion
	assignTo := func(principal, role, scope string) string {
		return b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: principal, RoleID: role, Scope: scope}).Name
	}
	assignTo(mockbackend.AdatumUserID, mockbackend.OwnerRole, "/providers/Microsoft.Management/managementGroups/adatum")
	assignTo(mockbackend.AdatumSecondUserID, mockbackend.RBACAdministratorRole, "")
	refused := c.armCall("DELETE", partner, nil)
	refused.wantARM(t, "the last one at the subscription", 412, "CannotDeleteLastRbacAdminAssignment")
	if !strings.Contains(string(refused.raw), "Cannot delete the last RBAC admin assignment") {
		t.Errorf("%s", refused.raw)
	}
	inherits := adatumAssignments + "/" + firstAssignment + assignmentVersion
	c.armCall("PUT", inherits, assign(mockbackend.AdatumUserID, "User")).wantARM(t, "an inherited role is another one", 201, nil)
	c.armCall("DELETE", inherits, nil).wantARM(t, "an inherited role is another one", 200, nil)
	for _, role := range []string{mockbackend.OwnerRole, mockbackend.UserAccessAdministratorRole} {
		name := assignTo(mockbackend.AdatumUserID, role, "")
		c.armCall("DELETE", adatumAssignments+"/"+name+assignmentVersion, nil).wantARM(t, "one of two", 200, nil)
	}
	assignTo(mockbackend.AdatumUserID, mockbackend.UserAccessAdministratorRole, "")
	c.armCall("DELETE", partner, nil).wantARM(t, "another one is left", 200, nil)
}

func TestResourceManagerThrottles(t *testing.T) { // https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := inTenant(t, b, mockbackend.AdatumID)
		path := adatumAssignments + "/" + firstAssignment + assignmentVersion
		for _, call := range []struct {
			method string
			body   any
			kind   string
			left   string
		}{{"GET", nil, "reads", "249"}, {"PUT", assign(mockbackend.AdatumUserID, "User"), "writes", "199"}, {"DELETE", nil, "deletes", "199"}} {
			got := c.armCall(call.method, path, call.body)
			if left := got.header.Get("x-ms-ratelimit-remaining-subscription-" + call.kind); left != call.left {
				t.Errorf("%s: %q left", call.method, left)
			}
		}
		if got := c.arm("/subscriptions?api-version=2022-12-01"); got.header.Get("x-ms-ratelimit-remaining-tenant-reads") != "249" {
			t.Errorf("tenant: %v", got.header)
		}
		advance(time.Minute)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.BucketSize, k.BucketRefill = 2, 1 })
		for _, left := range []string{"1", "0"} {
			got := c.arm(adatumAssignments + assignmentVersion)
			if got.status != 200 || got.header.Get("x-ms-ratelimit-remaining-subscription-reads") != left {
				t.Errorf("%d, %v", got.status, got.header)
			}
		}
		got := c.arm(adatumAssignments + assignmentVersion)
		got.wantARM(t, "empty", 429, "TooManyRequests")
		if got.header.Get("Retry-After") != "1" || got.header.Get("x-ms-ratelimit-remaining-subscription-reads") != "0" {
			t.Errorf("%v", got.header)
		}
		c.armCall("PUT", path, assign(mockbackend.AdatumUserID, "User")).wantARM(t, "writes have a bucket of their own", 201, nil)
		inTenant(t, b, mockbackend.ContosoID).arm(strings.Replace(adatumAssignments, mockbackend.AdatumAzureID, mockbackend.ContosoAzureID, 1)+assignmentVersion).wantARM(t, "so has each subscription", 200, nil)
		advance(time.Second)
		c.arm(adatumAssignments+assignmentVersion).wantARM(t, "a second later", 200, nil)
		c.arm(adatumAssignments+assignmentVersion).wantARM(t, "and no more", 429, "TooManyRequests")
	})
}

func TestAssignRoleOutside(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	foreign := b.AssignRole(mockbackend.RoleAssignment{
		SubscriptionID: strings.ToUpper(mockbackend.AdatumAzureID), PrincipalID: uuid.NewString(), PrincipalType: mockbackend.ForeignGroupPrincipal, RoleID: mockbackend.ReaderRole, Description: "another partner",
	})
	if foreign.Scope != "/subscriptions/"+mockbackend.AdatumAzureID || foreign.Name == "" || foreign.CreatedOn.IsZero() {
		t.Errorf("%+v", foreign)
	}
	for _, bad := range []mockbackend.RoleAssignment{
		{SubscriptionID: mockbackend.AdatumID, PrincipalID: mockbackend.AdatumUserID},
		{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.ContosoUserID},
		{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, Name: foreign.Name},
		{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, Name: "first"},
		{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, RoleID: mockbackend.AdatumID},
	} {
		if made := b.AssignRole(bad); made.Name != "" {
			t.Errorf("made %+v", made)
		}
		wantViolation(t, b, bad.PrincipalID, "AssignRole")
	}
	if b.RemoveAssignment(mockbackend.AdatumAzureID, mockbackend.AdatumID) || b.DeletePrincipal(mockbackend.AdatumID, mockbackend.ContosoUserID) ||
		b.EndDelegatedAccess("nobody") || b.GrantDelegatedAccess("nobody", 1) || b.AddUser("nobody", mockbackend.Principal{}).ID != "" {
		t.Error("a missing object was changed")
	}
	if n := len(b.Violations()); n != 5 {
		t.Errorf("%d violations: %v", n, b.Violations())
	}
	b.ClearViolations()
	// A replaced customer has the assignments of the seed again.
	adatum := b.Customers()[0]
	b.AddCustomer(adatum, b.Subscriptions(adatum.ID)...)
	if n := len(b.RoleAssignments(mockbackend.AdatumAzureID)); n != 1 {
		t.Errorf("%d assignments", n)
	}
	b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumUserID, Name: foreign.Name})
}

func TestAssignmentReadLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := inTenant(t, b, mockbackend.AdatumID)
		b.SetKnobs(func(k *mockbackend.Knobs) { k.AssignmentReadLag = 4 * time.Second })
		path := adatumAssignments + "/" + firstAssignment + assignmentVersion
		user := b.AddUser(mockbackend.AdatumID, mockbackend.Principal{}).ID
		expect := func(when string, want any) {
			t.Helper()
			got := c.armCall("GET", path, nil)
			listed := slices.ContainsFunc(c.arm(adatumAssignments + assignmentVersion).body["value"].([]any), func(v any) bool {
				one := v.(map[string]any)
				return one["name"] == firstAssignment && one["properties"].(map[string]any)["description"] == want
			})
			switch {
			case want == "none" && (got.status != http.StatusNotFound || listed),
				want != "none" && (got.status != http.StatusOK || got.properties()["description"] != want || !listed):
				t.Errorf("%s: %d %s, listed: %t", when, got.status, got.raw, listed)
			}
		}
		c.armCall("PUT", path, assign(user, "User", "description", "first")).wantARM(t, "create", 201, nil)
		expect("just made", "none")
		advance(4 * time.Second)
		expect("made", "first")
		c.armCall("PUT", path, assign(user, "User", "description", "second")).wantARM(t, "update", 200, nil)
		expect("just changed", "first")
		advance(4 * time.Second)
		expect("changed", "second")
		c.armCall("DELETE", path, nil).wantARM(t, "delete", 200, nil)
		expect("just deleted", "second")
		advance(4 * time.Second)
		expect("deleted", "none")
	})
}
