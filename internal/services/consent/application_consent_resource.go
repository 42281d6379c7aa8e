package consent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var (
	_ resource.ResourceWithConfigure   = (*applicationConsentResource)(nil)
	_ resource.ResourceWithIdentity    = (*applicationConsentResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*applicationConsentResource)(nil)
	_ resource.ResourceWithImportState = (*applicationConsentResource)(nil)
)

// NewApplicationConsentResource returns the resource partnercenter_application_consent.
func NewApplicationConsentResource() resource.Resource { return &applicationConsentResource{} }

// applicationConsentResource is the consent of a customer's tenant to an application of the partner.
//
// Endpoints: POST and DELETE /v1/customers/{customer}/applicationconsents, app+user only; GET
// /v1/customers/{customer}, or /v1/customers for many, in a plan. There is no call that reads a consent. A refresh
// requests a token for Azure in the customer's tenant instead.
//
// Delete withdraws the consent, unless another object of the state declares the same one. An existing
// consent is adopted as it is. A write whose answer is lost counts as done.
// https://learn.microsoft.com/partner-center/developer/control-panel-vendor-apis
type applicationConsentResource struct{ tfkit.Resource }

// freshFor is the time after a write in which a refused sign-in does not prove that there is no consent.
const freshFor = 15 * time.Minute

func (r *applicationConsentResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_application_consent"
}

func claimOf(object string, phase tfkit.Phase) tfkit.Claim {
	return tfkit.Claim{Object: object, Type: "partnercenter_application_consent", On: true, Phase: phase}
}

func (r *applicationConsentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var plan applicationConsentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	summary := "Could not create " + plan.title()
	if err := r.fillIn(ctx, &plan); err != nil {
		resp.Diagnostics.Append(tfkit.Failure(summary, err))
		return
	}
	release, err := r.Claims.Turn(ctx, plan.subject().ID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(summary, err))
		return
	}
	defer release()
	existed, err := r.PartnerCenter.ApplicationConsents.Create(ctx, plan.CustomerID.ValueString(), plan.toAPI(ctx))
	switch {
	case err != nil && partnercenter.OutcomeOf(err) != partnercenter.Unsure:
		resp.Diagnostics.Append(tfkit.Failure(summary, err))
		return
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure(summary, err, mayExist))
	case existed:
		resp.Diagnostics.AddWarning("Adopted "+plan.title(),
			"The consent existed already and keeps the permissions that it has, which Partner Center does not show.\n\n"+
				"What to do: to give it the declared grants, run terraform apply -replace with the address of the resource.")
	}
	if err == nil {
		resp.Diagnostics.Append(r.await(ctx, plan)...)
	}
	r.Claims.Hold(plan.subject(), claimOf(object, tfkit.Existing))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
}

const mayExist = "The consent may exist: the answer to the change was lost, so the state lists it. The next apply requests it again."

// fillIn fills in the computed attributes that are still unknown.
func (r *applicationConsentResource) fillIn(ctx context.Context, m *applicationConsentModel) error {
	if m.ApplicationID.ValueString() == "" {
		caller, err := r.PartnerCenter.Caller(ctx)
		if err != nil {
			return err
		}
		m.ApplicationID = types.StringValue(strings.ToLower(caller.ClientID))
	}
	if m.Name.ValueString() == "" {
		name, err := r.PartnerCenter.Customers.Name(ctx, m.CustomerID.ValueString())
		if err != nil {
			return err
		}
		m.Name = types.StringValue(name)
	}
	m.ID = types.StringValue(m.key())
	return nil
}

// await waits until the provider itself can use a new consent.
func (r *applicationConsentResource) await(ctx context.Context, m applicationConsentModel) diag.Diagnostics {
	if own, err := r.signInShows(ctx, m); err != nil || !own {
		return nil
	}
	err := r.Azure.AwaitConsent(ctx, m.CustomerID.ValueString())
	if !resourcemanager.IsNoConsent(err) {
		return nil // other errors say nothing about the consent
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("The consent is not in effect yet: "+m.title(), tfkit.Detail(err))}
}

// signInShows reports whether a sign-in of the provider shows if the consent exists.
func (r *applicationConsentResource) signInShows(ctx context.Context, m applicationConsentModel) (bool, error) {
	if !m.includesAzure() || r.PartnerCenter.AppOnly() || r.Azure.AppOnly() {
		return false, nil
	}
	caller, err := r.PartnerCenter.Caller(ctx)
	return err == nil && strings.EqualFold(caller.ClientID, m.ApplicationID.ValueString()), err
}

