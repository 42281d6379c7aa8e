package permission_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	fleetType    = "partnercenter_customer_permissions"
	fleetAddress = fleetType + ".all"
)

// fleetBlock returns a resource block with entries such as `"…" = { azure_reservations = true }`.
func fleetBlock(entries []string, arguments ...string) string {
	return fmt.Sprintf("resource %q \"all\" {\n  permissions = {\n    %s\n  }\n  %s\n}\n", fleetType, strings.Join(entries, "\n    "), strings.Join(arguments, "\n  "))
}

func entry(customerID string, switches ...string) string {
	return fmt.Sprintf("%q = { %s }", customerID, strings.Join(switches, ", "))
}

const (
	riOn  = "azure_reservations = true"
	riOff = "azure_reservations = false"
	spOn  = "azure_savings_plans = true"
	spOff = "azure_savings_plans = false"
)

func fleetDoes(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(fleetAddress, action)}}
}

func TestAccFleet_lifecycle(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	server := func(adatum, contoso, tailspin []string) func() {
		return func() {
			acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, adatum...)
			acctest.ExpectPermissions(t, b.Backend, mockbackend.ContosoID, contoso...)
			acctest.ExpectPermissions(t, b.Backend, mockbackend.TailspinID, tailspin...)
		}
	}
	test(t, b, map[string][]string{mockbackend.AdatumID: nil, mockbackend.ContosoID: {sp}, mockbackend.TailspinID: nil},
		resource.TestStep{
			Config:           b.Config(fleetBlock([]string{entry(mockbackend.AdatumID, riOn, spOff), entry(mockbackend.ContosoID, riOn), entry(mockbackend.NorthwindID, riOff)})),
			ConfigPlanChecks: fleetDoes(plancheck.ResourceActionCreate),
			PostApplyFunc:    server([]string{ri}, []string{ri, sp}, []string{ri}),
		},
		resource.TestStep{ // changed, added, and one in upper case
			Config:           b.Config(fleetBlock([]string{entry(strings.ToUpper(mockbackend.AdatumID), riOff, spOn), entry(mockbackend.ContosoID, riOn), entry(mockbackend.TailspinID, riOff)})),
			ConfigPlanChecks: fleetDoes(plancheck.ResourceActionUpdate),
			PostApplyFunc:    server([]string{sp}, []string{ri, sp}, nil),
		},
		resource.TestStep{ // only the spelling: the state follows, so that permissions[var.id] works, and nothing is written
			PreConfig:        b.ResetJournal,
			Config:           b.Config(fleetBlock([]string{entry(mockbackend.AdatumID, riOff, spOn), entry(mockbackend.ContosoID, riOn), entry(mockbackend.TailspinID, riOff)}) + "output \"one\" {\n  value = " + fleetAddress + ".permissions[\"" + mockbackend.AdatumID + "\"]\n}\n"),
			ConfigPlanChecks: fleetDoes(plancheck.ResourceActionUpdate),
			PostApplyFunc: func() {
				if n := len(acctest.Writes(b.Backend)); n != 0 {
					t.Errorf("%d writes", n)
				}
			},
		},
		resource.TestStep{ // removed customers are disabled, a released one is not
			Config:        b.Config(fleetBlock([]string{entry(mockbackend.ContosoID)})),
			PostApplyFunc: server(nil, []string{ri, sp}, nil),
		},
		resource.TestStep{
			PreConfig:        func() { b.SetPermissions(mockbackend.ContosoID, sp) },
			Config:           b.Config(fleetBlock([]string{entry(mockbackend.ContosoID, riOn)})),
			ConfigPlanChecks: fleetDoes(plancheck.ResourceActionUpdate),
			PostApplyFunc:    server(nil, []string{ri, sp}, nil),
		},
	)
}

// A customer that can never be read can be released without a refresh. After that, plans work again.
func TestProtoFleet_releasesUnreadable(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: onlyRI}))
		r.Fail(mockbackend.Fault{Method: http.MethodGet, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Times: -1})
		acctest.Pass(time.Hour)
		r.Again()
		if err := r.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "set it to {} and apply with -refresh=false") {
			t.Fatalf("got %v", err)
		}
		config := of(acctest.Values{mockbackend.AdatumID: acctest.Values{}})
		r.MustApply(config)
		r.ExpectPlan(config, acctest.NoOp)
		acctest.ExpectPermissions(t, r.Backend, mockbackend.AdatumID, ri)
	})
}

