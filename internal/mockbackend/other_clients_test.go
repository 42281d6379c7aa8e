package mockbackend_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// These tests send requests in the form of other Partner Center clients: Microsoft's .NET SDK, its samples and
// PowerShell module, clients in Node and Python. The code is our own.

// TestOtherClients_links: the PowerShell module adds the URI of a link, which begins with a slash, to "v1/".
func TestOtherClients_links(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	got := c.do(c.request("GET", "/v1//customers?size=2", nil))
	got.want(t, "the first slash too many", 200, 0)
	c.header.Set("MS-ContinuationToken", got.body["continuationToken"].(string))
	next := c.do(c.request("GET", "/v1//customers?size=2&seekOperation=Next", nil))
	if len(got.items()) != 2 || len(next.items()) != 2 || next.items()[0]["id"] == got.items()[0]["id"] {
		t.Errorf("%s", next.raw)
	}
	// The server also accepts the number of the enum: Next is 0.
	if again := c.do(c.request("GET", "/v1/customers?size=2&seekOperation=0", nil)); string(again.raw) != string(next.raw) {
		t.Errorf("seekOperation=0: %s", again.raw)
	}
	c.header.Del("MS-ContinuationToken")

	customer := c.call("GET", "/customers/"+mockbackend.AdatumID, nil)
	for _, profile := range []string{"companyProfile", "billingProfile"} {
		uri := customer.body[profile].(map[string]any)["links"].(map[string]any)["self"].(map[string]any)["uri"].(string)
		linked := c.call("GET", uri, nil)
		linked.want(t, uri, 200, 0)
		if linked.body["companyName"] != "Adatum Demo" {
			t.Errorf("%s: %s", uri, linked.raw)
		}
	}

	c.do(c.request("GET", "/v1.0/customers?size=1", nil)).want(t, "another version", 404, 1000)
	wantViolation(t, b, "another version", "unknown route")
	b.SetKnobs(func(k *mockbackend.Knobs) { k.AcceptV10 = true })
	c.do(c.request("GET", "/v1.0/customers?size=1", nil)).want(t, "another version, by knob", 200, 0)
}

// TestOtherClients_users checks the query of the .NET SDK, and the default page.
func TestOtherClients_users(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	for i := range 150 {
		b.AddUser(mockbackend.AdatumID, mockbackend.Principal{DisplayName: fmt.Sprintf("User %03d", (i*37)%150)})
	}
	c := admin(t, b)
	users := "/customers/" + mockbackend.AdatumID + "/users"
	if got := decodeWhole(c.call("GET", users, nil)); len(got.items()) != 100 || got.body["continuationToken"] == nil {
		t.Errorf("default page: %d users", len(got.items()))
	}
	if got := decodeWhole(c.call("GET", users+"?size=500", nil)); len(got.items()) != 152 {
		t.Errorf("largest page: %d users", len(got.items()))
	}
	var names []string
	query := "?size=60&sortField=DisplayName&sortDirection=Descending"
	for path := users + query; path != ""; {
		got := decodeWhole(c.call("GET", path, nil))
		got.want(t, path, 200, 0)
		for _, item := range got.items() {
			names = append(names, strings.ToLower(item["displayName"].(string)))
		}
		path = ""
		if token, ok := got.body["continuationToken"].(string); ok {
			c.header.Set("MS-ContinuationToken", token)
			path = users + query + "&seekOperation=Next"
		}
	}
	if !slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(b, a) }) || len(names) != 152 {
		t.Errorf("%d users: %v", len(names), names)
	}
	c.header.Del("MS-ContinuationToken")
	c.call("GET", users+"?sortField=Height", nil).want(t, "another field", 400, 800002)
	c.call("GET", "/customers?size=1&sortField=DisplayName", nil)
	wantViolation(t, b, "customers have no sort", "sortField")
}

// decodeWhole decodes an answer of any size.
func decodeWhole(r reply) reply {
	_ = json.Unmarshal(bytes.TrimPrefix(r.raw, []byte("\xef\xbb\xbf")), &r.body) // an answer that is not JSON has no items
	return r
}

