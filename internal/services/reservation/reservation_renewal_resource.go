package reservation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var (
	_ resource.ResourceWithConfigure   = (*reservationRenewalResource)(nil)
	_ resource.ResourceWithIdentity    = (*reservationRenewalResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*reservationRenewalResource)(nil)
	_ resource.ResourceWithImportState = (*reservationRenewalResource)(nil)
)

// NewReservationRenewalResource returns the resource partnercenter_reservation_renewal.
func NewReservationRenewalResource() resource.Resource { return &reservationRenewalResource{} }

// reservationRenewalResource is the automatic renewal of an Azure reservation of a customer.
//
// Endpoints: GET /providers/Microsoft.Capacity/reservations in Resource Manager, in the customer's tenant, one list
// for all renewals of a customer; GET and PATCH of the reservation; GET /v1/customers/{customer}, or /v1/customers
// for many, for the name.
//
// Delete removes the resource from the state only, because no value would be right for all reservations. After a
// write with an unknown outcome the renewal counts as enabled, because that is what costs money.
// https://learn.microsoft.com/rest/api/reserved-vm-instances/reservation/update
type reservationRenewalResource struct{ tfkit.Resource }

func (r *reservationRenewalResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_reservation_renewal"
}

// freshFor is the time after a write in which a read is repeated if it does not show the write.
const freshFor = 10 * time.Minute

// mayBeOn is the advice for a change with an unknown outcome.
const mayBeOn = "The renewal may be enabled, so the state says that it is. The next apply sets it again."

