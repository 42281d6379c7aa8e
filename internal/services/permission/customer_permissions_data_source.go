package permission

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*customerPermissionsDataSource)(nil)

// manyIDs is the number of customer IDs from which all customers are listed, 500 per request. Below it, each
// customer is read.
const manyIDs = 50

// NewCustomerPermissionsDataSource returns the data source partnercenter_customer_permissions.
func NewCustomerPermissionsDataSource() datasource.DataSource {
	return &customerPermissionsDataSource{}
}

// customerPermissionsDataSource reads what many customers may buy by themselves.
//
// Endpoints, app+user with any agent: GET /v1/customers, and GET /v1/SelfServePolicy for each customer. For a
// few customer IDs, GET /v1/customers/{customer} replaces the list.
// The API has no documented call for the policies of several customers. With read = "list", the provider sends
// the list request without entity_id.
// https://learn.microsoft.com/partner-center/developer/get-a-list-of-self-serve-policies
type customerPermissionsDataSource struct{ tfkit.DataSource }

func (d *customerPermissionsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_permissions"
}

func (d *customerPermissionsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Permissions of all or some customers to buy Azure reservations and savings plans.\n\n" +
			"Select customers by ID, by the start of the company name or domain, or by indirect reseller. See [See what customers buy](../guides/see_purchases.md).\n\n" +
			"**Requests:** one for each customer. For 10,000 customers and 500 requests per minute, this takes 20 minutes. The provider keeps " +
			"to the limit automatically. `TF_LOG_PROVIDER=info` shows the progress.\n\n" +
			"**Sign-in and role:** app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"customer_ids": schema.ListAttribute{
				MarkdownDescription: "Return only these customers, by Microsoft Entra tenant ID. A customer of another partner is an error. " +
					"An empty list returns no customer.",
				ElementType: types.StringType,
				Optional:    true,
				Validators: []validator.List{
					listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tfkit.GUID()),
					listvalidator.ConflictsWith(path.MatchRoot("company_name_prefix"), path.MatchRoot("domain_prefix"), path.MatchRoot("indirect_reseller_id")),
				},
			},
			"company_name_prefix": schema.StringAttribute{
				MarkdownDescription: "Return only customers whose company name starts with this text. Case is ignored.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"domain_prefix": schema.StringAttribute{
				MarkdownDescription: "Return only customers whose default domain starts with this text. Case is ignored. " +
					"If `company_name_prefix` is also set, both must match.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"indirect_reseller_id": schema.StringAttribute{
				MarkdownDescription: "Return only customers of this indirect reseller: Microsoft Entra tenant ID of the reseller, as in the data source `partnercenter_indirect_resellers`. " +
					"Must be a GUID. Defaults to the customers of all resellers, and those without one.",
				Optional:   true,
				Validators: []validator.String{tfkit.GUID()},
			},
			"read": schema.StringAttribute{
				MarkdownDescription: "How permissions are read. `single` reads one customer per request. `list` reads up to 500 customers per request, " +
					"in a way that Microsoft does not document. The list is used only if 20 single reads, at random, agree with it. Otherwise, and for up to 20 customers, " +
					"permissions are read one by one. Defaults to `single`.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(readSingle, readByList)},
			},
			"on_error": tfkit.OnError("Behavior if the permissions of a customer cannot be read. `fail` reads the other customers and then fails. " +
				"`report` lists such customers in `errors`, with a warning. A failure that concerns all customers, " +
				"such as a failed sign-in, is always an error. Defaults to `fail`."),
			"timeouts": tfkit.ReadTimeouts(ctx),
			"customers": schema.ListNestedAttribute{
				MarkdownDescription: "Customers that were read, sorted by `customer_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"customer_id":  schema.StringAttribute{MarkdownDescription: "Microsoft Entra tenant ID of the customer, in lower case.", Computed: true},
						"company_name": schema.StringAttribute{MarkdownDescription: "Company name.", Computed: true},
						"domain":       schema.StringAttribute{MarkdownDescription: "Default domain of the tenant.", Computed: true},
						"azure_reservations": schema.BoolAttribute{
							MarkdownDescription: "`true` if the customer can buy Azure reservations and pre-purchase plans.", Computed: true,
						},
						"azure_savings_plans": schema.BoolAttribute{MarkdownDescription: "`true` if the customer may buy Azure savings plans.", Computed: true},
						"policy_id": schema.StringAttribute{
							MarkdownDescription: "ID of the customer's self-serve policy. Null if the customer has no policy, because no permission is enabled.",
							Computed:            true,
						},
					},
				},
			},
			"errors": schema.MapAttribute{
				MarkdownDescription: "With `on_error = \"report\"`, reasons by customer ID (in lower case) for customers that could not be read, and what to do. " +
					"Such customers are not in `customers`. Empty if all were read.",
				ElementType: types.StringType,
				Computed:    true,
			},
		},
	}
}

