package acctest_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
)

// An example that was applied in its own folder is copied without its state, which belongs to another server.
func TestCopyConfiguration(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(from, ".terraform", "providers"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"main.tf", "variables.tf", "terraform.tfvars", "terraform.tfstate", "terraform.tfstate.backup", ".terraform.tfstate.lock.info",
		".terraform.lock.hcl", "saved.tfplan", "crash.log",
	} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := acctest.CopyConfiguration(to, from); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if want := []string{"main.tf", "terraform.tfvars", "variables.tf"}; !slices.Equal(got, want) {
		t.Errorf("copied %q, want %q", got, want)
	}
}
