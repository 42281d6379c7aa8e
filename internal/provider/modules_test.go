package provider_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestModules runs "terraform test" in every module of examples/modules. The tests that need no service run first,
// then all tests run against the mock.
func TestModules(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(filepath.Join(acctest.Root(), "examples", "modules", "*"))
	if err != nil || len(folders) < 2 {
		t.Fatal(folders, err)
	}
	cli, err := acctest.FindCLI()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			files := make(map[string]string)
			err := fs.WalkDir(os.DirFS(folder), ".", func(name string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() || acctest.IsLeftover(e.Name()) {
					return err
				}
				content, err := os.ReadFile(filepath.Join(folder, name))
				files[name] = string(content)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			moduleIsDocumented(t, files)
			if !cli.AtLeast(7, 0) {
				t.Skip("mock_provider takes Terraform 1.7")
			}
			w := workspace(t, nil, files)
			run(t, w, 0, "test", "-filter=tests/unit.tftest.hcl")
			b := acctest.New(t, mockbackend.Config{})
			w.Env = append(w.Env, b.WorkspaceEnvironment()...)
			out := run(t, w, 0, "test")
			for _, test := range []string{"tests/mock.tftest.hcl... pass", "tests/unit.tftest.hcl... pass"} {
				if !strings.Contains(out, test) {
					t.Errorf("%s is not there:\n%s", test, out)
				}
			}
			if len(acctest.Writes(b.Backend)) == 0 {
				t.Error("nothing was written to the mock")
			}
			for id, want := range map[string][]string{mockbackend.AdatumID: nil, mockbackend.LitwareID: nil} { // destroyed
				acctest.ExpectPermissions(t, b.Backend, id, want...)
			}
		})
	}
}

var declared = regexp.MustCompile(`(?m)^(variable|output) "(\w+)"`)

// moduleIsDocumented checks that the README names every variable and output, and that the module has all files of a
// published module.
func moduleIsDocumented(t *testing.T, files map[string]string) {
	t.Helper()
	for _, name := range []string{"README.md", "main.tf", "variables.tf", "outputs.tf", "versions.tf"} {
		if files[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
	for _, d := range slices.Concat(declared.FindAllStringSubmatch(files["variables.tf"], -1), declared.FindAllStringSubmatch(files["outputs.tf"], -1)) {
		if !strings.Contains(files["README.md"], "`"+d[2]+"`") {
			t.Errorf("the README does not name the %s %s", d[1], d[2])
		}
	}
}
