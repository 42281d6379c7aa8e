package mockbackend_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestBodies(t *testing.T) { // DEV/headers
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	mark := []byte("\xef\xbb\xbf")
	success := func() reply { return c.call("GET", "/customers/"+mockbackend.AdatumID, nil) }
	refusal := func() reply { return c.call("GET", "/SelfServePolicy/nonsense", nil) }
	got := success()
	if !bytes.HasPrefix(got.raw, mark) || bytes.ContainsAny(got.raw, "\n\t") || bytes.Contains(got.raw, []byte("null")) {
		t.Errorf("success body: %q", got.raw)
	}
	if got.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got.header.Get("Content-Type"))
	}
	if got := refusal(); bytes.HasPrefix(got.raw, mark) || got.code() != 600040 || got.body["description"] == nil || got.body["source"] == nil {
		t.Errorf("error body: %q", got.raw)
	}
	b.SetKnobs(func(k *mockbackend.Knobs) {
		k.BOM, k.BOMOnErrors, k.NumericCodes, k.LongErrors = false, true, false, true
	})
	if got := success(); bytes.HasPrefix(got.raw, mark) {
		t.Errorf("BOM off: %q", got.raw[:10])
	}
	if got := refusal(); !bytes.HasPrefix(got.raw, mark) || got.code() != "600040" || got.body["errorMessageExtended"] != "InternalErrorCode=600040" || got.body["isRetryable"] != false {
		t.Errorf("error body: %q", got.raw)
	}
}

func TestHeaders(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	req := c.request("GET", "/v1/customers", nil)
	got := c.do(req)
	for _, name := range []string{"MS-RequestId", "MS-CorrelationId"} {
		if got.header.Get(name) != req.Header.Get(name) {
			t.Errorf("%s: sent %s, got %s", name, req.Header.Get(name), got.header.Get(name))
		}
	}
	for _, name := range []string{"MS-CV", "MS-ServerId", "Request-Context", "Date"} {
		if got.header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if got.header.Get("X-Locale") != "en-US" {
		t.Errorf("X-Locale %s", got.header.Get("X-Locale"))
	}
}

func TestCallers(t *testing.T) {
	for _, test := range []struct {
		who          string
		refreshToken func(*mockbackend.Backend) string
		read         any // code of GET policy
		write        any // of POST policy
		customers    any
		organization any
	}{
		{"Admin agent", func(b *mockbackend.Backend) string { return b.User(mockbackend.AdminAgent).RefreshToken }, 0, 0, 0, 0},
		{"Sales agent", func(b *mockbackend.Backend) string { return b.User(mockbackend.SalesAgent).RefreshToken }, 0, 900150, 0, 0},
		{"Helpdesk agent", func(b *mockbackend.Backend) string { return b.User(mockbackend.HelpdeskAgent).RefreshToken }, 0, 900150, 0, 0},
		{"without MFA", func(b *mockbackend.Backend) string { return b.UserWithoutMFA().RefreshToken }, 900421, 900421, 900421, 900421},
		{"app-only", func(*mockbackend.Backend) string { return "" }, 900329, 900329, 0, 900329},
	} {
		t.Run(test.who, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := anonymous(t, b)
			c.bearer = c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", test.refreshToken(b))
			status := func(code any, success int) int {
				switch code {
				case 0:
					return success
				case 900421:
					return http.StatusUnauthorized
				}
				return http.StatusForbidden
			}
			c.call("GET", "/SelfServePolicy?entity_id="+mockbackend.ContosoID, nil).want(t, "list policies", status(test.read, 200), test.read)
			c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.ContosoID), nil).want(t, "get policy", status(test.read, 200), test.read)
			c.call("POST", "/SelfServePolicy", policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances)).want(t, "create", status(test.write, 201), test.write)
			c.call("DELETE", "/SelfServePolicy/"+policyID(mockbackend.ContosoID), nil).want(t, "delete", status(test.write, 204), test.write)
			c.call("GET", "/customers", nil).want(t, "customers", status(test.customers, 200), test.customers)
			c.call("GET", "/auditrecords", nil).want(t, "audit records", status(test.customers, 200), test.customers)
			c.call("GET", "/profiles/legalbusiness?vettingVersion=Current", nil).want(t, "legal business profile", status(test.customers, 200), test.customers)
			c.call("GET", "/profiles/organization", nil).want(t, "organization profile", status(test.organization, 200), test.organization)
			if _, kept := b.Policy(mockbackend.ContosoID); kept == (test.write == 0) {
				t.Errorf("policy kept: %t", kept)
			}
		})
	}
}

