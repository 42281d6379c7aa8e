package azureplan

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// The values of on_destroy.
const (
	abandon = "abandon"
	suspend = "suspend"
)

// standardTimeout is the default of each timeout. An order can take half an hour.
const standardTimeout = time.Hour

func (r *azurePlanResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Azure plan of a customer, which it needs to use Azure and to buy Azure reservations and savings plans by itself.\n\n" +
			"With the plan, Microsoft creates a first Azure subscription in the customer's tenant, with the partner's group AdminAgents as Owner. See [Onboard customers](../guides/onboard_customers.md).\n\n" +
			"~> The Azure plan itself costs nothing. Everything that the customer uses below it is billed to the partner.\n\n" +
			"**Purchase.** Terraform's plan checks the following before a purchase:\n\n" +
			"- The customer has no Azure plan. If it has one, the plan fails and names the import ID, unless `adopt_existing = true`.\n" +
			"- The customer has no Azure (global) subscription `MS-AZR-0145P`. Microsoft does not sell an Azure plan next to it. The transition cannot be undone, so the provider does not start it.\n" +
			"- The customer has accepted the Microsoft Customer Agreement; see `partnercenter_customer_agreement`. The provider never accepts it. With app-only authentication, only Partner Center " +
			"checks it, during the purchase.\n\n" +
			"**Never two plans.** The state stores `cart_id` and `order_id` as soon as they exist. If a purchase is interrupted, or Microsoft reviews the order, the next apply " +
			"continues with the same order. Terraform then shows the resource as tainted and plans to replace it. This replacement only continues the purchase. If the state is " +
			"lost, too, the next apply finds the order, or a plan that was bought within the last hour, and continues with it. Simultaneous runs share one cart. " +
			"This relies on request IDs and repeated checkouts as Microsoft documents them. The answer to the purchase of a second plan is not documented.\n\n" +
			"**Changes.** A plan that was suspended outside Terraform is reactivated. A plan that was renamed gets its `friendly_name` back.\n\n" +
			"**Destroy.** An Azure plan cannot be deleted. By default, destroying the resource removes it from the state only: plan, Azure subscriptions and costs stay. " +
			"With `on_destroy = \"suspend\"`, the plan is suspended if no Azure subscription, reservation or savings plan below it is active. The provider never cancels those.\n\n" +
			"The Azure plan is sold in the public cloud only. In the integration sandbox, at most 10 plans can be bought in total.\n\n" +
			"**Requests:** one for an unchanged plan, and one for the Azure subscriptions below it. A purchase takes about ten.\n\n" +
			"**Sign-in and role:** app+user as an Admin agent or Sales agent, or app-only.",
		Attributes: map[string]schema.Attribute{
			"id":          tfkit.Computed("Microsoft Entra tenant ID of the customer, in lower case."),
			"name":        tfkit.Computed("Company name of the customer."),
			"customer_id": tfkit.CustomerID(),
			"partner_on_record_attestation_accepted": schema.BoolAttribute{
				MarkdownDescription: "Accepts the attestation about the partner of record, which Microsoft requires for each purchase. It is a statement of the partner. Must be `true`.",
				Required:            true,
				Validators:          []validator.Bool{attested{}},
			},
			"friendly_name": schema.StringAttribute{
				MarkdownDescription: "Name of the Azure plan in Partner Center. The Azure subscriptions below it keep their names. Defaults to the name that Microsoft gives.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"indirect_reseller_mpn_id": schema.StringAttribute{
				MarkdownDescription: "Partner ID (MPN location ID) of the indirect reseller, for indirect providers. Cannot be changed after the purchase.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{tfkit.StringCheck("value must be a Partner ID such as 4847383", checkPartnerID)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"adopt_existing": schema.BoolAttribute{
				MarkdownDescription: "Set to `true` to manage a plan that the customer already has. A suspended plan is reactivated. Defaults to `false`.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"on_destroy": schema.StringAttribute{
				MarkdownDescription: "Behavior of destroy. `abandon` removes the resource from the state only. `suspend` suspends the plan. Must be applied before the destroy. " +
					"Defaults to `abandon`.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(abandon),
				Validators: []validator.String{stringvalidator.OneOf(abandon, suspend)},
			},
			"subscription_id": tfkit.Computed("ID of the Azure plan in Partner Center, in lower case. It is not an Azure subscription ID: see `azure_subscription_id`."),
			"order_id":        tfkit.Computed("ID of the order. Null if Partner Center does not return it."),
			"cart_id":         tfkit.Computed("ID of the cart that the plan was bought with. Null if this resource did not buy the plan."),
			"status":          tfkit.Computed("Status of the Azure plan, such as `active` or `suspended`. Until the order is completed, it is the status of the order."),
			"azure_subscription_id": tfkit.Computed("ID of an active Azure subscription below the plan, in lower case: the first one, as long as it is active. Other resources can " +
				"refer to it, because it does not change when the customer gets more Azure subscriptions. Null, with a warning, if it does not appear within 10 minutes after the purchase."),
			"azure_subscriptions": schema.ListNestedAttribute{
				MarkdownDescription: "All Azure subscriptions below the plan, sorted by `subscription_id`.",
				Computed:            true,
				PlanModifiers:       []planmodifier.List{listplanmodifier.UseStateForUnknown()},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"subscription_id": schema.StringAttribute{MarkdownDescription: "Azure subscription ID, in lower case.", Computed: true},
					"name":            schema.StringAttribute{MarkdownDescription: "Name of the Azure subscription.", Computed: true},
					"status":          schema.StringAttribute{MarkdownDescription: "Status of the Azure subscription, such as `active`.", Computed: true},
				}},
			},
			"timeouts": tfkit.Timeouts(ctx, standardTimeout, "A new plan usually takes some minutes."),
		},
	}
}

