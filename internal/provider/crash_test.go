package provider_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestSecrets_crash kills the authenticated provider in the middle of a write. The output of the Go runtime and the
// CLI must not contain a secret. SIGQUIT stands for any crash: the runtime prints every goroutine, as it does for a
// panic with all tracebacks enabled.
func TestSecrets_crash(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the provider's process is found through /proc, which only Linux has")
	}
	b := acctest.New(t, mockbackend.Config{})
	b.Fail(mockbackend.Fault{Method: "POST", Path: "/SelfServePolicy", Kind: mockbackend.Slow, Delay: time.Hour})
	logs := filepath.Join(t.TempDir(), "trace.log")
	env := append(b.WorkspaceEnvironment(), "TF_LOG=trace", "TF_LOG_PATH="+logs, "GOTRACEBACK=system")
	w := workspace(t, env, map[string]string{"main.tf": requirement + `
resource "partnercenter_customer_permission_reservations" "one" {
  customer_id = "` + mockbackend.AdatumID + `"
}
`})
	done := make(chan acctest.Result, 1)
	go func() { done <- w.Run(t.Context(), "apply", "-input=false", "-auto-approve") }()
	// The apply has its own process, so its sign-in is the second one. Its check is the last request that is
	// answered before the write.
	acctest.Eventually(t, "the apply reached its write", func() bool { return b.Counters().Route("GET /v1/customers/{customer}/subscriptions") == 2 })
	acctest.Eventually(t, "the provider's process was stopped", func() bool {
		pids := processesOf(t, w.Dir)
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
				t.Error(err)
			}
		}
		return len(pids) > 0
	})
	r := <-done
	if r.ExitCode != 1 {
		t.Fatalf("the apply ended with %d\n%s", r.ExitCode, r.Output)
	}
	trace, err := os.ReadFile(logs)
	if err != nil {
		t.Fatal(err)
	}
	seen := r.Output + string(trace)
	for _, text := range []string{"SIGQUIT: quit", "goroutine 1 ", "github.com/partnercenter/terraform-provider-partnercenter/internal/", mockbackend.AdatumID} {
		if !strings.Contains(seen, text) {
			t.Errorf("%q is not in the crash output, so the search would find nothing", text)
		}
	}
	if n := b.Counters().TokensIssued(); n != 2 {
		t.Errorf("the provider that crashed was not signed in: %d tokens", n)
	}
	secrets := []string{b.Partner().ClientSecret, b.User(mockbackend.AdminAgent).RefreshToken}
	for _, token := range b.IssuedTokens() {
		secrets = append(secrets, token.Token)
	}
	if i := slices.IndexFunc(secrets, func(s string) bool { return strings.Contains(seen, s) }); i >= 0 {
		t.Errorf("secret %d of %d is in the crash output", i, len(secrets))
	}
	if found := issued.FindString(seen); found != "" {
		t.Errorf("a token is in the crash output: %.12s…", found)
	}

	// The outcome of the write is unknown. The next apply reads it, and the plan after it is empty.
	b.ClearFaults()
	run(t, w, 0, "apply", "-input=false", "-auto-approve")
	run(t, w, 0, "plan", "-input=false", "-detailed-exitcode")
	acctest.ExpectPermissions(t, b.Backend, mockbackend.AdatumID, mockbackend.AzureReservedInstances)
}

// processesOf returns the IDs of the provider processes that run in a folder.
func processesOf(t testing.TB, dir string) []int {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, link := range links {
		program, err := os.Readlink(link)
		in, errIn := os.Readlink(filepath.Join(filepath.Dir(link), "cwd"))
		if err != nil || errIn != nil || in != dir || !strings.Contains(filepath.Base(program), "terraform-provider-partnercenter") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}
