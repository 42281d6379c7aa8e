package order

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*reservationsDataSource)(nil)

// NewReservationsDataSource returns the data source partnercenter_reservations.
func NewReservationsDataSource() datasource.DataSource { return &reservationsDataSource{} }

// reservationsDataSource lists a customer's Azure reservations.
//
// Endpoints: GET /v1/customers/{customer}/entitlements?entitlementType=reservedInstance, and the link of each
// artifact in the result. Both are documented as app+user only, any agent. If Partner Center accepts app-only,
// it works, too.
// https://learn.microsoft.com/partner-center/developer/get-a-collection-of-entitlements
type reservationsDataSource struct{ tfkit.DataSource }

func (d *reservationsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_reservations"
}

func (d *reservationsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Azure reservations of a customer, with their terms and orders.\n\n" +
			"Enumerations such as `provisioning_state` are in snake_case, also for values that Partner Center adds in the future. See [See " +
			"what customers buy](../guides/see_purchases.md).\n\n" +
			"**Requests:** one for the list, and one for each reservation order.\n\n" +
			"**Sign-in and role:** app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"reservations": schema.ListNestedAttribute{
				MarkdownDescription: "Reservations, sorted by `effective_date_time` (newest first), then by `reservation_id`. " +
					"An ordered reservation that is not provisioned yet has no `reservation_id` and is last.",
				Computed: true,
				NestedObject: schema.NestedAttributeObject{
					Attributes: reservationAttributes(),
				},
			},
		},
	}
}

// reservationAttributes returns the attributes of one reservation.
func reservationAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"reservation_id": schema.StringAttribute{
			MarkdownDescription: "ID of the reservation, in lower case. Null until it is provisioned.", Computed: true,
		},
		"display_name": schema.StringAttribute{MarkdownDescription: "Display name.", Computed: true},
		"reservation_type": schema.StringAttribute{
			MarkdownDescription: "Type of the reserved resource, such as `virtualmachines` or `sqldatabases`. Null if Partner Center does not return it, " +
				"for example for older VM reservations.",
			Computed: true,
		},
		"quantity":            schema.Int64Attribute{MarkdownDescription: "Quantity.", Computed: true},
		"effective_date_time": schema.StringAttribute{MarkdownDescription: "Start, in RFC 3339 format (UTC).", Computed: true},
		"expiry_date_time":    schema.StringAttribute{MarkdownDescription: "End (exclusive), in RFC 3339 format (UTC).", Computed: true},
		"provisioning_state":  schema.StringAttribute{MarkdownDescription: "State, such as `created`.", Computed: true},
		"scope_type": schema.StringAttribute{
			MarkdownDescription: "Scope: `shared` (all Azure subscriptions of the customer) or `single`.", Computed: true,
		},
		"applied_scopes": schema.ListAttribute{
			MarkdownDescription: "IDs of the Azure subscriptions in a scope that is not shared, in lower case and sorted.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"order_id": schema.StringAttribute{
			MarkdownDescription: "ID of the order, as in the data source `partnercenter_order_history`.", Computed: true,
		},
		"order_alternate_id": schema.StringAttribute{MarkdownDescription: "Number of the order in the portal.", Computed: true},
		"line_item_number":   schema.Int64Attribute{MarkdownDescription: "Number of the line in the order.", Computed: true},
		"product_id":         schema.StringAttribute{MarkdownDescription: "ID of the product.", Computed: true},
		"sku_id":             schema.StringAttribute{MarkdownDescription: "SKU of the product.", Computed: true},
		"resource_id": schema.StringAttribute{
			MarkdownDescription: "ID of the Azure reservation order or resource, in lower case.", Computed: true,
		},
		"quantity_details": schema.ListNestedAttribute{
			MarkdownDescription: "Quantities by fulfillment status, sorted by `status`.",
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{
				Attributes: map[string]schema.Attribute{
					"quantity": schema.Int64Attribute{MarkdownDescription: "Quantity.", Computed: true},
					"status": schema.StringAttribute{
						MarkdownDescription: "Status, such as `fulfilled`, `unfulfilled` or `prefulfillment_pending`.", Computed: true,
					},
				},
			},
		},
	}
}

type reservationsModel struct {
	CustomerID   types.String       `tfsdk:"customer_id"`
	Reservations []reservationModel `tfsdk:"reservations"`
}

