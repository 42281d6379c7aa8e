package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*clientConfigDataSource)(nil)

// NewClientConfigDataSource returns the data source partnercenter_client_config.
func NewClientConfigDataSource() datasource.DataSource { return &clientConfigDataSource{} }

// clientConfigDataSource reads the identity of the provider from the access token that all calls share.
//
// Endpoints: none by default. With validate_mfa, GET /v1/profiles/legalbusiness with the header ValidateMfa.
// With customer_id, GET /subscriptions of Resource Manager in the tenant of that customer.
// https://learn.microsoft.com/partner-center/developer/partner-center-authentication
type clientConfigDataSource struct{ tfkit.DataSource }

func (d *clientConfigDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_client_config"
}

func (d *clientConfigDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Identity that the provider authenticates as.\n\n" +
			"In a `check` block, it lets a run in CI fail early with a clear message. See [Sign in for a user, unattended](../guides/secure_application_model.md).\n\n" +
			"**Requests:** none besides the sign-in. `validate_mfa` takes one, and `customer_id` takes a sign-in to the customer's tenant and " +
			"one request for each page of subscriptions.\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"validate_mfa": schema.BoolAttribute{
				MarkdownDescription: "Set to `true` to check with a dry run whether Partner Center accepts the multifactor authentication of the sign-in. Defaults to `false`.",
				Optional:            true,
			},
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Customer in whose tenant the provider authenticates to Azure, to list the Azure subscriptions that it can see. " +
					"Must be a Microsoft Entra tenant ID (GUID).",
				Optional:   true,
				Validators: []validator.String{tfkit.GUID()},
			},
			"tenant_id": schema.StringAttribute{MarkdownDescription: "ID of the tenant that issued the access token.", Computed: true},
			"client_id": schema.StringAttribute{MarkdownDescription: "Application (client) ID.", Computed: true},
			"object_id": schema.StringAttribute{MarkdownDescription: "Object ID of the user, or of the service principal for app-only authentication.", Computed: true},
			"user_principal_name": schema.StringAttribute{
				MarkdownDescription: "User principal name. Null for app-only authentication, and if the token does not have it.",
				Computed:            true,
			},
			"sign_in_mode": schema.StringAttribute{MarkdownDescription: "Authentication to Partner Center: `app` or `app_user`.", Computed: true},
			"mfa": schema.BoolAttribute{
				MarkdownDescription: "`true` if the access token has the claim of multifactor authentication. Partner Center " +
					"requires it for every call on behalf of a user.",
				Computed: true,
			},
			"mfa_compliant": schema.BoolAttribute{
				MarkdownDescription: "`true` if Partner Center accepts the multifactor authentication. Null unless `validate_mfa` is `true`.",
				Computed:            true,
			},
			"azure_sign_in_mode": schema.StringAttribute{
				MarkdownDescription: "Authentication to Azure in the customer's tenant: `app` or `app_user`. Null without `customer_id`.",
				Computed:            true,
			},
			"azure_subscription_ids": schema.ListAttribute{
				MarkdownDescription: "IDs of the Azure subscriptions that the provider can see in the customer's tenant, sorted. Null without `customer_id`.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"token_expires_at": schema.StringAttribute{
				MarkdownDescription: "Time at which the access token expires, in RFC 3339 format. The provider renews it automatically. The time changes with every run.",
				Computed:            true,
			},
		},
	}
}

type clientConfigModel struct {
	ValidateMFA          types.Bool   `tfsdk:"validate_mfa"`
	CustomerID           types.String `tfsdk:"customer_id"`
	AzureSignInMode      types.String `tfsdk:"azure_sign_in_mode"`
	AzureSubscriptionIDs types.List   `tfsdk:"azure_subscription_ids"`
	TenantID             types.String `tfsdk:"tenant_id"`
	ClientID             types.String `tfsdk:"client_id"`
	ObjectID             types.String `tfsdk:"object_id"`
	UserPrincipalName    types.String `tfsdk:"user_principal_name"`
	SignInMode           types.String `tfsdk:"sign_in_mode"`
	MFA                  types.Bool   `tfsdk:"mfa"`
	MFACompliant         types.Bool   `tfsdk:"mfa_compliant"`
	TokenExpiresAt       types.String `tfsdk:"token_expires_at"`
}

func (d *clientConfigDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m clientConfigModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	caller, err := d.PartnerCenter.Caller(ctx)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not read who the provider authenticates as", err))
		return
	}
	m.TenantID, m.ClientID, m.ObjectID = tfkit.OrNull(caller.TenantID), tfkit.OrNull(caller.ClientID), tfkit.OrNull(caller.ObjectID)
	m.UserPrincipalName = tfkit.OrNull(caller.UserPrincipalName)
	m.SignInMode = signInMode(caller.AppOnly)
	m.MFA, m.MFACompliant = types.BoolValue(caller.MFA), types.BoolNull()
	m.TokenExpiresAt = types.StringNull()
	if !caller.ExpiresOn.IsZero() {
		m.TokenExpiresAt = types.StringValue(caller.ExpiresOn.Format(time.RFC3339))
	}
	if m.ValidateMFA.ValueBool() {
		compliant, err := d.PartnerCenter.ValidateMFA(ctx)
		if err != nil {
			resp.Diagnostics.Append(tfkit.Failure("Could not check multifactor authentication with Partner Center", err))
			return
		}
		m.MFACompliant = types.BoolValue(compliant)
	}
	m.AzureSignInMode, m.AzureSubscriptionIDs = types.StringNull(), types.ListNull(types.StringType)
	if !m.CustomerID.IsNull() {
		resp.Diagnostics.Append(d.readAzure(ctx, &m)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// readAzure authenticates to Azure in the customer's tenant and lists its Azure subscriptions.
func (d *clientConfigDataSource) readAzure(ctx context.Context, m *clientConfigModel) diag.Diagnostics {
	customerID := strings.ToLower(m.CustomerID.ValueString())
	summary := "Could not sign in to Azure in the tenant of customer " + customerID
	caller, err := d.Azure.Caller(ctx, customerID)
	if err != nil {
		return diag.Diagnostics{tfkit.Failure(summary, err)}
	}
	m.AzureSignInMode = signInMode(caller.AppOnly)
	ids := []string{}
	for id, err := range d.Azure.Subscriptions.List(ctx, customerID) {
		if err != nil {
			return diag.Diagnostics{tfkit.Failure("Could not list the Azure subscriptions in the tenant of customer "+customerID, err)}
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var diags diag.Diagnostics
	m.AzureSubscriptionIDs, diags = types.ListValueFrom(ctx, types.StringType, ids)
	return diags
}

func signInMode(appOnly bool) types.String {
	if appOnly {
		return types.StringValue("app")
	}
	return types.StringValue("app_user")
}