func (r *applicationConsentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m applicationConsentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	// Set the identity first: the framework requires it even for a resource that is removed from the
	// state, and Terraform before 1.12 has not stored one.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
	shows, err := r.signInShows(ctx, m)
	if err == nil && shows {
		_, err = r.Azure.Caller(ctx, m.CustomerID.ValueString())
	}
	switch {
	case resourcemanager.IsNoConsent(err) && !tfkit.WrittenWithin(ctx, req.Private, freshFor):
		resp.State.RemoveResource(ctx)
		return
	case resourcemanager.IsNoAccess(err):
		resp.Diagnostics.AddWarning("Could not check "+m.title(), tfkit.Detail(err)+"\n\nThe state stays as it is.")
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure("Could not check "+m.title(), err, tfkit.GiveUp))
		return
	}
	if m.ID.IsNull() || m.Name.IsNull() { // imported
		if err := r.fillIn(ctx, &m); err != nil {
			resp.Diagnostics.Append(tfkit.Failure("Could not read "+m.title(), err))
			return
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
	resp.Diagnostics.Append(r.Claims.Read(ctx, resp.Private, object, []tfkit.Subject{m.subject()})...)
}

func (r *applicationConsentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var plan, state applicationConsentModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	release, err := r.Claims.Turn(ctx, plan.subject().ID)
	if err == nil {
		defer release()
		switch {
		case state.differs(plan) || tfkit.GetPrivate[bool](ctx, req.Private, brokenKey):
			err = r.PartnerCenter.ApplicationConsents.Replace(ctx, plan.CustomerID.ValueString(), plan.toAPI(ctx))
		case plan.ID.IsUnknown(): // another object may have withdrawn it
			_, err = r.PartnerCenter.ApplicationConsents.Create(ctx, plan.CustomerID.ValueString(), plan.toAPI(ctx))
		}
	}
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not change "+plan.title(), err, "The consent may be withdrawn, and not be given again. The next apply continues."))
		resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, brokenKey, true)...)
		return
	}
	resp.Diagnostics.Append(r.await(ctx, plan)...)
	plan.ID = types.StringValue(plan.key())
	r.Claims.Hold(plan.subject(), claimOf(object, tfkit.Existing))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(tfkit.SetPrivate(ctx, resp.Private, brokenKey, false)...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
}

// differs reports whether the consent must be given again. After an import, display name and grants are
// unknown (null): the declared values then count as correct.
func (m applicationConsentModel) differs(plan applicationConsentModel) bool {
	return !m.DisplayName.IsNull() && !m.DisplayName.Equal(plan.DisplayName) || !m.Grants.IsNull() && !m.Grants.Equal(plan.Grants)
}

func (r *applicationConsentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var state applicationConsentModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	release, err := r.Claims.Turn(ctx, state.subject().ID)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not withdraw "+state.title(), err))
		return
	}
	defer release()
	if keeps := r.Claims.End(ctx, req.Private, object, []tfkit.Subject{state.subject()}, true); len(keeps) > 0 {
		resp.Diagnostics.Append(keptWarning(state)...)
		return
	}
	err = r.PartnerCenter.ApplicationConsents.Delete(ctx, state.CustomerID.ValueString(), state.ApplicationID.ValueString())
	switch {
	case partnercenter.IsCustomerNotFound(err):
	case partnercenter.IsNoRelationship(err):
		resp.Diagnostics.AddWarning(fmt.Sprintf("Customer %s has no reseller relationship", state.CustomerID.ValueString()),
			"The consent can no longer be withdrawn from here. The customer can delete the enterprise application in its own tenant.\n\n"+tfkit.Detail(err))
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure("Could not withdraw "+state.title(), err, tfkit.GiveUp))
	}
}

// keptWarning is the warning that the consent stays, because another object of the state has it.
func keptWarning(m applicationConsentModel) diag.Diagnostics {
	return diag.Diagnostics{diag.NewWarningDiagnostic("Keeping "+m.title(),
		"Another resource of this configuration declares the same consent, so it is not withdrawn here.")}
}

// ImportState imports a consent. Display name and grants stay null, because Partner Center does not return them.
func (r *applicationConsentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	customerID, applicationID, both := strings.Cut(req.ID, "/")
	if req.ID == "" && req.Identity != nil {
		var identity applicationConsentIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		customerID, applicationID, both = identity.CustomerID.ValueString(), identity.ApplicationID.ValueString(), true
	}
	if tfkit.CheckGUID(customerID) != nil || both && tfkit.CheckGUID(applicationID) != nil {
		resp.Diagnostics.AddError("Invalid import ID", fmt.Sprintf("The import ID is {customer ID}/{application ID}, or {customer ID} for the application of the provider. %q is neither.\n\n"+
			"What to do: terraform import partnercenter_application_consent.example 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202", req.ID))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m := applicationConsentModel{
		CustomerID: types.StringValue(strings.ToLower(customerID)), ApplicationID: types.StringValue(strings.ToLower(applicationID)),
		Grants: types.MapNull(types.SetType{ElemType: types.StringType}),
	}
	err := r.fillIn(ctx, &m)
	shows := false
	if err == nil {
		shows, err = r.signInShows(ctx, m)
	}
	if err == nil && shows {
		_, err = r.Azure.Caller(ctx, m.CustomerID.ValueString())
		if resourcemanager.IsNoAccess(err) && !resourcemanager.IsNoConsent(err) {
			err = nil // it says nothing about the consent, and the read warns
		}
	}
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not import "+m.title(), err))
		return
	}
	_, diags := tfkit.ObjectID(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
}

// brokenKey is a key of private state. True means that a change of the consent failed. It must be made
// again, although state and configuration do not differ.
const brokenKey = "broken"

// errAppOnly reports in the plan what the API would refuse.
var errAppOnly = diag.NewAttributeErrorDiagnostic(path.Root("customer_id"), "Sign-in without a user cannot give consent",
	"The provider authenticates as an application only, and Partner Center takes consents from users.\n\n"+
		"What to do: set refresh_token (or PARTNERCENTER_REFRESH_TOKEN) to one of an Admin agent.")