type reservationModel struct {
	ReservationID     types.String          `tfsdk:"reservation_id"`
	DisplayName       types.String          `tfsdk:"display_name"`
	ReservationType   types.String          `tfsdk:"reservation_type"`
	Quantity          types.Int64           `tfsdk:"quantity"`
	EffectiveDateTime types.String          `tfsdk:"effective_date_time"`
	ExpiryDateTime    types.String          `tfsdk:"expiry_date_time"`
	ProvisioningState types.String          `tfsdk:"provisioning_state"`
	ScopeType         types.String          `tfsdk:"scope_type"`
	AppliedScopes     []string              `tfsdk:"applied_scopes"`
	OrderID           types.String          `tfsdk:"order_id"`
	OrderAlternateID  types.String          `tfsdk:"order_alternate_id"`
	LineItemNumber    types.Int64           `tfsdk:"line_item_number"`
	ProductID         types.String          `tfsdk:"product_id"`
	SKUID             types.String          `tfsdk:"sku_id"`
	ResourceID        types.String          `tfsdk:"resource_id"`
	QuantityDetails   []quantityDetailModel `tfsdk:"quantity_details"`

	effective time.Time
}

type quantityDetailModel struct {
	Quantity types.Int64  `tfsdk:"quantity"`
	Status   types.String `tfsdk:"status"`
}

func (d *reservationsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m reservationsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	customerID := m.CustomerID.ValueString()
	reservations, err := d.PartnerCenter.Reservations.Of(ctx, customerID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not list the reservations of customer %s", customerID), err))
		return
	}
	m.Reservations = reservationsFromAPI(reservations)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// reservationsFromAPI returns the reservations sorted as documented, each once.
func reservationsFromAPI(reservations []partnercenter.Reservation) []reservationModel {
	out := make([]reservationModel, 0, len(reservations))
	for _, r := range reservations {
		out = append(out, reservationFromAPI(r))
	}
	slices.SortStableFunc(out, func(a, b reservationModel) int {
		return cmp.Or(b.effective.Compare(a.effective), cmp.Compare(a.ReservationID.ValueString(), b.ReservationID.ValueString()),
			cmp.Compare(a.OrderID.ValueString(), b.OrderID.ValueString()), cmp.Compare(a.LineItemNumber.ValueInt64(), b.LineItemNumber.ValueInt64()))
	})
	// A reservation that is created while pages are read can be on two of them.
	return slices.CompactFunc(out, func(a, b reservationModel) bool {
		return !a.ReservationID.IsNull() && a.ReservationID.Equal(b.ReservationID)
	})
}

func reservationFromAPI(r partnercenter.Reservation) reservationModel {
	m := reservationModel{
		ReservationID: tfkit.OrNull(strings.ToLower(r.ID)), DisplayName: tfkit.OrNull(r.DisplayName), ReservationType: tfkit.OrNull(string(r.Type)),
		Quantity:          types.Int64PointerValue((*int64)(r.Quantity)),
		EffectiveDateTime: tfkit.OrNull(r.EffectiveDate.String()), ExpiryDateTime: tfkit.OrNull(r.ExpiryDate.String()),
		ProvisioningState: tfkit.OrNull(string(r.ProvisioningState)), ScopeType: tfkit.OrNull(string(r.ScopeType)), AppliedScopes: []string{},
		OrderID: tfkit.OrNull(r.OrderID), OrderAlternateID: tfkit.OrNull(string(r.OrderAlternateID)), LineItemNumber: types.Int64PointerValue((*int64)(r.OrderLine)),
		ProductID: tfkit.OrNull(r.ProductID), SKUID: tfkit.OrNull(r.SKUID), ResourceID: tfkit.OrNull(strings.ToLower(r.ArtifactID)),
		QuantityDetails: []quantityDetailModel{}, effective: r.EffectiveDate.Time,
	}
	for _, scope := range r.AppliedScopes {
		m.AppliedScopes = append(m.AppliedScopes, strings.ToLower(scope))
	}
	slices.Sort(m.AppliedScopes)
	for _, f := range r.Fulfillment {
		m.QuantityDetails = append(m.QuantityDetails, quantityDetailModel{types.Int64PointerValue((*int64)(f.Quantity)), tfkit.OrNull(string(f.Status))})
	}
	slices.SortStableFunc(m.QuantityDetails, func(a, b quantityDetailModel) int {
		return cmp.Or(cmp.Compare(a.Status.ValueString(), b.Status.ValueString()), cmp.Compare(a.Quantity.ValueInt64(), b.Quantity.ValueInt64()))
	})
	return m
}
