package provider_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

var updateMistakes = flag.Bool("update-mistakes", false, "write testdata/mistakes/*.txt instead of comparing it")

// mistake is a common mistake of users, and the output of the CLI for it.
type mistake struct {
	name   string
	config string
	env    []string // in addition to the environment of an Admin agent
	unset  []string // prefixes of the names of variables
	apply  bool     // the plan cannot find the mistake
	before func(*testing.T, *acctest.Backend) (env []string)
	says   []string // the text about what to do, which must stay in any wording
}

const (
	reservationsOfAdatum = `
resource "partnercenter_customer_permission_reservations" "adatum" {
  customer_id = "` + mockbackend.AdatumID + `"
}
`
	ownerOf = `
resource "partnercenter_subscription_owner_assignment" "buyer" {
  customer_id         = "` + mockbackend.AdatumID + `"
  subscription_id     = "%s"
  user_principal_name = "%s"
}
`
)

// mistakes are the mistakes of the troubleshooting guide.
var mistakes = []mistake{
	{name: "wrong-secret", config: reservationsOfAdatum, env: []string{"PARTNERCENTER_CLIENT_SECRET=a-wrong-secret"}, says: []string{"the secret's value"}},
	{
		name: "expired-token", config: reservationsOfAdatum, says: []string{"terraform-provider-partnercenter login"},
		before: func(_ *testing.T, b *acctest.Backend) []string {
			b.FailSignIn(mockbackend.SignInFault{Code: 700082, Times: -1})
			return nil
		},
	},
	{
		name: "no-mfa", config: reservationsOfAdatum, says: []string{"multifactor authentication", "terraform-provider-partnercenter login"},
		before: func(_ *testing.T, b *acctest.Backend) []string {
			return []string{"PARTNERCENTER_REFRESH_TOKEN=" + b.UserWithoutMFA().RefreshToken}
		},
	},
	{name: "tenant-malformed", config: reservationsOfAdatum, env: []string{"PARTNERCENTER_TENANT_ID=contoso"}, says: []string{"contoso.onmicrosoft.com"}},
	{name: "tenant-unknown", config: reservationsOfAdatum, env: []string{"PARTNERCENTER_TENANT_ID=00000000-1111-4222-8333-444444444444"}, says: []string{"Check the tenant ID"}},
	{name: "tenant-of-a-customer", config: reservationsOfAdatum, env: []string{"PARTNERCENTER_TENANT_ID=" + mockbackend.ContosoID}, says: []string{"Check"}},
	{
		name: "sales-agent", config: reservationsOfAdatum, apply: true, says: []string{"Admin agent"},
		before: func(_ *testing.T, b *acctest.Backend) []string {
			return []string{"PARTNERCENTER_REFRESH_TOKEN=" + b.User(mockbackend.SalesAgent).RefreshToken}
		},
	},
	{name: "no-azure-plan", config: strings.Replace(reservationsOfAdatum, mockbackend.AdatumID, mockbackend.NorthwindID, 1), says: []string{"Buy an Azure plan"}},
	{name: "guid-typo", config: strings.Replace(reservationsOfAdatum, mockbackend.AdatumID, mockbackend.AdatumID[:35], 1), says: []string{"such as"}},
	{name: "unknown-customer", config: strings.Replace(reservationsOfAdatum, mockbackend.AdatumID, "00000000-1111-4222-8333-444444444444", 1), says: []string{"Check the customer"}},
	{name: "unknown-user", config: fmt.Sprintf(ownerOf, mockbackend.AdatumAzureID, "azure.ovner@adatum-demo.onmicrosoft.com"), says: []string{"What to do"}},
	{name: "subscription-of-another-tenant", config: fmt.Sprintf(ownerOf, mockbackend.ContosoAzureID, "azure.owner@adatum-demo.onmicrosoft.com"), says: []string{"What to do"}},
	{name: "network-down", config: reservationsOfAdatum, env: []string{"PARTNERCENTER_PARTNER_CENTER_ENDPOINT=https://127.0.0.1:1", "PARTNERCENTER_MAX_RETRIES=0"}, says: []string{"Check the network and the proxy"}},
	{name: "network-down-sign-in", config: reservationsOfAdatum, env: []string{"PARTNERCENTER_AUTHORITY_HOST=https://127.0.0.1:1", "PARTNERCENTER_MAX_RETRIES=0"}, says: []string{"What to do"}},
	{
		name: "proxy-denies", config: reservationsOfAdatum, env: []string{"PARTNERCENTER_AUTHORITY_HOST=https://login.mock.test"}, says: []string{"Let the proxy allow HTTPS to login.mock.test:443"},
		before: func(t *testing.T, _ *acctest.Backend) []string {
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
			t.Cleanup(proxy.Close)
			return []string{"HTTPS_PROXY=" + proxy.URL}
		},
	},
	{name: "ca-unknown", config: reservationsOfAdatum, env: []string{"PARTNERCENTER_CA_CERTIFICATE_PATH="}, says: []string{"ca_certificate_path"}},
	{
		name: "throttled", config: reservationsOfAdatum, says: []string{"a wait of 1h0m0s is needed", "are left"},
		before: func(_ *testing.T, b *acctest.Backend) []string {
			b.Fail(mockbackend.Fault{Kind: mockbackend.Throttle, RetryAfter: time.Hour, Times: -1})
			b.Fail(mockbackend.Fault{Kind: mockbackend.Throttle, RetryAfter: time.Second}) // the client waits for this one and retries
			return nil
		},
	},
	{
		name: "contradiction", says: []string{"What to do"},
		config: reservationsOfAdatum + `
resource "partnercenter_customer_permissions" "all" {
  permissions = {
    "` + mockbackend.AdatumID + `" = { azure_reservations = false }
  }
  depends_on = [partnercenter_customer_permission_reservations.adatum] # planned last, so it has the error
}
`,
	},
	{name: "nothing-configured", config: reservationsOfAdatum, unset: []string{"PARTNERCENTER_TENANT", "PARTNERCENTER_CLIENT", "PARTNERCENTER_REFRESH"}, says: []string{"set tenant_id", "client_secret"}},
	{name: "no-refresh-token", config: reservationsOfAdatum, unset: []string{"PARTNERCENTER_REFRESH"}, says: []string{"terraform-provider-partnercenter login"}},
}

