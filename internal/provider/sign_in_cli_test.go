package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// fifty returns the configuration of permissions of 50 customers.
func fifty(b *acctest.Backend) string {
	var ids []string
	for _, c := range b.Customers()[:50] {
		ids = append(ids, fmt.Sprintf("%q", c.ID))
	}
	return requirement + `
resource "partnercenter_customer_permission_reservations" "all" {
  for_each    = toset([` + strings.Join(ids, ", ") + `])
  customer_id = each.key
}
`
}

// TestSignInFailure_isReportedOnce: the first of 50 resources reports it in full, the others in one line.
func TestSignInFailure_isReportedOnce(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{Customers: 60})
	w := workspace(t, append(b.WorkspaceEnvironment(), "PARTNERCENTER_CLIENT_SECRET=a-wrong-secret"), map[string]string{"main.tf": fifty(b)})
	out := run(t, w, 1, "plan", "-input=false")
	const headline = "Error: Sign-in failed: the client secret is wrong"
	for text, want := range map[string]int{
		headline: 50, "AADSTS7000215": 1, "What to do:": 1, "from the environment variable PARTNERCENTER_CLIENT_SECRET": 1,
		"See the first error with this": 49, "Could not read the name of customer": 50, "a-wrong-secret": 0,
	} {
		if got := strings.Count(strings.Join(strings.Fields(strings.ReplaceAll(out, "│", "")), " "), text); got != want {
			t.Errorf("%q is there %d times, not %d", text, got, want)
		}
	}
	lines := strings.Count(out, "\n")
	t.Logf("%d lines", lines)
	if lines > 50*10+20 {
		t.Errorf("the output has %d lines:\n%s", lines, out[:min(len(out), 3000)])
	}
	if n := len(signIns(b)); n != 1 {
		t.Errorf("%d sign-ins", n)
	}
}

// signIns returns the token requests.
func signIns(b *acctest.Backend) []mockbackend.Request {
	return slices.DeleteFunc(b.Requests(), func(r mockbackend.Request) bool {
		return r.Service != mockbackend.SignIn || r.Method != http.MethodPost
	})
}

// TestSignIn_twoPartners: the refresh token of the environment is used for one provider block only. A file of one
// partner is not overwritten with the token of the other.
func TestSignIn_twoPartners(t *testing.T) {
	t.Parallel()
	first, second := acctest.New(t, mockbackend.Config{Seed: 1}), acctest.New(t, mockbackend.Config{Seed: 2})
	output := filepath.Join(t.TempDir(), "first")
	blocks := requirement + `
provider "partnercenter" {}
data "partnercenter_client_config" "first" {}
data "partnercenter_client_config" "second" { provider = partnercenter.second }
` + strings.Replace(second.Config(), `provider "partnercenter" {`, "provider \"partnercenter\" {\n  alias = \"second\"", 1)
	w := workspace(t, append(first.WorkspaceEnvironment(), "PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH="+output), map[string]string{"main.tf": blocks})
	out := run(t, w, 0, "plan", "-input=false")
	content, err := os.ReadFile(output)
	if newest := first.NewestRefreshToken(first.User(mockbackend.AdminAgent)); err != nil || !strings.HasPrefix(string(content), newest+"\n") {
		t.Errorf("the file does not hold the first partner's newest token: %v", err)
	}
	if second.NewestRefreshToken(second.User(mockbackend.AdminAgent)) == second.User(mockbackend.AdminAgent).RefreshToken {
		t.Error("the second partner was not signed in to")
	}
	if !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(out, "│", "")), " "), "PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH is not used") {
		t.Errorf("nothing says that the second token is not stored:\n%s", out)
	}
}

// TestSignIn_tokenThatCannotBeStored: the run has one warning and continues.
func TestSignIn_tokenThatCannotBeStored(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{Customers: 60})
	dir := filepath.Join(t.TempDir(), "volume")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	// The volume is removed after the check at configuration, before the first sign-in.
	b.SetKnobs(func(k *mockbackend.Knobs) { k.Latency = 10 * time.Millisecond })
	p := acctest.NewProtocol(t, b.Backend, b.User(mockbackend.AdminAgent).RefreshToken)
	output := filepath.Join(dir, "token")
	if err := p.RestartWith(acctest.Values{
		"client_secret": b.Partner().ClientSecret, "refresh_token": b.User(mockbackend.AdminAgent).RefreshToken, "refresh_token_output_path": output,
	}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	warned := 0
	for _, c := range b.Customers()[:30] {
		r := p.Resource("partnercenter_customer_permission_savings_plans")
		if err := r.Apply(t.Context(), acctest.Values{"customer_id": c.ID, "verify_azure_subscription": false}); err != nil {
			t.Fatal(err)
		}
		for _, warning := range r.Warnings {
			if strings.Contains(warning, "could not be stored") {
				warned++
			}
		}
	}
	if n := b.Counters().TokensIssued(); warned != 1 || n != 1 {
		t.Errorf("%d warnings and %d sign-ins", warned, n)
	}
}

