package customer

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*customersDataSource)(nil)

// NewCustomersDataSource is partnercenter_customers.
func NewCustomersDataSource() datasource.DataSource { return &customersDataSource{} }

// customersDataSource lists the partner's customers.
//
// Endpoint: GET /v1/customers, app-only or app+user, any agent. The server takes one
// condition; a second one is applied here. It sends pages of 500 and upper or lower case
// GUIDs; the list here is in lower case, sorted by customer id, each customer once.
// https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers
type customersDataSource struct{ tfkit.DataSource }

func (d *customersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customers"
}

func (d *customersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The partner's customers, all of them or those whose company name or domain starts with a text.\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"company_name_prefix": schema.StringAttribute{
				MarkdownDescription: "Only customers whose company name starts with this text. Case is ignored.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"domain_prefix": schema.StringAttribute{
				MarkdownDescription: "Only customers whose default domain starts with this text. Case is ignored. " +
					"With `company_name_prefix` as well, both must match.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"customers": schema.ListNestedAttribute{
				MarkdownDescription: "The customers, sorted by `customer_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"customer_id":             schema.StringAttribute{MarkdownDescription: "The customer's Microsoft Entra tenant id, in lower case.", Computed: true},
						"company_name":            schema.StringAttribute{MarkdownDescription: "The company's name.", Computed: true},
						"domain":                  schema.StringAttribute{MarkdownDescription: "The tenant's default domain.", Computed: true},
						"relationship_to_partner": schema.StringAttribute{MarkdownDescription: "The relationship, such as `reseller`.", Computed: true},
					},
				},
			},
		},
	}
}

type customersModel struct {
	CompanyNamePrefix types.String    `tfsdk:"company_name_prefix"`
	DomainPrefix      types.String    `tfsdk:"domain_prefix"`
	Customers         []customerModel `tfsdk:"customers"`
}

type customerModel struct {
	CustomerID            string `tfsdk:"customer_id"`
	CompanyName           string `tfsdk:"company_name"`
	Domain                string `tfsdk:"domain"`
	RelationshipToPartner string `tfsdk:"relationship_to_partner"`
}

// filter is the condition for the server: the domain's where there are two, since it
// selects fewer.
func (m customersModel) filter() partnercenter.CustomerFilter {
	switch {
	case !m.DomainPrefix.IsNull():
		return partnercenter.CustomerFilter{Field: partnercenter.ByDomain, Prefix: m.DomainPrefix.ValueString()}
	case !m.CompanyNamePrefix.IsNull():
		return partnercenter.CustomerFilter{Field: partnercenter.ByCompanyName, Prefix: m.CompanyNamePrefix.ValueString()}
	}
	return partnercenter.CustomerFilter{}
}

// selects applies both conditions.
func (m customersModel) selects(c partnercenter.Customer) bool {
	return startsWith(c.CompanyProfile.CompanyName, m.CompanyNamePrefix.ValueString()) &&
		startsWith(c.CompanyProfile.Domain, m.DomainPrefix.ValueString())
}

func startsWith(s, prefix string) bool {
	return strings.HasPrefix(strings.ToLower(s), strings.ToLower(prefix))
}

func (d *customersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m customersModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.Customers = []customerModel{}
	for c, err := range d.PartnerCenter.Customers.All(ctx, m.filter()) {
		if err != nil {
			resp.Diagnostics.Append(tfkit.Failure("Could not list the customers", err))
			return
		}
		if m.selects(c) {
			m.Customers = append(m.Customers, customerModel{
				CustomerID: strings.ToLower(c.ID), CompanyName: c.CompanyProfile.CompanyName,
				Domain: c.CompanyProfile.Domain, RelationshipToPartner: c.RelationshipToPartner,
			})
		}
	}
	slices.SortFunc(m.Customers, func(a, b customerModel) int { return cmp.Compare(a.CustomerID, b.CustomerID) })
	// A customer that came while pages were read can stand on two of them.
	m.Customers = slices.CompactFunc(m.Customers, func(a, b customerModel) bool { return a.CustomerID == b.CustomerID })
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}
