package acctest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// CLI is the Terraform or OpenTofu binary that the tests run.
type CLI struct {
	Path string
	// Tofu is true for OpenTofu and false for Terraform.
	Tofu bool
	// Version is the version, such as 1.11.4.
	Version string
}

// FindCLI returns the CLI: $TERRAFORM, else terraform or tofu in PATH, else the OpenTofu that "make test"
// builds in .bin.
var FindCLI = sync.OnceValues(func() (CLI, error) {
	candidates := []string{os.Getenv("TERRAFORM")}
	if candidates[0] == "" {
		candidates = []string{"terraform", "tofu", filepath.Join(Root(), ".bin", "tofu")}
	}
	for _, c := range candidates {
		path, err := exec.LookPath(c)
		if err != nil {
			continue
		}
		cmd := exec.Command(path, "version")
		cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+os.DevNull, "CHECKPOINT_DISABLE=1")
		out, err := cmd.Output()
		if err != nil {
			return CLI{}, fmt.Errorf("%s version: %w", path, err)
		}
		name, version, ok := strings.Cut(strings.SplitN(string(out), "\n", 2)[0], " v")
		if !ok {
			return CLI{}, fmt.Errorf("%s version answers %q", path, out)
		}
		return CLI{Path: path, Tofu: name == "OpenTofu", Version: version}, nil
	}
	return CLI{}, errors.New("neither terraform nor tofu was found: set TERRAFORM, or run \"make test\", which builds OpenTofu when there is none")
})

// Root is the top folder of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// AtLeast reports whether the CLI is at least Terraform 1.x or OpenTofu 1.y. 0 means that no version has the
// feature.
func (c CLI) AtLeast(terraform, tofu int) bool {
	needed := terraform
	if c.Tofu {
		needed = tofu
	}
	var major, minor int
	if _, err := fmt.Sscanf(c.Version, "%d.%d", &major, &minor); err != nil || needed == 0 {
		return false
	}
	return major > 1 || minor >= needed
}

// SkipBelow skips a test of a feature that the CLI does not have; see [CLI.AtLeast].
func SkipBelow(t testing.TB, terraform, tofu int, what string) {
	t.Helper()
	cli, err := FindCLI()
	if err != nil {
		t.Fatal(err)
	}
	if !cli.AtLeast(terraform, tofu) {
		t.Skipf("%s %s has no %s", filepath.Base(cli.Path), cli.Version, what)
	}
}
