package permission_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const (
	adatum   = "Adatum Demo (" + mockbackend.AdatumID + ")"
	litware  = "Litware Demo (" + mockbackend.LitwareID + ")"
	contoso  = "Contoso Demo (" + mockbackend.ContosoID + ")"
	tailspin = "Tailspin Demo (" + mockbackend.TailspinID + ")"
	fabrikam = "Fabrikam Demo (" + mockbackend.FabrikamID + ")"
)

// reviews are plans with the changes that they must show. In the mock, Contoso has both permissions enabled,
// and Tailspin has reservations enabled. Fabrikam has no Azure subscription.
var reviews = []struct {
	name string
	// before is applied first, unless it is nil. Then the server is changed.
	before    acctest.Values
	outside   map[string][]string
	config    acctest.Values
	noRefresh bool
	changes   acctest.Values // nil: none
	summary   any
}{
	{
		name:    "a first create",
		config:  of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.ContosoID: onlyRI, mockbackend.TailspinID: bothOff, mockbackend.LitwareID: acctest.Values{}}),
		changes: acctest.Values{adatum: "reservations: off -> on", tailspin: "reservations: on -> off"},
		summary: "enables 1, disables 1, releases 0, cannot enable 0; 2 already as declared",
	},
	{
		name:    "a first create with deny",
		config:  of(acctest.Values{mockbackend.AdatumID: onlyRI}, "unlisted", "deny"),
		changes: acctest.Values{adatum: "reservations: off -> on", contoso: "reservations: on -> off, savings plans: on -> off (unlisted)", tailspin: "reservations: on -> off (unlisted)"},
		summary: "enables 1, disables 2, releases 0, cannot enable 0; 0 already as declared",
	},
	{
		name:    "from ignore to deny",
		before:  of(acctest.Values{mockbackend.AdatumID: onlyRI}),
		config:  of(acctest.Values{mockbackend.AdatumID: onlyRI}, "unlisted", "deny"),
		changes: acctest.Values{contoso: "reservations: on -> off, savings plans: on -> off (unlisted)", tailspin: "reservations: on -> off (unlisted)"},
		summary: "enables 0, disables 2, releases 0, cannot enable 0; 1 already as declared",
	},
	{
		name:    "unlisted, and no longer listed with what the state does not say",
		before:  of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI}, "unlisted", "deny"),
		outside: map[string][]string{mockbackend.TailspinID: {sp}, mockbackend.LitwareID: {ri, sp}},
		config:  of(acctest.Values{mockbackend.AdatumID: onlyRI}, "unlisted", "deny"),
		changes: acctest.Values{tailspin: "savings plans: on -> off (unlisted)", litware: "reservations: on -> off, savings plans: on -> off (no longer listed)"},
		summary: "enables 0, disables 2, releases 0, cannot enable 0; 1 already as declared",
	},
	{
		name:    "changed, released, new, and no longer listed",
		before:  of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI, mockbackend.ContosoID: bothOn}),
		config:  of(acctest.Values{mockbackend.AdatumID: bothOff, mockbackend.ContosoID: acctest.Values{"azure_savings_plans": true}, mockbackend.TailspinID: onlyRI}),
		changes: acctest.Values{adatum: "reservations: on -> off", litware: "reservations: on -> off (no longer listed)", contoso: "released: reservations stay on"},
		summary: "enables 0, disables 2, releases 1, cannot enable 0; 1 already as declared",
	},
	{
		name:    "healed",
		before:  of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: bothOff}),
		outside: map[string][]string{mockbackend.AdatumID: nil, mockbackend.LitwareID: {ri}},
		config:  of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: bothOff}),
		changes: acctest.Values{adatum: "reservations: off -> on (disabled outside Terraform)", litware: "reservations: on -> off (enabled outside Terraform)"},
		summary: "enables 1, disables 1, releases 0, cannot enable 0; 0 already as declared",
	},
	{
		name:      "without a refresh",
		before:    of(acctest.Values{mockbackend.AdatumID: onlyRI}),
		outside:   map[string][]string{mockbackend.AdatumID: nil},
		config:    of(acctest.Values{mockbackend.AdatumID: acctest.Values{"azure_reservations": false}, mockbackend.LitwareID: onlyRI}),
		noRefresh: true,
		changes:   acctest.Values{adatum: "reservations: on -> off", litware: "reservations: off -> on"},
		summary:   "enables 1, disables 1, releases 0, cannot enable 0; 0 already as declared",
	},
	{
		name:    "a customer that cannot be enabled",
		before:  of(acctest.Values{mockbackend.AdatumID: onlyRI}),
		config:  of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.FabrikamID: onlyRI}, "on_error", "report"),
		changes: acctest.Values{fabrikam: "reservations: cannot be enabled (no Azure subscription)"},
		summary: "enables 0, disables 0, releases 0, cannot enable 1; 1 already as declared",
	},
	{
		name:   "nothing",
		before: of(acctest.Values{mockbackend.AdatumID: onlyRI}),
		config: of(acctest.Values{mockbackend.AdatumID: onlyRI}, "max_changes", 5),
	},
}

