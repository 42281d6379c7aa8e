package mockbackend_test

import (
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestSignInErrorTable(t *testing.T) {
	// The codes are from the documentation of the Secure Application Model and of workload identity federation.
	want := []int{
		700082, 70008, 70043, 50173, 50133, 50132, 50076, 50079, 50074, 50072, 50078, 50158, 53003, 530032, 53000, 90099, 65001, 650057, 650056, 65005,
		700016, 7000112, 500011, 50020, 50034, 16000, 500213, 500212, 530034, 7000215, 7000222, 700027, 700024, 70021, 700213, 90002, 900382, 90038, 50194,
	}
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	seen := map[int]bool{}
	for _, e := range mockbackend.SignInErrors() {
		seen[e.Code] = true
		b.FailSignIn(mockbackend.SignInFault{Code: e.Code})
		got := c.signIn(v2Path, c.form(partnerCenterScope+"/.default", ""))
		description, _ := got.body["error_description"].(string)
		suberror, _ := got.body["suberror"].(string)
		if got.status != e.Status || got.body["error"] != e.Error || got.entraCode() != e.Code || suberror != e.SubError || !strings.Contains(description, e.Text) {
			t.Errorf("%+v: %d %s", e, got.status, got.raw)
		}
	}
	for _, code := range want {
		if !seen[code] {
			t.Errorf("%d is missing", code)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d codes, want %d", len(seen), len(want))
	}
}

func TestSignInFaults(t *testing.T) {
	secretAtHome := func(c *rawClient) reply { return c.signIn(v2Path, c.form(partnerCenterScope+"/.default", "")) }
	federated := func(c *rawClient) reply {
		return c.signIn(v2Path, c.asserted(c.b.OIDCToken(mockbackend.GitLabIssuer)))
	}
	certificate := func(c *rawClient) reply { return c.signIn(v2Path, c.asserted(assertion(c.t, c.b, nil))) }
	away := func(c *rawClient) reply {
		return c.signIn("/"+mockbackend.AdatumID+"/oauth2/v2.0/token", c.form(resourceManagerScope+"/.default", ""))
	}
	for name, test := range map[string]struct {
		fault mockbackend.SignInFault
		hit   []func(*rawClient) reply
		miss  []func(*rawClient) reply
	}{
		"any":         {mockbackend.SignInFault{}, []func(*rawClient) reply{secretAtHome, federated, certificate, away}, nil},
		"tenant":      {mockbackend.SignInFault{Tenant: "adatum-demo.onmicrosoft.com"}, []func(*rawClient) reply{away}, []func(*rawClient) reply{secretAtHome, federated}},
		"audience":    {mockbackend.SignInFault{Audience: "https://management.core.windows.net/"}, []func(*rawClient) reply{away}, []func(*rawClient) reply{secretAtHome, federated}},
		"secret":      {mockbackend.SignInFault{Proof: mockbackend.ProofSecret}, []func(*rawClient) reply{secretAtHome, away}, []func(*rawClient) reply{federated, certificate}},
		"federated":   {mockbackend.SignInFault{Proof: mockbackend.ProofFederated}, []func(*rawClient) reply{federated}, []func(*rawClient) reply{secretAtHome, certificate}},
		"certificate": {mockbackend.SignInFault{Proof: mockbackend.ProofCertificate}, []func(*rawClient) reply{certificate}, []func(*rawClient) reply{secretAtHome, federated}},
		"all of it": {
			mockbackend.SignInFault{Tenant: mockbackend.PartnerTenantID, Audience: partnerCenterScope, Proof: mockbackend.ProofSecret},
			[]func(*rawClient) reply{secretAtHome},
			[]func(*rawClient) reply{away, federated},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := anonymous(t, b)
			test.fault.Code, test.fault.Times = 53003, -1
			b.FailSignIn(test.fault)
			for i, call := range test.hit {
				if got := call(c); got.entraCode() != 53003 {
					t.Errorf("request %d: %d %s", i, got.status, got.raw)
				}
			}
			for i, call := range test.miss {
				if got := call(c); got.status != 200 {
					t.Errorf("other request %d: %d %s", i, got.status, got.raw)
				}
			}
			b.ClearSignInFaults()
			if got := test.hit[0](c); got.status != 200 {
				t.Errorf("cleared: %d %s", got.status, got.raw)
			}
		})
	}
}

func TestSignInFaultCounts(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	b.FailSignIn(mockbackend.SignInFault{Code: 90033, Status: 503, Error: "temporarily_unavailable", Skip: 1, Times: 2})
	for i, want := range []int{200, 503, 503, 200} {
		if got := c.signIn(v2Path, c.form(partnerCenterScope+"/.default", "")); got.status != want {
			t.Errorf("request %d: %d %s", i, got.status, got.raw)
		}
	}
	if faults := b.SignInFaults(); len(faults) != 0 {
		t.Errorf("%v", faults)
	}
	for text, bad := range map[string]mockbackend.SignInFault{"AADSTS": {}, "200": {Code: 1, Status: 200}, "password": {Code: 1, Proof: "password"}, "skip": {Code: 1, Skip: -1}} {
		b.FailSignIn(bad)
		wantViolation(t, b, text, text)
	}
}
