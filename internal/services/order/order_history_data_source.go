package order

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithValidateConfig = (*orderHistoryDataSource)(nil)

// NewOrderHistoryDataSource returns the data source partnercenter_order_history.
func NewOrderHistoryDataSource() datasource.DataSource { return &orderHistoryDataSource{} }

// orderHistoryDataSource lists a customer's orders.
//
// Endpoint: GET /v1/customers/{customer}/orders, app-only or app+user, any agent. The server selects by billing
// cycle, and the provider applies the period and reservations_only itself. The API mixes New with new and
// UserPurchase with one_time. Enumerations are in snake_case here.
// https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-orders
type orderHistoryDataSource struct{ tfkit.DataSource }

func (d *orderHistoryDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_order_history"
}

func (d *orderHistoryDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := tfkit.PeriodAttributes(" By default, the whole history is read.", " By default, the whole history is read.", nil)
	maps.Copy(attributes, orderHistoryAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "Order history of a customer, newest first.\n\n" +
			"It contains orders of the customer's users and orders of the partner. For self-service purchases of many customers, use `partnercenter_self_serve_purchases`: " +
			"see [See what customers buy](../guides/see_purchases.md).\n\n" +
			"A new order takes up to 15 minutes to appear. Enumerations such as `status` are in snake_case (`user_purchase`, `add_quantity`), " +
			"also for values that Partner Center adds in the future.\n\n" +
			"**Requests:** one for each page of orders.\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent.",
		Attributes: attributes,
	}
}

func orderHistoryAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"customer_id": schema.StringAttribute{
			MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
			Required:            true,
			Validators:          []validator.String{tfkit.GUID()},
		},
		"billing_cycle": schema.StringAttribute{
			MarkdownDescription: "Return only orders with this billing cycle: `one_time`, `monthly`, `annual`, `biennial`, `triennial` or `none`.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.OneOf("one_time", "monthly", "annual", "biennial", "triennial", "none")},
		},
		"include_price": schema.BoolAttribute{
			MarkdownDescription: "Set to `true` to read prices. Defaults to `false`.",
			Optional:            true,
		},
		"include_system_purchases": schema.BoolAttribute{
			MarkdownDescription: "Set to `true` to also list orders that Partner Center creates, such as renewals. Defaults to `false`.",
			Optional:            true,
		},
		"reservations_only": schema.BoolAttribute{
			MarkdownDescription: "Set to `true` to list only orders with a line whose `product_kind` is `reservation`, `pre_purchase_plan` or `unclear`. " +
				"Defaults to `false`.",
			Optional: true,
		},
		"orders": schema.ListNestedAttribute{
			MarkdownDescription: "Orders, sorted by time (newest first), then by `order_id`. Orders without a time are last, " +
				"whatever the period is.",
			Computed: true,
			NestedObject: schema.NestedAttributeObject{
				Attributes: orderAttributes(),
			},
		},
	}
}

