package provider_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// prepared has a function for each resource type that creates the objects that its import examples import.
var prepared = map[string]func(*mockbackend.Backend){
	"partnercenter_customer_permission_reservations": func(b *mockbackend.Backend) {
		b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	},
	"partnercenter_customer_permissions": func(b *mockbackend.Backend) {
		b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	},
	"partnercenter_customer_permission_savings_plans": func(b *mockbackend.Backend) {
		b.SetPermissions(mockbackend.AdatumID, mockbackend.AzureSavingsPlan)
	},
	"partnercenter_application_consent": func(*mockbackend.Backend) {}, // customers have a consent
	"partnercenter_reservation_renewal": func(b *mockbackend.Backend) {
		b.ChangeAzureReservation(mockbackend.ContosoID, mockbackend.ContosoReservationID, func(a *mockbackend.AzureReservation) { a.NoRenewal = true })
	},
	"partnercenter_azure_plan": func(b *mockbackend.Backend) { b.BuyAzurePlan(mockbackend.NorthwindID) },
	"partnercenter_subscription_owner_assignment": func(b *mockbackend.Backend) {
		b.AssignRole(mockbackend.RoleAssignment{SubscriptionID: mockbackend.AdatumAzureID, PrincipalID: mockbackend.AdatumGroupID})
	},
}

// settingsOnly are the resource types with settings that are not on the server. Their import is followed by an
// update that sets them.
var settingsOnly = map[string]bool{"partnercenter_customer_permissions": true, "partnercenter_application_consent": true}

// TestExamples applies every file under examples, in the way that fits its folder. A file without a matching way
// fails the test, so that every example is applied.
func TestExamples(t *testing.T) {
	t.Parallel()
	root := filepath.Join(acctest.Root(), "examples")
	files := map[string][]string{} // by folder
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && acctest.IsLeftover(entry.Name()) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		folder, file := path.Split(filepath.ToSlash(relative))
		files[folder] = append(files[folder], file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, needed := range []string{
		"provider/", "quickstart/", "customer-self-service/", "purchase-alarm/", "purchase-report/", "shards/", "get-started/", "pipelines/", "policy/",
		"several-partners/", "provider-variables/", "customers-from-file/", "customers-deny/", "customers-of-reseller/",
		"emergency-stop/all/", "emergency-stop/one-customer/", "stop-purchases/", "renewals-due/", "customer-onboarding/",
	} {
		if files[needed] == nil {
			t.Errorf("there is no example in %s", needed)
		}
	}
	for folder, names := range files {
		e := example{t, filepath.Join(root, filepath.FromSlash(folder)), path.Base(folder)}
		for _, name := range names {
			var try func(example, string)
			switch {
			case folder == "pipelines/": // TestPipelines runs these recipes for CI
				continue
			case folder == "policy/": // TestPolicy tests it
				continue
			case folder == "quickstart/" && name == "main.tf":
				try = example.wholeConfiguration
			case folder == "get-started/" && name == "main.tf":
				try = example.twoCustomers
			case folder == "shards/" && name == "customers.yaml": // part of main.tf
				continue
			case folder == "shards/" && name == "main.tf":
				try = example.shards
			case folder == "several-partners/" && name == "main.tf":
				try = example.severalPartners
			case folder == "several-partners-mock/" && name == "main.tf":
				try = example.severalMocks
			case folder == "customer-self-service/" && name == "main.tf":
				try = example.selfService
			case folder == "purchase-alarm/" && name == "main.tf":
				try = example.purchaseAlarm
			case folder == "purchase-alarm/" && name == "report.jq":
				try = example.purchaseReport
			case folder == "purchase-report/" && name == "main.tf":
				try = example.monthlyReport
			case folder == "purchase-report/": // part of main.tf
				continue
			case folder == "provider/" && name == "provider.tf":
				try = example.twoCustomers
			case folder == "provider-variables/" && name == "main.tf":
				try = example.providerVariables
			case folder == "customers-from-file/" && name == "customers.csv": // part of main.tf
				continue
			case folder == "customers-from-file/" && name == "main.tf":
				try = example.customersFromFile
			case folder == "customers-of-reseller/" && name == "main.tf":
				try = example.customersOfReseller
			case folder == "customers-deny/" && name == "main.tf":
				try = example.customersDeny
			case folder == "stop-purchases/" && name == "main.tf":
				try = example.stopPurchases
			case folder == "renewals-due/" && name == "main.tf":
				try = example.renewalsDue
			case folder == "customer-onboarding/tests/": // tests of main.tf
				continue
			case folder == "customer-onboarding/" && name == "main.tf":
				try = example.onboarding
			case path.Dir(path.Dir(folder)) == "hand-over": // TestHandOver runs it
				continue
			case path.Dir(path.Dir(folder)) == "take-over": // TestTakeOver runs it
				continue
			case folder == "moved/azurerm/": // TestAccOwner_moved applies it
				continue
			case path.Dir(path.Dir(folder)) == "list-resources" && name == "list-resource.tfquery.hcl":
				try = example.listResource
			case strings.HasPrefix(folder, "modules/"): // TestModules runs them
				continue
			case path.Dir(path.Dir(folder)) == "emergency-stop" && name == "main.tf":
				try = example.emergencyStop
			case path.Dir(path.Dir(folder)) == "data-sources" && name == "data-source.tf":
				try = example.blocks
			case path.Dir(path.Dir(folder)) == "resources" && name == "resource.tf":
				try = example.blocks
			case path.Dir(path.Dir(folder)) == "resources" && name == "customers.yaml": // part of from-yaml.tf
				continue
			case path.Dir(path.Dir(folder)) == "resources" && (name == "for-each.tf" || name == "from-yaml.tf"):
				try = example.severalCustomers
			case path.Dir(path.Dir(folder)) == "resources" && name == "import-by-string-id.tf":
				try = example.importBlock
			case path.Dir(path.Dir(folder)) == "resources" && name == "import-by-identity.tf":
				try = example.importBlock
			case path.Dir(path.Dir(folder)) == "resources" && name == "import.sh":
				try = example.importCommand
			default:
				t.Errorf("no test applies examples/%s%s: add it to examples_test.go", folder, name)
				continue
			}
			t.Run(folder+name, func(t *testing.T) {
				t.Parallel()
				try(example{t, e.dir, e.typeName}, name)
			})
		}
	}
}

type example struct {
	*testing.T

	dir string
	// typeName is the name of the folder, which usually is a type.
	typeName string
}

func (e example) read(name string) string {
	e.Helper()
	b, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		e.Fatal(err)
	}
	return string(b)
}

