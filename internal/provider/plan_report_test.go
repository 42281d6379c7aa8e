package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestPlanReport: the script of the pipelines reports the plan of the real CLI. The summary comes first, then every
// customer by name, within the size limit of a comment.
func TestPlanReport(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"sh", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s here to run the script with", program)
		}
	}
	b := acctest.New(t, mockbackend.Config{})
	for i := range 100 {
		c := b.AddCustomer(mockbackend.Customer{CompanyName: fmt.Sprintf("Long Company Name of Customer %03d Limited", i)})
		b.SetPermissions(c.ID, mockbackend.AzureReservedInstances)
	}
	config, err := os.ReadFile(filepath.Join(acctest.Root(), "examples", "customers-deny", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	w := workspace(t, b.WorkspaceEnvironment(), map[string]string{"main.tf": string(config)})
	bin := t.TempDir()
	if err := os.Symlink(w.CLI.Path, filepath.Join(bin, "terraform")); err != nil {
		t.Fatal(err)
	}
	report := func(exitCode int) string {
		t.Helper()
		cmd := w.Command(t.Context())
		path := "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")
		script := exec.CommandContext(t.Context(), "sh", filepath.Join(acctest.Root(), "examples", "pipelines", "plan.sh"))
		script.Dir, script.Env = w.Dir, append(cmd.Env, path)
		out, _ := script.CombinedOutput()
		if got := script.ProcessState.ExitCode(); got != exitCode {
			t.Fatalf("exit code %d, not %d\n%s", got, exitCode, out)
		}
		content, err := os.ReadFile(filepath.Join(w.Dir, "plan.md"))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	got := report(2)
	const first = "**enables 2, disables 102, releases 0, cannot enable 0; 0 already as declared** (`partnercenter_customer_permissions.all`)\n\nPlan: 1 to add, 0 to change, 0 to destroy.\n"
	if !strings.HasPrefix(got, first) {
		t.Errorf("the report begins with\n%.400s", got)
	}
	if len(got) > 65536 || strings.Contains(got, "The rest is in the log") {
		t.Errorf("the report of 104 changes has %d bytes", len(got))
	}
	for _, name := range []string{"Adatum Demo", "Tailspin Demo", "Long Company Name of Customer 000 Limited", "Long Company Name of Customer 099 Limited"} {
		if !strings.Contains(got, "\""+name+" (") {
			t.Errorf("the report does not name %s", name)
		}
	}
	more := strings.Replace(string(config), "max_changes = 50 ", "max_changes = 200 ", 1)
	if err := os.WriteFile(filepath.Join(w.Dir, "main.tf"), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, w, 0, "apply", "-input=false", "-auto-approve")
	if got := report(0); !strings.HasPrefix(got, "No changes.\n") {
		t.Errorf("the report of a plan without changes is\n%s", got)
	}
}
