package provider_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestHandOver applies the hand-over recipes step by step. No step may enable or disable a permission.
func TestHandOver(t *testing.T) {
	t.Parallel()
	root := filepath.Join(acctest.Root(), "examples", "hand-over")
	recipes := map[string][]string{
		"one of for_each":     {"single-to-many/before.tf", "single-to-many/after.tf"},
		"all of for_each":     {"single-to-many/before.tf", "single-to-many/all.tf"},
		"many to single":      {"many-to-single/before.tf", "many-to-single/during.tf", "many-to-single/after.tf"},
		"customers that left": {"customers-that-left/main.tf"},
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are no recipes", err)
	}
	for _, file := range files {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(slices.Concat(slices.Collect(maps.Values(recipes))...), filepath.ToSlash(name)) {
			t.Errorf("no recipe has %s", name)
		}
	}
	for recipe, steps := range recipes {
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			w := workspace(t, b.WorkspaceEnvironment(), nil)
			for i, name := range steps {
				content, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(w.Dir, "main.tf"), append([]byte(requirement), content...), 0o600); err != nil {
					t.Fatal(err)
				}
				b.ResetJournal()
				run(t, w, 0, "init", "-input=false")
				run(t, w, 0, "apply", "-input=false", "-auto-approve")
				if writes := acctest.Writes(b.Backend); i > 0 && len(writes) > 0 {
					t.Errorf("%s wrote: %v", name, acctest.Routes(writes))
				}
				acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
				acctest.ExpectPermissions(t, b.Backend, mockbackend.LitwareID, mockbackend.AzureReservedInstances)
				run(t, w, 0, "plan", "-input=false", "-detailed-exitcode")
			}
			switch recipe {
			case "one of for_each":
				want := []string{"partnercenter_customer_permission_reservations.this[\"" + mockbackend.LitwareID + "\"]", "partnercenter_customer_permissions.this"}
				if got := strings.Fields(run(t, w, 0, "state", "list")); !slices.Equal(got, want) {
					t.Errorf("the state has %q", got)
				}
			case "customers that left":
				left(t, b, w)
			}
		})
	}
}

// left ends the relationship with a customer. A warning must name the customer, and the others can still be
// changed.
func left(t *testing.T, b *acctest.Backend, w *acctest.Workspace) {
	t.Helper()
	b.EndRelationship(mockbackend.LitwareID)
	out := run(t, w, 2, "plan", "-input=false", "-detailed-exitcode", "-out=tfplan")
	if !acctest.Says("No longer a customer: " + mockbackend.LitwareID).MatchString(out) {
		t.Errorf("the plan does not name who left:\n%s", out)
	}
	run(t, w, 0, "apply", "-input=false", "tfplan")
	run(t, w, 0, "plan", "-input=false", "-detailed-exitcode")
	acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
}