// The plan shows what an apply changes, the state keeps it after the apply, and the next plan does not repeat
// it.
func TestProtoFleet_changes(t *testing.T) {
	t.Parallel()
	for _, c := range reviews {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
				if c.before != nil {
					r.MustApply(c.before)
					acctest.Pass(time.Hour)
					r.Again()
				}
				for id, on := range c.outside {
					r.SetPermissions(id, on...)
				}
				if !c.noRefresh {
					r.MustRefresh()
				}
				if _, err := r.Plan(t.Context(), c.config); err != nil {
					t.Fatal(err)
				}
				expectChanges(t, "the plan", r.Planned, c.changes, c.summary)
				r.Again()
				r.MustApply(c.config)
				expectChanges(t, "the state", r.State(), c.changes, c.summary)
				acctest.Pass(time.Hour)
				r.Again()
				r.MustRefresh()
				expectChanges(t, "the state that was loaded again", r.State(), nil, nil)
				if c.name != "a customer that cannot be enabled" { // each plan tries it again
					r.ExpectPlan(c.config, acctest.NoOp)
				}
			})
		})
	}
}

func expectChanges(t *testing.T, where string, v, changes acctest.Values, summary any) {
	t.Helper()
	got, _ := v["changes"].(acctest.Values)
	if !maps.Equal(got, changes) {
		t.Errorf("%s says %v, want %v", where, got, changes)
	}
	if v["change_summary"] != summary {
		t.Errorf("%s says %v, want %v", where, v["change_summary"], summary)
	}
}

// An apply changes only customers that the plan names. A change between plan and apply stops the apply before
// the first write, and a new plan works.
func TestCLIFleet_changedSincePlan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, before, config string
		outside              func(*mockbackend.Backend)
	}{
		{"create", "", fleetBlock([]string{entry(mockbackend.AdatumID, riOn), entry(mockbackend.LitwareID, riOn)}), func(b *mockbackend.Backend) { b.SetPermissions(mockbackend.LitwareID, ri) }},
		{"deny", fleetBlock([]string{entry(mockbackend.AdatumID, riOn)}), fleetBlock([]string{entry(mockbackend.AdatumID, riOn)}, `unlisted = "deny"`), func(b *mockbackend.Backend) { b.SetPermissions(mockbackend.LitwareID, ri) }},
		{"new", fleetBlock([]string{entry(mockbackend.AdatumID, riOn)}), fleetBlock([]string{entry(mockbackend.AdatumID, riOn), entry(mockbackend.TailspinID, `azure_reservations = false`)}), func(b *mockbackend.Backend) { b.SetPermissions(mockbackend.TailspinID) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			w := fleetWorkspace(t, b, c.before)
			if c.before != "" {
				mustRun(t, w, "apply", "-auto-approve")
			}
			writeFleet(t, w, c.config)
			mustRun(t, w, "plan", "-out=plan")
			c.outside(b.Backend)
			b.ResetJournal()
			r := w.Run(t.Context(), "apply", "plan")
			for _, want := range []string{"Provider produced inconsistent final plan", "Then plan again."} {
				if r.Err == nil || !strings.Contains(oneLine(r.Output), want) {
					t.Errorf("the output does not contain %q:\n%s", want, r.Output)
				}
			}
			if writes := acctest.Writes(b.Backend); len(writes) > 0 {
				t.Errorf("it wrote: %v", acctest.Routes(writes))
			}
			if err := w.Age(time.Hour); err != nil {
				t.Fatal(err)
			}
			mustRun(t, w, "apply", "-auto-approve")
			if r := w.Run(t.Context(), "plan", "-detailed-exitcode"); r.ExitCode != 0 {
				t.Errorf("the next plan has exit code %d:\n%s", r.ExitCode, r.Output)
			}
		})
	}
}

