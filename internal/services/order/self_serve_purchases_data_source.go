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
		"customer_id":   schema.StringAttribute{MarkdownDescription: "Microsoft Entra tenant ID of the customer, in lower case.", Computed: true},
		"customer_name": schema.StringAttribute{MarkdownDescription: "Company name of the customer.", Computed: true},
		"reservations": schema.ListNestedAttribute{
			MarkdownDescription: "Reservations of the order, as in the data source `partnercenter_reservations`. Empty for a savings plan, and until " +
				"the reservation appears. Null if it cannot be read.",
			Computed:     true,
			NestedObject: schema.NestedAttributeObject{Attributes: reservationAttributes()},
		},
		"reservations_unknown_reason": schema.StringAttribute{MarkdownDescription: "Reason why `reservations` is null.", Computed: true},
		"buyer": schema.StringAttribute{
			MarkdownDescription: "User principal name of the buyer, from the activity log.", Computed: true,
		},
		"buyer_unknown_reason": schema.StringAttribute{MarkdownDescription: "Reason why `buyer` is null.", Computed: true},
		"application": schema.StringAttribute{
			MarkdownDescription: "ID or name of the application that created the order, from the activity log. Customers and partners can use the same application.",
			Computed:            true,
		},
		"audit_record_id": schema.StringAttribute{MarkdownDescription: "ID of the record in the activity log.", Computed: true},
		"correlation_id": schema.StringAttribute{
			MarkdownDescription: "Correlation ID of the call that created the order, for Microsoft support.", Computed: true,
		},
		"bought_by": schema.StringAttribute{
			MarkdownDescription: "Who bought: `customer`, `partner`, or `system` for an order of Partner Center itself. Null if it is unknown.",
			Computed:            true,
		},
		"bought_by_reason": schema.StringAttribute{MarkdownDescription: "Evidence for `bought_by`, or the reason why it is null.", Computed: true},
		"permission_was_on": schema.BoolAttribute{
			MarkdownDescription: "Whether the permission was enabled when the order was created. For orders without a reservation, both permissions must agree. " +
				"Null if it is unknown.",
			Computed: true,
		},
		"permission_unknown_reason": schema.StringAttribute{MarkdownDescription: "Reason why `permission_was_on` is null.", Computed: true},
	}
	maps.Copy(purchase, orderAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "Purchases that customers made by themselves, with the buyer if the activity log has one.\n\n" +
			"Partner Center does not notify the partner of purchases. Use this data source for an alarm: see [See what customers buy](../guides/see_purchases.md).\n\n" +
			"**What is listed:** orders that may be an Azure reservation or savings plan, " +
			"orders with a reservation, and orders without a subscription by a customer's user. Purchases of the partner for the customer are " +
			"also listed, with `bought_by`. Software with a term can be listed, too. If reservations cannot be read, every order without a " +
			"subscription is listed.\n\n" +
			"**Who bought:** Microsoft does not document how a customer's own purchase appears. Orders do not have a user. The activity log " +
			"can have a record of the order, with a user principal name. Its domain, or the customer's list of users, shows whose user it is. " +
			"Otherwise `bought_by` is null, and `bought_by_reason` says why. An alarm should cover everything that is not `partner`.\n\n" +
			"**Delay:** an order takes up to 15 minutes to appear. Its record in the activity log and its reservation can take longer. Attributes " +
			"that are null are filled in later runs. Let the periods overlap: look back two days in a daily job. The activity log goes back " +
			"90 days.\n\n" +
			"**Requests:** one for each customer, for its orders. Without `customer_id` and `customer_ids`, the provider first finds the customers " +
			"that have or had a permission in the period. That takes one request for each customer, one for each 500 customers, and one for " +
			"each 29 days. Purchases take a few more for each customer that bought. For 10,000 customers and 500 requests per minute, this " +
			"takes about 20 minutes. `TF_LOG_PROVIDER=info` shows the progress.\n\n" +
			"**Sign-in and role:** app+user, any agent. With app-only authentication, `reservations` is mostly null, `permission_was_on` is " +
			"from the activity log only, and `bought_by` is never `partner`. Without `customer_id` and `customer_ids`, the orders of all customers " +
			"are read then.",
		Attributes: map[string]schema.Attribute{
			"since": schema.StringAttribute{
				MarkdownDescription: "Return only orders that were created at this time or later, in RFC 3339 format, such as `2026-01-31T00:00:00Z`.",
				Optional:            true,
				Validators:          []validator.String{tfkit.RFC3339(), stringvalidator.ConflictsWith(path.MatchRoot("last"))},
			},
			"last": schema.StringAttribute{
				MarkdownDescription: "Length of the period before now, in place of `since`, such as `30d`, `36h` or `90m`. Defaults to `30d`.",
				Optional:            true,
				Validators: []validator.String{tfkit.StringCheck("value must be a duration such as 30d or 36h", func(s string) error {
					_, err := tfkit.ParseDuration(s)
					return err
				})},
			},
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
			"include_price": schema.BoolAttribute{
				MarkdownDescription: "Set to `true` to read prices. Defaults to `false`.",
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
				MarkdownDescription: "Purchases, sorted by time (newest first), then by `customer_id` and `order_id`.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: purchase},
			},
			"customers_read": schema.Int64Attribute{
				MarkdownDescription: "Number of customers whose orders were read. If this is 0, no customer was checked.", Computed: true,
			},
			"errors": schema.MapAttribute{
				MarkdownDescription: "With `on_error = \"report\"`, reasons by customer ID (in lower case) for customers that could not be read, and what to do. " +
					"`purchases` can have a part of their purchases. Empty if all customers were read.",
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
