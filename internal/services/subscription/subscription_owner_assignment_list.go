package subscription

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ list.ListResourceWithConfigure = (*subscriptionOwnerAssignmentResource)(nil)

// NewSubscriptionOwnerAssignmentList returns the list resource partnercenter_subscription_owner_assignment.
func NewSubscriptionOwnerAssignmentList() list.ListResource {
	return &subscriptionOwnerAssignmentResource{}
}

// ListResourceConfigSchema returns the schema of a list block of "terraform query".
func (r *subscriptionOwnerAssignmentResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Owner role assignments on a customer's Azure subscriptions, for `terraform query` (Terraform 1.14 and later).\n\n" +
			"With `-generate-config-out`, Terraform writes a configuration that imports the role assignments.\n\n" +
			"Role assignments are listed if they can be imported: those of the Owner role, directly on the subscription. The partner's own access is left out. " +
			"A list also finds role assignments that are already managed.\n\n" +
			"**Requests:** one for the list of subscriptions, one for each subscription, and a few for the names of the customer and its users. See [Bring existing permissions under management](../guides/take_over.md).\n\n" +
			"**Sign-in and role:** the same as for the resource.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"subscription_id": schema.StringAttribute{
				MarkdownDescription: "ID of one Azure subscription, with or without the prefix `/subscriptions/`. Defaults to all subscriptions that the partner can see in " +
					"the customer's tenant.",
				Optional:   true,
				Validators: []validator.String{azureSubscription()},
			},
		},
	}
}

type subscriptionOwnerAssignmentListModel struct {
	CustomerID     types.String `tfsdk:"customer_id"`
	SubscriptionID types.String `tfsdk:"subscription_id"`
}

// List lists the role assignments that can be imported, one subscription after the other.
func (r *subscriptionOwnerAssignmentResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config subscriptionOwnerAssignmentListModel
	if diags := tfkit.ListConfig(ctx, req, &config); diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		ctx, cancel := tfkit.Operation(ctx)
		defer cancel()
		r.list(ctx, config, req, tfkit.NewListing(req.Limit, push))
	}
}

func (r *subscriptionOwnerAssignmentResource) list(ctx context.Context, config subscriptionOwnerAssignmentListModel, req list.ListRequest, listing *tfkit.Listing) {
	customerID := strings.ToLower(config.CustomerID.ValueString())
	if _, err := r.PartnerCenter.Customers.Names(ctx, customerID); err != nil {
		listing.Fail(tfkit.Failure("Could not read the name of customer "+customerID, err))
		return
	}
	var warnings diag.Diagnostics
	more := false
	for subscriptionID, err := range r.subscriptions(ctx, customerID, config) {
		if listing.Full() {
			more = true
			break
		}
		var found []resourcemanager.RoleAssignment
		what := "the Azure subscriptions of " + r.Customer(customerID)
		if err == nil {
			what = "the owners of subscription " + subscriptionID + " of " + r.Customer(customerID)
			found, err = r.Azure.RoleAssignments.ListImportable(ctx, customerID, subscriptionID)
		}
		if resourcemanager.IsNoAccess(err) {
			warnings.AddWarning("Could not list "+what, "They are not in the list.\n\n"+tfkit.Detail(err))
			continue
		}
		if err != nil {
			listing.Fail(tfkit.Failure("Could not list "+what, err))
			return
		}
		for _, a := range found {
			if more = listing.Full(); more {
				break
			}
			if !listing.Add(r.result(ctx, req, customerID, subscriptionID, a)) {
				return
			}
			if a.Condition != "" {
				warnings.AddWarning("An Owner has a condition", fmt.Sprintf("The role of principal %s on subscription %s of %s is restricted by a condition. "+
					"After the import, the plan shows that the next apply removes it.", a.PrincipalID, subscriptionID, r.Customer(customerID)))
			}
		}
	}
	listing.End(more, "role assignments", warnings...)
}

// subscriptions returns the IDs of the subscriptions whose role assignments are listed.
func (r *subscriptionOwnerAssignmentResource) subscriptions(ctx context.Context, customerID string, config subscriptionOwnerAssignmentListModel) iter.Seq2[string, error] {
	if config.SubscriptionID.IsNull() {
		return r.Azure.Subscriptions.List(ctx, customerID)
	}
	return func(yield func(string, error) bool) { yield(azureSubscriptionID(config.SubscriptionID.ValueString())) }
}

// result returns the result for a role assignment: the same as after import and refresh.
func (r *subscriptionOwnerAssignmentResource) result(ctx context.Context, req list.ListRequest, customerID, subscriptionID string, a resourcemanager.RoleAssignment) list.ListResult {
	result := req.NewListResult(ctx)
	for name, value := range imported(customerID, subscriptionID, a) {
		result.Diagnostics.Append(result.Resource.SetAttribute(ctx, path.Root(name), value)...)
	}
	var m subscriptionOwnerAssignmentModel
	result.Diagnostics.Append(result.Resource.Get(ctx, &m)...)
	m.fromAPI(a)
	result.Diagnostics.Append(r.fillName(ctx, &m)...)
	result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	result.Diagnostics.Append(result.Identity.Set(ctx, m.identity())...)
	result.DisplayName = m.Name.ValueString()
	if user := r.userName(ctx, customerID, a); user != "" {
		result.DisplayName = strings.Replace(result.DisplayName, m.principal(), user, 1)
	}
	result.DisplayName = cmp.Or(result.DisplayName, r.title(m))
	return result
}

// userName returns the user principal name of the principal, or "" if it is not a user or not known.
func (r *subscriptionOwnerAssignmentResource) userName(ctx context.Context, customerID string, a resourcemanager.RoleAssignment) string {
	if !strings.EqualFold(a.PrincipalType, "User") || r.PartnerCenter.AppOnly() {
		return ""
	}
	name, err := r.PartnerCenter.CustomerUsers.PrincipalName(ctx, customerID, a.PrincipalID)
	if err != nil {
		return "" // the display name has the object ID instead
	}
	return name
}
