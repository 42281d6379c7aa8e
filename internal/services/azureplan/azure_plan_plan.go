package azureplan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// ModifyPlan reports in the plan what would fail in the apply, and what remains after a destroy.
func (r *azurePlanResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Clients == nil {
		return
	}
	var plan, state *azurePlanModel // nil if there is none
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	object, diags := tfkit.ObjectID(ctx, resp.Private)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	if plan == nil {
		if state != nil {
			resp.Diagnostics.Append(r.planEnd(ctx, resp.Private, object, *state)...)
		}
		return
	}
	switch {
	case state == nil:
		resp.Diagnostics.Append(r.planCreate(ctx, req.Private, resp.Private, object, plan)...)
	case state.subject() != plan.subject(): // a replacement, which Terraform plans once more as a creation
		resp.Diagnostics.Append(r.planEnd(ctx, resp.Private, object, *state)...)
		plan.ID, plan.Name = types.StringUnknown(), types.StringUnknown()
	default:
		resp.Diagnostics.Append(r.planUpdate(ctx, req.Config, resp.Private, object, plan, *state)...)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// Keys of private state.
const (
	// replacedKey: the subject of the replaced object. The first plan of a replacement stores it for the second.
	replacedKey = "replaced"
	// declaredKey: the subject of a planned creation. In a replacement, Delete receives it.
	declaredKey = "declared"
)

// planUpdate plans to continue a purchase, or to reactivate a suspended plan.
func (r *azurePlanResource) planUpdate(ctx context.Context, config configuration, private tfkit.PrivateState, object string, plan *azurePlanModel, state azurePlanModel) diag.Diagnostics {
	var reseller types.String
	diags := config.GetAttribute(ctx, path.Root("indirect_reseller_mpn_id"), &reseller)
	diags.Append(tfkit.SetPrivate(ctx, private, replacedKey, state.subject())...)
	switch {
	case !reseller.IsNull() && !reseller.IsUnknown() && !state.inProgress() && reseller.ValueString() != state.IndirectResellerMPNID.ValueString():
		diags.AddAttributeError(path.Root("indirect_reseller_mpn_id"), "The indirect reseller cannot be changed: "+plan.title(),
			fmt.Sprintf("The plan was bought through %s, and the configuration has %s. A customer gets one Azure plan, so a replacement is not possible.\n\n"+
				"What to do: change the reseller of the subscription in Partner Center, then run again.", orNone(state.IndirectResellerMPNID), reseller.ValueString()))
		return diags
	case state.inProgress():
		plan.SubscriptionID, plan.OrderID, plan.CartID, plan.Status = types.StringUnknown(), types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		plan.AzureSubscriptionID, plan.AzureSubscriptions = types.StringUnknown(), types.ListUnknown(azureObject)
		if plan.FriendlyName.IsNull() {
			plan.FriendlyName = types.StringUnknown()
		}
		if plan.IndirectResellerMPNID.IsNull() {
			plan.IndirectResellerMPNID = types.StringUnknown()
		}
	case state.Status.ValueString() != "active":
		plan.Status, plan.AzureSubscriptionID, plan.AzureSubscriptions = types.StringValue("active"), types.StringUnknown(), types.ListUnknown(azureObject)
	}
	r.PlanAzurePlan(plan.CustomerID.ValueString())
	others := r.Claims.Declare(ctx, plan.subject(), claimOf(object, tfkit.Existing))
	if d, twice := declaredTwice(*plan, others); twice {
		return append(diags, d)
	}
	if len(others) > 0 && !plan.Status.IsUnknown() {
		// Another object of the state ends, perhaps a deposed one, and may suspend the plan. As an update, this
		// object takes part in the apply and makes sure that the plan is active.
		plan.Status = types.StringUnknown()
	}
	return diags
}

// configuration is the configuration of a request.
type configuration interface {
	GetAttribute(ctx context.Context, path path.Path, target any) diag.Diagnostics
}

func orNone(s types.String) string {
	if s.ValueString() == "" {
		return "no indirect reseller"
	}
	return s.ValueString()
}

// declaredTwice returns the error for two resources of one customer, and whether another resource declares the same plan.
func declaredTwice(m azurePlanModel, others []tfkit.Claim) (diag.Diagnostic, bool) {
	return diag.NewAttributeErrorDiagnostic(path.Root("customer_id"), "Two resources declare "+m.title(), "A customer has one Azure plan.\n\n"+
			"What to do: remove one of the two resources. If the state has both, remove that one from the state as well, with terraform state rm or a removed block."),
		slices.ContainsFunc(others, func(other tfkit.Claim) bool { return other.Phase >= tfkit.Declared })
}

// planCreate fills in ID and name, and checks whether the plan can be bought.
func (r *azurePlanResource) planCreate(ctx context.Context, before, private tfkit.PrivateState, object string, plan *azurePlanModel) (diags diag.Diagnostics) {
	plan.ID, plan.Name = types.StringUnknown(), types.StringUnknown()
	if plan.CustomerID.IsUnknown() {
		return nil
	}
	plan.ID = types.StringValue(plan.key())
	if err := r.fillName(ctx, plan); err != nil {
		plan.Name = types.StringUnknown()
		return diag.Diagnostics{tfkit.FailureAt(path.Root("customer_id"), "Could not plan "+plan.title(), err)}
	}
	diags.Append(tfkit.SetPrivate(ctx, private, declaredKey, plan.subject())...)
	others := r.Claims.Declare(ctx, plan.subject(), claimOf(object, tfkit.Declared))
	if d, twice := declaredTwice(*plan, others); twice {
		return append(diags, d)
	}
	r.PlanAzurePlan(plan.CustomerID.ValueString())
	if _, handed := r.handedOver(*plan); handed {
		return diags
	}
	replaced := tfkit.GetPrivate[tfkit.Subject](ctx, before, replacedKey) == plan.subject()
	return append(diags, r.check(ctx, *plan, replaced || len(others) > 0)...)
}

// check returns what prevents a purchase. Ours means that an object of the state already has the plan or its purchase.
func (r *azurePlanResource) check(ctx context.Context, plan azurePlanModel, ours bool) diag.Diagnostics {
	customerID, at := plan.CustomerID.ValueString(), path.Root("customer_id")
	summary := "Could not check " + plan.title()
	found, err := r.PartnerCenter.AzurePlans.Of(ctx, customerID)
	exists := &partnercenter.AzurePlanExistsError{CustomerID: customerID, Plan: found.Plan}
	reseller := plan.IndirectResellerMPNID
	warn := func(summary, detail string) diag.Diagnostics {
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(at, summary, detail)}
	}
	switch {
	case err != nil:
		return diag.Diagnostics{tfkit.FailureAt(at, summary, err)}
	case found.HasPlan() && ours:
		if !plan.AdoptExisting.ValueBool() && !plan.AdoptExisting.IsUnknown() {
			return warn("The replacement keeps "+plan.title(), "An Azure plan cannot be replaced: the resource gets the same plan again. "+
				"With create_before_destroy, this works only with adopt_existing = true.")
		}
		return nil
	case found.HasPlan() && !reseller.IsUnknown() && reseller.ValueString() != "" && reseller.ValueString() != string(found.Plan.PartnerID):
		exists.Reseller = reseller.ValueString()
		return diag.Diagnostics{existsFailure(plan, exists)}
	case found.HasPlan() && plan.AdoptExisting.IsUnknown():
		return nil
	case found.HasPlan() && plan.AdoptExisting.ValueBool():
		return warn("The customer has an Azure plan already: "+plan.title(), fmt.Sprintf("Plan %s is %s. It is adopted because adopt_existing is set. Nothing is bought.",
			strings.ToLower(found.Plan.ID), reactivated(found.Plan)))
	case found.HasPlan() && found.Recent():
		return warn("The customer got an Azure plan a short time ago: "+plan.title(), fmt.Sprintf("Plan %s was bought on %s, presumably by a run that was interrupted. "+
			"It is taken over. Nothing is bought.", strings.ToLower(found.Plan.ID), found.Plan.CreationDate))
	case found.HasPlan():
		return diag.Diagnostics{existsFailure(plan, exists)}
	case ours: // the purchase continues
		return nil
	case found.Legacy.ID != "":
		return diag.Diagnostics{tfkit.FailureAt(at, "No Azure plan can be bought: "+plan.title(), &partnercenter.LegacyAzureError{CustomerID: customerID, Legacy: found.Legacy})}
	case r.PartnerCenter.AppOnly():
		return nil // cannot read the agreement
	}
	agreement, err := r.PartnerCenter.CustomerAgreements.Get(ctx, customerID)
	switch {
	case err != nil:
		return diag.Diagnostics{tfkit.FailureAt(at, summary, err)}
	case !agreement.Accepted():
		return diag.Diagnostics{tfkit.FailureAt(at, "The agreement is missing: "+plan.title(), &partnercenter.NoAgreementError{CustomerID: customerID})}
	case agreement.Outdated():
		return warn("The agreement may be outdated: "+plan.title(), fmt.Sprintf("The customer accepted the Microsoft Customer Agreement on %s. Microsoft asks customers that accepted "+
			"it before April 2023 to accept it again, and can refuse the purchase until then.\n\nWhat to do: a Global Administrator of the customer accepts it at %s.",
			agreement.AgreedOn.Format("2006-01-02"), partnercenter.AcceptAgreementLink))
	}
	return nil
}

func reactivated(plan partnercenter.Subscription) string {
	if plan.Active() {
		return "active"
	}
	return plan.Status + ", and apply reactivates it"
}

// existsFailure returns the error for a customer that already has a plan.
func existsFailure(m azurePlanModel, e *partnercenter.AzurePlanExistsError) diag.Diagnostic {
	id := m.key() + "/" + strings.ToLower(e.Plan.ID)
	at, summary, text := path.Root("customer_id"), "The customer has an Azure plan already: "+m.title(), e.Error()+"\n\nWhat to do: "
	switch {
	case e.Reseller != "":
		return diag.NewAttributeErrorDiagnostic(path.Root("indirect_reseller_mpn_id"), summary, text+"check the indirect reseller in the configuration. "+
			"To manage the plan as it is, import it without a reseller in the configuration, with the ID\n  "+id)
	case !e.Plan.Active():
		return diag.NewAttributeErrorDiagnostic(at, "The Azure plan is "+e.Plan.Status+": "+m.title(), text+"set adopt_existing = true, and apply reactivates the plan. "+
			"Or reactivate it in Partner Center, and import it with the ID\n  "+id)
	}
	return diag.NewAttributeErrorDiagnostic(at, summary, text+"import it with the ID\n  "+id+"\nor set adopt_existing = true. "+
		"If the state has the plan and marks it as tainted, run terraform untaint with the address of the resource.")
}

// planEnd warns about what remains after the end of an object, or what is suspended.
func (r *azurePlanResource) planEnd(ctx context.Context, private tfkit.PrivateState, object string, state azurePlanModel) diag.Diagnostics {
	diags := private.SetKey(ctx, declaredKey, nil) // left by a replacement whose first half failed
	keeps, passes, more := r.Claims.PlanEnd(ctx, private, object, []tfkit.Subject{state.subject()}, true)
	if diags.Append(more...); len(keeps)+len(passes) > 0 {
		return diags // another object takes over the plan
	}
	var active []string
	for _, one := range state.AzureSubscriptions.Elements() {
		a, _ := one.(types.Object)
		if status, _ := a.Attributes()["status"].(types.String); status.ValueString() == "active" {
			id, _ := a.Attributes()["subscription_id"].(types.String)
			name, _ := a.Attributes()["name"].(types.String)
			active = append(active, fmt.Sprintf("  %s (%s)", name.ValueString(), id.ValueString()))
		}
	}
	below := "No Azure subscription below it was active at the last refresh."
	if len(active) > 0 {
		below = "Active Azure subscriptions below it:\n" + tfkit.Shorten(active)
	}
	switch {
	case state.OnDestroy.ValueString() != suspend:
		diags.AddWarning("Destroy leaves "+state.title(), "An Azure plan cannot be deleted. With on_destroy = \"abandon\", the resource is only removed from the state: "+
			"the plan stays, and so do the costs of what is below it. "+below)
	case len(active) > 0:
		diags.AddWarning("Destroy cannot suspend "+state.title(), "A plan can be suspended only if nothing below it is active. "+below+
			"\n\nWhat to do: an Owner cancels them in the Azure portal, which deletes data of the customer. Or set on_destroy = \"abandon\" and apply that first.")
	default:
		diags.AddWarning("Destroy suspends "+state.title(), "The plan is suspended, and stays in Partner Center. "+below)
	}
	return diags
}

// handedOverKey is a key of the run's memory, for the purchase that Delete hands over to Create in a replacement.
type handedOverKey tfkit.Subject

// handOver hands the purchase over to Create if this is a replacement, and reports whether it did.
func (r *azurePlanResource) handOver(ctx context.Context, private tfkit.PrivateState, state azurePlanModel) bool {
	if tfkit.GetPrivate[tfkit.Subject](ctx, private, declaredKey) != state.subject() {
		return false
	}
	r.Memory.Store(handedOverKey(state.subject()), state.purchase())
	return true
}

// handedOver returns the purchase that Delete has handed over, if any.
func (r *azurePlanResource) handedOver(m azurePlanModel) (partnercenter.AzurePlanPurchase, bool) {
	left, _ := r.Memory.Load(handedOverKey(m.subject()))
	purchase, ok := left.(partnercenter.AzurePlanPurchase)
	return purchase, ok
}

// fillName reads the company name, unless it is known. This also checks that the customer exists.
func (r *azurePlanResource) fillName(ctx context.Context, m *azurePlanModel) error {
	if m.Name.ValueString() != "" {
		return nil
	}
	name, err := r.PartnerCenter.Customers.Name(ctx, m.CustomerID.ValueString())
	if err == nil {
		m.Name = types.StringValue(name)
	}
	return err
}