func (r *reservationRenewalResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var plan reservationRenewalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	summary := "Could not set " + r.title(plan)
	found, err := r.Azure.Reservations.Find(ctx, plan.CustomerID.ValueString(), plan.reservation())
	if err == nil {
		err = r.fillIn(ctx, &plan, found)
	}
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(summary, err))
		return
	}
	if found.Renew != plan.Renew.ValueBool() && !(found.Ended() && !plan.Renew.ValueBool()) {
		written, diags := r.set(ctx, &plan, object)
		if resp.Diagnostics.Append(diags...); !written && diags.HasError() {
			return
		}
		if !diags.HasError() {
			resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// set sets the renewal. MayBeDone reports whether the change was made or may have been made. If a failed change may
// have been made, the model says that the renewal is enabled.
func (r *reservationRenewalResource) set(ctx context.Context, m *reservationRenewalModel, object string) (mayBeDone bool, diags diag.Diagnostics) {
	release, err := r.Claims.Turn(ctx, m.subject().ID)
	if err != nil {
		return false, diag.Diagnostics{tfkit.Failure("Could not set "+r.title(*m), err)}
	}
	defer release()
	_, err = r.Azure.Reservations.SetRenewal(ctx, m.CustomerID.ValueString(), m.reservation(), m.Renew.ValueBool())
	switch {
	case err == nil:
		r.Claims.Put(m.subject(), tfkit.Claim{Object: object, Type: "partnercenter_reservation_renewal", On: m.Renew.ValueBool(), Phase: tfkit.Existing})
		return true, nil
	case !resourcemanager.MayBeDone(err):
		return false, diag.Diagnostics{tfkit.Failure("Could not set "+r.title(*m), err)}
	}
	failed := tfkit.Failure("Could not set "+r.title(*m), err, mayBeOn)
	m.Renew = types.BoolValue(true)
	return true, diag.Diagnostics{failed}
}

func (r *reservationRenewalResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m reservationRenewalModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Set the identity first: the framework requires it even for a resource that is removed from the
	// state, and Terraform before 1.12 has not stored one.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
	customerID := m.CustomerID.ValueString()
	var found resourcemanager.Reservation
	var err error
	if tfkit.WrittenWithin(ctx, req.Private, freshFor) {
		found, err = r.Azure.Reservations.ReadWritten(ctx, customerID, m.reservation(), m.Renew.ValueBool())
	} else {
		found, err = r.Azure.Reservations.Find(ctx, customerID, m.reservation())
	}
	switch {
	case resourcemanager.IsReservationNotFound(err):
		resp.Diagnostics.Append(r.changedOutside(m, "the reservation no longer exists"))
		resp.State.RemoveResource(ctx)
		return
	case resourcemanager.IsLost(err) && !m.Renew.IsNull(): // null after an import
		// An error would also prevent plans and destroys of all other resources.
		resp.Diagnostics.AddWarning("No access to "+r.title(m), tfkit.Detail(err)+
			"\n\nThe state stays as it is. If the customer has left, remove the resource: destroying it sends no request.")
		return
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure("Could not read "+r.title(m), err, "terraform destroy -refresh=false works without this read."))
		return
	}
	imported := m.Renew.IsNull()
	switch {
	case imported:
		m.Renew = types.BoolValue(found.Renew)
	case found.Ended():
		resp.Diagnostics.AddWarning("Reservations with a declared renewal have ended",
			fmt.Sprintf("Of %s, the reservation is in the state %s and does not renew.\n\nWhat to do: remove the resource.", r.title(m), found.State))
	case found.Renew != m.Renew.ValueBool():
		resp.Diagnostics.Append(r.changedOutside(m, "turned "+map[bool]string{true: "on", false: "off"}[found.Renew]))
		m.Renew = types.BoolValue(found.Renew)
	}
	if err := r.fillIn(ctx, &m, found); err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not read "+r.title(m), err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *reservationRenewalResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var plan, state reservationRenewalModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	if !plan.Renew.Equal(state.Renew) {
		mayBeDone, diags := r.set(ctx, &plan, object)
		if resp.Diagnostics.Append(diags...); diags.HasError() && !mayBeDone {
			return
		}
		if !diags.HasError() {
			resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// Delete removes the renewal from the state only, with a warning.
func (r *reservationRenewalResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state reservationRenewalModel
	if resp.Diagnostics.Append(req.State.Get(ctx, &state)...); !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(r.destroyWarning(state))
	}
}

// ImportState imports the renewal of a reservation as it is.
func (r *reservationRenewalResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	customerID, reservationID, ok := splitImportID(req.ID)
	if req.ID == "" && req.Identity != nil {
		var identity reservationRenewalIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		customerID, reservationID, ok = identity.CustomerID.ValueString(), identity.ReservationID.ValueString(), true
	}
	id, err := resourcemanager.ParseReservationID(reservationID)
	if !ok || err != nil || tfkit.CheckGUID(customerID) != nil {
		resp.Diagnostics.AddError("Invalid import ID", fmt.Sprintf("The import ID is {customer ID}/{reservation order ID}/{reservation ID}, or {customer ID}|{Resource Manager ID of the reservation}; "+
			"%q is neither.\n\nWhat to do: terraform import partnercenter_reservation_renewal.example "+
			"c0b5e8f1-27a6-4d3c-9e74-18f2a6d4b404/86e1b22a-595b-55e2-b2bb-236d9a2e36e0/c33df6ba-9b55-5dda-96ff-535361164279", req.ID))
		return
	}
	m := reservationRenewalModel{CustomerID: types.StringValue(strings.ToLower(customerID)), ReservationID: types.StringValue(id.String())}
	_, diags := tfkit.ObjectID(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
}

// splitImportID splits {customer}/{order}/{reservation}, or customer ID and Resource Manager ID with | between them, in
// any order.
func splitImportID(s string) (customerID, reservationID string, ok bool) {
	if left, right, ok := strings.Cut(s, "|"); ok {
		if strings.HasPrefix(left, "/") {
			left, right = right, left
		}
		return left, right, true
	}
	return strings.Cut(s, "/")
}

// title returns how messages name the renewal.
func (r *reservationRenewalResource) title(m reservationRenewalModel) string {
	if name := m.Name.ValueString(); name != "" {
		return "the renewal of reservation " + name + " (" + m.key() + ")"
	}
	return fmt.Sprintf("the renewal of reservation %s of %s", m.reservation(), r.Customer(m.CustomerID.ValueString()))
}

// changedOutside is a warning with the same headline for all renewals, so that the CLI groups them.
func (r *reservationRenewalResource) changedOutside(m reservationRenewalModel, what string) diag.Diagnostic {
	return diag.NewWarningDiagnostic("Reservation renewals changed outside Terraform", r.title(m)+": "+what)
}