func TestValidateMFA(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	with, without := admin(t, b), signedIn(t, b, b.UserWithoutMFA())
	if got := with.call("GET", "/customers", nil); got.header.Get("isMfaCompliant") != "" {
		t.Error("isMfaCompliant without ValidateMfa")
	}
	with.header.Set("ValidateMfa", "true")
	without.header.Set("ValidateMfa", "true")
	if got := with.call("GET", "/customers", nil); got.header.Get("isMfaCompliant") != "true" {
		t.Errorf("with MFA: %q", got.header.Get("isMfaCompliant"))
	}
	if got := without.call("GET", "/customers", nil); got.status != 401 || got.header.Get("isMfaCompliant") != "false" {
		t.Errorf("without MFA: %d %q", got.status, got.header.Get("isMfaCompliant"))
	}
	b.SetKnobs(func(k *mockbackend.Knobs) { k.MFANotEnforced = true })
	if got := without.call("GET", "/customers", nil); got.status != 200 || got.header.Get("isMfaCompliant") != "false" {
		t.Errorf("not enforced: %d %q", got.status, got.header.Get("isMfaCompliant"))
	}
}

func TestBadTokens(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	refresh := b.User(mockbackend.AdminAgent).RefreshToken
	refused := func(what string, code any) {
		t.Helper()
		got := c.call("GET", "/customers", nil)
		got.want(t, what, 401, code)
		if got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", what)
		}
	}
	refused("no token", 800001)
	wantViolation(t, b, "no token", "no bearer token")
	c.bearer = "header.payload.signature"
	refused("nonsense", 400)
	good := c.token(mockbackend.PartnerTenantID, partnerCenterScope+"/.default", refresh)
	c.bearer = good[:len(good)-6] + "AAAAAA"
	refused("another signature", 400)
	for _, audience := range []string{"https://graph.windows.net", "https://graph.microsoft.com", resourceManagerScope} {
		c.bearer = c.token(mockbackend.PartnerTenantID, audience+"/.default", refresh)
		refused(audience, "900420")
		wantViolation(t, b, audience, "wrong audience "+audience)
	}
	for _, audience := range []string{partnerCenterScope + "/", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", b.Endpoints().PartnerCenter} {
		c.bearer = c.token(mockbackend.PartnerTenantID, audience+"/.default", refresh)
		c.call("GET", "/customers", nil).want(t, audience, 200, 0)
	}
}

func TestStrictness(t *testing.T) {
	good := policyFor(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	for _, test := range []struct {
		name      string
		header    http.Header
		method    string
		path      string
		body      any
		status    int
		violation string
	}{
		{"unknown route", nil, "GET", "/nothing", nil, 404, "unknown route"},
		{"unknown deeper route", nil, "GET", "/customers/" + mockbackend.AdatumID + "/nothing", nil, 404, "unknown route"},
		{"unknown method", nil, "PATCH", "/customers", nil, 400, "method not allowed"},
		{"unknown query parameter", nil, "GET", "/customers?page=2", nil, 200, `unknown query parameter "page"`},
		{"Accept", http.Header{"Accept": {"*/*"}}, "GET", "/customers", nil, 200, "no Accept"},
		{"no Accept", http.Header{"Accept": {""}}, "GET", "/customers", nil, 200, "no Accept"},
		{"no Content-Type", http.Header{"Content-Type": {""}}, "POST", "/SelfServePolicy", good, 201, "without Content-Type"},
		{"no MS-RequestId", http.Header{"Ms-Requestid": {""}}, "GET", "/customers", nil, 200, "MS-RequestId is not a GUID"},
		{"MS-RequestId is no GUID", http.Header{"Ms-Requestid": {"one"}}, "GET", "/customers", nil, 200, "MS-RequestId is not a GUID"},
		{"no MS-CorrelationId", http.Header{"Ms-Correlationid": {""}}, "GET", "/customers", nil, 200, "MS-CorrelationId is not a GUID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := admin(t, b)
			c.header = test.header
			got := c.call(test.method, test.path, test.body)
			if got.status != test.status {
				t.Errorf("%d %s", got.status, got.raw)
			}
			if test.status == 404 && got.code() != 1000 {
				t.Errorf("code %v", got.code())
			}
			for _, name := range []string{"MS-RequestId", "MS-CorrelationId"} {
				if uuid.Validate(got.header.Get(name)) != nil {
					t.Errorf("%s: %q", name, got.header.Get(name))
				}
			}
			if n := len(b.Violations()); n != 1 || b.Counters().Violations != 1 {
				t.Errorf("%d violations", n)
			}
			wantViolation(t, b, test.name, test.violation)
		})
	}
}

