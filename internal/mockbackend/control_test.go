package mockbackend_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// control sends a control request.
func control(t *testing.T, b *mockbackend.Backend, method, path, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.Endpoints().Control+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return anonymous(t, b).do(req)
}

func TestControl(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	adatum := "/policies/" + mockbackend.AdatumID
	adatumCustomer, adatumAzure := "/customers/"+mockbackend.AdatumID, "/azure-subscriptions/"+mockbackend.AdatumAzureID
	for _, step := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"GET", "/health", "", 200, `"status":"ok"`},
		{"GET", "/customers", "", 200, mockbackend.TailspinID},
		{"POST", "/customers", `{"companyName":"Wingtip Demo","subscriptions":[{"azureSubscriptions":[{}]}]}`, 201, `"companyName":"Wingtip Demo"`},
		{"POST", "/customers", `{"name":"Wingtip Demo"}`, 400, "name"},
		{"GET", adatum, "", 404, "no policy"},
		{"PUT", adatum, `{"permissions":["AzureReservedInstances"]}`, 200, `"permissions":["AzureReservedInstances"]`},
		{"PUT", adatum, `{"permissions":["Everything"]}`, 400, "Everything"},
		{"PUT", adatum, `{"permission":[]}`, 400, "permission"},
		{"GET", adatum, "", 200, "etag"},
		{"DELETE", adatum, "", 204, ""},
		{"GET", adatum, "", 404, "no policy"},
		{"PUT", "/policies/nobody", `{}`, 404, "no customer nobody"},
		{"GET", "/customers/" + mockbackend.AdatumID + "/subscriptions", "", 200, mockbackend.AdatumAzureID},
		{"PUT", "/customers/" + mockbackend.AdatumID + "/subscriptions/" + mockbackend.AdatumAzurePlanID + "/status", `{"status":"suspended"}`, 204, ""},
		{"PUT", "/customers/" + mockbackend.AdatumID + "/subscriptions/nothing/status", `{"status":"suspended"}`, 404, "nothing"},
		{"GET", "/customers/" + mockbackend.AdatumID + "/subscriptions", "", 200, "suspended"},
		{"DELETE", "/customers/" + mockbackend.AdatumID + "/relationship", "", 204, ""},
		{"GET", "/customers", "", 200, `"relationshipEnded":true`},
		{"GET", "/knobs", "", 200, `"tokenLifetime":"1h0m0s"`},
		{"PATCH", "/knobs", `{"pageSize":2,"latency":"20ms"}`, 200, `"latency":"20ms"`},
		{"PATCH", "/knobs", `{"signInError":{"error":"interaction_required","code":50076}}`, 200, `"pageSize":2`},
		{"PATCH", "/knobs", `{"pagesize":3,"pageWidth":2}`, 400, "pageWidth"},
		{"PATCH", "/knobs", `{"staleETag":"sometimes"}`, 400, "sometimes"},
		{"PATCH", "/knobs", `{"latency":"-1s"}`, 400, "latency"},
		{"PATCH", "/knobs", ``, 400, "error"},
		{"GET", "/knobs", "", 200, `"pageSize":2`},
		{"DELETE", "/knobs", "", 200, `"pageSize":0`},
		{"POST", "/faults", `{"method":"GET","path":"/customers","kind":"throttle","retryAfter":"2s","times":2}`, 201, `"retryAfter":"2s"`},
		{"POST", "/faults", `{"kind":"earthquake"}`, 400, "earthquake"},
		{"POST", "/faults", `{"kind":"slow","speed":1}`, 400, "speed"},
		{"GET", "/faults", "", 200, `"times":2`},
		{"DELETE", "/faults", "", 204, ""},
		{"GET", "/faults", "", 200, "[]"},
		{"GET", "/auditrecords", "", 200, "delete_self_serve_policy"},
		{"GET", adatumCustomer + "/principals", "", 200, mockbackend.AdatumGroupID},
		{"POST", adatumCustomer + "/principals", `{"type":"User","displayName":"New User"}`, 201, `@adatum-demo.onmicrosoft.com"`},
		{"POST", adatumCustomer + "/principals", `{"type":"Group","id":"` + mockbackend.AdatumGroupID + `"}`, 409, "is taken"},
		{"POST", adatumCustomer + "/principals", `{"type":"Robot"}`, 400, "Robot"},
		{"POST", adatumCustomer + "/principals", `{"kind":"User"}`, 400, "kind"},
		{"DELETE", adatumCustomer + "/principals/" + mockbackend.AdatumGroupID, "", 204, ""},
		{"DELETE", adatumCustomer + "/principals/" + mockbackend.AdatumGroupID, "", 404, mockbackend.AdatumGroupID},
		{"GET", "/customers/nobody/principals", "", 404, "nobody"},
		{"DELETE", adatumCustomer + "/delegated-access", "", 204, ""},
		{"PUT", adatumCustomer + "/delegated-access", `{"afterRequests":2}`, 204, ""},
		{"PUT", adatumCustomer + "/delegated-access", `{"afterRequests":-1}`, 400, "afterRequests"},
		{"PUT", adatumCustomer + "/delegated-access", `{"requests":1}`, 400, "requests"},
		{"GET", adatumAzure + "/role-assignments", "", 200, `"principalType":"ForeignGroup"`},
		{"POST", adatumAzure + "/role-assignments", `{"principalId":"` + mockbackend.AdatumUserID + `","name":"` + firstAssignment + `"}`, 201, `"roleId":"` + mockbackend.OwnerRole},
		{"POST", adatumAzure + "/role-assignments", `{"principalId":"` + mockbackend.AdatumUserID + `","name":"` + firstAssignment + `"}`, 409, "taken"},
		{"POST", adatumAzure + "/role-assignments", `{"principalId":"` + mockbackend.ContosoUserID + `"}`, 409, "no principal"},
		{"POST", adatumAzure + "/role-assignments", `{"principalId":"` + mockbackend.AdatumUserID + `","roleId":"King"}`, 409, "no role king"},
		{"POST", adatumAzure + "/role-assignments", `{"principal":"x"}`, 400, "principal"},
		{"DELETE", adatumAzure + "/role-assignments/" + firstAssignment, "", 204, ""},
		{"DELETE", adatumAzure + "/role-assignments/" + firstAssignment, "", 404, firstAssignment},
		{"GET", "/azure-subscriptions/nothing/role-assignments", "", 404, "nothing"},
		{"PUT", adatumAzure + "/lock", `{"level":"CanNotDelete"}`, 204, ""},
		{"PUT", adatumAzure + "/lock", `{"level":"Closed"}`, 400, "Closed"},
		{"GET", "/tokens", "", 200, "[]"},
		{"GET", "/certificates/registered", "", 200, "BEGIN PRIVATE KEY"},
		{"GET", "/certificates/golden", "", 404, "golden"},
		{"GET", "/ci", "", 200, "idtoken?api-version=2.0"},
		{"POST", "/oidc-tokens", `{"issuer":"gitlab","subject":"x","lifetime":"-1m","wrongKey":true}`, 201, `"token":"eyJ`},
		{"POST", "/oidc-tokens", `{"issuer":"jenkins"}`, 400, "jenkins"},
		{"POST", "/oidc-tokens", `{"issuer":"gitlab","lifetime":"soon"}`, 400, "soon"},
		{"GET", "/tokens", "", 200, `"kind":"oidc"`},
		{"GET", "/users/admin.agent@partner-demo.onmicrosoft.com/refresh-token", "", 200, b.User(mockbackend.AdminAgent).RefreshToken},
		{"POST", "/users/" + b.User(mockbackend.AdminAgent).ObjectID + "/refresh-token", "", 201, `"refreshToken":"0.`},
		{"DELETE", "/users/" + b.User(mockbackend.AdminAgent).ObjectID + "/refresh-token", "", 204, ""},
		{"GET", "/users/nobody/refresh-token", "", 404, "nobody"},
		{"POST", "/users/nobody/refresh-token", "", 404, "nobody"},
		{"DELETE", "/users/nobody/refresh-token", "", 404, "nobody"},
		{"GET", "/sign-in-errors", "", 200, `"code":90099`},
		{"GET", "/sign-in-faults", "", 200, "[]"},
		{"POST", "/sign-in-faults", `{"tenant":"x","code":65001}`, 201, `"tenant":"x"`},
		{"POST", "/sign-in-faults", `{"code":0}`, 400, "code"},
		{"POST", "/sign-in-faults", `{"kind":"slow"}`, 400, "kind"},
		{"GET", "/sign-in-faults", "", 200, `"code":65001`},
		{"DELETE", "/sign-in-faults", "", 204, ""},
		{"GET", "/journal", "", 200, ""},
		{"DELETE", "/journal", "", 204, ""},
		{"GET", "/counters", "", 200, `"violations":0`},
		{"DELETE", "/counters", "", 204, ""},
		{"GET", "/violations", "", 200, ""},
		{"DELETE", "/violations", "", 204, ""},
	} {
		got := control(t, b, step.method, step.path, step.body)
		if got.status != step.status || !strings.Contains(string(got.raw), step.has) {
			t.Errorf("%s %s %s: %d %s", step.method, step.path, step.body, got.status, got.raw)
		}
	}
	if requests := b.Requests(); len(requests) != 0 || len(b.Counters().Routes) != 0 {
		t.Errorf("control calls are in the journal: %v", requests)
	}
}

