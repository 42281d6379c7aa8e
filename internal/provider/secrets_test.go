package provider_test

import (
	"archive/zip"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// issued matches all tokens of Entra ID. Access tokens are JWTs. Refresh tokens are opaque with a known prefix.
var issued = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ|0\.AXoA[A-Za-z0-9_-]{8,}`)

// TestSecrets: no secret and no token is ever in a log, at any level, or in a plan, a state or an error.
func TestSecrets(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	logs := filepath.Join(t.TempDir(), "trace.log")
	// The provider and its libraries log as much as they can.
	env := append(b.WorkspaceEnvironment(), "TF_LOG=trace", "TF_LOG_PATH="+logs, "AZURE_SDK_GO_LOGGING=all", "GODEBUG=http2debug=2")
	main := requirement + `
variable "customer_id" {
  default = "` + mockbackend.AdatumID + `"
}
resource "partnercenter_customer_permission_reservations" "one" {
  customer_id = var.customer_id
}
data "partnercenter_subscriptions" "one" {
  customer_id = var.customer_id
}
`
	w := workspace(t, env, map[string]string{"main.tf": main})

	seen := map[string]string{} // by place
	seen["apply"] = run(t, w, 0, "apply", "-input=false", "-auto-approve")
	seen["plan -out"] = run(t, w, 0, "plan", "-input=false", "-out=saved.tfplan")
	seen["show -json"] = run(t, w, 0, "show", "-json", "saved.tfplan")
	seen["a plan that fails"] = run(t, w, 1, "plan", "-input=false", "-var=customer_id="+mockbackend.NorthwindID)
	// Each way in which a sign-in and a request can fail has its own message.
	for _, fault := range []mockbackend.Fault{
		{Service: mockbackend.SignIn, Kind: mockbackend.APIError, Status: 400, Code: 700082, Error: "invalid_grant", Times: -1},
		{Service: mockbackend.SignIn, Kind: mockbackend.Garbage, Times: -1},
		{Service: mockbackend.SignIn, Kind: mockbackend.Redirect, Times: -1},
		{Service: mockbackend.PartnerCenter, Kind: mockbackend.Redirect, Times: -1},
		{Service: mockbackend.PartnerCenter, Kind: mockbackend.APIError, Status: 401, Code: 900421, Times: -1},
		{Service: mockbackend.PartnerCenter, Kind: mockbackend.Garbage, Times: -1},
	} {
		b.Fail(fault)
		where := "a plan with " + string(fault.Kind) + " of " + string(fault.Service)
		seen[where] = run(t, w, 1, "plan", "-input=false")
		b.ClearFaults()
	}
	seen["destroy"] = run(t, w, 0, "destroy", "-input=false", "-auto-approve")

	for _, name := range []string{logs, filepath.Join(w.Dir, "terraform.tfstate"), filepath.Join(w.Dir, "terraform.tfstate.backup")} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seen[filepath.Base(name)] = string(text)
	}
	plan, err := zip.OpenReader(filepath.Join(w.Dir, "saved.tfplan"))
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	for _, f := range plan.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		seen["saved.tfplan/"+f.Name] = string(text)
	}

	// The search must find text that is there, and the mock's tokens must match the pattern.
	for _, where := range []string{"trace.log", "terraform.tfstate.backup", "saved.tfplan/tfplan", "show -json"} {
		if !strings.Contains(seen[where], mockbackend.AdatumID) {
			t.Errorf("the customer's id is not in %s, so the search would find nothing there", where)
		}
	}
	for _, text := range []string{"correlation_id", "/v1/SelfServePolicy?entity_id=" + mockbackend.AdatumID, "/oauth2/v2.0/token"} {
		if !strings.Contains(seen["trace.log"], text) {
			t.Errorf("%q is not in the log, so it is not that of the provider's requests", text)
		}
	}
	if token := issuedToken(t, b); !issued.MatchString(token) {
		t.Errorf("the mock's access tokens are not what is searched for: %.20s…", token)
	}
	if b.Counters().TokensIssued() < 5 {
		t.Errorf("the mock issued only %d tokens", b.Counters().TokensIssued())
	}

	secrets := map[string]string{"the client secret": b.Partner().ClientSecret, "the refresh token without MFA": b.UserWithoutMFA().RefreshToken}
	for role, user := range b.Partner().Users {
		secrets["the refresh token of "+string(role)] = user.RefreshToken
	}
	for where, text := range seen {
		for what, secret := range secrets {
			for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(text, form) {
					t.Errorf("%s is in %s", what, where)
				}
			}
			if !issued.MatchString(secret) && what != "the client secret" {
				t.Errorf("%s is not what is searched for", what)
			}
		}
		if found := issued.FindString(text); found != "" {
			t.Errorf("a token is in %s: %.12s…", where, found)
		}
	}
}

// issuedToken requests an access token from the mock, as the provider does.
func issuedToken(t *testing.T, b *acctest.Backend) string {
	t.Helper()
	p := b.Partner()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {p.ClientID}, "client_secret": {p.ClientSecret},
		"scope": {"https://api.partnercenter.microsoft.com/.default"},
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://login.mock.test/"+p.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(string(body), `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	return token
}
