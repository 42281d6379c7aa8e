package reservation

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*azureReservationsDataSource)(nil)

// NewAzureReservationsDataSource returns the data source partnercenter_azure_reservations.
func NewAzureReservationsDataSource() datasource.DataSource { return &azureReservationsDataSource{} }

// azureReservationsDataSource lists a customer's reservations as Azure returns them, with their renewal.
//
// Endpoints: GET /providers/Microsoft.Capacity/reservations in Resource Manager, in the customer's tenant, all pages;
// GET of each reservation that renews, for its price, if requested. Without access the list is null, which means
// unknown. An empty list means that there are no reservations.
// https://learn.microsoft.com/rest/api/reserved-vm-instances/reservation/list-all
type azureReservationsDataSource struct{ tfkit.DataSource }

func (d *azureReservationsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_azure_reservations"
}

func (d *azureReservationsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	}
	percent := func(days string) schema.NumberAttribute {
		return schema.NumberAttribute{MarkdownDescription: "Utilization over the last " + days + ", in percent. Null if Azure does not have it yet.", Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Azure reservations and pre-purchase plans in the tenant of a customer, with the date on which they expire and whether they renew.\n\n" +
			"Azure enables the renewal of new reservations by default. Azure purchases a reservation again when it expires, and the partner is billed. " +
			"Microsoft does not document that disabling the customer's permission stops it. Disable the renewal with `partnercenter_reservation_renewal`. " +
			"See [See what customers buy](../guides/see_purchases.md).\n\n" +
			"**Without access**, `reservations` is null, and `unknown_reason` says why and which role is missing. Azure can also return an empty list to a caller " +
			"without access, because it lists only what the caller can read. Compare with `partnercenter_reservations`, which reads Partner Center.\n\n" +
			"**Requests:** one for each page of the list, and one for each reservation that renews if `include_renewal_price` is `true`.\n\n" +
			"**Sign-in and role:** app+user or app-only, as set by `azure_auth_mode`. Reservations have roles of their own, and do not inherit roles from subscriptions: Reader on the " +
			"reservation order, or Reservations Reader at `/providers/Microsoft.Capacity`. A user must be a member of AdminAgents with a GDAP relationship to the customer. " +
			"Microsoft does not document whether Admin agents can read reservations that the customer bought itself. Azure Lighthouse does not work for reservations. " +
			"See [View reservations](https://learn.microsoft.com/azure/cost-management-billing/reservations/view-reservations).",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"include_renewal_price": schema.BoolAttribute{
				MarkdownDescription: "Set to `true` to read the price of each renewal, with one request for each reservation that renews. Defaults to `false`.",
				Optional:            true,
			},
			"unknown_reason": text("Reason why the reservations are not known, and what to do. Null if they are known."),
			"reservations": schema.ListNestedAttribute{
				MarkdownDescription: "Reservations that the caller can read, sorted by `reservation_id`. Null if they are not known.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"reservation_id": text("ID of the reservation, `{reservation order ID}/{reservation ID}` in lower case, as `partnercenter_reservation_renewal` takes it."),
					"reservation_order_id": text("ID of the reservation order in Azure, in lower case. It is the `resource_id` in `partnercenter_reservations`, " +
						"not the `order_id` of Partner Center."),
					"display_name":     text("Name of the reservation."),
					"sku":              text("SKU, such as `Standard_D4s_v5`."),
					"reservation_type": text("Type of the reserved resource, such as `VirtualMachines`."),
					"region":           text("Azure region, such as `westeurope`."),
					"quantity":         schema.Int64Attribute{MarkdownDescription: "Number of reserved instances.", Computed: true},
					"term_duration":    text("Term in ISO 8601, such as `P1Y` or `P3Y`."),
					"purchased_on":     text("Time of the purchase, in RFC 3339 format (UTC)."),
					"expires_on":       text("Time at which the reservation expires or renews, in RFC 3339 format (UTC)."),
					"renew":            flag("`true` if the reservation renews when it expires. Always `false` for a reservation that has ended."),
					"renewable": flag("`false` if the reservation has ended, or if it is for a VM series that Microsoft no longer renews (since 2026-07-01). " +
						"See [Microsoft's list of series](https://learn.microsoft.com/azure/cost-management-billing/reservations/manage-legacy-vm-reservations-after-july-1-2026)."),
					"scope_type": text("Scope: `Shared`, `Single` or `ManagementGroup`."),
					"applied_scopes": schema.ListAttribute{
						MarkdownDescription: "Resource Manager IDs that the reservation applies to if it is not shared, in lower case and sorted.",
						ElementType:         types.StringType,
						Computed:            true,
					},
					"provisioning_state":  text("State, such as `Succeeded`, `Cancelled`, `Expired`, `Split` or `Merged`."),
					"billing_scope_id":    text("Resource Manager ID of the subscription that is billed, in lower case."),
					"utilization_1_day":   percent("day"),
					"utilization_7_days":  percent("7 days"),
					"utilization_30_days": percent("30 days"),
					"renewal_price": text("Price of the renewal as a decimal number, without tax. Azure locks it 30 days before the reservation expires. Null if " +
						"`include_renewal_price` is not `true`, if the reservation does not renew, or if Azure does not return it."),
					"renewal_currency_code": text("Currency of `renewal_price`, such as `USD`."),
				}},
			},
		},
	}
}