// Enabled permissions of unlisted customers are shown in the plan, and disabled.
func TestAccFleet_deny(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	config := b.Config(fleetBlock([]string{entry(mockbackend.ContosoID, riOn)}, `unlisted = "deny"`))
	server := func() {
		acctest.ExpectPermissions(t, b.Backend, mockbackend.ContosoID, ri, sp)
		for _, c := range b.Customers() {
			if c.ID != mockbackend.ContosoID {
				acctest.ExpectPermissions(t, b.Backend, c.ID)
			}
		}
	}
	test(t, b, map[string][]string{mockbackend.ContosoID: {sp}},
		resource.TestStep{Config: config, PostApplyFunc: server},
		resource.TestStep{
			PreConfig:        func() { b.SetPermissions(mockbackend.AdatumID, ri, sp) },
			Config:           config,
			ConfigPlanChecks: fleetDoes(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(fleetAddress, tfjsonpath.New("changes"), knownvalue.MapExact(map[string]knownvalue.Check{
					adatum: knownvalue.StringExact("reservations: on -> off, savings plans: on -> off (unlisted)"),
				})),
			},
			PostApplyFunc: server,
		},
		resource.TestStep{ // from ignore to deny, with something to find
			Config:        b.Config(fleetBlock([]string{entry(mockbackend.ContosoID, riOn)})),
			PostApplyFunc: func() { b.SetPermissions(mockbackend.TailspinID, sp) },
		},
		resource.TestStep{Config: config, PostApplyFunc: server},
	)
}

func TestAccFleet_maxChanges(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	three := []string{entry(mockbackend.AdatumID, riOn), entry(mockbackend.LitwareID, riOn), entry(mockbackend.ContosoID, riOff)}
	nothing := func() {
		if n := len(acctest.Writes(b.Backend)); n != 0 {
			t.Errorf("%d writes", n)
		}
	}
	test(t, b, map[string][]string{mockbackend.AdatumID: nil, mockbackend.LitwareID: nil},
		resource.TestStep{Config: b.Config(fleetBlock(three, "max_changes = 2")), ExpectError: acctest.Says("This would change 3 customers (2 enabled, 1 disabled), and max_changes allows 2. Nothing was changed.")},
		resource.TestStep{PreConfig: nothing, Config: b.Config(fleetBlock(three, "max_changes = 3"))},
		resource.TestStep{
			PreConfig:   b.ResetJournal,
			Config:      b.Config(fleetBlock([]string{entry(mockbackend.TailspinID, riOff)}, "max_changes = 2")),
			ExpectError: acctest.Says("This would change 3 customers (0 enabled, 3 disabled), and max_changes allows 2."),
		},
		resource.TestStep{PreConfig: nothing, Config: b.Config(fleetBlock(three, "max_changes = 1"))}, // there is nothing to do
	)
}

// failsInPart applies three customers, of which the write of one fails. It returns the customers that
// succeeded, and the one that failed.
func failsInPart(t *testing.T, b *acctest.Backend, w *acctest.Workspace) (done []string, failed string) {
	t.Helper()
	b.Fail(mockbackend.Fault{Method: http.MethodPost, Path: "/SelfServePolicy", Kind: mockbackend.APIError, Status: http.StatusBadRequest, Code: 3000, Skip: 1, Times: 1})
	r := w.Run(t.Context(), "apply", "-input=false", "-auto-approve")
	for _, id := range []string{mockbackend.AdatumID, mockbackend.LitwareID, mockbackend.FabrikamID} {
		if slices.Contains(acctest.Permissions(b.Backend, id), ri) {
			done = append(done, id)
		} else {
			failed = id
		}
	}
	for _, want := range []string{"Could not set the permissions of 1 of 3 customers", "2 of 3 customers are done, and are in the state.", failed + "): Partner Center answered 400 Bad Request (code 3000)"} {
		if r.ExitCode != 1 || len(done) != 2 || !acctest.Says(want).MatchString(r.Output) {
			t.Fatalf("exit code %d, %q succeeded, want %q in\n%s", r.ExitCode, done, want, r.Output)
		}
	}
	b.ResetJournal()
	return done, failed
}

var threeOn = fleetBlock([]string{entry(mockbackend.AdatumID, riOn), entry(mockbackend.LitwareID, riOn), entry(mockbackend.FabrikamID, riOn)}, "verify_azure_subscription = false")

