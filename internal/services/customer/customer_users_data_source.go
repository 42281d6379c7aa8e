package customer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*customerUsersDataSource)(nil)

// NewCustomerUsersDataSource returns the data source partnercenter_customer_users.
func NewCustomerUsersDataSource() datasource.DataSource { return &customerUsersDataSource{} }

// customerUsersDataSource lists the users in a customer's directory.
//
// Endpoint: GET /v1/customers/{customer}/users, app+user only. Deleted users are returned only with the filter
// UserStatus=Inactive, and then without the others. The server has no filter for one name, so the provider
// selects it. The list has each user once, sorted by user principal name without regard to case, then by ID.
// https://learn.microsoft.com/partner-center/developer/get-a-list-of-all-user-accounts-for-a-customer
type customerUsersDataSource struct{ tfkit.DataSource }

func (d *customerUsersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_users"
}

func (d *customerUsersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Users in a customer's directory.\n\n" +
			"Use it to find a user who can become Owner of an Azure subscription. The names of people are stored in Terraform's state: see " +
			"[Plan and state security](../guides/security.md).\n\n" +
			"**Requests:** one for each page of users.\n\n" +
			"**Sign-in and role:** app+user, any agent with a GDAP relationship to the customer that has a role such as Directory Readers.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"user_principal_name": schema.StringAttribute{
				MarkdownDescription: "Return only the user with this user principal name. Case is ignored. The list is empty if there is none.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"state": schema.StringAttribute{
				MarkdownDescription: "State of the users: `active`, or `inactive` for deleted users that can be restored. Defaults to `active`.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf("active", "inactive")},
			},
			"users": schema.ListNestedAttribute{
				MarkdownDescription: "Users, sorted by `user_principal_name` and `user_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"user_id": text("Object ID in Microsoft Entra ID, in lower case. Role assignments have it as `principal_id`."),
						"user_principal_name": text("User principal name, as in `user_principal_name` of `partnercenter_subscription_owner_assignment`. " +
							"A guest's contains `#EXT#`."),
						"display_name":   text("Display name."),
						"first_name":     text("First name."),
						"last_name":      text("Last name."),
						"state":          text("State: `active` or `inactive`."),
						"domain_type":    text("Type of the user's domain: `managed`, `federated` or `none`."),
						"usage_location": text("Country where the user works, as a two-letter code such as `US`."),
						"deleted_on":     text("Time at which the user was deleted, in RFC 3339 format. Null for active users."),
					},
				},
			},
		},
	}
}

type customerUsersModel struct {
	CustomerID        types.String        `tfsdk:"customer_id"`
	UserPrincipalName types.String        `tfsdk:"user_principal_name"`
	State             types.String        `tfsdk:"state"`
	Users             []customerUserModel `tfsdk:"users"`
}

type customerUserModel struct {
	UserID            string       `tfsdk:"user_id"`
	UserPrincipalName types.String `tfsdk:"user_principal_name"`
	DisplayName       types.String `tfsdk:"display_name"`
	FirstName         types.String `tfsdk:"first_name"`
	LastName          types.String `tfsdk:"last_name"`
	State             types.String `tfsdk:"state"`
	DomainType        types.String `tfsdk:"domain_type"`
	UsageLocation     types.String `tfsdk:"usage_location"`
	DeletedOn         types.String `tfsdk:"deleted_on"`
}

func (m customerUsersModel) filter() partnercenter.CustomerUserFilter {
	if m.State.ValueString() == "inactive" {
		return partnercenter.CustomerUserFilter{Status: partnercenter.Inactive}
	}
	return partnercenter.CustomerUserFilter{}
}

func (m customerUsersModel) selects(u partnercenter.CustomerUser) bool {
	return m.UserPrincipalName.IsNull() || strings.EqualFold(u.UserPrincipalName, m.UserPrincipalName.ValueString())
}

func (d *customerUsersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m customerUsersModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	customerID := m.CustomerID.ValueString()
	m.Users = []customerUserModel{}
	for u, err := range d.PartnerCenter.CustomerUsers.Of(ctx, customerID, m.filter()) {
		if err != nil {
			resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not list the users of customer %s", customerID), err))
			return
		}
		if m.selects(u) {
			m.Users = append(m.Users, customerUserFromAPI(u))
		}
	}
	slices.SortFunc(m.Users, func(a, b customerUserModel) int {
		return cmp.Or(
			cmp.Compare(strings.ToLower(a.UserPrincipalName.ValueString()), strings.ToLower(b.UserPrincipalName.ValueString())),
			cmp.Compare(a.UserID, b.UserID),
		)
	})
	// A user that is created while pages are read can be on two of them.
	m.Users = slices.CompactFunc(m.Users, func(a, b customerUserModel) bool { return a.UserID == b.UserID })
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func customerUserFromAPI(u partnercenter.CustomerUser) customerUserModel {
	return customerUserModel{
		UserID: strings.ToLower(u.ID), UserPrincipalName: tfkit.OrNull(u.UserPrincipalName),
		DisplayName: tfkit.OrNull(u.DisplayName), FirstName: tfkit.OrNull(u.FirstName), LastName: tfkit.OrNull(u.LastName),
		State: tfkit.OrNull(u.State), DomainType: tfkit.OrNull(u.UserDomainType), UsageLocation: tfkit.OrNull(u.UsageLocation),
		DeletedOn: tfkit.OrNull(u.SoftDeletionTime),
	}
}