type azureReservationsModel struct {
	CustomerID          types.String            `tfsdk:"customer_id"`
	IncludeRenewalPrice types.Bool              `tfsdk:"include_renewal_price"`
	UnknownReason       types.String            `tfsdk:"unknown_reason"`
	Reservations        []azureReservationModel `tfsdk:"reservations"`
}

type azureReservationModel struct {
	ReservationID       string       `tfsdk:"reservation_id"`
	ReservationOrderID  string       `tfsdk:"reservation_order_id"`
	DisplayName         types.String `tfsdk:"display_name"`
	SKU                 types.String `tfsdk:"sku"`
	ReservationType     types.String `tfsdk:"reservation_type"`
	Region              types.String `tfsdk:"region"`
	Quantity            int64        `tfsdk:"quantity"`
	TermDuration        types.String `tfsdk:"term_duration"`
	PurchasedOn         types.String `tfsdk:"purchased_on"`
	ExpiresOn           types.String `tfsdk:"expires_on"`
	Renew               bool         `tfsdk:"renew"`
	Renewable           bool         `tfsdk:"renewable"`
	ScopeType           types.String `tfsdk:"scope_type"`
	AppliedScopes       []string     `tfsdk:"applied_scopes"`
	ProvisioningState   types.String `tfsdk:"provisioning_state"`
	BillingScopeID      types.String `tfsdk:"billing_scope_id"`
	Utilization1Day     types.Number `tfsdk:"utilization_1_day"`
	Utilization7Days    types.Number `tfsdk:"utilization_7_days"`
	Utilization30Days   types.Number `tfsdk:"utilization_30_days"`
	RenewalPrice        types.String `tfsdk:"renewal_price"`
	RenewalCurrencyCode types.String `tfsdk:"renewal_currency_code"`
}

func (d *azureReservationsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m azureReservationsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := d.find(ctx, m.CustomerID.ValueString(), m.IncludeRenewalPrice.ValueBool())
	switch {
	case resourcemanager.IsNoAccess(err):
		m.UnknownReason = types.StringValue(resourcemanager.Reason(err))
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not list the Azure reservations of %s", d.Customer(m.CustomerID.ValueString())), err))
		return
	default:
		m.Reservations = make([]azureReservationModel, 0, len(found))
		for _, r := range found {
			m.Reservations = append(m.Reservations, fromAPI(r))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// pricesAtOnce is the number of prices that are read concurrently.
const pricesAtOnce = 10

// find lists the reservations, with the prices of their renewals if requested. A price stays empty if the caller has
// no access to it.
func (d *azureReservationsDataSource) find(ctx context.Context, customerID string, prices bool) ([]resourcemanager.Reservation, error) {
	found, err := d.Azure.Reservations.List(ctx, customerID)
	if err != nil || !prices {
		return found, err
	}
	out := append([]resourcemanager.Reservation(nil), found...) // other readers share the list
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(pricesAtOnce)
	for i := range out {
		r := &out[i]
		if !r.Renew || r.Ended() {
			continue
		}
		reads.Go(func() error {
			priced, err := d.Azure.Reservations.WithRenewalPrice(ctx, customerID, r.ReservationID)
			if err != nil && !resourcemanager.IsNoAccess(err) && !resourcemanager.IsReservationNotFound(err) {
				return err
			}
			r.RenewalPrice = priced.RenewalPrice
			return nil
		})
	}
	return out, reads.Wait()
}

func fromAPI(r resourcemanager.Reservation) azureReservationModel {
	m := azureReservationModel{
		ReservationID: r.String(), ReservationOrderID: r.OrderID, DisplayName: tfkit.OrNull(r.DisplayName), SKU: tfkit.OrNull(r.SKU),
		ReservationType: tfkit.OrNull(r.ResourceType), Region: tfkit.OrNull(r.Region), Quantity: r.Quantity, TermDuration: tfkit.OrNull(r.Term),
		PurchasedOn: tfkit.TimeOrNull(r.PurchasedOn), ExpiresOn: tfkit.TimeOrNull(r.ExpiresOn), Renew: r.Renew && !r.Ended(), Renewable: r.Renewable(),
		ScopeType: tfkit.OrNull(r.ScopeType), AppliedScopes: append([]string{}, r.AppliedScopes...), ProvisioningState: tfkit.OrNull(r.State),
		BillingScopeID: tfkit.OrNull(r.BillingScope), RenewalPrice: tfkit.OrNull(r.RenewalPrice.Amount), RenewalCurrencyCode: tfkit.OrNull(r.RenewalPrice.Currency),
	}
	for days, field := range map[int]*types.Number{1: &m.Utilization1Day, 7: &m.Utilization7Days, 30: &m.Utilization30Days} {
		*field = types.NumberNull()
		if percent, ok := r.Utilization[days]; ok {
			*field = types.NumberValue(big.NewFloat(percent))
		}
	}
	return m
}

// title returns how messages name a reservation.
func title(r resourcemanager.Reservation) string {
	name := r.DisplayName
	if name == "" {
		name = r.String()
	}
	if r.SKU == "" {
		return name
	}
	return fmt.Sprintf("%s (%d × %s)", name, r.Quantity, strings.TrimSpace(r.SKU+" "+r.Term))
}