// TestOtherClients_entitlements checks the pages of Azure subscriptions, and where the type of a reservation is. The
// model of the .NET SDK has dynamicAttributes on the artifact.
func TestOtherClients_entitlements(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	plan := mockbackend.Subscription{AzureSubscriptions: make([]mockbackend.AzureEntitlement, 120)}
	added := b.AddCustomer(mockbackend.Customer{CompanyName: "Wingtip Demo"}, plan)
	c := admin(t, b)
	path := "/customers/" + added.ID + "/subscriptions/" + b.Subscriptions(added.ID)[0].ID + "/azureEntitlements"
	ids := map[any]bool{}
	for page := range 3 {
		got := c.call("GET", path+strings.Repeat("?seekOperation=Next", min(page, 1)), nil)
		got.want(t, path, 200, 0)
		for _, item := range got.items() {
			ids[item["id"]] = true
		}
		if want := []int{50, 50, 20}[page]; len(got.items()) != want {
			t.Errorf("page %d: %d", page, len(got.items()))
		}
		if token, ok := got.body["continuationToken"].(string); ok {
			c.header.Set("MS-ContinuationToken", token)
		}
	}
	if len(ids) != 120 {
		t.Errorf("%d Azure subscriptions", len(ids))
	}
	c.header.Del("MS-ContinuationToken")
	reserved := c.call("GET", "/customers/"+mockbackend.ContosoID+"/entitlements?entitlementType=reservedInstance", nil).items()[0]
	artifact := reserved["entitledArtifacts"].([]any)[0].(map[string]any)
	if reserved["dynamicAttributes"] != nil || artifact["dynamicAttributes"].(map[string]any)["reservationType"] != "virtualmachines" {
		t.Errorf("%v", reserved)
	}
	licence := c.call("GET", "/customers/"+mockbackend.NorthwindID+"/subscriptions", nil).items()[0]
	if licence["termDuration"] != nil { // only new commerce has it
		t.Errorf("%v", licence)
	}
}

// TestOtherClients_codes checks the answers to calls that are not supported, and to IDs that do not exist.
func TestOtherClients_codes(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	c.call("PATCH", "/customers/"+mockbackend.AdatumID, "{}").want(t, "method", 400, 900141)
	wantViolation(t, b, "method", "method not allowed")
	for version, status := range map[string]int{"": 200, "Current": 200, "LastFinalized": 200, "v1": 400} {
		code := any(0)
		if status == 400 {
			code = 800002
		}
		c.call("GET", "/profiles/legalbusiness?vettingVersion="+version, nil).want(t, "vettingVersion "+version, status, code)
	}
	c.do(c.request("GET", "/auditactivity/v1/auditrecords/nonsense", nil)).want(t, "audit record", 404, 1000)
	report := `{"format":1,"answers":[{"probe":"unknown_audit_record","answer":"400/2000"}]}`
	other := admin(t, newBackend(t, mockbackend.Config{Behaviour: behaviour(t, report)}))
	other.do(other.request("GET", "/auditactivity/v1/auditrecords/nonsense", nil)).want(t, "audit record, by behaviour", 400, 2000)
}

func behaviour(t *testing.T, report string) *mockbackend.Behaviour {
	t.Helper()
	b, err := mockbackend.ParseBehaviour([]byte(report))
	if err != nil || len(b.NotPlayed) > 0 {
		t.Fatal(err, b)
	}
	return b
}

// TestOtherClients_ids compares IDs with case, and updates without the ID in the path.
func TestOtherClients_ids(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	capitals := strings.ToUpper(mockbackend.ContosoID)
	found := func() (list, one, customer int) {
		return len(c.call("GET", "/SelfServePolicy?entity_Id="+capitals, nil).items()), c.call("GET", "/SelfServePolicy/"+policyID(capitals), nil).status,
			c.call("GET", "/customers/"+capitals, nil).status
	}
	if list, one, customer := found(); list != 1 || one != 200 || customer != 200 {
		t.Error(list, one, customer)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) {
		k.EntityIDCase, k.PathIDCase = mockbackend.IDCaseExact, mockbackend.IDCaseExact
	})
	if list, one, customer := found(); list != 0 || one != 404 || customer != 404 {
		t.Error(list, one, customer)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.PUTPath = mockbackend.PUTPathNoID })
	policy := c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.ContosoID, nil).items()[0]
	c.call("PUT", "/SelfServePolicy/"+policyID(mockbackend.ContosoID), policy).want(t, "with the ID", 404, 600040)
	c.call("PUT", "/SelfServePolicy", policy).want(t, "without the ID", 200, 0)
}