// everythingOff checks after destroy that no permission is enabled and no Owner is assigned.
func (e example) everythingOff(b *acctest.Backend) {
	e.Helper()
	for _, a := range b.RoleAssignments(mockbackend.AdatumAzureID) {
		if a.PrincipalType != mockbackend.ForeignGroupPrincipal {
			e.Errorf("after destroy, %s has the role %s", a.PrincipalID, a.RoleID)
		}
	}
	for _, c := range b.Customers() {
		if len(acctest.Permissions(b.Backend, c.ID)) > 0 && !slices.Contains([]string{mockbackend.ContosoID, mockbackend.TailspinID}, c.ID) { // their permissions were enabled before
			e.Errorf("after destroy, %s may still buy %q", c.CompanyName, acctest.Permissions(b.Backend, c.ID))
		}
	}
}

// addOddities adds data that real partners have and the named customers lack: two companies with one name, and an
// order with unnamed lines.
func addOddities(b *acctest.Backend) {
	b.AddCustomer(mockbackend.Customer{CompanyName: "Adatum Demo"}, mockbackend.Subscription{
		AzureSubscriptions: []mockbackend.AzureEntitlement{{FriendlyName: "Production"}},
	})
	b.AddOrder(mockbackend.ContosoID, mockbackend.Order{Lines: []mockbackend.OrderLine{{
		OfferID: "DZH318Z0BQ36:004G:DZH318Z0SAMP", TermDuration: "P3Y", Reservation: &mockbackend.Reservation{},
	}}})
}