// TestSignIn_unknownValues: a plan without a sign-in does not need the values of the provider block that are known
// only after apply. The error of a plan with a sign-in names them.
func TestSignIn_unknownValues(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := func(customer string) string {
		return requirement + strings.Replace(b.ConfigAs(b.User(mockbackend.AdminAgent).RefreshToken), fmt.Sprintf("%q", b.Partner().ClientSecret), "terraform_data.secret.output", 1) + `
resource "terraform_data" "secret" {
  input = "` + b.Partner().ClientSecret + `"
}
resource "terraform_data" "customer" {
  input = "` + mockbackend.AdatumID + `"
}
resource "partnercenter_customer_permission_reservations" "one" {
  customer_id = ` + customer + `
}
resource "partnercenter_application_consent" "one" {
  customer_id  = ` + customer + `
  display_name = "automation"
}
`
	}
	w := workspace(t, nil, map[string]string{"main.tf": config(`"` + mockbackend.AdatumID + `"`)})
	out := strings.Join(strings.Fields(strings.ReplaceAll(run(t, w, 1, "plan", "-input=false"), "│", "")), " ")
	if !strings.Contains(out, "Sign-in failed: unknown value for client_secret") || !strings.Contains(out, "set PARTNERCENTER_CLIENT_SECRET instead") {
		t.Errorf("got %s", out)
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "main.tf"), []byte(config("terraform_data.customer.output")), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, w, 0, "apply", "-input=false", "-auto-approve")
	acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
}

// TestSignIn_proxyThatRefuses: a proxy that requires a password or refuses is named at once, with the hosts that it
// must allow.
func TestSignIn_proxyThatRefuses(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	for status, says := range map[int]string{http.StatusProxyAuthRequired: "HTTPS_PROXY, as http://user:password@", http.StatusForbidden: "Let the proxy allow HTTPS to login.mock.test:443"} {
		asked := 0
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			http.Error(w, "no", status)
		}))
		t.Cleanup(proxy.Close)
		u, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		w := workspace(t, append(b.WorkspaceEnvironment(), "HTTPS_PROXY="+proxy.URL, "PARTNERCENTER_AUTHORITY_HOST=https://login.mock.test"), map[string]string{
			"main.tf": requirement + `data "partnercenter_client_config" "one" {}`,
		})
		out := strings.Join(strings.Fields(strings.ReplaceAll(run(t, w, 1, "plan", "-input=false"), "│", "")), " ")
		for _, want := range []string{"Sign-in failed: a proxy refused the connection", "the proxy " + u.Host + " answered " + fmt.Sprint(status), says, "A run needs these hosts, over HTTPS: login.mock.test, "} {
			if !strings.Contains(out, want) {
				t.Errorf("%d: %q is missing in %s", status, want, out)
			}
		}
		if asked != 1 {
			t.Errorf("%d: the proxy was asked %d times", status, asked)
		}
	}
}

// TestSignIn_noAzureCLI checks that the error says how to install the Azure CLI.
func TestSignIn_noAzureCLI(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	var env []string
	for _, v := range b.WorkspaceEnvironment() {
		if !strings.HasPrefix(v, "PARTNERCENTER_CLIENT_") && !strings.HasPrefix(v, "PARTNERCENTER_REFRESH_TOKEN") {
			env = append(env, v)
		}
	}
	w := workspace(t, append(env, "PARTNERCENTER_USE_CLI=true"), map[string]string{"main.tf": requirement + `data "partnercenter_client_config" "one" {}`})
	w.Env = append(w.Env, "PATH="+t.TempDir())
	out := strings.Join(strings.Fields(strings.ReplaceAll(run(t, w, 1, "plan", "-input=false"), "│", "")), " ")
	if !strings.Contains(out, "The Azure CLI is not installed here") {
		t.Errorf("got %s", out)
	}
}
