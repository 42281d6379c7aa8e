package permission

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

var _ list.ListResourceWithConfigure = (*customerPermissionResource)(nil)

// ListResourceConfigSchema is what a list block of "terraform query" takes.
func (r *customerPermissionResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Customers whose permission to buy Azure " + r.what + " is enabled, or disabled, for `terraform query` (Terraform 1.14 and later).\n\n" +
			"With `-generate-config-out`, Terraform writes a configuration that imports them. See [Bring existing permissions under management](../guides/take_over.md).\n\n" +
			"Terraform stops at 100 results by default, without a message: set `limit` in the list block. The provider warns if customers are left. " +
			"A list also finds customers that are already managed. Name them in `exclude_customer_ids`, or Terraform imports them a second time.\n\n" +
			"**Requests:** one for each customer until the limit is reached, and one for each 500 customers. List blocks for reservations and savings plans " +
			"in one query share them. If you interrupt the query, Terraform shows what it has so far and exits with code 0.\n\n" +
			"**Sign-in and role:** app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"enabled": schema.BoolAttribute{
				MarkdownDescription: "Set to `false` to list the customers whose permission is disabled. Defaults to `true`.",
				Optional:            true,
			},
			"company_name_prefix": schema.StringAttribute{
				MarkdownDescription: "List only customers whose company name starts with this text. Case is ignored.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"domain_prefix": schema.StringAttribute{
				MarkdownDescription: "List only customers whose default domain starts with this text. Case is ignored. If `company_name_prefix` is set, too, both must match.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"indirect_reseller_id": schema.StringAttribute{
				MarkdownDescription: "List only customers of this indirect reseller. Microsoft Entra tenant ID of the reseller, as in the data source `partnercenter_indirect_resellers`. Must be a GUID.",
				Optional:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"exclude_customer_ids": schema.ListAttribute{
				MarkdownDescription: "Microsoft Entra tenant IDs of customers to leave out, such as those that are already managed.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.List{listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tfkit.GUID())},
			},
		},
	}
}

type customerPermissionListModel struct {
	Enabled            types.Bool   `tfsdk:"enabled"`
	CompanyNamePrefix  types.String `tfsdk:"company_name_prefix"`
	DomainPrefix       types.String `tfsdk:"domain_prefix"`
	IndirectResellerID types.String `tfsdk:"indirect_reseller_id"`
	ExcludeCustomerIDs []string     `tfsdk:"exclude_customer_ids"`
}

// Customers are read in groups, the first ones small: a list with a low limit stops after a few
// requests, and a long one still sends as many at a time as the client may.
const (
	firstGroup = 32
	lastGroup  = 512
)

// List lists the customers whose permission is as asked for, in the server's order. It reads pages of
// customers, and policies, only as far as it needs them.
func (r *customerPermissionResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config customerPermissionListModel
	diags := tfkit.Known(req)
	if !diags.HasError() {
		diags.Append(req.Config.Get(ctx, &config)...)
	}
	if !diags.HasError() && r.PartnerCenter.AppOnly() {
		diags.Append(errAppOnlyReads)
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		ctx, cancel := tfkit.OperationWithin(ctx, tfkit.ReadTimeout)
		defer cancel()
		r.list(ctx, config, req, tfkit.NewListing(req.Limit, push))
	}
}

func (r *customerPermissionResource) list(ctx context.Context, config customerPermissionListModel, req list.ListRequest, listing *tfkit.Listing) {
	next, stop := iter.Pull2(r.selected(ctx, config))
	defer stop()
	want := config.Enabled.IsNull() || config.Enabled.ValueBool()
	var unread tfkit.Failures
	more, read := false, 0
	for size := firstGroup; !more; size = min(2*size, lastGroup) {
		if listing.Full() {
			_, err, left := next()
			more = left && err == nil // one that cannot be read now has no place in this list anyway
			break
		}
		group, err := take(next, size)
		if err != nil {
			listing.Fail(tfkit.Failure("Could not list the customers", err))
			return
		}
		if len(group) == 0 {
			break
		}
		failed, err := r.PartnerCenter.Each(ctx, len(group), func(ctx context.Context, i int) error {
			var err error
			group[i].policy, err = r.PartnerCenter.SelfServePolicies.GetOnce(ctx, group[i].customerID)
			return err
		})
		if err != nil {
			listing.Fail(couldNotReadAny(ctx, err, read, read+len(group), tfkit.ReadTimeout))
			return
		}
		read += len(group)
		tflog.Info(ctx, "read customers for the list", map[string]any{"customers": read})
		for i, s := range group {
			switch err := failed[i]; {
			case partnercenter.IsCustomerNotFound(err) || partnercenter.IsNoRelationship(err):
				continue // cannot be imported
			case err != nil:
				r.PartnerCenter.Customers.KnowName(s.customerID, s.companyName)
				unread.Add(s.customerID, err)
				continue
			}
			unread.Add(s.customerID, nil)
			if s.policy.Allows(r.permission) != want {
				continue
			}
			if more = listing.Full(); more {
				break
			}
			if !listing.Add(r.result(ctx, req, s)) {
				return
			}
		}
	}
	var warnings diag.Diagnostics
	switch {
	case unread.All():
		listing.Fail(unread.Named(ctx, r.Clients).Error("read the "+r.what+" permission", "So nothing is listed."))
		return
	case unread.Any():
		warnings.Append(unread.Named(ctx, r.Clients).Warning("read the "+r.what+" permission", "They are not in the list. Run the query again to list them."))
	}
	listing.End(more, "customers", warnings...)
}

// selected are the customers that the list block selects, each once.
func (r *customerPermissionResource) selected(ctx context.Context, config customerPermissionListModel) iter.Seq2[subject, error] {
	skip := make(map[string]bool)
	for _, id := range config.ExcludeCustomerIDs {
		skip[strings.ToLower(id)] = true
	}
	filter := partnercenter.CustomerFilter{
		CompanyNamePrefix: config.CompanyNamePrefix.ValueString(), DomainPrefix: config.DomainPrefix.ValueString(), IndirectResellerID: config.IndirectResellerID.ValueString(),
	}
	return func(yield func(subject, error) bool) {
		for c, err := range r.PartnerCenter.Customers.All(ctx, filter) {
			if err != nil {
				yield(subject{}, err)
				return
			}
			var s subject
			s.is(c)
			if skip[s.customerID] {
				continue
			}
			skip[s.customerID] = true // one that came while pages were read can stand on two of them
			if !yield(s, nil) {
				return
			}
		}
	}
}

// take takes up to n customers.
func take(next func() (subject, error, bool), n int) ([]subject, error) {
	var group []subject
	for len(group) < n {
		s, err, ok := next()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return group, nil
		}
		group = append(group, s)
	}
	return group, nil
}

// result is what import and refresh would give for the customer.
func (r *customerPermissionResource) result(ctx context.Context, req list.ListRequest, s subject) list.ListResult {
	m := customerPermissionModel{
		ID: types.StringValue(s.customerID), Name: tfkit.OrNull(s.companyName), CustomerID: types.StringValue(s.customerID),
		Enabled: types.BoolValue(s.policy.Allows(r.permission)), VerifyAzureSubscription: types.BoolValue(true),
	}
	result := req.NewListResult(ctx)
	result.DisplayName = cmp.Or(s.companyName, s.domain, s.customerID)
	result.Diagnostics.Append(result.Identity.Set(ctx, m.identity())...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	}
	return result
}
