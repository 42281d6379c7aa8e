// Command sleeper is a provider that only waits for the latency of the mock. Terraform takes at least this time
// with a provider for which the plugin framework converts all values.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
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
		func() resource.Resource {
			return sleeping{corepermission.NewCustomerPermissionReservationsResource(), s, "permission"}
		},
		func() resource.Resource {
			return sleeping{corepermission.NewCustomerPermissionsResource(), s, "customer_permissions"}
		},
	}
}

func (s *sleeper) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return customers{customer.NewCustomersDataSource(), s} }}
}

// sleeping is a resource with the schema of one of partnercenter's.
type sleeping struct {
	resource.Resource
	*sleeper

	name string
}

func (p sleeping) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + p.name
}

// Schema returns the schema as Terraform has it, with maps.
func (p sleeping) Schema(ctx context.Context, req resource.SchemaRequest, resp *resource.SchemaResponse) {
	p.Resource.Schema(ctx, req, resp)
	for name, t := range corepermission.PackedAttributes {
		if a, ok := resp.Schema.Attributes[name]; ok {
			resp.Schema.Attributes[name] = schema.MapAttribute{ElementType: elementType(t), Required: a.IsRequired(), Computed: a.IsComputed()}
		}
	}
}

// elementType returns the type of the elements of a map.
func elementType(t tftypes.Type) attr.Type {
	switch element := t.(tftypes.Map).ElementType; {
	case element.Is(tftypes.Bool):
		return types.BoolType
	case element.Is(tftypes.String):
		return types.StringType
	default:
		return types.MapType{ElemType: elementType(element)}
	}
}

// Create stores the plan. What the provider would read from the service is null.
func (p sleeping) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
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

// Read leaves the state as it is.
func (p sleeping) Read(ctx context.Context, _ resource.ReadRequest, _ *resource.ReadResponse) {
	p.sleep(ctx)
}

func (p sleeping) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError("No update is measured", "")
}

func (p sleeping) Delete(ctx context.Context, _ resource.DeleteRequest, _ *resource.DeleteResponse) {
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
