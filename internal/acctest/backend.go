package acctest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

// Backend is a mock backend on loopback for one test.
type Backend struct {
	*mockbackend.Backend
	// CACertificatePath is a file with the certificate of the mock's authority.
	CACertificatePath string
}

// New starts a mock backend that ends with the test, and configures the CLI for terraform-plugin-testing. It
// fails the test if the mock receives a request that the API does not document.
func New(t testing.TB, config mockbackend.Config) *Backend {
	t.Helper()
	cli, err := FindCLI()
	if err != nil {
		t.Fatal(err)
	}
	// The variables are the same for all tests of a process, so there is no race.
	pointAt(t, cli)
	b := &Backend{Backend: mockbackend.New(config), CACertificatePath: filepath.Join(t.TempDir(), "ca.pem")}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		FailOnViolations(t, b.Backend)
	})
	if err := os.WriteFile(b.CACertificatePath, b.CACertificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// FailOnViolations fails the test if the mock has received a request that the API does not document.
func FailOnViolations(t testing.TB, b *mockbackend.Backend) {
	t.Helper()
	for _, v := range b.Violations() {
		t.Errorf("the API does not document this request: %s", v)
	}
}

// pointAt sets the CLI for terraform-plugin-testing. For OpenTofu, it also sets the registry of provider names
// without a host.
func pointAt(t testing.TB, cli CLI) {
	t.Helper()
	variables := map[string]string{"TF_ACC_TERRAFORM_PATH": cli.Path, "TF_CLI_CONFIG_FILE": os.DevNull, "CHECKPOINT_DISABLE": "1"}
	if cli.Tofu {
		variables["TF_ACC_PROVIDER_HOST"] = "registry.opentofu.org"
	}
	for k, v := range variables {
		if os.Getenv(k) == v {
			continue
		}
		if err := os.Setenv(k, v); err != nil { //nolint:usetesting // t.Setenv would forbid parallel tests
			t.Fatal(err)
		}
	}
}

// Factories return the provider in this process.
func (b *Backend) Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"partnercenter": func() (tfprotov6.ProviderServer, error) { return provider.NewServer("test"), nil },
	}
}

// WorkspaceEnvironment returns the variables with which a [Workspace] signs in as an Admin agent.
func (b *Backend) WorkspaceEnvironment() []string {
	var env []string
	for _, v := range b.Environment(b.CACertificatePath) {
		env = append(env, v.Name+"="+v.Value)
	}
	return env
}

// Config returns a configuration with these blocks, and a provider block for this backend that signs in as an
// Admin agent.
func (b *Backend) Config(blocks ...string) string {
	return b.ConfigAs(b.User(mockbackend.AdminAgent).RefreshToken, blocks...)
}

// ConfigAs is Config with another refresh token. "" is app-only.
func (b *Backend) ConfigAs(refreshToken string, blocks ...string) string {
	settings := Values{"client_secret": b.Partner().ClientSecret}
	if refreshToken != "" {
		settings["refresh_token"] = refreshToken
	}
	return b.ConfigWith(settings, blocks...)
}

// ConfigWith is Config with these settings (strings and booleans) in addition to those for the mock's
// addresses.
func (b *Backend) ConfigWith(settings Values, blocks ...string) string {
	p, e := b.Partner(), b.Endpoints()
	lines := []string{
		`provider "partnercenter" {`,
		fmt.Sprintf("  tenant_id = %q", p.TenantID),
		fmt.Sprintf("  client_id = %q", p.ClientID),
		fmt.Sprintf("  ca_certificate_path = %q", b.CACertificatePath),
		"  disable_instance_discovery = true",
		"  endpoints {",
		fmt.Sprintf("    partner_center = %q", e.PartnerCenter),
		fmt.Sprintf("    resource_manager = %q", e.ResourceManager),
		fmt.Sprintf("    authority_host = %q", e.SignIn),
		"  }",
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		lines = append(lines, fmt.Sprintf("  %s = %#v", name, settings[name]))
	}
	return strings.Join(append(append(lines, "}"), blocks...), "\n") + "\n"
}
