package azureplan

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ list.ListResourceWithConfigure = (*azurePlanResource)(nil)

// NewAzurePlanList returns the list resource partnercenter_azure_plan.
func NewAzurePlanList() list.ListResource { return &azurePlanResource{} }

// ListResourceConfigSchema returns the schema of a list block of "terraform query".
func (r *azurePlanResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Customers that have an Azure plan, for `terraform query` (Terraform 1.14 and later).\n\n" +
			"With `-generate-config-out`, Terraform writes a configuration that imports the plans. Nothing is bought. See [Onboard customers](../guides/onboard_customers.md).\n\n" +
			"Terraform stops at 100 results by default, without a message: set `limit` in the list block. The provider warns if customers are left. " +
			"A list also finds plans that are already managed. Name these customers in `exclude_customer_ids`, or Terraform imports them a second time. " +
			"If you interrupt a query, Terraform shows what it has so far and exits with code 0.\n\n" +
			"**Requests:** one for each customer until the limit is reached, one more for each plan with `include_resource`, and one for each 500 customers.\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent.",
		Attributes: tfkit.CustomerSelectionAttributes(),
	}
}

// List lists the plans of the customers, in any status. Deleted plans do not count.
func (r *azurePlanResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config tfkit.CustomerSelection
	if diags := tfkit.ListConfig(ctx, req, &config); diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		ctx, cancel := tfkit.OperationWithin(ctx, tfkit.ReadTimeout)
		defer cancel()
		r.ListCustomers(ctx, tfkit.NewListing(req.Limit, push), config, "read the Azure plan", func(ctx context.Context, c partnercenter.Customer) (*list.ListResult, error) {
			read := r.PartnerCenter.AzurePlans.Of
			if req.IncludeResource {
				read = r.PartnerCenter.AzurePlans.Read
			}
			found, err := read(ctx, c.ID)
			if err != nil || !found.HasPlan() {
				return nil, err
			}
			return listed(ctx, req, c, found), nil
		})
	}
}

// listed returns the result for a plan: the same as after import and refresh.
func listed(ctx context.Context, req list.ListRequest, c partnercenter.Customer, found partnercenter.AzurePlanFound) *list.ListResult {
	m := imported(c.ID)
	m.Name = tfkit.OrNull(c.CompanyProfile.CompanyName)
	m.fromAPI(found.Plan)
	m.fromAzure(found.Azure)
	result := req.NewListResult(ctx)
	result.DisplayName = cmp.Or(c.CompanyProfile.CompanyName, c.CompanyProfile.Domain, c.ID)
	result.Diagnostics.Append(result.Identity.Set(ctx, m.identity())...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	}
	return &result
}
