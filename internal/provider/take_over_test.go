package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// section returns a part of a guide by its headline.
func section(t *testing.T, guide, headline string) string {
	t.Helper()
	_, text, ok := strings.Cut(guide, "\n## "+headline+"\n")
	if !ok {
		t.Fatalf("the guide has no section %q", headline)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// TestTakeOver runs the commands of the guide unchanged, for customers with permissions of every kind. They import
// all permissions without a write, and the second plan is empty.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	content, err := os.ReadFile(filepath.Join(acctest.Root(), "internal", "provider", "templates", "guides", "take_over.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	guide := string(content)
	acctest.SkipBelow(t, 7, 8, "for_each in import blocks")
	cli, err := acctest.FindCLI()
	if err != nil {
		t.Fatal(err)
	}
	b := acctest.New(t, mockbackend.Config{Customers: 300})
	imports := 0
	for i, c := range b.Customers() {
		permissions := [][]string{nil, {mockbackend.AzureReservedInstances}, nil, {mockbackend.AzureSavingsPlan, mockbackend.AzureReservedInstances}, {mockbackend.AzureSavingsPlan}}[i%5]
		b.SetPermissions(c.ID, permissions...)
		imports += len(permissions)
	}
	b.ResetJournal()
	dir, bin := t.TempDir(), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(acctest.Root(), "examples", "take-over"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(cli.Path, filepath.Join(bin, "terraform")); err != nil {
		t.Fatal(err)
	}
	w := workspace(t, b.WorkspaceEnvironment(), nil)
	do := func(headline string) string {
		t.Helper()
		commands := strings.Join(blocks(section(t, guide, headline), shellBlock), "")
		if commands == "" {
			t.Fatalf("no commands under %q", headline)
		}
		c := exec.CommandContext(t.Context(), "bash", "-eu", "-c", commands)
		c.Dir = dir
		c.Env = append(w.Command(t.Context()).Env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", headline, err, out)
		}
		if writes := acctest.Writes(b.Backend); len(writes) > 0 {
			t.Fatalf("%s wrote: %v", headline, acctest.Routes(writes))
		}
		return string(out)
	}
	do("Write the list")
	customers, err := os.ReadFile(filepath.Join(dir, "customers.yaml"))
	if err != nil || strings.Count(string(customers), "\n# ")+1 != 180 {
		t.Errorf("customers.yaml: %v\n%s", err, customers)
	}
	if out := do("One resource for many customers"); !strings.Contains(out, "Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("many:\n%s", out)
	}
	generated, err := os.ReadFile(filepath.Join(dir, "generated", "permissions.tf"))
	if err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`"?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"?\s*=`).FindAllStringSubmatch(string(generated), -1)
	if len(ids) != 180 || slices.ContainsFunc(ids, func(id []string) bool { return len(acctest.Permissions(b.Backend, id[1])) == 0 }) {
		t.Errorf("the generated configuration has %d customers:\n%s", len(ids), generated)
	}
	if out := do("A resource for each customer"); !strings.Contains(out, "Plan: 240 to import, 0 to add, 0 to change, 0 to destroy.") || imports != 240 {
		t.Errorf("single:\n%s", out)
	}
	for _, folder := range []string{"many", "single"} {
		c := w.Command(t.Context(), "-chdir="+filepath.Join(dir, folder), "plan", "-input=false", "-detailed-exitcode")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("the second plan of %s: %v\n%s", folder, err, out)
		}
	}
	do("Go back")
}

// TestTakeOver_query: "terraform query" finds, generates and imports the same permissions without a change.
func TestTakeOver_query(t *testing.T) {
	t.Parallel()
	acctest.SkipBelow(t, 14, 0, "query command")
	query, err := os.ReadFile(filepath.Join(acctest.Root(), "examples", "list-resources", "partnercenter_customer_permission_reservations", "list-resource.tfquery.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	b := acctest.New(t, mockbackend.Config{Customers: 300})
	for i, c := range b.Customers() {
		b.SetPermissions(c.ID, [][]string{{mockbackend.AzureReservedInstances}, nil}[i%2]...)
	}
	first, _, _ := strings.Cut(string(query), "\n\n")
	w := workspace(t, b.WorkspaceEnvironment(), map[string]string{"main.tf": requirement + "provider \"partnercenter\" {}\n", "permissions.tfquery.hcl": first + "\n"})
	run(t, w, 0, "query")
	run(t, w, 0, "query", "-generate-config-out=permissions.tf")
	if out := run(t, w, 0, "plan", "-input=false"); !strings.Contains(out, "150 to import, 0 to add, 0 to change, 0 to destroy") {
		t.Errorf("the plan says\n%s", out)
	}
}
