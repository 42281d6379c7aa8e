package customer

import (
	"context"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*customersDataSource)(nil)

// NewCustomersDataSource returns the data source partnercenter_customers.
func NewCustomersDataSource() datasource.DataSource { return &customersDataSource{} }

// customersDataSource lists the partner's customers.
//
// Endpoint: GET /v1/customers, app-only or app+user, any agent. The server accepts one condition, and the
// provider applies a second one itself. The server returns pages of 500 and GUIDs in upper or lower case. The
// list here is in lower case, sorted by customer ID, with each customer once.
// https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers
type customersDataSource struct{ tfkit.DataSource }

func (d *customersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customers"
}

func (d *customersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Customers of the partner, all of them or those whose company name or domain starts with a text, or those of one indirect reseller.\n\n" +
			"To select customers by their permissions, use `partnercenter_customer_permissions`. [Many states](../guides/many_states.md) shows " +
			"how to divide customers.\n\n" +
			"**Requests:** one for each 500 customers.\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent. `indirect_reseller_id` requires app+user.",
		Attributes: map[string]schema.Attribute{
			"company_name_prefix": schema.StringAttribute{
				MarkdownDescription: "Return only customers whose company name starts with this text. Case is ignored.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"domain_prefix": schema.StringAttribute{
				MarkdownDescription: "Return only customers whose default domain starts with this text. Case is ignored. " +
					"If `company_name_prefix` is also set, both must match.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"indirect_reseller_id": schema.StringAttribute{
				MarkdownDescription: "Only customers of this indirect reseller: its Microsoft Entra tenant ID, as in the data source `partnercenter_indirect_resellers`. " +
					"Must be a GUID. If null, the customers of all resellers and those without one are listed.",
				Optional:   true,
				Validators: []validator.String{tfkit.GUID()},
			},
			"customers": schema.ListNestedAttribute{
				MarkdownDescription: "Customers, sorted by `customer_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"customer_id":             schema.StringAttribute{MarkdownDescription: "Microsoft Entra tenant ID of the customer, in lower case.", Computed: true},
						"company_name":            schema.StringAttribute{MarkdownDescription: "Company name.", Computed: true},
						"domain":                  schema.StringAttribute{MarkdownDescription: "Default domain of the tenant.", Computed: true},
						"relationship_to_partner": schema.StringAttribute{MarkdownDescription: "Relationship to the partner, such as `reseller`.", Computed: true},
						"indirect_reseller_id": schema.StringAttribute{
							MarkdownDescription: "Microsoft Entra tenant ID of the indirect reseller of the customer, in lower case. Null if there is none, or if " +
								"Partner Center does not return it.",
							Computed: true,
						},
					},
				},
			},
		},
	}
}

type customersModel struct {
	CompanyNamePrefix types.String `tfsdk:"company_name_prefix"`
	DomainPrefix      types.String `tfsdk:"domain_prefix"`
	IndirectReseller  types.String `tfsdk:"indirect_reseller_id"`
	Customers         types.List   `tfsdk:"customers"`
}

// customerObject is the type of one customer.
var customerObject = tftypes.Object{AttributeTypes: map[string]tftypes.Type{
	"customer_id": tftypes.String, "company_name": tftypes.String, "domain": tftypes.String, "relationship_to_partner": tftypes.String,
	"indirect_reseller_id": tftypes.String,
}}

func (d *customersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m customersModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	customers, err := d.PartnerCenter.Customers.List(ctx, partnercenter.CustomerFilter{
		CompanyNamePrefix: m.CompanyNamePrefix.ValueString(), DomainPrefix: m.DomainPrefix.ValueString(), IndirectResellerID: m.IndirectReseller.ValueString(),
	})
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not list the customers", err))
		return
	}
	attributes := make(map[string]tftypes.Value)
	if err := req.Config.Raw.As(&attributes); err != nil {
		resp.Diagnostics.AddError("Could not read the configuration", err.Error())
		return
	}
	attributes = maps.Clone(attributes) // the map belongs to the configuration
	attributes["customers"] = listOf(customers)
	resp.State.Raw = tftypes.NewValue(req.Config.Raw.Type(), attributes)
}

// listOf makes the list in Terraform's own format: for 10,000 customers, the framework's conversion from Go
// values takes longer than all requests.
func listOf(customers []partnercenter.Customer) tftypes.Value {
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	objects := make([]tftypes.Value, 0, len(customers))
	for _, c := range customers {
		reseller := tftypes.NewValue(tftypes.String, nil)
		if c.AssociatedPartnerID != "" {
			reseller = text(strings.ToLower(string(c.AssociatedPartnerID)))
		}
		objects = append(objects, tftypes.NewValue(customerObject, map[string]tftypes.Value{
			"customer_id": text(c.ID), "company_name": text(c.CompanyProfile.CompanyName),
			"domain": text(c.CompanyProfile.Domain), "relationship_to_partner": text(c.RelationshipToPartner),
			"indirect_reseller_id": reseller,
		}))
	}
	return tftypes.NewValue(tftypes.List{ElementType: customerObject}, objects)
}