// After a first apply that failed in part, the next apply continues and disables nothing.
func TestAccFleet_firstApplyFailsInPart(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	w := fleetWorkspace(t, b, threeOn)
	done, failed := failsInPart(t, b, w)
	r := w.Run(t.Context(), "apply", "-input=false", "-auto-approve")
	if r.ExitCode != 0 {
		t.Fatal(r.Output)
	}
	for _, write := range acctest.Writes(b.Backend) {
		if write.Method != http.MethodPost || !strings.Contains(write.RequestBody, failed) {
			t.Errorf("the second apply sent %s %s %s\n%s", write.Method, write.Path, write.RequestBody, r.Output)
		}
	}
	for _, id := range append(done, failed) {
		acctest.ExpectPermissions(t, b.Backend, id, ri)
	}
	if r = w.Run(t.Context(), "plan", "-input=false", "-detailed-exitcode"); r.ExitCode != 0 {
		t.Errorf("the next plan:\n%s", r.Output)
	}
	if r = w.Run(t.Context(), "destroy", "-input=false", "-auto-approve"); r.ExitCode != 0 {
		t.Fatal(r.Output)
	}
	for _, id := range append(done, failed) {
		acctest.ExpectPermissions(t, b.Backend, id)
	}
}

// A customer that is removed from the configuration after a first apply that failed in part is still disabled.
func TestAccFleet_removedAfterFailure(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	w := fleetWorkspace(t, b, threeOn)
	done, failed := failsInPart(t, b, w)
	config, err := os.ReadFile(filepath.Join(w.Dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	without := strings.Replace(string(config), entry(done[0], riOn), "", 1)
	if err := os.WriteFile(filepath.Join(w.Dir, "main.tf"), []byte(without), 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.Run(t.Context(), "apply", "-input=false", "-auto-approve")
	if writes := acctest.Routes(acctest.Writes(b.Backend)); r.ExitCode != 0 || len(writes) != 2 {
		t.Errorf("exit code %d, sent %q\n%s", r.ExitCode, writes, r.Output)
	}
	acctest.ExpectPermissions(t, b.Backend, done[0])
	acctest.ExpectPermissions(t, b.Backend, done[1], ri)
	acctest.ExpectPermissions(t, b.Backend, failed, ri)
	if r := w.Run(t.Context(), "plan", "-input=false", "-detailed-exitcode"); r.ExitCode != 0 {
		t.Errorf("the next plan:\n%s", r.Output)
	}
}

// A destroy disables what a first apply that failed in part has enabled.
func TestAccFleet_destroyAfterFailure(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	w := fleetWorkspace(t, b, threeOn)
	done, _ := failsInPart(t, b, w)
	if r := w.Run(t.Context(), "destroy", "-input=false", "-auto-approve"); r.ExitCode != 0 {
		t.Fatal(r.Output)
	}
	for _, id := range done {
		acctest.ExpectPermissions(t, b.Backend, id)
	}
}

// A replacement disables nothing either.
func TestAccFleet_replace(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	w := fleetWorkspace(t, b, fleetBlock([]string{entry(mockbackend.AdatumID, riOn)}))
	if r := w.Run(t.Context(), "apply", "-input=false", "-auto-approve"); r.ExitCode != 0 {
		t.Fatal(r.Output)
	}
	b.ResetJournal()
	if r := w.Run(t.Context(), "apply", "-input=false", "-auto-approve", "-replace="+fleetAddress); r.ExitCode != 0 {
		t.Fatal(r.Output)
	}
	if writes := acctest.Writes(b.Backend); len(writes) != 0 {
		t.Errorf("sent %+v", acctest.Routes(writes))
	}
}

// With create_before_destroy, the old resource is destroyed last. It keeps what the new one has just enabled,
// and disables customers that the new one no longer lists.
func TestAcc_createBeforeDestroy(t *testing.T) {
	t.Parallel()
	const before = "lifecycle {\n    create_before_destroy = true\n  }"
	one := func(id string) string {
		return fmt.Sprintf("resource %q \"all\" {\n  customer_id = %q\n  %s\n}\n", typeName, id, before)
	}
	for address, blocks := range map[string][2]string{
		typeName + ".all": {one(mockbackend.AdatumID), one(mockbackend.LitwareID)},
		fleetAddress:      {fleetBlock([]string{entry(mockbackend.AdatumID, riOn)}, before), fleetBlock([]string{entry(mockbackend.LitwareID, riOn)}, before)},
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			w := fleetWorkspace(t, b, blocks[0])
			run := func(args ...string) {
				t.Helper()
				if r := w.Run(t.Context(), append(args, "-input=false")...); r.ExitCode != 0 {
					t.Errorf("%q: exit code %d\n%s", args, r.ExitCode, r.Output)
				}
			}
			run("apply", "-auto-approve")
			b.ResetJournal()
			run("apply", "-auto-approve", "-replace="+address)
			if writes := acctest.Writes(b.Backend); len(writes) != 0 {
				t.Errorf("sent %q", acctest.Routes(writes))
			}
			acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, ri)
			run("plan", "-detailed-exitcode")
			config, err := os.ReadFile(filepath.Join(w.Dir, "main.tf"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(w.Dir, "main.tf"), []byte(strings.Replace(string(config), blocks[0], blocks[1], 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			run("apply", "-auto-approve", "-replace="+address)
			acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID)
			acctest.ExpectPermissions(t, b.Backend, mockbackend.LitwareID, ri)
			run("destroy", "-auto-approve")
			acctest.ExpectPermissions(t, b.Backend, mockbackend.LitwareID)
		})
	}
}

const requirement = "terraform {\n  required_providers {\n    partnercenter = {\n      source = \"partnercenter/partnercenter\"\n    }\n  }\n}\n"

func fleetWorkspace(t *testing.T, b *acctest.Backend, block string) *acctest.Workspace {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(requirement+block), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := acctest.NewWorkspace(t.Context(), dir, b.WorkspaceEnvironment())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAccFleet_import(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	all := make([]string, 0, 6)
	for _, c := range b.Customers() {
		on := acctest.Permissions(b.Backend, c.ID)
		all = append(all, entry(c.ID, fmt.Sprintf("azure_reservations = %t", slices.Contains(on, ri)), fmt.Sprintf("azure_savings_plans = %t", slices.Contains(on, sp))))
	}
	config := b.Config(fleetBlock(all))
	ignored := []string{"id", "changes", "change_summary"}
	test(t, b, nil,
		resource.TestStep{Config: config},
		resource.TestStep{ResourceName: fleetAddress, ImportState: true, ImportStateId: "all", ImportStateVerify: true, ImportStateVerifyIgnore: ignored, ImportStateVerifyIdentifierAttribute: "unlisted"},
		resource.TestStep{ResourceName: fleetAddress, ImportState: true, ImportStateId: "contoso", ExpectError: acctest.Says("The import ID is all, on")},
		resource.TestStep{
			ResourceName: fleetAddress, ImportState: true, ImportStateId: mockbackend.AdatumID + ",99999999-9999-4999-8999-999999999999",
			ExpectError: acctest.Says("Could not import the permissions of 1 of 2 customers"),
		},
		resource.TestStep{Config: b.Config(fleetBlock(all[:2])), PostApplyFunc: func() { acctest.ExpectPermissions(t, b.Backend, mockbackend.ContosoID) }},
		resource.TestStep{
			ResourceName: fleetAddress, ImportState: true, ImportStateId: mockbackend.AdatumID + ", " + strings.ToUpper(mockbackend.LitwareID),
			ImportStateVerify: true, ImportStateVerifyIgnore: ignored, ImportStateVerifyIdentifierAttribute: "unlisted",
		},
	)
}

func TestAccFleet_refused(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	var steps []resource.TestStep
	for _, c := range [][2]string{
		{b.Config(fleetBlock([]string{entry("contoso", riOn)})), `The customer ID "contoso" must be a GUID such as`},
		{b.Config(fleetBlock([]string{entry(mockbackend.AdatumID, riOn), entry(strings.ToUpper(mockbackend.AdatumID), riOn)})), "are the same customer"},
		{b.Config(fleetBlock([]string{entry(mockbackend.AdatumID, "reservations = true")})), `has the permission "reservations", and there are only azure_reservations and azure_savings_plans`},
		{b.Config(fleetBlock(nil, `unlisted = "block"`)), `value must be one of`},
		{b.Config(fleetBlock(nil, `full_refresh_after = "1d"`)), "must be a duration such as 24h"},
		{b.ConfigAs("", fleetBlock([]string{entry(mockbackend.AdatumID, riOn)})), "Sign-in without a user cannot set customer permissions"},
		{b.Config(fleetBlock([]string{entry(mockbackend.AdatumID, riOn), entry(mockbackend.FabrikamID, riOn)})), "Could not enable the permissions of 1 of 2 customers"},
		{b.ConfigAs(b.User(mockbackend.HelpdeskAgent).RefreshToken, fleetBlock([]string{entry(mockbackend.AdatumID, riOn)})), "403 Forbidden (code 900150)"},
	} {
		steps = append(steps, resource.TestStep{Config: c[0], ExpectError: acctest.Says(c[1])})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: b.Factories(), Steps: steps})
	if n := len(acctest.Writes(b.Backend)); n != 0 {
		t.Errorf("%d writes", n)
	}
}