// blocks applies resources and data sources with a provider block added.
func (e example) blocks(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	addOddities(b)
	if e.typeName == "partnercenter_application_consent" { // the test framework does not support for_each
		for _, c := range b.Customers() {
			b.RemoveApplicationConsents(c.ID)
		}
		w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: requirement + e.read(name)})
		run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
		for _, c := range b.Customers() {
			if len(b.ApplicationConsents(c.ID)) == 0 {
				e.Errorf("%s has not consented", c.CompanyName)
			}
		}
		run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
		run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
		for _, c := range b.Customers() {
			if left := b.ApplicationConsents(c.ID); len(left) > 0 {
				e.Errorf("after destroy, %s consents to %+v", c.CompanyName, left)
			}
		}
		return
	}
	resource.UnitTest(e.T, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy:             func(*terraform.State) error { e.everythingOff(b); return nil },
		Steps:                    []resource.TestStep{{Config: b.Config(e.read(name))}},
	})
}

var importTo = regexp.MustCompile(`(?m)^\s*to\s*=\s*(\S+)`)

// importBlock applies the import block with the resources of its folder. The plan must change nothing.
func (e example) importBlock(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	prepare := prepared[e.typeName]
	text := e.read(name)
	to := importTo.FindStringSubmatch(text)
	if prepare == nil || to == nil {
		e.Fatalf("nothing is prepared for %s to import", e.typeName)
	}
	prepare(b.Backend)
	action := plancheck.ResourceActionNoop
	if settingsOnly[e.typeName] {
		action = plancheck.ResourceActionUpdate
	}
	if strings.Contains(to[1], "[") { // the test framework does not support for_each
		if strings.Contains(text, "identity") {
			acctest.SkipBelow(e.T, 12, 12, "import by identity")
		}
		w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{"main.tf": requirement + e.read("resource.tf"), name: text})
		if out := run(e.T, w, 0, "apply", "-input=false", "-auto-approve"); !strings.Contains(out, "1 imported, ") {
			e.Errorf("nothing was imported: %s", out)
		}
		run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
		run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
		return
	}
	var versions []tfversion.TerraformVersionCheck
	if strings.Contains(text, "identity") {
		versions = append(versions, tfversion.SkipBelow(tfversion.Version1_12_0))
	}
	resource.UnitTest(e.T, resource.TestCase{
		TerraformVersionChecks:   versions,
		ProtoV6ProviderFactories: b.Factories(),
		CheckDestroy:             func(*terraform.State) error { e.everythingOff(b); return nil },
		Steps: []resource.TestStep{{
			Config: b.Config(e.read("resource.tf"), text),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(to[1], action),
			}},
		}},
	})
}

// requirement is the block that a real CLI needs to find the provider.
const requirement = `terraform {
  required_providers {
    partnercenter = {
      source = "partnercenter/partnercenter"
    }
  }
}
`

// workspace returns a workspace with the built provider and these files.
func workspace(t *testing.T, env []string, files map[string]string) *acctest.Workspace {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	w, err := acctest.NewWorkspace(t.Context(), dir, env)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run runs the CLI. It fails the test unless the exit code is the expected one.
func run(t *testing.T, w *acctest.Workspace, exitCode int, args ...string) string {
	t.Helper()
	r := w.Run(t.Context(), args...)
	if r.ExitCode != exitCode {
		t.Fatalf("%s: exit code %d, not %d\n%s", strings.Join(args, " "), r.ExitCode, exitCode, r.Output)
	}
	return r.Output
}

var importLine = regexp.MustCompile(`(?m)^terraform (import (\S+) \S+)$`)

// importCommand runs the command of the script unchanged, with the resources of its folder.
func (e example) importCommand(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	line := importLine.FindStringSubmatch(e.read(name))
	prepare := prepared[e.typeName]
	if line == nil || prepare == nil {
		e.Fatalf("no import command in %s, or nothing prepared for it", name)
	}
	prepare(b.Backend)
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{"main.tf": requirement + e.read("resource.tf")})
	for i := range line {
		line[i] = strings.ReplaceAll(line[i], "'", "") // remove the quotes of the shell
	}
	run(e.T, w, 0, strings.Fields(line[1])...)
	changes := 0
	if settingsOnly[e.typeName] {
		changes = 2
	}
	run(e.T, w, changes, "plan", "-input=false", "-detailed-exitcode", "-target="+line[2])
	run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
	e.everythingOff(b)
}

// listBlock matches a list block of an example, and listArgument an argument in its config block.
var (
	listBlock    = regexp.MustCompile(`(?ms)^list "(\w+)" "(\w+)" \{\n(.*?)^\}`)
	listArgument = regexp.MustCompile(`(?m)^    (\w+) += (?:"(.*)"|\["(.*)"\]|(true|false))$`)
)