// TestMistakes checks that the output for each mistake says what to do. The files of testdata/mistakes have the
// output of this CLI.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			env := slices.DeleteFunc(b.WorkspaceEnvironment(), func(v string) bool {
				return slices.ContainsFunc(m.unset, func(prefix string) bool { return strings.HasPrefix(v, prefix) })
			})
			if m.before != nil {
				env = append(env, m.before(t, b)...)
			}
			w := workspace(t, append(env, m.env...), map[string]string{"main.tf": requirement + m.config})
			args := []string{"plan", "-input=false"}
			if m.apply {
				args = []string{"apply", "-input=false", "-auto-approve"}
			}
			got := errorsOf(run(t, w, 1, args...))
			text := strings.Join(strings.Fields(got), " ")
			for _, want := range append(m.says, "What to do:") {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q", want)
				}
			}
			if w.CLI.Tofu || !strings.HasPrefix(w.CLI.Version, "1.11.") {
				t.Skip("the snapshots are of Terraform 1.11; other versions print errors in other words")
			}
			file := filepath.Join("testdata", "mistakes", m.name+".txt")
			if *updateMistakes {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the text has changed; run go test -run %s -args -update-mistakes, and read it:\n%s", t.Name(), got)
			}
		})
	}
}

// TestMistakes_guide: the troubleshooting guide has the first line of each message, except for names and IDs.
func TestMistakes_guide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(filepath.Join("templates", "guides", "troubleshooting.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "mistakes", "*.txt"))
	if err != nil || len(files) != len(mistakes) {
		t.Errorf("%d mistakes have %d files: %v", len(mistakes), len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.TrimPrefix(content, []byte(invalidConfiguration))
		headline, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(content)), "Error: "), "\n")
		headline = who.ReplaceAllString(headline, "…")
		if !strings.Contains(string(guide), "`"+headline+"`") {
			t.Errorf("%s: the guide does not have %q", filepath.Base(file), headline)
		}
	}
}

// invalidConfiguration is the first error of Terraform if there is no provider block.
const invalidConfiguration = `Error: Invalid provider configuration

Provider "registry.terraform.io/partnercenter/partnercenter" requires
explicit configuration. Add a provider block to the root module and configure
the provider's required arguments as described in the provider documentation.


`

// who matches a customer, a user or a subscription in a headline.
var who = regexp.MustCompile(`(customer |user |subscription )?((Adatum|Northwind) Demo \()?[0-9a-f]{8}-[0-9a-f-]{27}\)?|\S+@\S+`)

var (
	anyGUID   = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	anyPort   = regexp.MustCompile(`127\.0\.0\.1:\d{4,5}`)
	anyMoment = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z| UTC)?`)
	anyWait   = regexp.MustCompile(`\b1\dm\d+s\b`)
)

var anyDelay = regexp.MustCompile(`after\s\d+s`)

// knownIDs are not replaced in the snapshots.
var knownIDs = []string{
	mockbackend.AdatumID, mockbackend.NorthwindID, mockbackend.ContosoID, mockbackend.AdatumAzureID, mockbackend.ContosoAzureID,
	mockbackend.PartnerTenantID, "00000000-1111-4222-8333-444444444444",
}

// errorsOf returns the errors in the output of the CLI, without the parts that change in each run. The lines that
// the CLI has wrapped are joined to paragraphs.
func errorsOf(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		lines = append(lines, strings.TrimRight(strings.TrimPrefix(strings.TrimPrefix(strings.TrimRight(line, "\n"), "│"), " "), " "))
	}
	text := strings.Join(lines, "\n")
	if i := strings.Index(text, "Error: "); i >= 0 {
		text = text[i:]
	}
	text = strings.NewReplacer("╵\n", "", "╷\n", "").Replace(text)
	text = strings.TrimSuffix(strings.TrimSpace(text), "╵")
	text = anyGUID.ReplaceAllStringFunc(text, func(id string) string {
		if slices.Contains(knownIDs, id) {
			return id
		}
		return "(ID)"
	})
	text = anyPort.ReplaceAllString(text, "127.0.0.1:(port)")
	text = anyMoment.ReplaceAllString(text, "(time)")
	text = anyDelay.ReplaceAllString(text, "after (time)")
	return strings.TrimSpace(anyWait.ReplaceAllString(text, "(time left)")) + "\n"
}
