package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
)

// newSleeper prepares a workspace with the provider that only sleeps. Each of its calls takes the latency of
// the mock.
func newSleeper(ctx context.Context, dir string, latency time.Duration, objects int) (*acctest.Workspace, error) {
	cli, err := acctest.FindCLI()
	if err != nil {
		return nil, err
	}
	mirror := filepath.Join(dir, "mirror")
	binary := filepath.Join(mirror, "terraform-provider-sleeper_v0.0.1")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./internal/acctest/bench/sleeper")
	build.Dir = acctest.Root()
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the sleeper: %w\n%s", err, out)
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		target := filepath.Join(mirror, host, "bench", "sleeper", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := errors.Join(os.MkdirAll(target, 0o755), os.Link(binary, filepath.Join(target, filepath.Base(binary)))); err != nil {
			return nil, err
		}
	}
	settings := filepath.Join(dir, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return nil, err
	}
	w := &acctest.Workspace{Dir: dir, CLI: cli, Env: []string{
		"TF_CLI_CONFIG_FILE=" + settings, "SLEEPER_WAIT=" + latency.String(), "SLEEPER_OBJECTS=" + strconv.Itoa(objects),
	}}
	return w, w.Run(ctx, "init", "-input=false").Err
}
