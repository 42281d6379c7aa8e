package order

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithValidateConfig = (*selfServePurchasesDataSource)(nil)

// purchasesLast is how far back the purchases are read by default.
const purchasesLast = 30 * 24 * time.Hour

// NewSelfServePurchasesDataSource is partnercenter_self_serve_purchases.
func NewSelfServePurchasesDataSource() datasource.DataSource { return &selfServePurchasesDataSource{} }

// selfServePurchasesDataSource tells what customers may have bought by themselves.
//
// Endpoints: GET /v1/customers/{customer}/orders for each customer; GET /v1/customers and
// GET /v1/SelfServePolicy to find the customers whose permission is on; and only where
// something was bought GET …/entitlements with the artifacts, GET /v1/auditrecords,
// GET /v1/customers/{customer}, GET …/users and GET /v1/profiles/organization. Policies,
// entitlements and profile are app+user only; what they tell is null without a user.
// https://learn.microsoft.com/partner-center/customers/give-customers-permission
type selfServePurchasesDataSource struct{ tfkit.DataSource }

func (d *selfServePurchasesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_self_serve_purchases"
}

func (d *selfServePurchasesDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	purchase := map[string]schema.Attribute{
		"customer_id":   schema.StringAttribute{MarkdownDescription: "The customer, in lower case.", Computed: true},
		"customer_name": schema.StringAttribute{MarkdownDescription: "The customer's company name.", Computed: true},
		"reservations": schema.ListNestedAttribute{
			MarkdownDescription: "What came of the order, as in the data source `partnercenter_reservations`. Empty for a savings plan, and as long as " +
				"a reservation does not show. Null where it cannot be read.",
			Computed:     true,
			NestedObject: schema.NestedAttributeObject{Attributes: reservationAttributes()},
		},
		"reservations_unknown_reason": schema.StringAttribute{MarkdownDescription: "Why `reservations` is null.", Computed: true},
		"buyer": schema.StringAttribute{
			MarkdownDescription: "Who bought, by user principal name, as the activity log has it.", Computed: true,
		},
		"buyer_unknown_reason": schema.StringAttribute{MarkdownDescription: "Why `buyer` is null.", Computed: true},
		"application": schema.StringAttribute{
			MarkdownDescription: "What the order was made with, by id or by a name, as the activity log has it. Customers and partners can use the same.",
			Computed:            true,
		},
		"audit_record_id": schema.StringAttribute{MarkdownDescription: "The order's record in the activity log.", Computed: true},
		"correlation_id": schema.StringAttribute{
			MarkdownDescription: "The correlation id of the call that made the order, for Microsoft support.", Computed: true,
		},
		"bought_by": schema.StringAttribute{
			MarkdownDescription: "Whose user bought: `customer` or `partner`; or `system` for what Partner Center ordered by itself. Null where nothing tells.",
			Computed:            true,
		},
		"bought_by_reason": schema.StringAttribute{MarkdownDescription: "What tells `bought_by`, or why nothing does.", Computed: true},
		"permission_was_on": schema.BoolAttribute{
			MarkdownDescription: "Whether the customer was allowed to buy when the order was made, by the permission for reservations where it has some and " +
				"by both permissions where they agree. Null where it is not known.",
			Computed: true,
		},
		"permission_unknown_reason": schema.StringAttribute{MarkdownDescription: "Why `permission_was_on` is null.", Computed: true},
	}
	maps.Copy(purchase, orderAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "What customers bought by themselves since a moment: the orders, what was reserved by them, and, as far as the activity log " +
			"tells, who did it, with what, and whether the permission was on. It is the basis of an alarm, since Partner Center sends none.\n\n" +
			"**What is listed:** orders for what looks like an Azure reservation or savings plan, as `may_be_reservation` of the data source " +
			"`partnercenter_order_history` tells; orders that reservations came of; and whatever a customer's user bought without a subscription. " +
			"Purchases of the partner for the customer are among them, with `bought_by`. Software that is sold for a term can be, too. " +
			"An order without a term is listed once its reservation shows, or that a customer's user bought it; where reservations cannot be read, so is every order without a subscription.\n\n" +
			"**Who bought:** Microsoft does not document how a customer's own purchase shows. Orders do not name a person; the activity log has a record " +
			"of an order with a user principal name, which may be missing. The name's domain, that of the customer's or the partner's default domain, " +
			"or the customer's list of users tells whose user it is. Application and client tell nothing, since both sides can use the same. " +
			"Where none of this tells, `bought_by` is null and `bought_by_reason` says why: an alarm should cover everything that is not `partner`.\n\n" +
			"**How late:** an order takes up to 15 minutes to show, its record in the activity log a time that is not documented, and a reservation that of " +
			"its provisioning. Attributes that are null fill up in later runs. Let the period overlap: look back 2 days in a job that runs daily. " +
			"The activity log has 90 days; older orders are listed without what it tells.\n\n" +
			"**Requests:** one per customer for its orders. Without `customer_id` and `customer_ids` it reads those whose permission is on or was switched " +
			"within the period, and to find them, one request per 500 customers, one per customer and one per 29 days of the period. What was bought takes 2 or more for each customer " +
			"that has something, and 1 or 2 per 29 days. At 500 requests per minute, 10,000 customers take about 20 minutes. " +
			"`TF_LOG_PROVIDER=info` shows how far it is.\n\n" +
			"**Sign-in and role:** app+user, any agent. App-only works, too: then `reservations` is mostly null, `permission_was_on` is known from the activity log only, " +
			"`bought_by` is never `partner`, and without `customer_id` and `customer_ids` the orders of all customers are read.",
		Attributes: map[string]schema.Attribute{
			"since": schema.StringAttribute{
				MarkdownDescription: "Only orders that were created at this moment or later, in RFC 3339, such as `2026-01-31T00:00:00Z`.",
				Optional:            true,
				Validators:          []validator.String{tfkit.RFC3339(), stringvalidator.ConflictsWith(path.MatchRoot("last"))},
			},
			"last": schema.StringAttribute{
				MarkdownDescription: "How far back orders are read, instead of `since`: days such as `30d`, or hours and minutes such as `36h` or `90m`. " +
					"Default is `30d`.",
				Optional: true,
				Validators: []validator.String{tfkit.StringCheck("value must be a duration such as 30d or 36h", func(s string) error {
					_, err := tfkit.ParseDuration(s)
					return err
				})},
			},
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Only this customer. It is the customer's Microsoft Entra tenant id, a GUID.",
				Optional:            true,
				Validators:          []validator.String{tfkit.GUID(), stringvalidator.ConflictsWith(path.MatchRoot("customer_ids"))},
			},
			"customer_ids": schema.ListAttribute{
				MarkdownDescription: "Only these customers. An empty list is no customer.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.List{listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tfkit.GUID())},
			},
			"include_price": schema.BoolAttribute{
				MarkdownDescription: "Whether to ask for prices. Default `false`.",
				Optional:            true,
			},
			"include_system_purchases": schema.BoolAttribute{
				MarkdownDescription: "Whether to list what Partner Center ordered by itself, too, such as renewals, which the partner pays as well. Default `false`.",
				Optional:            true,
			},
			"on_error": tfkit.OnError("What a customer that cannot be read means: `fail` is an error, after the others were read, with each such " +
				"customer and its reason. `report` puts them into `errors` instead, with a warning. A failure that concerns all customers, " +
				"such as a failed sign-in, is always an error. Default `fail`."),
			"timeouts": tfkit.ReadTimeouts(ctx),
			"purchases": schema.ListNestedAttribute{
				MarkdownDescription: "What was bought, newest first, and by `customer_id` and `order_id` where it is of the same moment.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: purchase},
			},
			"customers_read": schema.Int64Attribute{
				MarkdownDescription: "How many customers' orders were read. That none was bought says little where this is 0.", Computed: true,
			},
			"errors": schema.MapAttribute{
				MarkdownDescription: "With `on_error = \"report\"`, why a customer could not be read and what to do, by customer id in lower case. " +
					"What was read of it before is in `purchases`. Empty when all were read.",
				ElementType: types.StringType,
				Computed:    true,
			},
		},
	}
}

