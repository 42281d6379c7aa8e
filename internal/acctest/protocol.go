package acctest

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

// Values are the attributes of a configuration or a state: string, bool, nil for null,
// [Unknown], and maps and slices of those.
type Values map[string]any

// Unknown is a value that is known only after apply.
var Unknown = new(struct{ unknown bool })

// Protocol controls the provider as Terraform's core does, by the plugin protocol. It uses no CLI and no
// socket, so it also works in a synctest bubble.
type Protocol struct {
	t        testing.TB
	backend  *mockbackend.Backend
	server   tfprotov6.ProviderServer
	schema   *tfprotov6.GetProviderSchemaResponse
	identity map[string]*tfprotov6.ResourceIdentitySchema

	stoppable atomic.Pointer[tfprotov6.ProviderServer] // the server, for Stop

	mu     sync.Mutex
	warned []string
}

// Warned returns the warnings of the last data source that was read.
func (d *Protocol) Warned() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.warned
}

// NewProtocol configures a provider in this process for the mock, with this refresh token. "" is app-only. The
// mock must not be started.
func NewProtocol(t testing.TB, b *mockbackend.Backend, refreshToken string) *Protocol {
	t.Helper()
	schemas, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	d := &Protocol{t: t, backend: b, schema: schemas.provider, identity: schemas.identity}
	d.Restart(refreshToken)
	return d
}

type providerSchemas struct {
	provider *tfprotov6.GetProviderSchemaResponse
	identity map[string]*tfprotov6.ResourceIdentitySchema
}

// schemas reads the schemas once, as Terraform does per run: they never change.
var schemas = sync.OnceValues(func() (providerSchemas, error) {
	server, ctx := provider.NewServer("test"), context.Background()
	schema, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return providerSchemas{}, err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return providerSchemas{}, err
	}
	return providerSchemas{schema, identities.IdentitySchemas}, nil
})

// Restart replaces the provider with a new one without memory, as each run of the CLI does. It signs in with
// the refresh token. Resources keep their state.
func (d *Protocol) Restart(refreshToken string) {
	d.t.Helper()
	settings := Values{"client_secret": d.backend.Partner().ClientSecret}
	if refreshToken != "" {
		settings["refresh_token"] = refreshToken
	}
	if err := d.RestartWith(settings); err != nil {
		d.t.Fatal(err)
	}
}

// RestartWith is Restart with these settings in addition to those for the mock's addresses.
func (d *Protocol) RestartWith(settings Values) error {
	d.t.Helper()
	d.server = provider.NewServer("test", provider.WithTransport(d.backend.Transport()))
	d.stoppable.Store(new(d.server))
	p, e := d.backend.Partner(), d.backend.Endpoints()
	config := Values{
		"tenant_id": p.TenantID, "client_id": p.ClientID,
		"disable_instance_discovery": true,
		"endpoints":                  Values{"partner_center": e.PartnerCenter, "resource_manager": e.ResourceManager, "authority_host": e.SignIn},
	}
	maps.Copy(config, settings)
	resp, err := d.server.ConfigureProvider(d.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: d.encode(d.schema.Provider.ValueType(), config),
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return problems(resp.Diagnostics)
}

// Diagnostics are the diagnostics of the provider, as an error if at least one has that severity.
type Diagnostics []*tfprotov6.Diagnostic

func (d Diagnostics) Error() string {
	var b strings.Builder
	for _, one := range d {
		fmt.Fprintf(&b, "%s: %s\n%s\n", one.Severity, one.Summary, one.Detail)
	}
	return b.String()
}

// problems returns nil if the diagnostics contain no error.
func problems(d []*tfprotov6.Diagnostic) error {
	for _, one := range d {
		if one.Severity == tfprotov6.DiagnosticSeverityError {
			return Diagnostics(d)
		}
	}
	return nil
}

// ReadDataSource reads a data source.
func (d *Protocol) ReadDataSource(ctx context.Context, typeName string, config Values) (Values, error) {
	d.t.Helper()
	s := d.schema.DataSourceSchemas[typeName]
	if s == nil {
		d.t.Fatalf("the provider has no data source %s", typeName)
	}
	cfg := d.encode(s.ValueType(), config)
	valid, err := d.server.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: typeName, Config: cfg})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := problems(valid.Diagnostics); err != nil {
		return nil, err
	}
	resp, err := d.server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{TypeName: typeName, Config: cfg})
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	d.warned = warnings(resp.Diagnostics)
	d.mu.Unlock()
	if err := problems(resp.Diagnostics); err != nil {
		return nil, err
	}
	v, _ := d.plain(d.decode(s.ValueType(), resp.State)).(Values)
	return v, nil
}

func warnings(d []*tfprotov6.Diagnostic) []string {
	var out []string
	for _, one := range d {
		if one.Severity == tfprotov6.DiagnosticSeverityWarning {
			out = append(out, one.Summary+"\n"+one.Detail)
		}
	}
	return out
}

// Stop interrupts the provider's operations, as the first Ctrl-C does. It can be called from any goroutine.
func (d *Protocol) Stop() {
	if _, err := (*d.stoppable.Load()).StopProvider(context.Background(), &tfprotov6.StopProviderRequest{}); err != nil {
		d.t.Error(err)
	}
}