// listResource runs "terraform query" if the CLI supports it. It tests the arguments with any CLI.
func (e example) listResource(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	p := acctest.NewProtocol(e.T, b.Backend, b.User(mockbackend.AdminAgent).RefreshToken)
	found := listBlock.FindAllStringSubmatch(e.read(name), -1)
	for _, block := range found {
		config := acctest.Values{}
		for _, a := range listArgument.FindAllStringSubmatch(block[3], -1) {
			switch {
			case a[2] != "":
				config[a[1]] = a[2]
			case a[3] != "":
				config[a[1]] = []any{a[3]}
			default:
				config[a[1]] = a[4] == "true"
			}
		}
		if got, err := p.List(e.Context(), block[1], config, 100, true); err != nil || block[1] != e.typeName || strings.HasSuffix(block[2], "on") && len(got.Results) == 0 {
			e.Errorf("%s: %v, %v", block[2], got, err)
		}
	}
	if len(found) == 0 {
		e.Errorf("%s has no list block", name)
	}
	acctest.SkipBelow(e.T, 14, 0, "query command")
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{"main.tf": requirement + "provider \"partnercenter\" {}\n", name: e.read(name)})
	run(e.T, w, 0, "query")
}

// wholeConfiguration applies a complete configuration that authenticates with the environment.
func (e example) wholeConfiguration(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	addOddities(b)
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
	for id, want := range map[string]bool{
		mockbackend.AdatumID: true, mockbackend.LitwareID: true, mockbackend.ContosoID: true, mockbackend.TailspinID: true,
		mockbackend.FabrikamID: false, mockbackend.NorthwindID: false,
	} {
		if got := slices.Contains(acctest.Permissions(b.Backend, id), mockbackend.AzureReservedInstances); got != want {
			e.Errorf("customer %s may buy reservations: %t", id, got)
		}
	}
	// Otherwise destroy waits a minute for what it believes to be enabled, at customers that cannot have it.
	if err := w.Age(time.Hour); err != nil {
		e.Fatal(err)
	}
	run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
	e.everythingOff(b)
}

// severalPartners checks that each block writes its newest refresh token to its own file.
func (e example) severalPartners(name string) {
	b, secrets := acctest.New(e.T, mockbackend.Config{}), e.TempDir()
	first, second := b.User(mockbackend.AdminAgent), b.NewRefreshToken(b.User(mockbackend.AdminAgent))
	for file, content := range map[string]string{"europe-client-secret": b.Partner().ClientSecret, "europe-refresh-token": second} {
		if err := os.WriteFile(filepath.Join(secrets, file), []byte(content), 0o600); err != nil {
			e.Fatal(err)
		}
	}
	output := filepath.Join(secrets, "first")
	w := workspace(e.T, append(b.WorkspaceEnvironment(), "PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH="+output, "TF_VAR_secrets="+secrets,
		"TF_VAR_europe_tenant_id="+b.Partner().TenantID, "TF_VAR_europe_client_id="+b.Partner().ClientID), map[string]string{name: e.read(name)})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	for _, id := range []string{mockbackend.AdatumID, mockbackend.LitwareID} {
		acctest.ExpectPermissions(e.T, b.Backend, id, mockbackend.AzureReservedInstances)
	}
	owner := "\n# refresh token of tenant " + b.Partner().TenantID + ", client " + b.Partner().ClientID + "\n"
	for path, before := range map[string]string{output: first.RefreshToken, filepath.Join(secrets, "europe-refresh-token"): second} {
		content, err := os.ReadFile(path)
		if token, ok := strings.CutSuffix(string(content), owner); err != nil || !ok || token == "" || token == before {
			e.Errorf("%s holds no newer token: %v", path, err)
		}
	}
	run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
	e.everythingOff(b)
}

// severalMocks applies to two mocks. The second one has written its settings to a file.
func (e example) severalMocks(name string) {
	b, second := acctest.New(e.T, mockbackend.Config{}), acctest.New(e.T, mockbackend.Config{Seed: 7})
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name), "europe.env": environmentFile(second)})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.LitwareID)
	acctest.ExpectPermissions(e.T, second.Backend, mockbackend.AdatumID)
	acctest.ExpectPermissions(e.T, second.Backend, mockbackend.LitwareID, mockbackend.AzureReservedInstances)
	run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
	e.everythingOff(b)
	e.everythingOff(second)
}

