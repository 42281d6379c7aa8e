package azureplan

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var (
	_ resource.ResourceWithConfigure   = (*azurePlanResource)(nil)
	_ resource.ResourceWithIdentity    = (*azurePlanResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*azurePlanResource)(nil)
	_ resource.ResourceWithImportState = (*azurePlanResource)(nil)
)

// NewAzurePlanResource returns the resource partnercenter_azure_plan.
func NewAzurePlanResource() resource.Resource { return &azurePlanResource{} }

// azurePlanResource is the Azure plan of a customer.
//
// Endpoints: GET /v1/customers/{customer}/subscriptions and …/azureEntitlements; to buy, also …/agreements and
// …/directSignedMicrosoftCustomerAgreementStatus (app+user), …/orders, …/products/DZH318Z0BPS6/skus/0001/availabilities,
// POST …/carts and …/carts/{cart}/checkout; PATCH …/subscriptions/{subscription} for name and status.
//
// Delete changes nothing, or suspends the plan with on_destroy = "suspend". A customer gets one plan, whatever fails:
// see [partnercenter.AzurePlans.Buy]. An unfinished purchase is in the state, as tainted. When Terraform replaces it,
// Delete hands the purchase over to Create.
// https://learn.microsoft.com/partner-center/developer/create-azure-plan
type azurePlanResource struct{ tfkit.Resource }

var errPartnerID = errors.New("must be a Partner ID such as 4847383")

func (r *azurePlanResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_azure_plan"
}

func claimOf(object string, phase tfkit.Phase) tfkit.Claim {
	return tfkit.Claim{Object: object, Type: "partnercenter_azure_plan", On: true, Phase: phase}
}

