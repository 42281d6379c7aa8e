package order

import (
	"context"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithValidateConfig = (*selfServePurchasesDataSource)(nil)

// purchasesLast is the default of last.
const purchasesLast = 30 * 24 * time.Hour

// NewSelfServePurchasesDataSource returns the data source partnercenter_self_serve_purchases.
func NewSelfServePurchasesDataSource() datasource.DataSource { return &selfServePurchasesDataSource{} }

// selfServePurchasesDataSource lists what customers may have bought by themselves.
//
// Endpoints: GET /v1/customers/{customer}/orders and …/subscriptions for each customer; GET /v1/customers and
// GET /v1/SelfServePolicy to find the customers with an enabled permission. Only for customers that bought
// something: GET …/entitlements with the artifacts, GET /v1/auditrecords, GET /v1/customers/{customer}, GET
// …/users and GET /v1/profiles/organization. Policies, entitlements and profile are app+user only. Without a
// user, the attributes that depend on them are null.
// https://learn.microsoft.com/partner-center/customers/give-customers-permission
type selfServePurchasesDataSource struct{ tfkit.DataSource }

func (d *selfServePurchasesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_self_serve_purchases"
}

func (d *selfServePurchasesDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := tfkit.PeriodAttributes("", " Defaults to `30d`.", nil)
	maps.Copy(attributes, map[string]schema.Attribute{
		"customer_id": schema.StringAttribute{
			MarkdownDescription: "Return only purchases of this customer. Microsoft Entra tenant ID of the customer. Must be a GUID.",
			Optional:            true,
			Validators:          []validator.String{tfkit.GUID(), stringvalidator.ConflictsWith(path.MatchRoot("customer_ids"))},
		},
		"customer_ids": schema.ListAttribute{
			MarkdownDescription: "Return only purchases of these customers, by Microsoft Entra tenant ID. An empty list returns no purchase.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.List{listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tfkit.GUID())},
		},
		"indirect_reseller_id": schema.StringAttribute{
			MarkdownDescription: "Return only purchases of customers of this indirect reseller whose permission is or was enabled. Microsoft Entra tenant ID of the reseller, " +
				"as in the data source `partnercenter_indirect_resellers`. Must be a GUID. Requires app+user.",
			Optional: true,
			Validators: []validator.String{
				tfkit.GUID(), stringvalidator.ConflictsWith(path.MatchRoot("customer_id"), path.MatchRoot("customer_ids")),
			},
		},
		"include_price": schema.BoolAttribute{
			MarkdownDescription: "Set to `true` to read the prices of orders. Without prices, only savings plans have an `amount`. Defaults to `false`.",
			Optional:            true,
		},
		"include_system_purchases": schema.BoolAttribute{
			MarkdownDescription: "Set to `true` to also list orders that Partner Center creates, such as renewals. The partner pays for them, too. Defaults to `false`.",
			Optional:            true,
		},
		"on_error": tfkit.OnError("Behavior if a customer cannot be read. `fail` reads the other customers and then fails. " +
			"`report` lists such customers in `errors`, with a warning. A failure that concerns all customers, " +
			"such as a failed sign-in, is always an error. Defaults to `fail`."),
		"timeouts": tfkit.ReadTimeouts(ctx),
		"purchases": schema.ListNestedAttribute{
			MarkdownDescription: "Purchases, sorted by time (newest first), then by `customer_id`, `order_id` and savings plan.",
			Computed:            true,
			NestedObject:        schema.NestedAttributeObject{Attributes: purchaseAttributes()},
		},
		"customers_read": schema.Int64Attribute{
			MarkdownDescription: "Number of customers whose orders and savings plans were read. If this is 0, no customer was checked.", Computed: true,
		},
		"errors": schema.MapAttribute{
			MarkdownDescription: "With `on_error = \"report\"`, reasons by customer ID (in lower case) for customers that could not be read, and what to do. " +
				"`purchases` can have a part of their purchases. Empty if all customers were read.",
			ElementType: types.StringType,
			Computed:    true,
		},
	})
	maps.Copy(attributes, totalsAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "Azure reservations, savings plans and pre-purchase plans that customers may have bought by themselves, with the buyer if it is known.\n\n" +
			"Partner Center does not notify the partner of purchases. Use this data source for an alarm: see [See what customers buy](../guides/see_purchases.md).\n\n" +
			"**What is listed:** orders whose `product_kind` is not `other`, savings plans, and orders without a subscription by a customer's user. " +
			"Purchases of the partner for the customer are also listed, with `bought_by`. Orders whose fields fit a reservation as well as software are `unclear`. " +
			"They are left out only if Partner Center lists them as software. App-only authentication cannot read that list, so software is listed as `unclear` then.\n\n" +
			"**Savings plans** are listed with their commitment. A savings plan that was bought in the Azure portal has no order. Microsoft documents that Partner Center " +
			"returns it without an order ID. Then `source` is `outside_partner_center`. Both the customer and the partner can buy there.\n\n" +
			"**Who bought:** Microsoft does not document how a customer's own purchase appears. Orders do not have a user. The activity log " +
			"can have a record of the order, with a user principal name. Its domain, or the customer's list of users, shows whose user it is. " +
			"Otherwise `bought_by` is null, and `bought_by_reason` says why. An alarm should cover everything that is not `partner`.\n\n" +
			"**Delay:** an order takes up to 15 minutes to appear. Microsoft does not document the delay of savings plans, reservations and the activity log. " +
			"Attributes that are null can have a value in a later run. Let the periods overlap: look back two days in a daily job. " +
			"The activity log goes back 90 days. Older purchases are listed without a buyer.\n\n" +
			"**Totals** add up `amount` exactly, as decimal text, for each currency. They include purchases by the partner, and leave out cancelled orders.\n\n" +
			"**Requests:** two for each customer, for orders and subscriptions. Without `customer_id` and `customer_ids`, the provider first finds the customers " +
			"that have or had a permission in the period. That takes one request for each customer, one for each 500 customers, and one for " +
			"each 29 days. Purchases take a few more for each customer that bought. For 500 requests per minute, each 10,000 requests " +
			"take 20 minutes. `TF_LOG_PROVIDER=info` shows the progress.\n\n" +
			"**Sign-in and role:** app+user, any agent. With app-only authentication, `reservations` is mostly null, `permission_was_on` is " +
			"from the activity log only, and `bought_by` is never `partner`. Without `customer_id` and `customer_ids`, the orders of all customers " +
			"are read then.",
		Attributes: attributes,
	}
}

// ValidateConfig rejects a period in the future.
func (d *selfServePurchasesDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m selfServePurchasesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	m.Check(time.Now(), &resp.Diagnostics)
}

// filter returns the client's filter. If no customers are set, its list is nil and selects all.
func (m selfServePurchasesModel) filter(ctx context.Context) (partnercenter.PurchaseFilter, diag.Diagnostics) {
	f := partnercenter.PurchaseFilter{
		IndirectResellerID: m.IndirectReseller.ValueString(), IncludePrice: m.IncludePrice.ValueBool(), IncludeSystemPurchases: m.IncludeSystemPurchases.ValueBool(),
		Read: func(customers int) func(context.Context) {
			progress := tfkit.NewProgress("read", "customers", customers)
			return func(ctx context.Context) { progress.Done(ctx, 1) }
		},
	}
	f.Start, f.End = m.Between(time.Now(), purchasesLast)
	var diags diag.Diagnostics
	if !m.CustomerIDs.IsNull() {
		diags = m.CustomerIDs.ElementsAs(ctx, &f.CustomerIDs, false)
	}
	if !m.CustomerID.IsNull() {
		f.CustomerIDs = []string{m.CustomerID.ValueString()}
	}
	return f, diags
}

func (d *selfServePurchasesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m selfServePurchasesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	ctx, cancel := tfkit.OperationOf(ctx, "read", m.Timeouts.Read, tfkit.ReadTimeout, &resp.Diagnostics)
	defer cancel()
	filter, diags := m.filter(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	report, err := d.PartnerCenter.Purchases.List(ctx, filter)
	if err != nil {
		whose := "the customers"
		if len(filter.CustomerIDs) == 1 {
			whose = "customer " + filter.CustomerIDs[0]
		}
		resp.Diagnostics.Append(tfkit.Failure("Could not read the purchases of "+whose, tfkit.OutOfTime(ctx, err)))
		return
	}
	var unread tfkit.Failures
	for i, c := range report.Customers {
		d.PartnerCenter.Customers.KnowName(c.ID, c.CompanyProfile.CompanyName)
		unread.Add(c.ID, report.Failed[i])
	}
	resp.Diagnostics.Append(unread.Named(ctx, d.Clients).CouldNotRead("purchases", m.OnError.ValueString() == tfkit.ReportOnError)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.CustomersRead, m.Errors = types.Int64Value(int64(report.CustomersRead)), map[string]string{}
	for i, err := range report.Failed {
		if err != nil {
			m.Errors[report.Customers[i].ID] = tfkit.Reason(err)
		}
	}
	m.Purchases = make([]purchaseModel, 0, len(report.Purchases))
	for _, p := range report.Purchases {
		m.Purchases = append(m.Purchases, purchaseFromAPI(p))
	}
	m.total(report.Purchases)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}