// environmentFile returns what the flag -env-file of the mock's command writes.
func environmentFile(b *acctest.Backend) string {
	var out strings.Builder
	for _, v := range b.Environment(b.CACertificatePath) {
		fmt.Fprintf(&out, "export %s='%s'\n", v.Name, v.Value)
	}
	return out.String()
}

// selfService applies a complete configuration that gives two customers all prerequisites of a purchase, in order.
func (e example) selfService(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	buyers := map[string]string{mockbackend.AdatumAzureID: mockbackend.AdatumUserID, mockbackend.LitwareAzureID: mockbackend.LitwareUserID}
	isOwner := func(subscriptionID string) bool {
		return slices.ContainsFunc(b.RoleAssignments(subscriptionID), func(a mockbackend.RoleAssignment) bool {
			return a.PrincipalID == buyers[subscriptionID] && a.RoleID == mockbackend.OwnerRole
		})
	}
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	bare := b.AddCustomer(mockbackend.Customer{}, mockbackend.Subscription{}) // an Azure plan without an Azure subscription
	out := run(e.T, w, 1, "plan", "-input=false", "-var", fmt.Sprintf(`buyers={%q="somebody@%s"}`, bare.ID, bare.Domain))
	if !acctest.Says("Customer " + bare.ID + " has no active Azure subscription: ").MatchString(out) {
		e.Errorf("the plan does not say what the customer lacks:\n%s", out)
	}
	run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode")
	if writes := acctest.Writes(b.Backend); len(writes) > 0 {
		e.Errorf("a plan wrote: %v", acctest.Routes(writes))
	}
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	put, post := "PUT /subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments/{name}", "POST /v1/SelfServePolicy"
	if got, want := acctest.Routes(acctest.Writes(b.Backend)), []string{put, put, post, post}; !slices.Equal(got, want) {
		e.Errorf("the writes were %q, not %q", got, want)
	}
	ready := fmt.Sprintf(`{%q:true,%q:true}`, mockbackend.AdatumID, mockbackend.LitwareID)
	if got := strings.TrimSpace(run(e.T, w, 0, "output", "-json", "ready")); got != ready {
		e.Errorf("ready is %s, not %s", got, ready)
	}
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
	for subscriptionID := range buyers {
		if !isOwner(subscriptionID) {
			e.Errorf("nobody became Owner of subscription %s", subscriptionID)
		}
	}
	b.ResetJournal()
	run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
	if got := acctest.Routes(acctest.Writes(b.Backend)); len(got) != 4 || !strings.Contains(got[0]+got[1], "SelfServePolicy") || strings.Contains(got[2]+got[3], "SelfServePolicy") {
		e.Errorf("the permissions did not go before the Owners: %q", got)
	}
	for subscriptionID := range buyers {
		if isOwner(subscriptionID) {
			e.Errorf("after destroy, the user is still Owner of subscription %s", subscriptionID)
		}
	}
	e.everythingOff(b)
}

