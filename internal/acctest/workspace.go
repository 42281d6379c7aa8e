package acctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Workspace is a folder with a configuration in which the CLI runs the built provider, as
// it does for a user who installed it.
type Workspace struct {
	// Dir is the folder.
	Dir string
	// CLI is what runs.
	CLI CLI
	// Env are further variables, NAME=value.
	Env []string
}

// NewWorkspace prepares the folder, which must exist: it runs init from the [Mirror], so that nothing is fetched.
func NewWorkspace(ctx context.Context, dir string, env []string) (*Workspace, error) {
	cli, err := FindCLI()
	if err != nil {
		return nil, err
	}
	mirror, err := Mirror()
	if err != nil {
		return nil, err
	}
	settings := filepath.Join(dir, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return nil, err
	}
	w := &Workspace{Dir: dir, CLI: cli, Env: append([]string{"TF_CLI_CONFIG_FILE=" + settings}, env...)}
	if r := w.Run(ctx, "init", "-input=false"); r.Err != nil {
		return nil, r.Err
	}
	return w, nil
}

// Mirror is a folder with the built provider, from which the CLI installs it. It is in .bin, where go build links only what has
// changed since the last time. All programs share it: each of them puts the same build in place, in one step.
var Mirror = sync.OnceValues(func() (string, error) {
	mirror := filepath.Join(Root(), ".bin", "mirror")
	binary := filepath.Join(mirror, "terraform-provider-partnercenter_v0.0.1")
	build := exec.Command("go", "build", "-o", binary, "-ldflags", "-s -w -X main.version=0.0.1", ".")
	build.Dir = Root()
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		target := filepath.Join(mirror, host, "partnercenter", "partnercenter", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(target, 0o755); err != nil {
			return "", err
		}
		// os.Link replaces nothing, and between a removal and a link another program would find no provider.
		link := filepath.Join(target, filepath.Base(binary))
		fresh := fmt.Sprintf("%s-%s-%d", mirror, host, os.Getpid())
		if err := errors.Join(os.Link(binary, fresh), os.Rename(fresh, link)); err != nil {
			return "", err
		}
		if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) { // it is still there if the link was of this build
			return "", err
		}
	}
	return mirror, nil
})

// Result is one run of the CLI.
type Result struct {
	// ExitCode is 2 for a plan with changes under -detailed-exitcode.
	ExitCode int
	// Output is standard output and standard error, without colours.
	Output string
	// Err is nil for exit codes 0 and 2.
	Err error
	// CPU is the time that the CLI and the provider kept processors busy.
	CPU time.Duration
}

// Command is the CLI with the arguments, for tests that do more with the process than [Workspace.Run].
func (w *Workspace) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.CLI.Path, args...)
	cmd.Dir = w.Dir
	cmd.Env = append(cleanEnviron(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_CLI_ARGS=-no-color")
	cmd.Env = append(cmd.Env, w.Env...)
	return cmd
}

// Run runs the CLI with the arguments.
func (w *Workspace) Run(ctx context.Context, args ...string) Result {
	cmd := w.Command(ctx, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	r := Result{ExitCode: cmd.ProcessState.ExitCode(), Output: out.String()}
	if cmd.ProcessState != nil { // it was started
		r.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	if err != nil && r.ExitCode != 2 {
		r.Err = fmt.Errorf("%s %s: %w\n%s", filepath.Base(w.CLI.Path), strings.Join(args, " "), err, out.String())
	}
	return r
}

// cleanEnviron is the environment without what changes the CLI or signs the provider in.
func cleanEnviron() []string {
	var out []string
	for _, v := range os.Environ() {
		if !slices.ContainsFunc([]string{"TF_", "PARTNERCENTER_", "ARM_", "AZURE", "ACTIONS_", "SYSTEM_", "PG"},
			func(prefix string) bool { return strings.HasPrefix(v, prefix) }) {
			out = append(out, v)
		}
	}
	return out
}
