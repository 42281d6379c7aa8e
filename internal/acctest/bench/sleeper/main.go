// Command sleeper is a provider that only waits for the latency of the mock. Terraform takes at least this time
// with any provider of the plugin framework.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	partnercenter "github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/customer"
	corepermission "github.com/partnercenter/terraform-provider-partnercenter/internal/services/permission"
)

func main() {
	wait, err := time.ParseDuration(os.Getenv("SLEEPER_WAIT"))
	if err != nil {
		log.Fatalf("SLEEPER_WAIT: %v", err)
	}
	objects, err := strconv.Atoi(os.Getenv("SLEEPER_OBJECTS"))
	if err != nil {
		log.Fatalf("SLEEPER_OBJECTS: %v", err)
	}
	// Log lines that Terraform drops would take more time than everything else.
	partnercenter.LogAsTerraform()
	err = providerserver.Serve(context.Background(), func() provider.Provider { return &sleeper{wait, objects} },
		providerserver.ServeOpts{Address: "registry.terraform.io/bench/sleeper"})
	if err != nil {
		log.Fatal(err)
	}
}

type sleeper struct {
	// wait is the duration of each call.
	wait time.Duration
	// objects is the number of objects that the data source lists.
	objects int
}

// sleep waits. It ends early only if Terraform cancels the call, which is not measured.
func (s *sleeper) sleep(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(s.wait):
	}
}

func (s *sleeper) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "sleeper"
}

func (s *sleeper) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (s *sleeper) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (s *sleeper) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return permission{s} },
		func() resource.Resource { return permissions{corepermission.NewCustomerPermissionsResource(), s} },
	}
}

func (s *sleeper) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return customers{customer.NewCustomersDataSource(), s} }}
}

// permission is the resource sleeper_permission.
type permission struct{ *sleeper }

type permissionModel struct {
	ID         types.String `tfsdk:"id"`
	CustomerID types.String `tfsdk:"customer_id"`
	Enabled    types.Bool   `tfsdk:"enabled"`
}

func (p permission) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_permission"
}

func (p permission) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":          schema.StringAttribute{Computed: true},
		"customer_id": schema.StringAttribute{Required: true},
		"enabled":     schema.BoolAttribute{Optional: true},
	}}
}

func (p permission) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	p.sleep(ctx)
	var m permissionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	m.ID = m.CustomerID
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// Read does not change the state.
func (p permission) Read(ctx context.Context, _ resource.ReadRequest, _ *resource.ReadResponse) {
	p.sleep(ctx)
}

func (p permission) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError("No update is measured", "")
}

func (p permission) Delete(ctx context.Context, _ resource.DeleteRequest, _ *resource.DeleteResponse) {
	p.sleep(ctx)
}

// permissions is the resource sleeper_customer_permissions with the schema of
// partnercenter_customer_permissions.
type permissions struct {
	resource.Resource
	*sleeper
}

func (p permissions) Metadata(ctx context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	p.Resource.Metadata(ctx, req, resp)
}

func (p permissions) Schema(ctx context.Context, req resource.SchemaRequest, resp *resource.SchemaResponse) {
	p.Resource.Schema(ctx, req, resp)
}

// Create stores the plan. Unknown values become null.
func (p permissions) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	p.sleep(ctx)
	attributes := map[string]tftypes.Value{}
	if err := req.Plan.Raw.As(&attributes); err != nil {
		resp.Diagnostics.AddError("The plan is not an object", err.Error())
		return
	}
	for name, v := range attributes {
		if !v.IsKnown() {
			attributes[name] = tftypes.NewValue(v.Type(), nil)
		}
	}
	attributes["id"] = tftypes.NewValue(tftypes.String, "all")
	resp.State.Raw = tftypes.NewValue(req.Plan.Raw.Type(), attributes)
}

// Read does not change the state.
func (p permissions) Read(ctx context.Context, _ resource.ReadRequest, _ *resource.ReadResponse) {
	p.sleep(ctx)
}

func (p permissions) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError("No update is measured", "")
}

func (p permissions) Delete(ctx context.Context, _ resource.DeleteRequest, _ *resource.DeleteResponse) {
	p.sleep(ctx)
}

// customers is the data source sleeper_customers with the schema of partnercenter_customers.
type customers struct {
	datasource.DataSource
	*sleeper
}

func (c customers) Metadata(ctx context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	c.DataSource.Metadata(ctx, req, resp)
}

func (c customers) Schema(ctx context.Context, req datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	c.DataSource.Schema(ctx, req, resp)
}

// Read sets the state in Terraform's own format, without the framework's conversion of Go values.
func (c customers) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	c.sleep(ctx)
	object, ok := resp.State.Schema.Type().TerraformType(ctx).(tftypes.Object)
	if !ok {
		resp.Diagnostics.AddError("The schema is not an object", "")
		return
	}
	attributes := map[string]tftypes.Value{}
	if err := req.Config.Raw.As(&attributes); err != nil {
		resp.Diagnostics.AddError("The configuration is not an object", err.Error())
		return
	}
	for name, t := range object.AttributeTypes {
		if list, ok := t.(tftypes.List); ok {
			elements := make([]tftypes.Value, c.objects)
			for i := range elements {
				elements[i] = value(list.ElementType, i)
			}
			attributes[name] = tftypes.NewValue(list, elements)
		}
	}
	resp.State.Raw = tftypes.NewValue(object, attributes)
}

// value returns a made-up value. Each string is as long as a GUID.
func value(t tftypes.Type, n int) tftypes.Value {
	if object, ok := t.(tftypes.Object); ok {
		attributes := make(map[string]tftypes.Value, len(object.AttributeTypes))
		for name, t := range object.AttributeTypes {
			attributes[name] = value(t, n)
		}
		return tftypes.NewValue(object, attributes)
	}
	if t.Is(tftypes.String) {
		return tftypes.NewValue(t, fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
	}
	return tftypes.NewValue(t, nil)
}