// purchaseAlarm must not warn until a customer buys.
func (e example) purchaseAlarm(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	if out := run(e.T, w, 0, "apply", "-input=false", "-auto-approve"); strings.Contains(out, "Warning") {
		e.Errorf("nothing was bought:\n%s", out)
	}
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
	if _, err := b.BuyReservationAsPartner(mockbackend.ContosoID, mockbackend.Purchase{}); err != nil {
		e.Fatal(err)
	}
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
	order, err := b.BuyReservation(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{Quantity: 3, TermDuration: "P3Y"})
	if err != nil {
		e.Fatal(err)
	}
	out := run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode")
	sentence := fmt.Sprintf("\n  Contoso Demo: 3 × Reserved VM Instance, Standard_D2s_v5, West Europe (P3Y)\n    1500.00 USD, %s, by azure.owner@contoso-demo.onmicrosoft.com\n",
		order.Created.UTC().Format("2006-01-02 15:04 UTC"))
	if !acctest.Says("Customers bought what you will be billed for:").MatchString(out) || !strings.Contains(out, sentence) {
		e.Errorf("the plan does not say %q:\n%s", sentence, out)
	}
	plan, err := b.BuySavingsPlan(mockbackend.ContosoID, mockbackend.ContosoUserPrincipalName, mockbackend.Purchase{TermDuration: "P3Y", Commitment: "0.125"})
	if err != nil {
		e.Fatal(err)
	}
	out = run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode")
	if !strings.Contains(out, "\n  Contoso Demo: Compute savings plan, 3 years, 0.125 USD per hour\n    3285.00 USD, ") || !strings.Contains(out, "by somebody (The savings plan was bought outside Partner Center") {
		e.Errorf("the plan does not tell of the savings plan %s:\n%s", plan.ID, out)
	}
	b.Fail(mockbackend.Fault{Path: "/customers/" + mockbackend.TailspinID + "/orders", Kind: mockbackend.EmptyForbidden, Times: -1})
	if out := run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode"); !acctest.Says("Not all customers could be read: " + mockbackend.TailspinID + ".").MatchString(out) {
		e.Errorf("the plan does not say who could not be read:\n%s", out)
	}
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	got := e.jq("report.jq", run(e.T, w, 0, "output", "-json"))
	if !strings.Contains(got, "| Contoso Demo | 3 × Reserved VM Instance, Standard\\_D2s\\_v5, West Europe (P3Y) | 1500.00 USD | azure.owner@contoso-demo.onmicrosoft.com | ") ||
		strings.Count(got, "\n| ") != 4 || !strings.Contains(got, plan.ID) || !strings.Contains(got, "\n- "+mockbackend.TailspinID+": Partner Center answered 403 Forbidden") {
		e.Errorf("the report is\n%s", got)
	}
}

// purchaseReport checks names with any characters that a customer can enter.
func (e example) purchaseReport(name string) {
	const one = `{"when":"today","customer":"A | B","what":"2 × [x](y) <b>\nx","price":"","buyer":"a_b@c","order_id":"x"}`
	for purchases, want := range map[string]string{
		"[]": "# What customers bought\n\nNothing, by 7 customers that were looked at.\n",
		"[" + one + "," + one + "]": "# What customers bought\n\n| When | Customer | What | Price | Buyer | Order |\n| --- | --- | --- | --- | --- | --- |\n" +
			strings.Repeat("| today | A \\| B | 2 × \\[x\\](y) \\<b\\> x |  | a\\_b@c | x |\n", 2),
	} {
		if got := e.jq(name, `{"purchases":{"value":`+purchases+`},"customers_read":{"value":7},"errors":{"value":{}}}`); got != want {
			e.Errorf("the report of %s is\n%s\nnot\n%s", purchases, got, want)
		}
	}
}

func (e example) jq(name, input string) string {
	e.Helper()
	jq, err := exec.LookPath("jq")
	if err != nil {
		e.Skip("there is no jq here to run the script with")
	}
	cmd := exec.CommandContext(e.Context(), jq, "-r", "-f", filepath.Join(e.dir, name))
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		e.Fatalf("jq: %v\n%s", err, out)
	}
	return string(out)
}

// shards applies the example in the workspace of each shard. Other workspaces are refused.
func (e example) shards(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name), "customers.yaml": e.read("customers.yaml")})
	run(e.T, w, 1, "plan", "-input=false")
	var got []string
	for shard := range 4 {
		b.ResetJournal()
		run(e.T, w, 0, "workspace", "select", "-or-create", fmt.Sprintf("shard-%d", shard))
		run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
		for _, r := range acctest.Writes(b.Backend) {
			got = append(got, fmt.Sprint(shard, " ", r.Method))
		}
	}
	// The two customers of shard 1 need no write: one already has its permission, the other declares false.
	if want := []string{"0 POST"}; !slices.Equal(got, want) {
		e.Errorf("the writes were %q, not %q", got, want)
	}
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances, mockbackend.AzureSavingsPlan)
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.TailspinID, mockbackend.AzureReservedInstances)
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.NorthwindID)
}