type selfServePurchasesModel struct {
	Since                  types.String      `tfsdk:"since"`
	Last                   types.String      `tfsdk:"last"`
	CustomerID             types.String      `tfsdk:"customer_id"`
	CustomerIDs            types.List        `tfsdk:"customer_ids"`
	IncludePrice           types.Bool        `tfsdk:"include_price"`
	IncludeSystemPurchases types.Bool        `tfsdk:"include_system_purchases"`
	OnError                types.String      `tfsdk:"on_error"`
	Timeouts               timeouts.Value    `tfsdk:"timeouts"`
	Purchases              []purchaseModel   `tfsdk:"purchases"`
	CustomersRead          types.Int64       `tfsdk:"customers_read"`
	Errors                 map[string]string `tfsdk:"errors"`
}

type purchaseModel struct {
	orderModel

	CustomerID                string             `tfsdk:"customer_id"`
	CustomerName              types.String       `tfsdk:"customer_name"`
	Reservations              []reservationModel `tfsdk:"reservations"`
	ReservationsUnknownReason types.String       `tfsdk:"reservations_unknown_reason"`
	Buyer                     types.String       `tfsdk:"buyer"`
	BuyerUnknownReason        types.String       `tfsdk:"buyer_unknown_reason"`
	Application               types.String       `tfsdk:"application"`
	AuditRecordID             types.String       `tfsdk:"audit_record_id"`
	CorrelationID             types.String       `tfsdk:"correlation_id"`
	BoughtBy                  types.String       `tfsdk:"bought_by"`
	BoughtByReason            string             `tfsdk:"bought_by_reason"`
	PermissionWasOn           types.Bool         `tfsdk:"permission_was_on"`
	PermissionUnknownReason   types.String       `tfsdk:"permission_unknown_reason"`
}