// TestOtherClients_policyList checks GET /SelfServePolicy without entity_id.
func TestOtherClients_policyList(t *testing.T) {
	for list, want := range map[mockbackend.PolicyList]int{
		mockbackend.PolicyListAll: 2, mockbackend.PolicyListPages: 1, mockbackend.PolicyListPartial: 1, mockbackend.PolicyListEmpty: 0, mockbackend.PolicyListRefused: -1,
	} {
		b := newBackend(t, mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.PolicyList = list })
		c := admin(t, b)
		got := c.call("GET", "/SelfServePolicy?size=1", nil)
		switch {
		case want < 0:
			got.want(t, string(list), 400, 800002)
		case len(got.items()) != want, (got.body["continuationToken"] != nil) != (list == mockbackend.PolicyListPages):
			t.Errorf("%s: %s", list, got.raw)
		}
	}
}

// TestOtherClients_signIn requests refresh tokens without offline_access and without a scope, which are optional
// according to the page:
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
func TestOtherClients_signIn(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	refresh := func(scope string) reply {
		form := c.form(scope, b.User(mockbackend.AdminAgent).RefreshToken)
		if scope == "" {
			form.Del("scope")
		}
		return c.signIn("/"+mockbackend.PartnerTenantID+"/oauth2/v2.0/token", form)
	}
	got := refresh(partnerCenterScope + "/user_impersonation")
	if token := got.body["refresh_token"]; got.status != 200 || token == nil || token == b.User(mockbackend.AdminAgent).RefreshToken {
		t.Errorf("%d %v", got.status, got.body["refresh_token"])
	}
	got = refresh("")
	c.bearer, _ = got.body["access_token"].(string)
	c.call("GET", "/customers?size=1", nil).want(t, "a token without a scope", 200, 0)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RefreshNeedsOfflineAccess, k.RefreshNeedsScope = true, true })
	if got = refresh(partnerCenterScope + "/user_impersonation"); got.status != 200 || got.body["refresh_token"] != nil {
		t.Errorf("%d %v", got.status, got.body["refresh_token"])
	}
	if got = refresh(""); got.status != http.StatusBadRequest || !strings.Contains(string(got.raw), "900144") {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

// TestOtherClients_roleAssignments: the portal cannot create an equal second assignment either.
func TestOtherClients_roleAssignments(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	assign := func() int {
		resp, err := http.Post(b.Endpoints().Control+"/azure-subscriptions/"+mockbackend.AdatumAzureID+"/role-assignments", "application/json",
			strings.NewReader(`{"principalId":"`+mockbackend.AdatumUserID+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	if first, second := assign(), assign(); first != 201 || second != 409 {
		t.Error(first, second)
	}
	if n := len(b.RoleAssignments(mockbackend.AdatumAzureID)); n != 2 { // the other assignment is that of the partner's group
		t.Errorf("%d assignments", n)
	}
}

// TestOtherClients_tls: Mono refuses chains of ECDSA certificates.
func TestOtherClients_tls(t *testing.T) {
	for key, algorithm := range map[mockbackend.TLSKey]x509.PublicKeyAlgorithm{"": x509.ECDSA, mockbackend.ECDSAKey: x509.ECDSA, mockbackend.RSAKey: x509.RSA} {
		block, _ := pem.Decode(newBackend(t, mockbackend.Config{TLSKey: key}).CACertificate())
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil || ca.PublicKeyAlgorithm != algorithm {
			t.Errorf("%s: %v %v", key, err, ca)
		}
	}
}