// providerVariables configures the provider with variables only, without the environment.
func (e example) providerVariables(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	p := b.Partner()
	var env []string
	for _, v := range b.WorkspaceEnvironment() {
		if strings.Contains(v, "127.0.0.1") || strings.Contains(v, "localhost") || strings.Contains(v, "CA_CERTIFICATE") || strings.Contains(v, "DISCOVERY") {
			env = append(env, v)
		}
	}
	for _, v := range [][2]string{
		{"tenant_id", p.TenantID},
		{"client_id", p.ClientID},
		{"client_secret", p.ClientSecret},
		{"refresh_token", b.User(mockbackend.HelpdeskAgent).RefreshToken},
	} {
		env = append(env, fmt.Sprintf("TF_VAR_%s=%s", v[0], v[1]))
	}
	acctest.SkipBelow(e.T, 10, 11, "ephemeral variables")
	w := workspace(e.T, env, map[string]string{
		name: e.read(name), "use.tf": "data \"partnercenter_customers\" \"all\" {}\n",
	})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	if modes := b.Requests(); !slices.ContainsFunc(modes, func(r mockbackend.Request) bool { return r.TokenMode == "user" }) {
		e.Error("the provider did not sign in as the user of the variable")
	}
}

// twoCustomers must read and change two customers only.
func (e example) twoCustomers(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	for _, r := range b.Requests() {
		if strings.Contains(r.Path+r.Query, mockbackend.ContosoID) || strings.Contains(r.Path+r.Query, mockbackend.TailspinID) {
			e.Errorf("another customer is in the request %s?%s", r.Path, r.Query)
		}
	}
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.LitwareID, mockbackend.AzureReservedInstances)
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
	run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
	e.everythingOff(b)
}

// customersFromFile accepts true, false and empty cells. The error for another value contains the line number.
func (e example) customersFromFile(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	const file = "customers.csv"
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name), file: e.read(file)})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.LitwareID, mockbackend.AzureReservedInstances)
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
	for row, want := range map[string]string{
		mockbackend.ContosoID + ",Contoso Demo,yes,":          "  line 4: " + mockbackend.ContosoID + ", yes\n",
		"c0b5e8f1-27a6,Contoso Demo,true,":                    "  line 4: c0b5e8f1-27a6, true\n",
		mockbackend.AdatumID + ",Adatum again,false,":         "  line 2: " + mockbackend.AdatumID + ", true\n  line 4: " + mockbackend.AdatumID + ", false\n",
		strings.ToUpper(mockbackend.ContosoID) + ",C, True ,": "",
		mockbackend.ContosoID + ",,,":                         "",
	} {
		if err := os.WriteFile(filepath.Join(w.Dir, file), []byte(e.read(file)+row+"\n"), 0o600); err != nil {
			e.Fatal(err)
		}
		code := 2
		if want != "" {
			code = 1
		}
		out := run(e.T, w, code, "plan", "-input=false", "-detailed-exitcode")
		if want != "" && (!strings.Contains(out, want) || !acctest.Says("customers.csv has customer IDs that are not GUIDs").MatchString(out)) {
			e.Errorf("the plan does not say what is wrong with %s:\n%s", row, out)
		}
	}
}

// customersDeny disables the customers that are not listed. The plan lists them by name.
func (e example) customersDeny(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	out := run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode")
	for _, customer := range []string{"Contoso Demo", "Tailspin Demo"} {
		if !regexp.MustCompile(`"` + customer + ` \(.*" *= ".*on -> off`).MatchString(out) {
			e.Errorf("the plan does not say that %s is disabled:\n%s", customer, out)
		}
	}
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	for _, c := range b.Customers() {
		if on := acctest.Permissions(b.Backend, c.ID); len(on) > 0 != slices.Contains([]string{mockbackend.AdatumID, mockbackend.LitwareID}, c.ID) {
			e.Errorf("%s has %q", c.CompanyName, on)
		}
	}
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
}

// emergencyStop disables the listed permissions, while another state declares the opposite and is not applied.
func (e example) emergencyStop(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	out := run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode", "-out=tfplan")
	if !regexp.MustCompile(`"Contoso Demo \(.*" *= ".*on -> off`).MatchString(out) {
		e.Errorf("the plan does not say that Contoso Demo is disabled:\n%s", out)
	}
	run(e.T, w, 0, "apply", "-input=false", "tfplan")
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.ContosoID)
	if all := e.typeName == "all"; all {
		acctest.ExpectPermissions(e.T, b.Backend, mockbackend.TailspinID)
	} else {
		acctest.ExpectPermissions(e.T, b.Backend, mockbackend.TailspinID, mockbackend.AzureReservedInstances)
	}
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
}

