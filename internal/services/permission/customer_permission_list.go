package permission

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ list.ListResourceWithConfigure = (*customerPermissionResource)(nil)

// ListResourceConfigSchema returns the schema of a list block of "terraform query".
func (r *customerPermissionResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	attributes := tfkit.CustomerSelectionAttributes()
	attributes["enabled"] = schema.BoolAttribute{
		MarkdownDescription: "Set to `false` to list the customers whose permission is disabled. Defaults to `true`.",
		Optional:            true,
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Customers whose permission to buy Azure " + r.what + " is enabled, or disabled, for `terraform query` (Terraform 1.14 and later).\n\n" +
			"With `-generate-config-out`, Terraform writes a configuration that imports them. See [Bring existing permissions under management](../guides/take_over.md).\n\n" +
			"Terraform stops at 100 results by default, without a message: set `limit` in the list block. The provider warns if customers are left. " +
			"A list also finds customers that are already managed. Name them in `exclude_customer_ids`, or Terraform imports them a second time.\n\n" +
			"**Requests:** one for each customer until the limit is reached, and one for each 500 customers. List blocks for reservations and savings plans " +
			"in one query share them. If you interrupt the query, Terraform shows what it has so far and exits with code 0.\n\n" +
			"**Sign-in and role:** app+user, any agent.",
		Attributes: attributes,
	}
}

type customerPermissionListModel struct {
	tfkit.CustomerSelection

	Enabled types.Bool `tfsdk:"enabled"`
}

// List lists the customers whose permission is enabled, or disabled, as the list block says.
func (r *customerPermissionResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config customerPermissionListModel
	diags := tfkit.ListConfig(ctx, req, &config)
	if !diags.HasError() && r.PartnerCenter.AppOnly() {
		diags.Append(errAppOnlyReads)
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	want := config.Enabled.IsNull() || config.Enabled.ValueBool()
	stream.Results = func(push func(list.ListResult) bool) {
		ctx, cancel := tfkit.OperationWithin(ctx, tfkit.ReadTimeout)
		defer cancel()
		r.ListCustomers(ctx, tfkit.NewListing(req.Limit, push), config.CustomerSelection, "read the "+r.what+" permission",
			func(ctx context.Context, c partnercenter.Customer) (*list.ListResult, error) {
				policy, err := r.PartnerCenter.SelfServePolicies.GetOnce(ctx, c.ID)
				if err != nil || policy.Allows(r.permission) != want {
					return nil, err
				}
				return r.result(ctx, req, c, want), nil
			})
	}
}

// result returns for a customer what import and refresh would return.
func (r *customerPermissionResource) result(ctx context.Context, req list.ListRequest, c partnercenter.Customer, enabled bool) *list.ListResult {
	m := customerPermissionModel{
		ID: types.StringValue(c.ID), Name: tfkit.OrNull(c.CompanyProfile.CompanyName), CustomerID: types.StringValue(c.ID),
		Enabled: types.BoolValue(enabled), VerifyAzureSubscription: types.BoolValue(true), Timeouts: tfkit.NoTimeouts(),
	}
	result := req.NewListResult(ctx)
	result.DisplayName = cmp.Or(c.CompanyProfile.CompanyName, c.CompanyProfile.Domain, c.ID)
	result.Diagnostics.Append(result.Identity.Set(ctx, m.identity())...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	}
	return &result
}
