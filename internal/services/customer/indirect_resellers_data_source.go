package customer

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*indirectResellersDataSource)(nil)

// NewIndirectResellersDataSource returns the data source partnercenter_indirect_resellers.
func NewIndirectResellersDataSource() datasource.DataSource { return &indirectResellersDataSource{} }

// indirectResellersDataSource lists the indirect resellers of an indirect provider.
//
// Endpoint: GET /v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf, app+user, any
// agent. No paging.
// https://learn.microsoft.com/partner-center/developer/retrieve-a-list-of-indirect-resellers
type indirectResellersDataSource struct{ tfkit.DataSource }

func (d *indirectResellersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_indirect_resellers"
}

func (d *indirectResellersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Indirect resellers of a partner that is an indirect provider.\n\n" +
			"Customers refer to an indirect reseller by its Microsoft Entra tenant ID. Orders and subscriptions refer to it by its Partner ID " +
			"(formerly MPN ID). This data source returns both. See [See what customers buy](../guides/see_purchases.md).\n\n" +
			"**Requests:** one for each page of resellers.\n\n" +
			"**Sign-in and role:** app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"indirect_resellers": schema.ListNestedAttribute{
				MarkdownDescription: "Indirect resellers, sorted by `indirect_reseller_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"indirect_reseller_id": schema.StringAttribute{
							MarkdownDescription: "Microsoft Entra tenant ID of the indirect reseller, in lower case, for the arguments `indirect_reseller_id`.",
							Computed:            true,
						},
						"company_name": schema.StringAttribute{MarkdownDescription: "Company name of the indirect reseller.", Computed: true},
						"partner_id": schema.StringAttribute{
							MarkdownDescription: "Partner ID (formerly MPN ID), as in `partner_id_on_record` of orders.", Computed: true,
						},
						"location": schema.StringAttribute{MarkdownDescription: "Country of the Partner ID, such as `US`.", Computed: true},
						"state":    schema.StringAttribute{MarkdownDescription: "State of the relationship, such as `active`.", Computed: true},
					},
				},
			},
		},
	}
}

type indirectResellersModel struct {
	IndirectResellers []indirectResellerModel `tfsdk:"indirect_resellers"`
}

type indirectResellerModel struct {
	IndirectResellerID string       `tfsdk:"indirect_reseller_id"`
	CompanyName        types.String `tfsdk:"company_name"`
	PartnerID          types.String `tfsdk:"partner_id"`
	Location           types.String `tfsdk:"location"`
	State              types.String `tfsdk:"state"`
}

func (d *indirectResellersDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	resellers, err := d.PartnerCenter.IndirectResellers.List(ctx)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not list the indirect resellers", err))
		return
	}
	m := indirectResellersModel{IndirectResellers: []indirectResellerModel{}}
	for _, r := range resellers {
		m.IndirectResellers = append(m.IndirectResellers, indirectResellerModel{
			IndirectResellerID: strings.ToLower(r.ID), CompanyName: tfkit.OrNull(string(r.Name)), PartnerID: tfkit.OrNull(string(r.PartnerID)),
			Location: tfkit.OrNull(string(r.Location)), State: tfkit.OrNull(string(r.State)),
		})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}