func (d *customerPermissionsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m customerPermissionsDataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	timeout, diags := m.Timeouts.Read(ctx, tfkit.ReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if d.PartnerCenter.AppOnly() {
		resp.Diagnostics.Append(errAppOnlyReads)
		return
	}
	ctx, cancel := tfkit.OperationWithin(ctx, timeout)
	defer cancel()
	subjects, err := d.listSubjects(ctx, m)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not list the customers", err))
		return
	}
	var known policies
	if m.Read.ValueString() == readByList {
		ids := make([]string, len(subjects))
		for i := range subjects {
			ids[i] = subjects[i].customerID
		}
		known, diags = listPolicies(ctx, d.Clients, ids, func(string) []partnercenter.Permission { return nil })
		resp.Diagnostics.Append(diags...)
	}
	progress, done := tfkit.NewProgress("read", "customers", len(subjects)), new(atomic.Int64)
	failed, err := d.PartnerCenter.Each(ctx, len(subjects), func(ctx context.Context, i int) error {
		err := d.read(ctx, &subjects[i], known)
		if err == nil {
			done.Add(1)
		}
		progress.Done(ctx, 1)
		return err
	})
	if err != nil {
		resp.Diagnostics.Append(couldNotReadAny(ctx, err, int(done.Load()), len(subjects), timeout))
		return
	}
	var objects []attr.Value
	var unread tfkit.Failures
	m.Errors = make(map[string]string)
	for i := range subjects {
		s := &subjects[i]
		unread.Add(s.customerID, failed[i])
		switch {
		case failed[i] != nil:
			m.Errors[s.customerID] = tfkit.Reason(failed[i])
		case !s.gone:
			objects = append(objects, s.object())
		}
	}
	resp.Diagnostics.Append(unread.Named(ctx, d.Clients).CouldNotRead("permissions", m.OnError.ValueString() == tfkit.ReportOnError)...)
	resp.Diagnostics.Append(unrelated(subjects)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.Customers = types.ListValueMust(permissionsObject, objects)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// listSubjects returns the customers that the configuration selects, sorted by ID. If it selects only a few by ID,
// they are not read yet (known is false).
func (d *customerPermissionsDataSource) listSubjects(ctx context.Context, m customerPermissionsDataSourceModel) ([]subject, error) {
	named := make([]string, 0, len(m.CustomerIDs))
	for _, id := range m.CustomerIDs {
		named = append(named, strings.ToLower(id))
	}
	slices.Sort(named)
	named = slices.Compact(named)
	var listed []partnercenter.Customer
	if m.CustomerIDs == nil || len(named) >= manyIDs {
		var err error
		listed, err = d.PartnerCenter.Customers.List(ctx, partnercenter.CustomerFilter{
			CompanyNamePrefix: m.CompanyNamePrefix.ValueString(), DomainPrefix: m.DomainPrefix.ValueString(), IndirectResellerID: m.IndirectReseller.ValueString(),
		})
		if err != nil {
			return nil, err
		}
	}
	if m.CustomerIDs == nil {
		out := make([]subject, len(listed))
		for i, c := range listed {
			out[i].setCustomer(c)
		}
		return out, nil
	}
	out := make([]subject, len(named))
	for i, id := range named {
		out[i].customerID = id
		if at, ok := slices.BinarySearchFunc(listed, id, func(c partnercenter.Customer, id string) int { return cmp.Compare(c.ID, id) }); ok {
			out[i].setCustomer(listed[at])
		}
	}
	return out, nil
}

// read reads one customer's permissions. A customer that is not known yet is read first. Otherwise an
// unknown ID would look like a customer without a policy.
func (d *customerPermissionsDataSource) read(ctx context.Context, s *subject, known policies) error {
	if !s.known {
		c, err := d.PartnerCenter.Customers.Get(ctx, s.customerID)
		if err != nil {
			return err
		}
		s.setCustomer(c)
	}
	if policy, ok := known[s.customerID]; ok {
		s.policy = policy
		return nil
	}
	var err error
	s.policy, err = d.PartnerCenter.SelfServePolicies.Get(ctx, s.customerID)
	switch {
	case partnercenter.IsCustomerNotFound(err):
		s.gone = true
	case partnercenter.IsNoRelationship(err):
		s.unrelated = true
	default:
		return err
	}
	return nil
}
