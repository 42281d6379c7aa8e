package mockbackend_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// javaScriptChecks are the checks of testdata/arm-authorization/check.mjs.
var javaScriptChecks = []string{"create", "update", "read", "list", "refusals", "remove", "lastOwner"}

// TestJavaScriptClient calls the mock with @azure/arm-authorization from npm, over TLS. It is a second, independent
// client of the same specification.
func TestJavaScriptClient(t *testing.T) {
	skip := t.Skipf
	if os.Getenv("GITHUB_ACTIONS") == "true" { // a skipped test would not be noticed there
		skip = t.Fatalf
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			skip("%s is not installed", tool)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "check.mjs"} {
		data, err := os.ReadFile(filepath.Join("testdata", "arm-authorization", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(environment []string, name string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		command := exec.CommandContext(ctx, name, args...)
		command.Dir = dir
		command.Env = append(os.Environ(), environment...)
		output, err := command.CombinedOutput()
		return string(output), err
	}
	// With resolved URLs of the public registry, npm uses the registry that is configured on the machine.
	output, err := run(nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000")
	if err != nil && unreachable(output) {
		skip("the npm registry is not reachable: %s", output)
	}
	if err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}

	b := newBackend(t, mockbackend.Config{})
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	ownerApp(b)
	b.SetKnobs(func(k *mockbackend.Knobs) { k.RoleAssignmentPageSize = 1 })
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, b.CACertificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err = run([]string{
		"NODE_EXTRA_CA_CERTS=" + ca, "NO_PROXY=localhost,127.0.0.1", "no_proxy=localhost,127.0.0.1",
		"CHECK_SIGN_IN=" + b.Endpoints().SignIn, "CHECK_RESOURCE_MANAGER=" + b.Endpoints().ResourceManager,
		"CHECK_CLIENT_ID=" + b.Partner().ClientID, "CHECK_CLIENT_SECRET=" + b.Partner().ClientSecret,
		"CHECK_TENANT=" + mockbackend.AdatumID, "CHECK_OTHER_TENANT=" + mockbackend.ContosoID, "CHECK_SUBSCRIPTION=" + mockbackend.AdatumAzureID,
		"CHECK_USER=" + mockbackend.AdatumUserID, "CHECK_SECOND_USER=" + mockbackend.AdatumSecondUserID, "CHECK_GROUP=" + mockbackend.AdatumGroupID,
		"CHECK_STRANGER=" + mockbackend.ContosoUserID,
	}, "node", "check.mjs")
	if err != nil {
		t.Errorf("node: %v", err)
	}
	for _, check := range javaScriptChecks {
		if !strings.Contains("\n"+output, "\nok "+check+"\n") {
			t.Errorf("check %s did not pass", check)
		}
	}
	if t.Failed() {
		t.Log(output)
	}
}

// unreachable reports whether the registry could not be reached. Other npm errors fail the test.
func unreachable(output string) bool {
	for _, code := range []string{"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT"} {
		if strings.Contains(output, code) {
			return true
		}
	}
	return false
}

// TestPackageLockNamesThePublicRegistry: npm writes the address of the registry that it used into the file.
func TestPackageLockNamesThePublicRegistry(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "arm-authorization", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(data)) {
		if _, address, ok := strings.Cut(line, `"resolved": "`); ok {
			count++
			if !strings.HasPrefix(address, "https://registry.npmjs.org/") {
				t.Errorf("%s", line)
			}
		}
	}
	if count == 0 {
		t.Error("no package has an address")
	}
}
