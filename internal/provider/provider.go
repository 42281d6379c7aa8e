package provider

import (
	"context"
	"net/http"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"terraform-provider-partnercenter/internal/services/customer"
	"terraform-provider-partnercenter/internal/services/permission"
	"terraform-provider-partnercenter/internal/services/subscription"
	"terraform-provider-partnercenter/internal/tfkit"
)

// Address is the provider's address in the registry.
const Address = "registry.terraform.io/partnercenter/partnercenter"

// Option changes how the provider reaches the outside.
type Option func(*partnerCenterProvider)

// WithTransport sends all requests through another transport than the network, as for a
// server in the same process.
func WithTransport(t http.RoundTripper) Option {
	return func(p *partnerCenterProvider) { p.transport = t }
}

// New returns the provider's constructor. The version goes into User-Agent.
func New(version string, options ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &partnerCenterProvider{version: version}
		for _, o := range options {
			o(p)
		}
		return p
	}
}

type partnerCenterProvider struct {
	version   string
	transport http.RoundTripper // nil means the network
}

func (p *partnerCenterProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "partnercenter", p.version
}

// Resources lists every resource.
func (p *partnerCenterProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		permission.NewCustomerPermissionReservationsResource,
	}
}

// DataSources lists every data source.
func (p *partnerCenterProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		customer.NewCustomersDataSource,
		subscription.NewSubscriptionsDataSource,
	}
}

func (p *partnerCenterProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages what the customers of a Microsoft Cloud Solution Provider (CSP) partner may buy by themselves, in Microsoft Partner Center.",
		Attributes: map[string]schema.Attribute{
			"tenant_id": schema.StringAttribute{
				MarkdownDescription: "The partner's Microsoft Entra tenant: its id, a GUID, or one of its verified domains. " + envDoc("tenant_id"),
				Optional:            true,
				Validators:          []validator.String{tfkit.StringCheck("value must be a GUID or a domain name", checkTenant)},
			},
			"client_id": schema.StringAttribute{
				MarkdownDescription: "The application (client) id of the app registration that is enabled for Partner Center. " + envDoc("client_id"),
				Optional:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"client_secret": schema.StringAttribute{
				MarkdownDescription: "A client secret of the application. " + envDoc("client_secret"),
				Optional:            true,
				Sensitive:           true,
			},
			"refresh_token": schema.StringAttribute{
				MarkdownDescription: "A refresh token that a user of the partner, signed in with multifactor authentication, got for the application " +
					"(Secure Application Model). With it the provider signs in as app+user, which customer permissions need; without it as " +
					"app-only, which suffices to read customers and subscriptions. " + envDoc("refresh_token"),
				Optional:  true,
				Sensitive: true,
			},
			"ca_certificate_path": schema.StringAttribute{
				MarkdownDescription: "A PEM file with certificate authorities to trust in addition to the system's, such as that of an inspecting proxy. " +
					envDoc("ca_certificate_path"),
				Optional: true,
			},
			"disable_instance_discovery": schema.BoolAttribute{
				MarkdownDescription: "Whether to skip asking Microsoft if the authority host is one of its own. Needed only for an authority host that is not. " +
					"Default `false`. " + envDoc("disable_instance_discovery"),
				Optional: true,
			},
		},
		Blocks: map[string]schema.Block{
			"endpoints": schema.SingleNestedBlock{
				MarkdownDescription: "Base URLs of the services, for other clouds and for tests. HTTPS, or plain HTTP for a loopback address.",
				Attributes: map[string]schema.Attribute{
					"partner_center": schema.StringAttribute{
						MarkdownDescription: "Partner Center, without `/v1`. Default `https://api.partnercenter.microsoft.com`. " + envDoc("endpoints.partner_center"),
						Optional:            true,
						Validators:          []validator.String{endpointURL()},
					},
					"authority_host": schema.StringAttribute{
						MarkdownDescription: "The sign-in service, HTTPS only. Default `https://login.microsoftonline.com`. " + envDoc("endpoints.authority_host"),
						Optional:            true,
						Validators:          []validator.String{endpointURL()},
					},
				},
			},
		},
	}
}

func (p *partnerCenterProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings, diags := resolve(m, os.LookupEnv)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	clients, diags := p.clients(settings, req.TerraformVersion)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData, resp.DataSourceData = clients, clients
	resp.EphemeralResourceData, resp.ListResourceData, resp.ActionData = clients, clients, clients
}