// The plan of a destroy names the customers that it disables. If their names cannot be read, it shows the IDs.
func TestProtoFleet_destroyWarns(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.ContosoID: bothOn, mockbackend.LitwareID: bothOff}))
		r.Again()
		expect := func(want string) {
			t.Helper()
			start := time.Now()
			if _, err := r.Plan(t.Context(), nil); err != nil || len(r.Warnings) != 1 || r.Warnings[0] != want || time.Since(start) > time.Minute {
				t.Errorf("after %s: %v, %q, want %q", time.Since(start), err, r.Warnings, want)
			}
		}
		const headline = "Destroying disables the permissions of 2 customers\n"
		expect(headline + "  " + adatum + ": reservations: on -> off\n  " + contoso + ": reservations: on -> off, savings plans: on -> off")
		r.Again()
		r.Fail(mockbackend.Fault{Kind: mockbackend.ServerError, Path: "/customers*", Times: -1})
		expect(headline + "  " + mockbackend.AdatumID + ": reservations: on -> off\n  " + mockbackend.ContosoID + ": reservations: on -> off, savings plans: on -> off")
	})
}

// The plan of a destroy leaves out who was left out, since nothing of them is enabled.
func TestProtoFleet_destroyTellsNotOfLeftOut(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		r.MustApply(of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.FabrikamID: onlyRI, mockbackend.NorthwindID: onlyRI}, "on_error", "report"))
		const leftOut = "Could not enable the permissions of 2 customers\n"
		if len(r.Warnings) == 0 || !strings.HasPrefix(r.Warnings[0], leftOut) {
			t.Errorf("got %q, want %q", r.Warnings, leftOut)
		}
		r.Again()
		const want = "Destroying disables the permissions of 1 customer\n  " + adatum + ": reservations: on -> off"
		if _, err := r.Plan(t.Context(), nil); err != nil || len(r.Warnings) != 1 || r.Warnings[0] != want {
			t.Errorf("got %v, %q, want %q", err, r.Warnings, want)
		}
	})
}

// A replacement whose customers changed after its plan keeps the state, and says what to do.
func TestProtoFleet_replacementChangedSincePlan(t *testing.T) {
	t.Parallel()
	inFleet(t, mockbackend.Config{}, func(t *testing.T, r acctest.Run) {
		config := of(acctest.Values{mockbackend.AdatumID: onlyRI, mockbackend.LitwareID: onlyRI})
		r.MustApply(config)
		acctest.Pass(time.Hour)
		r.Taint()
		err := r.ReplaceTainted(t.Context(), config, func() {
			r.Again()
			r.SetPermissions(mockbackend.LitwareID)
			r.ResetJournal()
		})
		if err == nil || !strings.Contains(err.Error(), "1 customer changed since this plan was made") || !strings.Contains(err.Error(), litware) {
			t.Errorf("got %v", err)
		}
		if writes := acctest.Writes(r.Backend); len(writes) > 0 || !r.Exists() {
			t.Errorf("it wrote %v, and the state is %v", acctest.Routes(writes), r.State())
		}
		r.Again()
		if err := r.ReplaceTainted(t.Context(), config, r.Again); err != nil {
			t.Fatal(err)
		}
		acctest.ExpectPermissions(t, r.Backend, mockbackend.LitwareID, ri)
		for _, w := range acctest.Writes(r.Backend) {
			if w.Method == http.MethodDelete {
				t.Errorf("sent %s", w.Path)
			}
		}
	})
}