// orderAttributes returns the attributes of one order.
func orderAttributes() map[string]schema.Attribute {
	price := func(what string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: what + ", as a decimal number in a string, in the currency of the order.", Computed: true}
	}
	return map[string]schema.Attribute{
		"order_id":      schema.StringAttribute{MarkdownDescription: "ID of the order. Case-sensitive.", Computed: true},
		"alternate_id":  schema.StringAttribute{MarkdownDescription: "Number of the order in the portal.", Computed: true},
		"creation_date": schema.StringAttribute{MarkdownDescription: "Time of creation, in RFC 3339 format (UTC).", Computed: true},
		"status": schema.StringAttribute{
			MarkdownDescription: "Status, such as `completed`, `pending` or `cancelled`.", Computed: true,
		},
		"billing_cycle": schema.StringAttribute{
			MarkdownDescription: "Billing cycle, such as `one_time` or `monthly`.", Computed: true,
		},
		"transaction_type": schema.StringAttribute{
			MarkdownDescription: "Type of the transaction: `user_purchase`, `system_purchase` or `system_billing`. Null for legacy orders.", Computed: true,
		},
		"client_name": schema.StringAttribute{
			MarkdownDescription: "Name of the client that created the order. Null if Partner Center does not return it. " +
				"For the user, see the data source `partnercenter_activity_log`.",
			Computed: true,
		},
		"currency_code": schema.StringAttribute{MarkdownDescription: "Currency, such as `USD`.", Computed: true},
		"total_price": schema.StringAttribute{
			MarkdownDescription: "Price of the whole order, as a decimal number in a string. Null without `include_price`.",
			Computed:            true,
		},
		"line_items": schema.ListNestedAttribute{
			MarkdownDescription: "Lines of the order, sorted by `line_item_number`.",
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{
				Attributes: map[string]schema.Attribute{
					"line_item_number": schema.Int64Attribute{MarkdownDescription: "Number of the line, from 0.", Computed: true},
					"offer_id":         schema.StringAttribute{MarkdownDescription: "Offer: a GUID, `MS-AZR-…` or `product:sku:availability`.", Computed: true},
					"friendly_name":    schema.StringAttribute{MarkdownDescription: "Name of the product.", Computed: true},
					"subscription_id": schema.StringAttribute{
						MarkdownDescription: "ID of the subscription in Partner Center, in lower case. Null for reservations.", Computed: true,
					},
					"quantity":      schema.Int64Attribute{MarkdownDescription: "Quantity.", Computed: true},
					"term_duration": schema.StringAttribute{MarkdownDescription: "Term in ISO 8601 format, such as `P1Y`.", Computed: true},
					"transaction_type": schema.StringAttribute{
						MarkdownDescription: "Type of the transaction: `new`, `renew`, `add_quantity`, `remove_quantity`, `cancel`, `convert` or `customer_credit`.", Computed: true,
					},
					"partner_id_on_record": schema.StringAttribute{MarkdownDescription: "Partner ID of the indirect reseller.", Computed: true},
					"product_kind": schema.StringAttribute{
						MarkdownDescription: "Kind of the product: `reservation`, `savings_plan`, `pre_purchase_plan`, `other`, or `unclear` where the fields " +
							"of the order fit a reservation as well as software. Orders have no field for it. The kind follows from the offer, the " +
							"scope, the subscription, the term, the billing cycle and the product name. The data source `partnercenter_reservations` lists reservations with certainty.",
						Computed: true,
					},
					"pricing": schema.SingleNestedAttribute{
						MarkdownDescription: "Prices. Null without `include_price`.",
						Computed:            true,
						Attributes: map[string]schema.Attribute{
							"list_price":       price("List price of one unit"),
							"discounted_price": price("Price of one unit after discounts"),
							"prorated_price":   price("Price of one unit for the rest of a term"),
							"price":            price("Price of one unit"),
							"extended_price":   price("Price of the line"),
						},
					},
				},
			},
		},
	}
}

type orderHistoryModel struct {
	tfkit.Period

	CustomerID             types.String `tfsdk:"customer_id"`
	BillingCycle           types.String `tfsdk:"billing_cycle"`
	IncludePrice           types.Bool   `tfsdk:"include_price"`
	IncludeSystemPurchases types.Bool   `tfsdk:"include_system_purchases"`
	ReservationsOnly       types.Bool   `tfsdk:"reservations_only"`
	Orders                 []orderModel `tfsdk:"orders"`
}

type orderModel struct {
	OrderID         types.String    `tfsdk:"order_id"`
	AlternateID     types.String    `tfsdk:"alternate_id"`
	CreationDate    types.String    `tfsdk:"creation_date"`
	Status          types.String    `tfsdk:"status"`
	BillingCycle    types.String    `tfsdk:"billing_cycle"`
	TransactionType types.String    `tfsdk:"transaction_type"`
	ClientName      types.String    `tfsdk:"client_name"`
	CurrencyCode    types.String    `tfsdk:"currency_code"`
	TotalPrice      types.String    `tfsdk:"total_price"`
	LineItems       []lineItemModel `tfsdk:"line_items"`

	created time.Time
}

type lineItemModel struct {
	LineItemNumber    types.Int64   `tfsdk:"line_item_number"`
	OfferID           types.String  `tfsdk:"offer_id"`
	FriendlyName      types.String  `tfsdk:"friendly_name"`
	SubscriptionID    types.String  `tfsdk:"subscription_id"`
	Quantity          types.Int64   `tfsdk:"quantity"`
	TermDuration      types.String  `tfsdk:"term_duration"`
	TransactionType   types.String  `tfsdk:"transaction_type"`
	PartnerIDOnRecord types.String  `tfsdk:"partner_id_on_record"`
	ProductKind       string        `tfsdk:"product_kind"`
	Pricing           *pricingModel `tfsdk:"pricing"`
}

