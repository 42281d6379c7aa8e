package acctest

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

// Move creates the resource's state from the state of another provider's resource, as Terraform's core does for
// a moved block. The provider is not configured at that time.
func (r *Resource) Move(ctx context.Context, sourceType, stateJSON string) error {
	r.t.Helper()
	resp, err := provider.NewServer("test").MoveResourceState(ctx, &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: "registry.terraform.io/example/example", SourceTypeName: sourceType,
		SourceState: &tfprotov6.RawState{JSON: []byte(stateJSON)}, TargetTypeName: r.typeName,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Warnings = nil
	if err := r.note(resp.Diagnostics); err != nil {
		return err
	}
	r.state, r.private, r.identity = r.decode(r.schema.ValueType(), resp.TargetState), resp.TargetPrivate, resp.TargetIdentity
	return nil
}

// StandIn serves a provider with one resource. The resource stores its configuration in the state and sends no
// request. It replaces a provider whose state a test moves. StandIn returns the environment variable with which
// the CLI finds it, under this name in the namespace hashicorp.
func StandIn(t testing.TB, name, typeName string, s schema.Schema) string {
	t.Helper()
	started, closed := make(chan *plugin.ReattachConfig, 1), make(chan struct{})
	go func() {
		server := providerserver.NewProtocol6(standIn{typeName, s})
		if err := tf6server.Serve(name, server, tf6server.WithDebug(t.Context(), started, closed), tf6server.WithoutLogStderrOverride()); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { <-closed }) // the context has ended at this time
	type address struct{ Network, String string }
	type reattach struct {
		Protocol        string
		ProtocolVersion int
		Pid             int
		Test            bool
		Addr            address
	}
	c := <-started
	all := make(map[string]reattach)
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		all[host+"/hashicorp/"+name] = reattach{string(c.Protocol), 6, os.Getpid(), true, address{c.Addr.Network(), c.Addr.String()}}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return "TF_REATTACH_PROVIDERS=" + string(text)
}

type standIn struct {
	typeName string
	schema   schema.Schema
}

func (p standIn) Metadata(context.Context, frameworkprovider.MetadataRequest, *frameworkprovider.MetadataResponse) {
}

func (p standIn) Schema(context.Context, frameworkprovider.SchemaRequest, *frameworkprovider.SchemaResponse) {
}

func (p standIn) Configure(context.Context, frameworkprovider.ConfigureRequest, *frameworkprovider.ConfigureResponse) {
}

func (p standIn) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (p standIn) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return standInResource(p) }}
}

type standInResource standIn

func (r standInResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.typeName
}

func (r standInResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.schema
}

func (r standInResource) Create(_ context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r standInResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (r standInResource) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
}

func (r standInResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
