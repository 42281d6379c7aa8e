package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode"
)

func TestRemedies_areSentences(t *testing.T) {
	for code, r := range remedies {
		first := []rune(r)[0]
		if !unicode.IsUpper(first) || !strings.HasSuffix(r, ".") || len(strings.Fields(r)) < 5 {
			t.Errorf("%d: %q is not a sentence", code, r)
		}
		if strings.Contains(r, "..") || strings.Contains(r, "  ") {
			t.Errorf("%d: %q is badly joined", code, r)
		}
		if got := (&Error{StatusCode: 400, Codes: []int{code}}).Remedy(); got != r {
			t.Errorf("%d: got %q", code, got)
		}
	}
}

func TestRemedy_saysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		codes []int
		words []string
	}{
		{[]int{700082, 70008}, []string{"expired", "multifactor", "store the new refresh token"}},
		{[]int{70043}, []string{"sign-in frequency", "Exclude", "store the new refresh token"}},
		{[]int{50173, 50133, 50132}, []string{"revoked", "password", "store the new refresh token"}},
		{[]int{50076, 50079, 50074, 50072, 50078}, []string{"multifactor authentication", "Sign the partner's user in again", "the new refresh token"}},
		{[]int{50158}, []string{"Conditional Access", "Sign the partner's user in again"}},
		{[]int{53003, 53000}, []string{"Conditional Access", "administrator"}},
		{[]int{530032}, []string{"policy", "administrator"}},
		{[]int{90099}, []string{"customer's tenant", "consent", "https://"}},
		{[]int{65001}, []string{"consent", "permission"}},
		{[]int{650057, 650056, 65005}, []string{"permission", "app registration", "https://"}},
		{[]int{700016}, []string{"client ID", "tenant ID"}},
		{[]int{7000112}, []string{"disabled", "enable"}},
		{[]int{500011}, []string{"tenant ID", "endpoints"}},
		{[]int{50020, 50034, 16000}, []string{"relationship", "tenant"}},
		{[]int{500213, 500212}, []string{"cross-tenant access policy", "administrator"}},
		{[]int{530034}, []string{"risk", "security alerts"}},
		{[]int{7000215}, []string{"secret", "not its ID"}},
		{[]int{7000222}, []string{"secret expired", "Create a new one"}},
		{[]int{700027}, []string{"certificate"}},
		{[]int{700024}, []string{"OIDC token expired", "Use"}},
		{[]int{70021, 700213}, []string{"federated credential", "OIDC"}},
		{[]int{90002}, []string{"tenant ID"}},
		{[]int{900382, 90038}, []string{"cloud", "tenant ID", "endpoints"}},
		{[]int{50194}, []string{"multi-tenant"}},
	} {
		for _, code := range c.codes {
			t.Run(fmt.Sprint(code), func(t *testing.T) {
				got := (&Error{StatusCode: 400, OAuthError: "something_else", Codes: []int{code}}).Remedy()
				for _, w := range c.words {
					if !strings.Contains(got, w) {
						t.Errorf("%q does not mention %q", got, w)
					}
				}
			})
		}
	}
}

// TestRemedy_inACustomersTenant checks that codes have other remedies in a customer's tenant, where the
// partner's user need not sign in again.
func TestRemedy_inACustomersTenant(t *testing.T) {
	for code, r := range customerRemedies {
		e := &Error{StatusCode: 400, Codes: []int{code}, OAuthError: "invalid_grant", CustomerTenant: "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"}
		if e.Remedy() != r || !strings.HasSuffix(r, ".") || strings.Contains(r, consentAgain) || !strings.Contains(strings.ToLower(r), "customer") {
			t.Errorf("%d: %q", code, e.Remedy())
		}
		if !e.OfTenant() || !strings.HasPrefix(e.Headline(), "Sign-in failed in tenant "+e.CustomerTenant+": ") {
			t.Errorf("%d: %q, of the tenant: %t", code, e.Headline(), e.OfTenant())
		}
	}
	if r := (&Error{StatusCode: 400, OAuthError: "invalid_grant", Codes: []int{1}, CustomerTenant: "x"}).Remedy(); strings.Contains(r, "Sign the partner's user in again") {
		t.Errorf("an unknown code: %q", r)
	}
	for _, code := range []int{7000215, 700082} { // these apply to all tenants
		if e := (&Error{StatusCode: 400, Codes: []int{code}, CustomerTenant: "x"}); e.OfTenant() || e.Remedy() != remedies[code] {
			t.Errorf("%d: %q, of the tenant: %t", code, e.Remedy(), e.OfTenant())
		}
	}
}

