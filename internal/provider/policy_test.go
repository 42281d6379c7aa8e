package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// opaProgram is the pinned OPA, which go builds once. "go tool" takes half a second longer than the program, for each run.
var opaProgram = sync.OnceValues(func() (string, error) {
	tool := []string{"-C", filepath.Join(acctest.Root(), "internal", "tools", "opa"), "tool"}
	if out, err := exec.Command("go", append(slices.Clone(tool), "opa", "version")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building OPA: %w\n%s", err, out)
	}
	path, err := exec.Command("go", append(tool, "-n", "opa")...).Output()
	return strings.TrimSpace(string(path)), err
})

// opa runs the pinned OPA.
func opa(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program, err := opaProgram()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("opa %s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	return stdout.String(), err
}

// policyWith copies the example policy and adds approvals of these customers.
func policyWith(t *testing.T, customers []string) string {
	t.Helper()
	from, to := filepath.Join(acctest.Root(), "examples", "policy"), t.TempDir()
	if err := acctest.CopyConfiguration(to, from); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(to, "data.json")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var approved struct {
		Approvals map[string][]string `json:"approvals"`
	}
	if err := json.Unmarshal(content, &approved); err != nil {
		t.Fatal(err)
	}
	for _, id := range customers {
		approved.Approvals[id] = []string{"reservations"}
	}
	if content, err = json.Marshal(approved); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// opaLine matches the command in the guide.
var opaLine = regexp.MustCompile(`(?m)^opa (exec .*) --bundle policy (.*) plan\.json$`)

// asInGuide runs the command of the guide. It reports whether the command refuses the plan.
func asInGuide(t *testing.T, policy, planJSON string) bool {
	t.Helper()
	guide, err := os.ReadFile("templates/guides/policy.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	line := opaLine.FindStringSubmatch(string(guide))
	if line == nil {
		t.Fatal("the guide does not run OPA")
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(planJSON), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := opa(t, slices.Concat(strings.Fields(line[1]), []string{"--bundle", policy}, strings.Fields(line[2]), []string{file})...)
	if err == nil && !strings.Contains(out, `"result": []`) {
		t.Errorf("OPA did not read the plan: %s", out)
	}
	return err != nil
}

// refusals returns the messages of the policy for a plan.
func refusals(t *testing.T, policy, planJSON string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(planJSON), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := opa(t, "eval", "--data", policy, "--input", file, "--format", "raw", "data.partnercenter.deny")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	slices.Sort(said)
	return said
}

// planJSON plans a configuration and returns the output of "terraform show -json".
func planJSON(t *testing.T, w *acctest.Workspace, config string, args ...string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, "main.tf"), []byte(requirement+config), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, w, 0, append([]string{"plan", "-input=false", "-out=tfplan"}, args...)...)
	return run(t, w, 0, "show", "-json", "tfplan")
}

func singleConfig(permission string, customers ...string) string {
	return fmt.Sprintf("resource \"partnercenter_customer_permission_%s\" \"this\" {\n  for_each    = toset([%s])\n  customer_id = each.key\n}\n",
		permission, quoted(customers))
}

func fleetConfig(settings string, permissions map[string]string) string {
	var lines strings.Builder
	for _, id := range slices.Sorted(maps.Keys(permissions)) {
		fmt.Fprintf(&lines, "    %q = { %s }\n", id, permissions[id])
	}
	return fmt.Sprintf("resource \"partnercenter_customer_permissions\" \"this\" {\n  permissions = {\n%s  }\n%s}\n", &lines, settings)
}

func quoted(values []string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = fmt.Sprintf("%q", v)
	}
	return strings.Join(list, ", ")
}

// TestPolicy checks the example policy with real plans, of single resources and of many customers in one resource.
func TestPolicy(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(acctest.Root(), "examples", "policy")
	if _, err := opa(t, "check", "--strict", folder); err != nil {
		t.Fatal(err)
	}
	if out, err := opa(t, "fmt", "--list", folder); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("opa fmt would change %s (%v)", out, err)
	}
	const (
		on         = "azure_reservations = true"
		other      = "20000000-0000-4000-8000-000000000000"
		never      = ": reservations must never be enabled."
		unapproved = ": reservations would be enabled without approval."
		plans      = ": savings plans must not be enabled, because a savings plan cannot be cancelled."
	)
	var many []string
	manyOn, manyOff, released := map[string]string{}, map[string]string{}, map[string]string{}
	for i := range 11 {
		id := fmt.Sprintf("100000%02d-0000-4000-8000-000000000000", i)
		many = append(many, id)
		manyOn[id], manyOff[id], released[id] = on, "azure_reservations = false", ""
	}
	policy := policyWith(t, many)
	tooMany := func(n int, direction string) []string {
		return []string{fmt.Sprintf("%d customers would be %s, and 10 are allowed in one change.", n, direction)}
	}
	one := func(customer string) string {
		return fmt.Sprintf("resource \"partnercenter_customer_permission_reservations\" \"this\" {\n  customer_id = %q\n}\n", customer)
	}
	const forget = "removed {\n  from = partnercenter_customer_permission_reservations.this\n  lifecycle {\n    destroy = false\n  }\n}\n"
	adatum, contoso := "Adatum Demo ("+mockbackend.AdatumID+")", "Contoso Demo ("+mockbackend.ContosoID+")"
	tailspin, litware := "Tailspin Demo ("+mockbackend.TailspinID+")", "Litware Demo ("+mockbackend.LitwareID+")"
	for name, c := range map[string]struct {
		before, config string // before is applied first
		args           []string
		want           []string
	}{
		"approved":         {config: singleConfig("reservations", strings.ToUpper(mockbackend.AdatumID))},
		"nothing to do":    {before: one(mockbackend.TailspinID), config: one(mockbackend.TailspinID)},
		"not approved":     {config: one(mockbackend.ContosoID), want: []string{contoso + unapproved}},
		"never":            {config: one(mockbackend.TailspinID), want: []string{tailspin + never, tailspin + unapproved}},
		"savings plans":    {config: singleConfig("savings_plans", mockbackend.LitwareID), want: []string{litware + plans}},
		"too many":         {config: singleConfig("reservations", many...), want: tooMany(11, "enabled")},
		"destroyed":        {before: singleConfig("reservations", many...), config: singleConfig("reservations", many...), args: []string{"-destroy"}, want: tooMany(11, "disabled")},
		"ten of them":      {before: singleConfig("reservations", many...), config: singleConfig("reservations", many[0])},
		"another customer": {before: one(mockbackend.AdatumID), config: one(mockbackend.ContosoID), want: []string{contoso + unapproved}},
		"forgotten":        {before: singleConfig("reservations", many...), config: forget},
		"unknown customer": {
			config: fmt.Sprintf("resource \"terraform_data\" \"id\" {\n  input = %q\n}\n", mockbackend.AdatumID) +
				"resource \"partnercenter_customer_permission_reservations\" \"this\" {\n  customer_id = terraform_data.id.output\n}\n",
			want: []string{"partnercenter_customer_permission_reservations.this does not say which permissions it changes."},
		},
		"fleet: approved":         {config: fleetConfig("", map[string]string{strings.ToUpper(mockbackend.AdatumID): on})},
		"fleet: already declared": {config: fleetConfig("", map[string]string{mockbackend.ContosoID: on})},
		"fleet: not approved": {
			config: fleetConfig("", map[string]string{other: on, mockbackend.AdatumID: "azure_savings_plans = true"}),
			want: []string{
				adatum + plans, adatum + ": savings plans would be enabled without approval.",
				"Customer 20000000 (" + other + ")" + unapproved,
			},
		},
		"fleet: too many":  {config: fleetConfig("", manyOn), want: tooMany(11, "enabled")},
		"fleet: destroyed": {before: fleetConfig("", manyOn), config: fleetConfig("", manyOn), args: []string{"-destroy"}, want: tooMany(11, "disabled")},
		"fleet: disabled":  {before: fleetConfig("", manyOn), config: fleetConfig("", manyOff), want: tooMany(11, "disabled")},
		"fleet: released":  {before: fleetConfig("", manyOn), config: fleetConfig("", released)},
		"fleet: denied": {
			before: singleConfig("reservations", many...),
			config: forget + fleetConfig("  unlisted = \"deny\"\n", nil),
			want:   tooMany(13, "disabled"), // includes Contoso and Tailspin
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			for _, id := range append([]string{other}, many...) {
				b.AddCustomer(mockbackend.Customer{ID: id}, mockbackend.Subscription{AzureSubscriptions: []mockbackend.AzureEntitlement{{FriendlyName: "Production"}}})
			}
			w := workspace(t, b.WorkspaceEnvironment(), map[string]string{"main.tf": requirement + c.before})
			if c.before != "" {
				run(t, w, 0, "apply", "-input=false", "-auto-approve")
			}
			plan := planJSON(t, w, c.config, c.args...)
			if got := refusals(t, policy, plan); !slices.Equal(got, c.want) {
				t.Errorf("the policy says\n  %s\nnot\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
			if name != "fleet: approved" && name != "fleet: not approved" {
				return
			}
			if refused := asInGuide(t, policy, plan); refused != (c.want != nil) {
				t.Errorf("the command of the guide refuses the plan: %t", refused)
			}
			// HCP Terraform wraps the plan in an object.
			if got := refusals(t, policy, `{"plan":`+plan+`,"run":{}}`); !slices.Equal(got, c.want) {
				t.Errorf("of the plan in HCP Terraform, the policy says\n  %s", strings.Join(got, "\n  "))
			}
		})
	}
	t.Run("no plan", func(t *testing.T) {
		t.Parallel()
		if got, want := refusals(t, policy, "{}"), []string{"The input is not a Terraform plan: use the output of terraform show -json."}; !slices.Equal(got, want) {
			t.Errorf("the policy says %q", got)
		}
	})
}