func (r *azurePlanResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan azurePlanModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel := tfkit.OperationOf(ctx, "create", plan.Timeouts.Create, standardTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	err := r.fillName(ctx, &plan)
	var release func()
	if err == nil {
		release, err = r.Claims.Turn(ctx, plan.subject().ID)
	}
	if err != nil {
		resp.Diagnostics.Append(failure(ctx, plan, "Could not buy "+plan.title(), err))
		return
	}
	defer release()
	purchase, handed := r.handedOver(plan)
	diags = r.buy(ctx, &plan, &purchase, handed)
	resp.Diagnostics.Append(diags...)
	if !purchase.Begun() {
		return
	}
	r.Claims.Hold(plan.subject(), claimOf(object, tfkit.Existing))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
}

// freshFor is the time after a write in which a plan that is not found may still appear.
const freshFor = 15 * time.Minute

func (r *azurePlanResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m azurePlanModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	ctx, cancel := tfkit.OperationOf(ctx, "read", m.Timeouts.Read, standardTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	// Set the identity first: the framework requires it even for a resource that is removed from the
	// state, and Terraform before 1.12 has not stored one.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
	gone, err := r.refresh(ctx, &m, tfkit.WrittenWithin(ctx, req.Private, freshFor))
	switch {
	case partnercenter.IsCustomerNotFound(err), partnercenter.IsNoRelationship(err):
		resp.Diagnostics.AddWarning("Could not read "+m.title(), tfkit.Detail(err)+"\n\nThe state stays as it is. "+tfkit.GiveUp)
	case err != nil:
		resp.Diagnostics.Append(failure(ctx, m, "Could not read "+m.title(), err, tfkit.GiveUp))
		return
	case gone != "":
		resp.Diagnostics.AddWarning("Does not exist any more: "+m.title(), gone)
		resp.State.RemoveResource(ctx)
		return
	}
	if m.Name.IsNull() { // imported
		if err := r.fillName(ctx, &m); err != nil {
			resp.Diagnostics.Append(failure(ctx, m, "Could not read "+m.title(), err))
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(r.Claims.Read(ctx, resp.Private, object, []tfkit.Subject{m.subject()})...)
}

func (r *azurePlanResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state azurePlanModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := tfkit.OperationOf(ctx, "update", plan.Timeouts.Update, standardTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	release, err := r.Claims.Turn(ctx, plan.subject().ID)
	if err != nil {
		resp.Diagnostics.Append(failure(ctx, plan, "Could not update "+plan.title(), err))
		return
	}
	defer release()
	resp.Diagnostics.Append(r.update(ctx, &plan, state)...)
	if resp.Diagnostics.HasError() {
		if p := plan.purchase(); p != state.purchase() && p.Begun() { // the purchase got further
			state.fromPurchase(p)
			resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		}
		return
	}
	r.Claims.Hold(plan.subject(), claimOf(object, tfkit.Existing))
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	resp.Diagnostics.Append(tfkit.MarkWritten(ctx, resp.Private)...)
}

func (r *azurePlanResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state azurePlanModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	ctx, cancel := tfkit.OperationOf(ctx, "delete", state.Timeouts.Delete, standardTimeout, &resp.Diagnostics)
	defer cancel()
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	release, err := r.Claims.Turn(ctx, state.subject().ID)
	if err != nil {
		resp.Diagnostics.Append(failure(ctx, state, "Could not suspend "+state.title(), err))
		return
	}
	defer release()
	if r.handOver(ctx, req.Private, state) {
		if err := ctx.Err(); err != nil { // after Ctrl-C, Create does not begin
			resp.Diagnostics.Append(failure(ctx, state, "Could not replace "+state.title(), err))
		}
		return
	}
	keeps := r.Claims.End(ctx, req.Private, object, []tfkit.Subject{state.subject()}, true)
	if len(keeps) > 0 || state.OnDestroy.ValueString() != suspend {
		return
	}
	resp.Diagnostics.Append(r.suspend(ctx, state)...)
}

// ImportState imports the plan of a customer.
func (r *azurePlanResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	customerID, subscriptionID, both := strings.Cut(req.ID, "/")
	if req.ID == "" && req.Identity != nil {
		var identity azurePlanIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		customerID = identity.CustomerID.ValueString()
	}
	if tfkit.CheckGUID(customerID) != nil || both && tfkit.CheckGUID(subscriptionID) != nil {
		resp.Diagnostics.AddError("Invalid import ID", fmt.Sprintf("The import ID is {customer_id} or {customer_id}/{subscription_id}; %q is neither.\n\n"+
			"What to do: terraform import partnercenter_azure_plan.example 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202", req.ID))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m := imported(customerID)
	err := r.fillName(ctx, &m)
	var found partnercenter.AzurePlanFound
	if err == nil {
		found, err = r.PartnerCenter.AzurePlans.Of(ctx, customerID)
	}
	switch {
	case err != nil:
		resp.Diagnostics.Append(failure(ctx, m, "Could not import "+m.title(), err))
	case !found.HasPlan():
		resp.Diagnostics.AddError("There is nothing to import: "+m.title(), "The customer has no Azure plan.\n\nWhat to do: remove the import, and apply buys one.")
	case both && !strings.EqualFold(found.Plan.ID, subscriptionID):
		resp.Diagnostics.AddError("There is nothing to import: "+m.title(), fmt.Sprintf("The Azure plan of the customer is %s, not %s.\n\nWhat to do: import %s/%s.",
			strings.ToLower(found.Plan.ID), subscriptionID, m.key(), strings.ToLower(found.Plan.ID)))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	m.SubscriptionID = types.StringValue(strings.ToLower(found.Plan.ID))
	_, diags := tfkit.ObjectID(ctx, resp.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
}

// imported returns the attributes that an import sets. The read after the import sets the others.
func imported(customerID string) azurePlanModel {
	m := azurePlanModel{
		CustomerID: types.StringValue(strings.ToLower(customerID)), AdoptExisting: types.BoolValue(false), OnDestroy: types.StringValue(abandon),
		PartnerOnRecordAttestationAccepted: types.BoolValue(true), // the attestation was accepted when the plan was bought
		AzureSubscriptions:                 types.ListNull(azureObject),
	}
	m.ID = types.StringValue(m.key())
	m.Timeouts = tfkit.NoTimeouts()
	return m
}