func TestPathsInAnyCase(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	for _, path := range []string{
		"/V1/Customers/" + strings.ToUpper(mockbackend.AdatumID) + "/SUBSCRIPTIONS", "/v1/customers/",
		"/v1/customers/" + mockbackend.AdatumID + "/subscriptions/" + mockbackend.AdatumAzurePlanID + "/azureentitlements",
	} {
		c.do(c.request("GET", path, nil)).want(t, path, 200, 0)
	}
	routes := b.Counters().Routes
	if len(routes["GET /v1/customers/{customer}/subscriptions"]) != 1 || b.Counters().Route("GET /v1/customers") != 1 {
		t.Errorf("routes: %v", routes)
	}
}

func TestOneRequestIDForTwoCalls(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	c.header.Set("MS-RequestId", uuid.NewString())
	c.call("GET", "/customers", nil)
	c.call("GET", "/customers", nil) // a retry with the same ID
	if n := len(b.Violations()); n != 0 {
		t.Errorf("%d violations for a retry", n)
	}
	c.call("GET", "/customers?size=2", nil).want(t, "another call", 200, 0)
	wantViolation(t, b, "another call", "was used for another call")
}

func TestUpperCaseGUIDs(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.UpperCaseGUIDs = true })
	got := c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.ContosoID), nil)
	if got.body["id"] != strings.ToUpper(policyID(mockbackend.ContosoID)) {
		t.Errorf("id %v", got.body["id"])
	}
	got.body["permissions"] = permission(mockbackend.AzureSavingsPlan, "Purchase")
	c.call("PUT", "/SelfServePolicy/"+got.body["id"].(string), got.body).want(t, "update with what was read", 200, 0)
}

func TestShuffleOrder(t *testing.T) {
	b := newBackend(t, mockbackend.Config{Customers: 30})
	c := admin(t, b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ShuffleOrder = true })
	orders := map[string]bool{}
	for range 20 {
		got := c.call("GET", "/SelfServePolicy/"+policyID(mockbackend.ContosoID), nil)
		orders[got.body["permissions"].([]any)[0].(map[string]any)["resource"].(string)] = true
	}
	if len(orders) != 2 {
		t.Errorf("permissions always begin with %v", orders)
	}
	if got := c.call("GET", "/customers", nil); len(got.items()) != 30 || got.items()[0]["id"] == mockbackend.AdatumID && got.items()[1]["id"] == mockbackend.LitwareID {
		t.Error("customers are not shuffled")
	}
}

func TestProfiles(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := admin(t, b)
	if got := c.call("GET", "/profiles/organization", nil); got.body["tenantId"] != mockbackend.PartnerTenantID || got.body["domain"] != mockbackend.PartnerDomain {
		t.Errorf("organization: %s", got.raw)
	}
	got := c.call("GET", "/profiles/legalbusiness", nil)
	if _, has := got.body["tenantId"]; has || got.body["vettingStatus"] != "authorized" {
		t.Errorf("legal business: %s", got.raw)
	}
}

func TestHEAD(t *testing.T) { // RFC 9110 9.3.2
	for _, where := range []string{"in process", "over TLS"} {
		b := newBackend(t, mockbackend.Config{})
		c := admin(t, b)
		if where == "over TLS" {
			bearer := c.bearer
			c = overTLS(t, b)
			c.bearer = bearer
		}
		got := c.call("HEAD", "/customers", nil)
		if got.status != 400 || got.header.Get("Allow") != "GET" || len(got.raw) != 0 {
			t.Errorf("%s: %d %v %q", where, got.status, got.header, got.raw)
		}
		wantViolation(t, b, where, "method not allowed")
	}
}