type pricingModel struct {
	ListPrice       types.String `tfsdk:"list_price"`
	DiscountedPrice types.String `tfsdk:"discounted_price"`
	ProratedPrice   types.String `tfsdk:"prorated_price"`
	Price           types.String `tfsdk:"price"`
	ExtendedPrice   types.String `tfsdk:"extended_price"`
}

// ValidateConfig rejects an empty period at plan time.
func (d *orderHistoryDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m orderHistoryModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	m.Check(time.Now(), &resp.Diagnostics)
}

// selects applies the conditions that the server does not have.
func (m orderHistoryModel) selects(o partnercenter.Order, start, end time.Time) bool {
	if m.ReservationsOnly.ValueBool() && !slices.ContainsFunc(o.Lines, o.MayBeReservation) {
		return false
	}
	return o.CreationDate.IsZero() || !o.CreationDate.Before(start) && (end.IsZero() || o.CreationDate.Before(end))
}

func (d *orderHistoryDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m orderHistoryModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	customerID := m.CustomerID.ValueString()
	filter := partnercenter.OrderFilter{
		BillingCycle: m.BillingCycle.ValueString(), IncludePrice: m.IncludePrice.ValueBool(), IncludeSystemPurchases: m.IncludeSystemPurchases.ValueBool(),
	}
	m.Orders = []orderModel{}
	start, end := m.Between(time.Now(), 0)
	for o, err := range d.PartnerCenter.Orders.Of(ctx, customerID, filter) {
		if err != nil {
			resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not read the order history of customer %s", customerID), err))
			return
		}
		if m.selects(o, start, end) {
			m.Orders = append(m.Orders, orderFromAPI(o))
		}
	}
	slices.SortStableFunc(m.Orders, func(a, b orderModel) int {
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(a.OrderID.ValueString(), b.OrderID.ValueString()))
	})
	// An order that is created while pages are read can be on two of them.
	m.Orders = slices.CompactFunc(m.Orders, func(a, b orderModel) bool { return a.OrderID.Equal(b.OrderID) })
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func orderFromAPI(o partnercenter.Order) orderModel {
	m := orderModel{
		OrderID: tfkit.OrNull(o.ID), AlternateID: tfkit.OrNull(string(o.AlternateID)), CreationDate: tfkit.OrNull(o.CreationDate.String()),
		Status: tfkit.OrNull(string(o.Status)), BillingCycle: tfkit.OrNull(string(o.BillingCycle)), TransactionType: tfkit.OrNull(string(o.TransactionType)),
		ClientName: tfkit.OrNull(o.Client.Name), CurrencyCode: tfkit.OrNull(o.CurrencyCode), TotalPrice: tfkit.OrNull(string(o.TotalPrice)),
		LineItems: []lineItemModel{}, created: o.CreationDate.Time,
	}
	for _, l := range o.Lines {
		line := lineItemModel{
			LineItemNumber: types.Int64PointerValue((*int64)(l.Number)), OfferID: tfkit.OrNull(l.OfferID), FriendlyName: tfkit.OrNull(l.FriendlyName),
			SubscriptionID: tfkit.OrNull(strings.ToLower(l.SubscriptionID)), Quantity: types.Int64PointerValue((*int64)(l.Quantity)),
			TermDuration: tfkit.OrNull(l.TermDuration), TransactionType: tfkit.OrNull(string(l.TransactionType)),
			PartnerIDOnRecord: tfkit.OrNull(string(l.PartnerIDOnRecord)), ProductKind: string(o.Kind(l)),
		}
		if p := l.Pricing; p != nil {
			line.Pricing = &pricingModel{
				ListPrice: tfkit.OrNull(string(p.ListPrice)), DiscountedPrice: tfkit.OrNull(string(p.DiscountedPrice)),
				ProratedPrice: tfkit.OrNull(string(p.ProratedPrice)), Price: tfkit.OrNull(string(p.Price)), ExtendedPrice: tfkit.OrNull(string(p.ExtendedPrice)),
			}
		}
		m.LineItems = append(m.LineItems, line)
	}
	slices.SortStableFunc(m.LineItems, func(a, b lineItemModel) int {
		return cmp.Or(cmp.Compare(a.LineItemNumber.ValueInt64(), b.LineItemNumber.ValueInt64()), cmp.Compare(a.OfferID.ValueString(), b.OfferID.ValueString()))
	})
	return m
}