// The plan of 3,000 customers is readable, as text and as JSON.
func TestCLIFleet_review(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{Customers: 3000})
	customers := b.Customers()
	declare := func(more int, unlisted string, edit func(map[string]map[string]bool)) string {
		permissions := make(map[string]map[string]bool)
		for i, c := range customers[100:2800] {
			permissions[c.ID] = map[string]bool{"azure_reservations": i%5 == 0 != (i < more)}
		}
		edit(permissions)
		text, err := json.Marshal(permissions)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("resource \"partnercenter_customer_permissions\" \"all\" {\n  verify_azure_subscription = false\n  unlisted = %q\n  permissions = jsondecode(<<EOT\n%s\nEOT\n  )\n}\n", unlisted, text)
	}
	unchanged := func(map[string]map[string]bool) {}
	w := fleetWorkspace(t, b, declare(0, "deny", unchanged))
	mustRun(t, w, "apply", "-auto-approve")
	for what, args := range map[string][]string{"a refresh-only plan": {"plan", "-refresh-only", "-detailed-exitcode"}, "a plan": {"plan", "-detailed-exitcode"}} {
		if r := w.Run(t.Context(), args...); r.ExitCode != 0 {
			t.Errorf("%s right after the apply has exit code %d:\n%s", what, r.ExitCode, r.Output)
		}
	}
	if err := w.Age(time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, c := range customers[2900:2920] {
		b.SetPermissions(c.ID, ri)
	}

	gone := customers[2700].ID // a customer without an enabled permission would not be changed
	writeFleet(t, w, declare(5, "deny", func(p map[string]map[string]bool) { delete(p, gone) }))
	mustRun(t, w, "plan", "-out=plan")
	text := mustRun(t, w, "show", "plan").Output
	block := text[strings.Index(text, "  # partnercenter_customer_permissions.all"):strings.Index(text, "Plan: ")]
	if n := strings.Count(strings.TrimSpace(block), "\n") + 1; n > 60 {
		t.Errorf("the plan has %d lines:\n%s", n, block)
	}
	if line, _, _ := strings.Cut(block[strings.Index(block, "{\n")+2:], "\n"); !strings.Contains(line, `change_summary            = "enables 4, disables 22, releases 0, cannot enable 0; 2694 already as declared"`) {
		t.Errorf("the first line is %s", line)
	}
	var shown struct {
		ResourceChanges []struct {
			Change struct {
				Before, After struct{ Changes map[string]string }
			}
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(mustRun(t, w, "show", "-json", "plan").Output), &shown); err != nil {
		t.Fatal(err)
	}
	changes := shown.ResourceChanges[0].Change
	if len(changes.Before.Changes) != 0 || len(changes.After.Changes) != 26 {
		t.Errorf("before the plan %v, after it %v", changes.Before.Changes, changes.After.Changes)
	}
	for _, c := range slices.Concat(customers[100:105], customers[2700:2701], customers[2900:2920]) {
		key := fmt.Sprintf("%s (%s)", c.CompanyName, c.ID)
		if changes.After.Changes[key] == "" || !strings.Contains(block, key) {
			t.Errorf("%s is not in the plan", key)
		}
	}
	mustRun(t, w, "apply", "plan")
	if r := w.Run(t.Context(), "plan", "-detailed-exitcode"); r.ExitCode != 0 {
		t.Errorf("the plan after the apply has exit code %d:\n%s", r.ExitCode, r.Output)
	}

	writeFleet(t, w, declare(105, "deny", func(p map[string]map[string]bool) { delete(p, gone) }))
	if n := len(mustRun(t, w, "plan").Output); n >= 65_536 {
		t.Errorf("a plan with 100 changes has %d bytes", n)
	}
}

func mustRun(t *testing.T, w *acctest.Workspace, args ...string) acctest.Result {
	t.Helper()
	r := w.Run(t.Context(), args...)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r
}

// writeFleet replaces the configuration after the terraform block.
func writeFleet(t *testing.T, w *acctest.Workspace, block string) {
	t.Helper()
	writeFile(t, filepath.Join(w.Dir, "main.tf"), requirement+block)
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", "", "╵", "", "╷", "").Replace(text)), " ")
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