func (r *azurePlanResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"customer_id": identityschema.StringAttribute{Description: "Microsoft Entra tenant ID of the customer, in lower case.", RequiredForImport: true},
		},
	}
}

type azurePlanModel struct {
	ID                                 types.String   `tfsdk:"id"`
	Name                               types.String   `tfsdk:"name"`
	CustomerID                         types.String   `tfsdk:"customer_id"`
	PartnerOnRecordAttestationAccepted types.Bool     `tfsdk:"partner_on_record_attestation_accepted"`
	FriendlyName                       types.String   `tfsdk:"friendly_name"`
	IndirectResellerMPNID              types.String   `tfsdk:"indirect_reseller_mpn_id"`
	AdoptExisting                      types.Bool     `tfsdk:"adopt_existing"`
	OnDestroy                          types.String   `tfsdk:"on_destroy"`
	SubscriptionID                     types.String   `tfsdk:"subscription_id"`
	OrderID                            types.String   `tfsdk:"order_id"`
	CartID                             types.String   `tfsdk:"cart_id"`
	Status                             types.String   `tfsdk:"status"`
	AzureSubscriptionID                types.String   `tfsdk:"azure_subscription_id"`
	AzureSubscriptions                 types.List     `tfsdk:"azure_subscriptions"`
	Timeouts                           timeouts.Value `tfsdk:"timeouts"`
}

type azurePlanIdentity struct {
	CustomerID types.String `tfsdk:"customer_id"`
}

// azureObject is the type of an element of azure_subscriptions.
var azureObject = types.ObjectType{AttrTypes: map[string]attr.Type{
	"subscription_id": types.StringType, "name": types.StringType, "status": types.StringType,
}}

func azureList(all []partnercenter.AzureSubscription) types.List {
	objects := make([]attr.Value, 0, len(all))
	for _, a := range all {
		objects = append(objects, types.ObjectValueMust(azureObject.AttrTypes, map[string]attr.Value{
			"subscription_id": types.StringValue(a.ID), "name": tfkit.OrNull(a.FriendlyName), "status": tfkit.OrNull(a.Status),
		}))
	}
	return types.ListValueMust(azureObject, objects)
}