// ValidateConfig refuses a period that has not begun.
func (d *selfServePurchasesDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m selfServePurchasesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if tfkit.Time(m.Since).After(time.Now()) {
		resp.Diagnostics.AddAttributeError(path.Root("since"), "Invalid value", fmt.Sprintf("The value of since, %s, is in the future.", m.Since.ValueString()))
	}
}

// filter makes the client's filter. Customers that are not set are nil and select all.
func (m selfServePurchasesModel) filter(ctx context.Context) (partnercenter.PurchaseFilter, diag.Diagnostics) {
	f := partnercenter.PurchaseFilter{
		Since: tfkit.Time(m.Since), IncludePrice: m.IncludePrice.ValueBool(), IncludeSystemPurchases: m.IncludeSystemPurchases.ValueBool(),
		Read: func(customers int) func(context.Context) {
			progress := tfkit.NewProgress("read", "customers", customers)
			return func(ctx context.Context) { progress.Done(ctx, 1) }
		},
	}
	if m.Since.IsNull() {
		last := purchasesLast
		if d, err := tfkit.ParseDuration(m.Last.ValueString()); err == nil {
			last = d
		}
		f.Since = time.Now().Add(-last)
	}
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
	timeout, diags := m.Timeouts.Read(ctx, tfkit.ReadTimeout)
	resp.Diagnostics.Append(diags...)
	filter, diags := m.filter(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.OperationOf(ctx, "read", timeout)
	defer cancel()
	report, err := d.PartnerCenter.Purchases.Since(ctx, filter)
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
	m.CustomersRead, m.Errors = types.Int64Value(int64(report.OrdersRead)), map[string]string{}
	for i, err := range report.Failed {
		if err != nil {
			m.Errors[report.Customers[i].ID] = tfkit.Reason(err)
		}
	}
	m.Purchases = make([]purchaseModel, 0, len(report.Purchases))
	for _, p := range report.Purchases {
		m.Purchases = append(m.Purchases, purchaseFromAPI(p))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func purchaseFromAPI(p partnercenter.Purchase) purchaseModel {
	m := purchaseModel{
		orderModel: orderFromAPI(p.Order), CustomerID: strings.ToLower(p.CustomerID), CustomerName: tfkit.OrNull(p.CustomerName),
		ReservationsUnknownReason: tfkit.OrNull(p.ReservationsUnknown), BuyerUnknownReason: tfkit.OrNull(p.BuyerUnknown),
		BoughtBy: tfkit.OrNull(string(p.BoughtBy)), BoughtByReason: p.Evidence,
		PermissionWasOn: types.BoolPointerValue(p.PermissionWasOn), PermissionUnknownReason: tfkit.OrNull(p.PermissionUnknown),
	}
	if p.ReservationsUnknown == "" {
		m.Reservations = reservationsFromAPI(p.Reservations)
	}
	if r := p.Record; r != nil {
		m.Buyer, m.Application = tfkit.OrNull(string(r.UserPrincipalName)), tfkit.OrNull(string(r.ApplicationID))
		m.AuditRecordID, m.CorrelationID = tfkit.OrNull(r.ID), tfkit.OrNull(string(r.OriginalCorrelationID))
	}
	return m
}
