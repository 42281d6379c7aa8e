package permission_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// inTheWay is one of two resources about the same permission. Each was applied in its own run. Then both are
// planned in one run.
type inTheWay struct {
	typeName string
	// before is applied first, unless it is nil.
	before, after acctest.Values
}

func TestProtoClaims(t *testing.T) {
	t.Parallel()
	single := func(on bool) acctest.Values {
		return acctest.Values{"customer_id": strings.ToUpper(customer), "enabled": on, "verify_azure_subscription": false}
	}
	one := func(settings ...any) acctest.Values {
		return of(acctest.Values{customer: onlyRI}, append(settings, "verify_azure_subscription", false)...)
	}
	litware := acctest.Values{"customer_id": mockbackend.LitwareID, "verify_azure_subscription": false}
	nobody := of(acctest.Values{}, "unlisted", "deny")
	const (
		opposite = "Two resources declare the opposite"
		denied   = "Customers that are enabled and denied"
		passes   = "Permissions pass to another resource"
		stays    = "Permissions stay enabled"
		manages  = "Two resources manage the same permission"
	)
	// In the names, one is a single resource, and a fleet is a partnercenter_customer_permissions.
	for name, c := range map[string]struct {
		resources []inTheWay
		refused   string
		warned    string
		says      []string
	}{
		"one and a fleet agree": {
			resources: []inTheWay{{typeName, nil, single(true)}, {fleetType, nil, one()}}, warned: manages,
			says: []string{"Azure reservations of Adatum Demo (" + customer + ")", "declare the same"},
		},
		"a fleet and one agree":           {resources: []inTheWay{{fleetType, nil, one()}, {typeName, nil, single(true)}}, warned: manages},
		"they agree, and nothing changes": {resources: []inTheWay{{fleetType, one(), one()}, {typeName, single(true), single(true)}}, warned: manages},
		"two of one type agree":           {resources: []inTheWay{{typeName, nil, single(true)}, {typeName, nil, single(true)}}, warned: manages},
		"two of one type exist":           {resources: []inTheWay{{typeName, single(true), single(true)}, {typeName, single(true), single(true)}}, warned: manages},
		"they contradict each other":      {resources: []inTheWay{{typeName, nil, single(false)}, {fleetType, nil, one()}}, refused: opposite},
		"contradiction in another order":  {resources: []inTheWay{{fleetType, nil, one()}, {typeName, nil, single(false)}}, refused: opposite},
		"two of one type contradict":      {resources: []inTheWay{{typeName, nil, single(false)}, {typeName, nil, single(true)}}, refused: opposite},
		"the fleet does not manage it":    {resources: []inTheWay{{fleetType, nil, of(acctest.Values{customer: acctest.Values{}})}, {typeName, nil, single(true)}}},
		"the other permission":            {resources: []inTheWay{{savingsType, nil, single(false)}, {fleetType, nil, one()}}},
		"another customer":                {resources: []inTheWay{{typeName, nil, litware}, {fleetType, nil, one()}}},
		"one destroyed, a fleet takes over": {
			resources: []inTheWay{{typeName, single(true), nil}, {fleetType, nil, one()}}, warned: passes,
			says: []string{"removed block with destroy = false"},
		},
		"a fleet takes over, one destroyed":    {resources: []inTheWay{{fleetType, nil, one()}, {typeName, single(true), nil}}, warned: passes},
		"a fleet removes it, one takes over":   {resources: []inTheWay{{fleetType, one(), of(acctest.Values{})}, {typeName, nil, single(true)}}, warned: passes},
		"a fleet removes it, one has it":       {resources: []inTheWay{{typeName, single(true), single(true)}, {fleetType, one(), of(acctest.Values{})}}, warned: stays},
		"a fleet releases, one takes over":     {resources: []inTheWay{{fleetType, one(), of(acctest.Values{customer: acctest.Values{}})}, {typeName, nil, single(true)}}},
		"a fleet destroyed, one takes over":    {resources: []inTheWay{{fleetType, one(), nil}, {typeName, nil, single(true)}}, warned: passes},
		"a fleet destroyed, one has it":        {resources: []inTheWay{{typeName, single(true), single(true)}, {fleetType, one(), nil}}, warned: stays},
		"both destroyed":                       {resources: []inTheWay{{fleetType, one(), nil}, {typeName, single(true), nil}}, warned: "Destroying disables the permissions of 1 customer"},
		"one at another address":               {resources: []inTheWay{{typeName, single(true), nil}, {typeName, nil, single(true)}}, warned: passes},
		"one destroyed that is off":            {resources: []inTheWay{{typeName, single(false), nil}, {typeName, nil, single(true)}}, warned: passes},
		"one of another customer, one of this": {resources: []inTheWay{{typeName, single(true), litware}, {typeName, nil, single(true)}}, warned: passes},
		"two fleets contradict each other":     {resources: []inTheWay{{fleetType, nil, one()}, {fleetType, nil, of(acctest.Values{customer: bothOff})}}, refused: opposite},
		"deny disables what another enables":   {resources: []inTheWay{{fleetType, nobody, nobody}, {typeName, single(true), single(true)}}, refused: denied},
		"a first deny":                         {resources: []inTheWay{{typeName, single(true), single(true)}, {fleetType, nil, nobody}}, refused: denied},
		"a first deny beside a new one":        {resources: []inTheWay{{typeName, nil, single(true)}, {fleetType, nil, nobody}}, refused: denied},
		"a first deny in the other order":      {resources: []inTheWay{{fleetType, nil, nobody}, {typeName, nil, single(true)}}, refused: denied},
		"deny beside a new fleet":              {resources: []inTheWay{{fleetType, nobody, nobody}, {fleetType, nil, one()}}, refused: denied},
		"ignore becomes deny":                  {resources: []inTheWay{{typeName, single(true), single(true)}, {fleetType, of(acctest.Values{}), nobody}}, refused: denied},
		"deny, and the other one is off":       {resources: []inTheWay{{fleetType, nil, nobody}, {typeName, nil, single(false)}}},
		"deny, and the customer of the other one is no longer listed": {resources: []inTheWay{
			{typeName, single(true), single(true)}, {fleetType, of(acctest.Values{customer: acctest.Values{}}, "unlisted", "deny"), nobody},
		}, refused: denied},
		"deny, and the other one is listed": {resources: []inTheWay{
			{fleetType, of(acctest.Values{customer: acctest.Values{}}, "unlisted", "deny"), of(acctest.Values{customer: acctest.Values{}}, "unlisted", "deny")}, {typeName, single(true), single(true)},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{})
				token := b.User(mockbackend.AdminAgent).RefreshToken
				p := acctest.NewProtocol(t, b, token)
				resources := make([]*acctest.Resource, len(c.resources))
				for i, one := range c.resources {
					resources[i] = p.Resource(one.typeName)
					if one.before != nil {
						p.Restart(token)
						if err := resources[i].Apply(t.Context(), one.before); err != nil {
							t.Fatal(err)
						}
					}
				}
				acctest.Pass(24 * time.Hour)
				p.Restart(token)
				var err error
				var warned string
				for i, one := range c.resources {
					err = errors.Join(err, resources[i].Refresh(t.Context()))
					_, planErr := resources[i].Plan(t.Context(), one.after)
					err = errors.Join(err, planErr)
					warned += strings.Join(slices.DeleteFunc(resources[i].Warnings, func(w string) bool { return strings.HasPrefix(w, "Apply this plan before its customers change") }), "\n")
				}
				expectText(t, "the error", errorText(err), c.refused)
				expectText(t, "the warning", warned, c.warned)
				for _, want := range c.says {
					expectText(t, "the message", errorText(err)+warned, want)
				}
			})
		})
	}
}

