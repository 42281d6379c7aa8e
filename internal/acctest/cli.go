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
)

// CLI is the Terraform or OpenTofu that the tests run.
type CLI struct {
	Path string
	// Tofu tells OpenTofu from Terraform.
	Tofu bool
	// Version is such as 1.11.4.
	Version string
}

// FindCLI looks for the CLI: $TERRAFORM, else terraform or tofu on PATH, else the
// OpenTofu that "make test" builds into .bin.
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