func TestControlListsAreNeverNull(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	for _, path := range []string{
		"/journal", "/violations", "/faults", "/sign-in-faults", "/tokens", "/auditrecords",
		"/customers/" + mockbackend.AdatumID + "/subscriptions", "/customers/" + mockbackend.AdatumID + "/principals", "/azure-subscriptions/" + mockbackend.AdatumAzureID + "/role-assignments",
	} {
		if got := control(t, b, "GET", path, ""); got.status != 200 || got.raw[0] != '[' {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
}

func TestControlIndexNamesEveryCall(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	text := string(control(t, b, "GET", "/", "").raw)
	for _, call := range []string{
		"GET /health", "GET /customers", "POST /customers", "DELETE /customers/{customer}/relationship", "PUT /policies/{customer}",
		"PATCH /knobs", "POST /faults", "GET /journal", "GET /counters", "GET /violations", "GET /auditrecords",
		"POST /customers/{customer}/principals", "POST /azure-subscriptions/{azure}/role-assignments", "PUT /azure-subscriptions/{azure}/lock", "POST /oidc-tokens", "GET /certificates/{certificate}", "POST /sign-in-faults",
	} {
		if !strings.Contains(text, call+"\n") {
			t.Errorf("%s is missing", call)
		}
	}
	if strings.Count(text, "curl -s") != strings.Count(text, b.Endpoints().Control) {
		t.Error("not every call has its curl")
	}
}

func TestControlRefusesOtherNames(t *testing.T) { // DNS rebinding
	b := newBackend(t, mockbackend.Config{})
	c := overTLS(t, b)
	for host, want := range map[string]int{"": 200, "localhost": 200, "localhost:80": 200, "[::1]:9": 200, "fabrikam.test": 403, "fabrikam.test:80": 403, "10.0.0.1": 403} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Endpoints().Control+"/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		if got := c.do(req); got.status != want {
			t.Errorf("Host %q: %d", host, got.status)
		}
	}
}