// Customers move from single resources to partnercenter_customer_permissions without being disabled in between.
func TestAccFleet_takesOver(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	single := fmt.Sprintf("resource %q \"one\" {\n  customer_id = %q\n}\n", typeName, customer)
	removed := fmt.Sprintf("removed {\n  from = %s.one\n  lifecycle {\n    destroy = false\n  }\n}\n", typeName)
	fleet := fleetBlock([]string{entry(customer, riOn)})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: b.Factories(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_7_0)}, // removed blocks
		Steps: []resource.TestStep{
			{Config: b.Config(single), PostApplyFunc: b.ResetJournal},
			{Config: b.Config(removed + fleet), PostApplyFunc: func() {
				acctest.ExpectPermissions(t, b.Backend, customer, ri)
				for _, w := range acctest.Writes(b.Backend) {
					if w.Method == http.MethodDelete || w.Method == http.MethodPut {
						t.Errorf("sent %s %s", w.Method, w.RequestBody)
					}
				}
			}},
		},
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// expectText fails the test unless the text contains want. If want is "", the text must be empty.
func expectText(t *testing.T, what, got, want string) {
	t.Helper()
	if want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("%s is %q, not %q", what, got, want)
	}
}

// A permission that passes to a new resource without a moved block is not disabled in between: the resource
// that ends waits for the new one.
func TestCLI_passesToNewResource(t *testing.T) {
	t.Parallel()
	single := func(name string) string {
		return fmt.Sprintf("resource %q %q {\n  customer_id = %q\n}\n", typeName, name, mockbackend.AdatumID)
	}
	fleet := fleetBlock([]string{entry(mockbackend.AdatumID, riOn)})
	for name, c := range map[string][2]string{"single to single": {single("old"), single("new")}, "single to many": {single("old"), fleet}, "many to single": {fleet, single("new")}} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			w := fleetWorkspace(t, b, c[0])
			mustRun(t, w, "apply", "-auto-approve")
			if err := w.Age(time.Hour); err != nil {
				t.Fatal(err)
			}
			b.ResetJournal()
			writeFleet(t, w, c[1])
			if out := oneLine(mustRun(t, w, "apply", "-auto-approve").Output); !strings.Contains(out, "Permissions pass to another resource") {
				t.Errorf("the plan does not warn:\n%s", out)
			}
			acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, ri)
			for _, r := range acctest.Writes(b.Backend) {
				if r.Method == http.MethodDelete || r.Method == http.MethodPut {
					t.Errorf("sent %s %s", r.Method, r.RequestBody)
				}
			}
			if r := w.Run(t.Context(), "plan", "-detailed-exitcode"); r.ExitCode != 0 {
				t.Errorf("the next plan has exit code %d:\n%s", r.ExitCode, r.Output)
			}
		})
	}
}