func TestHeadline_ofEveryCode(t *testing.T) {
	for code := range remedies {
		if headlines[code] == "" {
			t.Errorf("%d has no headline", code)
		}
	}
	for want, e := range map[string]*Error{
		"Sign-in failed: the refresh token expired":               {StatusCode: 400, Codes: []int{700082}},
		"Sign-in failed: Microsoft Entra ID refused it (AADSTS1)": {StatusCode: 400, Codes: []int{1}},
		"Sign-in failed: the sign-in service is not available":    {StatusCode: 503},
		"Sign-in failed: Microsoft Entra ID throttles it":         {StatusCode: 429},
		"Sign-in failed": {Err: errors.New("connection refused")},
		"Sign-in failed in tenant x: the application has no consent": {StatusCode: 400, Codes: []int{65001}, CustomerTenant: "x"},
		"Sign-in failed: the client secret is wrong":                 {StatusCode: 401, Codes: []int{7000215}, CustomerTenant: "x"},
	} {
		if got := e.Headline(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestError_first checks that an error is new once, and that errors of other tenants or kinds are
// separate.
func TestError_first(t *testing.T) {
	reported := new(sync.Map)
	for i, c := range []struct {
		e    Error
		want bool
	}{
		{Error{StatusCode: 401, Codes: []int{7000215}}, true},
		{Error{StatusCode: 401, Codes: []int{7000215}, TraceID: "another"}, false},
		{Error{StatusCode: 401, Codes: []int{7000215}, CustomerTenant: "x"}, false},
		{Error{StatusCode: 400, Codes: []int{65001}, CustomerTenant: "x"}, true},
		{Error{StatusCode: 400, Codes: []int{65001}, CustomerTenant: "x"}, false},
		{Error{StatusCode: 400, Codes: []int{65001}, CustomerTenant: "y"}, true},
		{Error{Err: errors.New("connection refused")}, true},
		{Error{Err: errors.New("no such host")}, false},
	} {
		c.e.reported = reported
		if got := c.e.First(); got != c.want {
			t.Errorf("%d: %t", i, got)
		}
	}
}

func TestRemedy_ofUnknownCodes(t *testing.T) {
	for name, c := range map[string]struct {
		err  Error
		want string
	}{
		"any":                            {Error{Codes: []int{1}, OAuthError: "server_error"}, "See the code's meaning: " + entraErrors + "."},
		"with a refused grant":           {Error{Codes: []int{1}, OAuthError: "invalid_grant"}, consentAgain},
		"with a need for the user":       {Error{Codes: []int{1}, OAuthError: "interaction_required"}, consentAgain},
		"with a wrong client":            {Error{Codes: []int{1}, OAuthError: "invalid_client"}, "Check the client ID, and the secret, certificate or federated credential of the application: " + appLink + "."},
		"with a known code":              {Error{Codes: []int{1, 50194}, OAuthError: "invalid_grant"}, remedies[50194]},
		"no code but a refused grant":    {Error{OAuthError: "invalid_grant"}, consentAgain},
		"a proxy's answer":               {Error{StatusCode: 502}, "Microsoft Entra ID does not answer like this. A proxy or firewall may have answered instead. Check the endpoints, the cloud environment and the proxy."},
		"a proxy that forbids":           {Error{StatusCode: 403, hosts: []string{"a.example", "b.example"}}, "Microsoft Entra ID does not answer like this: a proxy or firewall has answered instead. Check the proxy, and that it lets this computer through. A run needs these hosts, over HTTPS: a.example, b.example."},
		"throttled":                      {Error{StatusCode: 429}, "Microsoft Entra ID throttles sign-ins of this application. Run again later."},
		"a failure of Entra ID":          {Error{StatusCode: 503, Codes: []int{90033}}, "The failure is on Microsoft's side. Run again. If the error persists, send the IDs to Microsoft support."},
		"no answer":                      {Error{Err: errors.New("connection refused")}, ""},
		"no code and an unknown problem": {Error{OAuthError: "server_error"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.err.Remedy(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzParseError(f *testing.F) {
	for _, s := range []string{
		"", "{}", "[]", "null", "\xef\xbb\xbf{}", "<html>", `{"error":1}`, `{"error_codes":["50076"]}`, `{"error_codes":[1e99]}`,
		`{"error":"invalid_grant","error_description":"AADSTS50076: Due to. Trace ID: 1 Correlation ID: 2","error_codes":[50076],"trace_id":"1","correlation_id":"2"}`,
		`{"error":"invalid_grant","error_description":"AADSTS50076: Due to.\r\nTrace ID: 1\r\n","error_codes":[50076]}`,
		`{"error_description":"\n Trace ID:"}`, `{"error":"invalid_client"}`, `{"error_codes":[-1,0]}`,
	} {
		f.Add(400, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		var b refusalBody
		if json.Unmarshal(body, &b) != nil {
			b = refusalBody{}
		}
		e := b.parsed(status, nil)
		if e == nil || e.StatusCode != status || e.Err != nil {
			t.Fatalf("got %+v", e)
		}
		if strings.ContainsAny(e.Description, "\n") || strings.TrimSpace(e.Description) != e.Description || strings.Contains(e.Description, " Trace ID:") {
			t.Errorf("the description %q was not cut", e.Description)
		}
		if !strings.HasPrefix(e.Error(), "sign-in failed: ") {
			t.Errorf("got the text %q", e)
		}
		if e.Remedy() == "" && status != 0 {
			t.Errorf("%+v has no remedy", e)
		}
		if e.refusal() && (len(e.Codes) == 0 || status < 400 || status > 499) {
			t.Errorf("%+v counts as a refusal", e)
		}
	})
}

// TestError_ofTenant checks which refusals apply to one tenant only. A wrong credential, refresh
// token or tenant ID does not, and neither does an answer that is not a refusal.
func TestError_ofTenant(t *testing.T) {
	for _, c := range []struct {
		status, code int
		want         bool
	}{
		{400, 90099, true},
		{400, 65001, true},
		{400, 50020, true},
		{400, 50076, true},
		{400, 53003, true},
		{400, 700016, true},
		{400, 999999, true},
		{400, 700082, false},
		{401, 7000215, false},
		{400, 90002, false},
		{429, 90099, false},
		{503, 90099, false},
		{400, 0, false},
	} {
		e := &Error{StatusCode: c.status, OAuthError: "invalid_grant"}
		if c.code != 0 {
			e.Codes = []int{c.code}
		}
		if got := e.OfTenant(); got != c.want {
			t.Errorf("%d AADSTS%d: %t", c.status, c.code, got)
		}
	}
}