func TestCountersAndConnections(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := overTLS(t, b)
	if err := b.Start(); err == nil {
		t.Error("started twice")
	}
	for _, refresh := range []string{b.User(mockbackend.AdminAgent).RefreshToken, ""} {
		c.token(mockbackend.AdatumID, resourceManagerScope+"//.default", refresh)
		c.bearer = c.token(b.Partner().Domain, partnerCenterScope+"/.default", refresh)
	}
	for range 3 {
		c.call("GET", "/customers", nil)
	}
	c.call("GET", "/customers/"+mockbackend.LitwareID+"/subscriptions/x", nil)
	counters := b.Counters()
	if counters.Routes["GET /v1/customers"][200] != 3 || counters.Routes["GET /v1/customers/{customer}/subscriptions/{subscription}"][404] != 1 {
		t.Errorf("routes %v", counters.Routes)
	}
	if counters.TokensIssued() != 4 || len(counters.Tokens) != 2 || counters.Tokens[0] != (mockbackend.TokenCount{Tenant: mockbackend.PartnerTenantID, Audience: partnerCenterScope, Result: "issued", Count: 2}) {
		t.Errorf("tokens %v", counters.Tokens)
	}
	if counters.Connections[mockbackend.SignIn] != 1 || counters.Connections[mockbackend.PartnerCenter] != 1 || counters.Connections[mockbackend.ResourceManager] != 0 {
		t.Errorf("connections %v", counters.Connections)
	}
	requests := b.Requests()
	last := requests[len(requests)-1]
	if last.TokenMode != "app" || last.Route == "" || last.Status != 404 || last.Executed || last.UserAgent == "" {
		t.Errorf("journal %+v", last)
	}
	b.ResetCounters()
	b.ResetJournal()
	if len(b.Requests()) != 0 || len(b.Counters().Routes) != 0 {
		t.Error("not empty after a reset")
	}
}

func TestKnobsAsJSON(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	knobs := mockbackend.DefaultKnobs()
	if text, err := json.Marshal(knobs); err != nil || json.Unmarshal(text, &knobs) != nil || knobs != mockbackend.DefaultKnobs() {
		t.Errorf("%s, %v", text, err)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.PUTPath = "nowhere" })
	wantViolation(t, b, "SetKnobs", "nowhere")
	if b.Knobs() != knobs {
		t.Error("a refused change was applied")
	}
}