// severalCustomers applies resources with for_each, which the test framework does not support.
func (e example) severalCustomers(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: requirement + e.read(name), "customers.yaml": e.read("customers.yaml")})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve")
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
	if name == "from-yaml.tf" {
		acctest.ExpectPermissions(e.T, b.Backend, mockbackend.LitwareID)
	}
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode")
	run(e.T, w, 0, "destroy", "-input=false", "-auto-approve")
	e.everythingOff(b)
}

// customersOfReseller enables the customers of one reseller. The plan names a customer that moves to another
// reseller, and disables it.
func (e example) customersOfReseller(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	moving := mockbackend.Customer{CompanyName: "Tailwind", IndirectReseller: mockbackend.TailspinResellerID}
	moving = b.AddCustomer(moving, mockbackend.Subscription{})
	partner := "partner_id=" + mockbackend.TailspinResellerMPNID
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name)})
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve", "-var", partner)
	run(e.T, w, 0, "plan", "-input=false", "-detailed-exitcode", "-var", partner)
	acctest.ExpectPermissions(e.T, b.Backend, moving.ID, mockbackend.AzureReservedInstances)
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.AdatumID)
	for _, other := range []string{"partner_id=7654321", "partner_id="} {
		if out := run(e.T, w, 1, "plan", "-input=false", "-var", other); !acctest.Says("There is no indirect reseller with the Partner ID").MatchString(out) {
			e.Errorf("%s: the plan does not say that there is no such reseller:\n%s", other, out)
		}
	}
	b.MoveCustomer(moving.ID, mockbackend.OtherResellerID)
	if out := run(e.T, w, 2, "plan", "-input=false", "-detailed-exitcode", "-var", partner); !regexp.MustCompile(`"Tailwind \(.*" *= ".*on -> off`).MatchString(out) {
		e.Errorf("the plan does not say that Tailwind is disabled:\n%s", out)
	}
	run(e.T, w, 0, "apply", "-input=false", "-auto-approve", "-var", partner)
	acctest.ExpectPermissions(e.T, b.Backend, moving.ID)
	acctest.ExpectPermissions(e.T, b.Backend, mockbackend.TailspinID, mockbackend.AzureReservedInstances)
}

// onboarding sets up a new customer up to its first purchase. The test files of the example must pass with a mocked
// provider and against the mock.
func (e example) onboarding(name string) {
	b := acctest.New(e.T, mockbackend.Config{})
	const unit, mock = "tests/unit.tftest.hcl", "tests/mock.tftest.hcl"
	w := workspace(e.T, b.WorkspaceEnvironment(), map[string]string{name: e.read(name), unit: e.read(unit), mock: e.read(mock)})
	run(e.T, w, 0, "test", "-filter="+unit)
	if sent := acctest.Sent(b.Backend); len(sent) > 0 {
		e.Errorf("the mocked provider called %q", acctest.Routes(sent))
	}
	run(e.T, w, 0, "test", "-filter="+mock)
	e.everythingOff(b)
	onboarded := func(want ...string) {
		e.Helper()
		plans := 0
		for _, s := range b.Subscriptions(mockbackend.NorthwindID) {
			if s.OfferName == "Azure plan" && s.Status == "active" {
				plans++
			}
		}
		if plans != 1 {
			e.Errorf("the customer has %d Azure plans", plans)
		}
		acctest.ExpectPermissions(e.T, b.Backend, mockbackend.NorthwindID, want...)
	}
	onboarded()
	variables := []string{
		"-input=false", "-var=partner_on_record_attestation_accepted=true",
		fmt.Sprintf("-var=customers={northwind={customer_id=%q,buyer=%q}}", mockbackend.NorthwindID, "azure.owner@northwind-demo.onmicrosoft.com"),
	}
	run(e.T, w, 0, append([]string{"apply", "-auto-approve"}, variables...)...)
	onboarded(mockbackend.AzureReservedInstances)
	run(e.T, w, 0, append([]string{"plan", "-detailed-exitcode"}, variables...)...)
	run(e.T, w, 0, append([]string{"destroy", "-auto-approve"}, variables...)...)
	onboarded()
}
