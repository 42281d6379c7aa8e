package reservation

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func (r *reservationRenewalResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Automatic renewal of an Azure reservation or pre-purchase plan of a customer.\n\n" +
			"Azure enables the renewal of new reservations by default. Azure purchases a reservation again when it expires, and the partner is billed. Microsoft does not document " +
			"that disabling the customer's permission to buy reservations stops renewals. Use this resource in addition to the permission. See [See what customers buy](../guides/see_purchases.md).\n\n" +
			"Creating the resource adopts an existing reservation and sets its renewal. If the renewal was changed outside Terraform, the plan shows it, and apply changes " +
			"it back. A reservation that has ended stays in the state, with a warning.\n\n" +
			"~> **Destroying the resource changes nothing in Azure.** The renewal stays enabled or disabled, and Terraform no longer manages it. To enable a renewal again, set " +
			"`renew = true` and apply first.\n\n" +
			"Azure can accept a change and apply it later. The provider then reads the reservation until it shows the change, for up to 10 minutes. If the answer to a change is lost, " +
			"the apply fails, and the state has `renew = true`. The next apply sets the renewal again.\n\n" +
			"**Requests:** one for an unchanged plan. A change takes one write, and at least one read.\n\n" +
			"**Sign-in and role:** app+user or app-only, as set by `azure_auth_mode`. Reservations have roles of their own, and do not inherit roles from subscriptions: Owner of the reservation " +
			"order, or Reservations Administrator at `/providers/Microsoft.Capacity`. A user must be a member of AdminAgents with a GDAP relationship to the customer. " +
			"Microsoft does not document whether Admin agents have access to reservations that the customer bought itself. Without access, the plan fails and names the missing role. " +
			"See [Automatically renew reservations](https://learn.microsoft.com/azure/cost-management-billing/reservations/reservation-renew).",
		Attributes: map[string]schema.Attribute{
			"id":          tfkit.Computed("ID of the resource: `{customer_id}/{reservation order ID}/{reservation ID}`, in lower case."),
			"name":        tfkit.Computed("Name and type of the reservation, and company name of the customer."),
			"customer_id": tfkit.CustomerID(),
			"reservation_id": schema.StringAttribute{
				MarkdownDescription: "ID of the reservation: `{reservation order ID}/{reservation ID}`, as in `partnercenter_azure_reservations`, or its Resource Manager ID, " +
					"`/providers/Microsoft.Capacity/reservationOrders/{order}/reservations/{reservation}`. Case does not matter. Changing it replaces the resource.",
				Required: true,
				Validators: []validator.String{tfkit.StringCheck("value must be a reservation ID", func(s string) error {
					_, err := resourcemanager.ParseReservationID(s)
					return err
				})},
				PlanModifiers: []planmodifier.String{tfkit.KeepWhenSame("both forms and both cases are the same", sameReservation), stringplanmodifier.RequiresReplace()},
			},
			"renew": schema.BoolAttribute{
				MarkdownDescription: "Set to `true` to have Azure purchase the reservation again when it expires. Defaults to `false`.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"expires_on": tfkit.Computed("Time at which the reservation expires or renews, in RFC 3339 format (UTC)."),
		},
	}
}

func (r *reservationRenewalResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"customer_id":    identityschema.StringAttribute{Description: "Microsoft Entra tenant ID of the customer, in lower case.", RequiredForImport: true},
			"reservation_id": identityschema.StringAttribute{Description: "Reservation order ID and reservation ID, in lower case: {order}/{reservation}.", RequiredForImport: true},
		},
	}
}

type reservationRenewalModel struct {
	ID            types.String `tfsdk:"id"`
	Name          types.String `tfsdk:"name"`
	CustomerID    types.String `tfsdk:"customer_id"`
	ReservationID types.String `tfsdk:"reservation_id"`
	Renew         types.Bool   `tfsdk:"renew"`
	ExpiresOn     types.String `tfsdk:"expires_on"`
}

// reservationRenewalIdentity is in lower case, because Terraform compares identities case-sensitively.
type reservationRenewalIdentity struct {
	CustomerID    types.String `tfsdk:"customer_id"`
	ReservationID types.String `tfsdk:"reservation_id"`
}

func (m reservationRenewalModel) identity() reservationRenewalIdentity {
	return reservationRenewalIdentity{types.StringValue(strings.ToLower(m.CustomerID.ValueString())), types.StringValue(m.reservation().String())}
}

// hasIDs reports whether customer and reservation are known.
func (m reservationRenewalModel) hasIDs() bool {
	return !m.CustomerID.IsUnknown() && !m.ReservationID.IsUnknown()
}

// reservation returns the ID of the reservation. The attribute has passed validation.
func (m reservationRenewalModel) reservation() resourcemanager.ReservationID {
	id, _ := resourcemanager.ParseReservationID(m.ReservationID.ValueString())
	return id
}

// key returns the value of the attribute id.
func (m reservationRenewalModel) key() string {
	return strings.ToLower(m.CustomerID.ValueString()) + "/" + m.reservation().String()
}

// subject returns the subject of the claims.
func (m reservationRenewalModel) subject() tfkit.Subject {
	return tfkit.Subject{Kind: "renewal", ID: m.key()}
}

func sameReservation(a, b string) bool {
	x, err := resourcemanager.ParseReservationID(a)
	y, otherErr := resourcemanager.ParseReservationID(b)
	return err == nil && otherErr == nil && x == y
}
