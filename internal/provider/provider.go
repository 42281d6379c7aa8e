package provider

import (
	"context"
	"net/http"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/activity"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/azureplan"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/consent"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/customer"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/identity"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/order"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/permission"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/reservation"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/subscription"
)

var _ provider.ProviderWithListResources = (*partnerCenterProvider)(nil)

// Address is the address of the provider in the Terraform Registry.
const Address = "registry.terraform.io/partnercenter/partnercenter"

// Option changes how the provider sends requests.
type Option func(*partnerCenterProvider)

// WithTransport sends all requests through t instead of the network, for example to a server in the
// same process.
func WithTransport(t http.RoundTripper) Option {
	return func(p *partnerCenterProvider) { p.transport = t }
}

// New returns the provider's constructor. The version is sent in User-Agent.
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
	transport http.RoundTripper // nil = the network
	notices   notices
}

func (p *partnerCenterProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "partnercenter", p.version
}

// Resources lists every resource.
func (p *partnerCenterProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		permission.NewCustomerPermissionReservationsResource,
		permission.NewCustomerPermissionSavingsPlansResource,
		permission.NewCustomerPermissionsResource,
		subscription.NewSubscriptionOwnerAssignmentResource,
		consent.NewApplicationConsentResource,
		reservation.NewReservationRenewalResource,
		azureplan.NewAzurePlanResource,
	}
}

// DataSources lists every data source.
func (p *partnerCenterProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		identity.NewClientConfigDataSource,
		customer.NewCustomersDataSource,
		customer.NewCustomerUsersDataSource,
		customer.NewIndirectResellersDataSource,
		customer.NewCustomerAgreementDataSource,
		permission.NewCustomerPermissionsDataSource,
		subscription.NewSubscriptionsDataSource,
		order.NewOrderHistoryDataSource,
		order.NewReservationsDataSource,
		order.NewSelfServePurchasesDataSource,
		activity.NewActivityLogDataSource,
		subscription.NewSubscriptionOwnersDataSource,
		permission.NewReservationReadinessDataSource,
		reservation.NewAzureReservationsDataSource,
		azureplan.NewAzurePlanDataSource,
	}
}

// ListResources lists every resource that supports "terraform query".
func (p *partnerCenterProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		permission.NewCustomerPermissionReservationsList,
		permission.NewCustomerPermissionSavingsPlansList,
		subscription.NewSubscriptionOwnerAssignmentList,
		azureplan.NewAzurePlanList,
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