// A replacement that is created first keeps the permissions that the old object has enabled, although the old
// object is destroyed after it. This also holds for customers for whom the replacement changes something else.
func TestProtoFleet_replacementKeepsEnabled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{})
		core := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).NewCore(b.User(mockbackend.AdminAgent).RefreshToken, 1)
		module := acctest.Module{"all": {Type: fleetType, Config: of(acctest.Values{mockbackend.LitwareID: bothOn}), CreateBeforeDestroy: true}}
		apply := func() {
			t.Helper()
			p, err := core.Plan(t.Context(), module, acctest.Options{})
			if err == nil {
				err = core.Apply(t.Context(), p)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		apply()
		acctest.Pass(time.Hour)
		b.SetPermissions(mockbackend.LitwareID, ri)
		b.ResetJournal()
		acctest.Pass(time.Hour)
		core.Taint("all")
		apply()
		acctest.ExpectPermissions(t, b, mockbackend.LitwareID, ri, sp)
		if writes := acctest.Writes(b); len(writes) != 1 {
			t.Errorf("sent %v", acctest.Routes(writes))
		}
	})
}

// If the block of a resource with lifecycle { destroy = false } is removed, OpenTofu forgets the resource, and
// Terraform destroys it. A removed block means the same in both; see TestHandOver.
func TestCLI_destroyFalse(t *testing.T) {
	t.Parallel()
	acctest.SkipBelow(t, 16, 12, "destroy in lifecycle blocks")
	b := acctest.New(t, mockbackend.Config{})
	const requirement = "terraform {\n  required_providers {\n    partnercenter = {\n      source = \"partnercenter/partnercenter\"\n    }\n  }\n}\n"
	block := fmt.Sprintf("resource %q \"it\" {\n  customer_id = %q\n  lifecycle {\n    destroy = false\n  }\n}\n", typeName, customer)
	dir := t.TempDir()
	configure := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(requirement+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure(block)
	w, err := acctest.NewWorkspace(t.Context(), dir, b.WorkspaceEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	apply := func() string {
		r := w.Run(t.Context(), "apply", "-input=false", "-auto-approve")
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		return r.Output
	}
	apply()
	acctest.ExpectPermissions(t, b.Backend, customer, ri)
	configure("")
	out := apply()
	var want []string
	if w.CLI.Tofu {
		want = []string{ri}
	}
	acctest.ExpectPermissions(t, b.Backend, customer, want...)
	if r := w.Run(t.Context(), "state", "list"); strings.TrimSpace(r.Output) != "" {
		t.Errorf("the state contains %s after\n%s", r.Output, out)
	}
}

// A resource is destroyed, and a new one takes over its customer. The plan says what changes, whatever Terraform plans and
// applies first.
func TestProtoFleet_takesOver(t *testing.T) {
	t.Parallel()
	off := acctest.Declaration{Type: typeName, Config: acctest.Values{"customer_id": mockbackend.AdatumID, "enabled": false}}
	both := acctest.Declaration{Type: fleetType, Config: of(acctest.Values{mockbackend.AdatumID: bothOn})}
	report := acctest.Declaration{Type: fleetType, Config: of(acctest.Values{mockbackend.AdatumID: onlyRI}, "on_error", "report")}
	for name, c := range map[string]struct {
		old, new acctest.Declaration
		before   string // status of the Azure plan during the first apply
		summary  string
	}{
		"the old one disables it": {
			off,
			acctest.Declaration{Type: fleetType, Config: of(acctest.Values{mockbackend.AdatumID: onlyRI})},
			"active",
			"enables 1, disables 0, releases 0, cannot enable 0; 0 already as declared",
		},
		"the old one enables more": {
			both,
			acctest.Declaration{Type: fleetType, Config: of(acctest.Values{mockbackend.AdatumID: acctest.Values{"azure_reservations": true, "azure_savings_plans": false}})},
			"active",
			"enables 0, disables 1, releases 0, cannot enable 0; 0 already as declared",
		},
		"the old one left it out": {report, report, "suspended", "enables 1, disables 0, releases 0, cannot enable 0; 0 already as declared"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) { // the order in which the core plans and applies
				synctest.Test(t, func(t *testing.T) {
					b := mockbackend.New(mockbackend.Config{})
					token := b.User(mockbackend.AdminAgent).RefreshToken
					core := acctest.NewProtocol(t, b, token).NewCore(token, seed)
					c.new.CreateBeforeDestroy = seed%2 == 0
					b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzurePlanID, c.before)
					for _, module := range []acctest.Module{{"old": c.old}, {"new": c.new}} {
						p, err := core.Plan(t.Context(), module, acctest.Options{})
						if err == nil {
							err = core.Apply(t.Context(), p)
						}
						if err != nil {
							t.Errorf("seed %d: %v", seed, err)
						}
						b.SetSubscriptionStatus(mockbackend.AdatumID, mockbackend.AdatumAzurePlanID, "active")
						acctest.Pass(time.Hour)
					}
					acctest.ExpectPermissions(t, b, mockbackend.AdatumID, ri)
					objects := core.Objects()
					if len(objects) != 1 || objects[0].State["change_summary"] != c.summary {
						t.Errorf("seed %d: the state is %v", seed, objects)
					}
					acctest.FailOnViolations(t, b)
				})
			}
		})
	}
}
