package reservation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// ModifyPlan reads the reservation that will be adopted. It reports in the plan what would fail in the apply, and
// warns if a renewal will be enabled.
func (r *reservationRenewalResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Clients == nil {
		return
	}
	var plan, state *reservationRenewalModel // nil if there is none
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	if plan == nil {
		resp.Diagnostics.Append(r.destroyWarning(*state))
		return
	}
	if !plan.hasIDs() {
		return
	}
	if resp.Diagnostics.Append(r.planDeclared(ctx, object, *plan, state)...); resp.Diagnostics.HasError() {
		return
	}
	if state != nil && state.key() == plan.key() {
		if plan.Renew.ValueBool() && !state.Renew.ValueBool() {
			resp.Diagnostics.Append(enableWarning(state.Name.ValueString(), plan.ExpiresOn.ValueString()))
		}
		return
	}
	plan.ID = types.StringValue(plan.key())
	resp.Diagnostics.Append(r.planAdoption(ctx, plan)...)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// planDeclared compares the declared renewal with those of other resources. Two resources that want the same are
// allowed, because destroying one of them changes nothing.
func (r *reservationRenewalResource) planDeclared(ctx context.Context, object string, plan reservationRenewalModel, state *reservationRenewalModel) diag.Diagnostics {
	if plan.Renew.IsUnknown() {
		return nil
	}
	claim := tfkit.Claim{Object: object, Type: "partnercenter_reservation_renewal", On: plan.Renew.ValueBool(), Phase: tfkit.Declared}
	if state != nil && state.key() == plan.key() {
		claim.Phase = tfkit.Existing
	}
	if slices.ContainsFunc(r.Claims.Declare(ctx, plan.subject(), claim), func(other tfkit.Claim) bool {
		return other.Phase >= tfkit.Declared && other.On != claim.On
	}) {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("renew"), "Two resources declare the opposite for "+r.title(plan),
			"One declares renew = true and the other renew = false.\n\nWhat to do: remove one of the two resources.")}
	}
	return nil
}

// planAdoption fills in the computed attributes from the reservation. They stay unknown until the apply if access
// needs a consent that this run gives.
func (r *reservationRenewalResource) planAdoption(ctx context.Context, plan *reservationRenewalModel) diag.Diagnostics {
	customerID := plan.CustomerID.ValueString()
	summary := "Could not plan " + r.title(*plan)
	found, err := r.Azure.Reservations.Find(ctx, customerID, plan.reservation())
	switch {
	case resourcemanager.IsNoConsent(err) && r.ConsentPlanned(customerID):
		return nil
	case resourcemanager.IsReservationNotFound(err):
		return diag.Diagnostics{tfkit.FailureAt(path.Root("reservation_id"), summary, err)}
	case err != nil:
		return diag.Diagnostics{tfkit.Failure(summary, err)}
	case found.Ended() && plan.Renew.ValueBool():
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("renew"), summary,
			fmt.Sprintf("The reservation is in the state %s, so it cannot renew.\n\nWhat to do: remove the resource.", found.State))}
	}
	if err := r.fillIn(ctx, plan, found); err != nil {
		return diag.Diagnostics{tfkit.Failure(summary, err)}
	}
	if plan.Renew.ValueBool() && !found.Renew {
		return diag.Diagnostics{enableWarning(plan.Name.ValueString(), plan.ExpiresOn.ValueString())}
	}
	return nil
}

// fillIn fills in the computed attributes that are not known yet.
func (r *reservationRenewalResource) fillIn(ctx context.Context, m *reservationRenewalModel, found resourcemanager.Reservation) error {
	if m.ID.ValueString() == "" {
		m.ID = types.StringValue(m.key())
	}
	if m.ExpiresOn.ValueString() == "" {
		m.ExpiresOn = tfkit.TimeOrNull(found.ExpiresOn)
	}
	if m.Name.ValueString() != "" {
		return nil
	}
	customerID := m.CustomerID.ValueString()
	names, err := r.PartnerCenter.Customers.Names(ctx, customerID)
	company := names[strings.ToLower(customerID)]
	if company == "" {
		company = customerID
	}
	m.Name = types.StringValue(title(found) + " of " + company)
	return err
}

// enableWarning is the warning in the plan that Azure will purchase the reservation again.
func enableWarning(name, expiresOn string) diag.Diagnostic {
	return diag.NewAttributeWarningDiagnostic(path.Root("renew"), "Enabling the renewal of "+name,
		fmt.Sprintf("Azure will purchase the reservation again on %s, and the partner will be billed.", expiresOn))
}

// destroyWarning is the warning that destroying the resource changes nothing. There is one headline for all renewals
// that stay disabled and one for all that stay enabled, so that the CLI groups them.
func (r *reservationRenewalResource) destroyWarning(state reservationRenewalModel) diag.Diagnostic {
	headline, is := "Destroying leaves reservation renewals disabled", "disabled. It stays disabled until somebody enables it."
	if state.Renew.ValueBool() {
		headline = "Destroying leaves reservation renewals enabled"
		is = fmt.Sprintf("enabled: Azure will purchase the reservation again on %s, and the partner will be billed.", state.ExpiresOn.ValueString())
	}
	return diag.NewWarningDiagnostic(headline, "No longer managed: "+r.title(state)+". "+
		"Destroying this resource removes it from the state only and changes nothing in Azure. The renewal is "+is)
}