// fromAzure sets the Azure subscriptions. AzureSubscriptionID, to which other resources refer, stays the same as long
// as that subscription is active.
func (m *azurePlanModel) fromAzure(all []partnercenter.AzureSubscription) {
	m.AzureSubscriptions = azureList(all)
	before, first := m.AzureSubscriptionID.ValueString(), ""
	for _, a := range all {
		if a.Active() && (first == "" || a.ID == before) {
			first = a.ID
		}
	}
	m.AzureSubscriptionID = tfkit.OrNull(first)
}

// identity is in lower case, because Terraform compares identities case-sensitively.
func (m azurePlanModel) identity() azurePlanIdentity {
	return azurePlanIdentity{types.StringValue(m.key())}
}

// key returns the value of the attribute id.
func (m azurePlanModel) key() string { return strings.ToLower(m.CustomerID.ValueString()) }

// subject returns the subject of the claims, or the zero value while the customer is unknown.
func (m azurePlanModel) subject() tfkit.Subject {
	if m.key() == "" {
		return tfkit.Subject{}
	}
	return tfkit.Subject{Kind: "Azure plan", ID: m.key()}
}

// title returns how messages name the plan.
func (m azurePlanModel) title() string {
	return "the Azure plan of " + tfkit.NamedCustomer(m.Name.ValueString(), m.CustomerID.ValueString())
}

// purchase returns the IDs of the purchase that the state has so far.
func (m azurePlanModel) purchase() partnercenter.AzurePlanPurchase {
	return partnercenter.AzurePlanPurchase{CartID: m.CartID.ValueString(), OrderID: m.OrderID.ValueString(), SubscriptionID: m.SubscriptionID.ValueString()}
}

// fromPurchase sets the IDs that a purchase has so far.
func (m *azurePlanModel) fromPurchase(p partnercenter.AzurePlanPurchase) {
	m.CartID, m.OrderID, m.SubscriptionID = tfkit.OrNull(p.CartID), tfkit.OrNull(p.OrderID), tfkit.OrNull(strings.ToLower(p.SubscriptionID))
}

// fromAPI sets what the server returned.
func (m *azurePlanModel) fromAPI(plan partnercenter.Subscription) {
	m.SubscriptionID, m.Status, m.FriendlyName = types.StringValue(strings.ToLower(plan.ID)), tfkit.OrNull(strings.ToLower(plan.Status)), tfkit.OrNull(plan.FriendlyName)
	m.IndirectResellerMPNID = tfkit.OrNull(string(plan.PartnerID))
	if plan.OrderID != "" || m.OrderID.IsUnknown() {
		m.OrderID = tfkit.OrNull(plan.OrderID)
	}
	if m.CartID.IsUnknown() {
		m.CartID = types.StringNull()
	}
}

// nullUnknowns replaces unknown values with null, for the state after a failure.
func (m *azurePlanModel) nullUnknowns() {
	for _, one := range []*types.String{&m.FriendlyName, &m.IndirectResellerMPNID, &m.SubscriptionID, &m.OrderID, &m.CartID, &m.Status, &m.AzureSubscriptionID} {
		if one.IsUnknown() {
			*one = types.StringNull()
		}
	}
	if m.AzureSubscriptions.IsUnknown() {
		m.AzureSubscriptions = types.ListNull(azureObject)
	}
}

// options returns the options of the purchase.
func (m azurePlanModel) options() partnercenter.AzurePlanOptions {
	return partnercenter.AzurePlanOptions{Reseller: m.IndirectResellerMPNID.ValueString(), Adopt: m.AdoptExisting.ValueBool()}
}

func checkPartnerID(s string) error {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return errPartnerID
	}
	return nil
}

// attested is a validator that accepts only true. The attestation is a statement of the partner, so the provider
// never makes it by itself.
type attested struct{}

func (attested) Description(context.Context) string         { return "value must be true" }
func (attested) MarkdownDescription(context.Context) string { return "value must be true" }

func (attested) ValidateBool(_ context.Context, req validator.BoolRequest, resp *validator.BoolResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || req.ConfigValue.ValueBool() {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "The attestation is not accepted", "Microsoft sells an Azure plan only if the partner accepts the attestation about the partner of record.\n\n"+
		"What to do: if the partner makes this statement, set partner_on_record_attestation_accepted = true. Otherwise remove the resource.")
}
