package subscription

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/resourcemanager"
	"terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*subscriptionOwnersDataSource)(nil)

// NewSubscriptionOwnersDataSource is partnercenter_subscription_owners.
func NewSubscriptionOwnersDataSource() datasource.DataSource { return &subscriptionOwnersDataSource{} }

// subscriptionOwnersDataSource lists who is Owner of an Azure subscription.
//
// Endpoint: GET of Microsoft.Authorization/roleAssignments in Resource Manager, in the
// customer's tenant, at the subscription and above it; one list for all who ask about the
// subscription. Where the caller may not look the owners are null, which is not known, and not
// an empty list, which is nobody.
// https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope
type subscriptionOwnersDataSource struct{ tfkit.DataSource }

func (d *subscriptionOwnersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_subscription_owners"
}

func (d *subscriptionOwnersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	assignments := func(description string) schema.ListNestedAttribute {
		text := func(description string) schema.StringAttribute {
			return schema.StringAttribute{MarkdownDescription: description, Computed: true}
		}
		return schema.ListNestedAttribute{
			MarkdownDescription: description,
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{
				Attributes: map[string]schema.Attribute{
					"principal_id": text("The principal's object id, in lower case."),
					"principal_type": text("What the principal is: `User`, `Group`, `ServicePrincipal`, `ForeignGroup` or another type of Azure's. " +
						"`Unknown` is mostly one that was deleted."),
					"side": text("Whose the principal is: `customer`, or `partner` for foreign principals, such as the partner's Admin agents (`ForeignGroup`), " +
						"whom Azure makes Owner when a subscription is bought."),
					"inherited": schema.BoolAttribute{
						MarkdownDescription: "Whether the role comes from above the subscription, such as from a management group.",
						Computed:            true,
					},
					"scope":              text("Where the role was assigned: the subscription, or what is above it."),
					"condition":          text("The condition that restricts the role. Null for the whole role."),
					"role_assignment_id": text("The role assignment's Resource Manager id."),
					"created_on":         text("When the assignment was made, in RFC 3339."),
				},
			},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Who is Owner of a customer's Azure subscription, directly or by inheritance, and on whose side.\n\n" +
			"To buy reservations by itself, the customer needs a user who is Owner, or who is a member of a group that is; who the members " +
			"are is not read. An Owner under a condition does not have the whole role, and an application buys nothing. " +
			"For names, join `principal_id` with `user_id` of `partnercenter_customer_users`.\n\n" +
			"**Not known is not nobody.** When the sign-in may not look, the lists are null and `unknown_reason` says why: the customer's tenant refuses " +
			"the sign-in (no consent, no GDAP relationship, a policy), or Azure answers 401 or 403. All else that goes wrong is an error: a wrong id, " +
			"a subscription of another tenant, a client secret or refresh token that works nowhere, throttling and failures that do not pass.\n\n" +
			"**Sign-in and role:** app+user or app-only, as set by `azure_auth_mode`. The user must be a member of AdminAgents, with a GDAP relationship to the " +
			"customer; an application needs a service principal in the customer's tenant and any role on the subscription, such as Reader.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "The customer's Microsoft Entra tenant id, a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"subscription_id": schema.StringAttribute{
				MarkdownDescription: "The Azure subscription id, a GUID with or without `/subscriptions/` before it: an Azure subscription under the customer's " +
					"Azure plan, not the plan itself.",
				Required: true,
				Validators: []validator.String{tfkit.StringCheck("value must be an Azure subscription id", func(s string) error {
					_, err := azureSubscriptionID(s)
					return err
				})},
			},
			"owners": assignments("Who has the role Owner, sorted by `principal_id` and `scope`. Null when that is not known."),
			"reservation_purchasers": assignments("Who has the role Reservation Purchaser, in the same form. Microsoft's pages contradict each other on whether it is enough for " +
				"customers of a partner, so only Owner counts. Null when that is not known."),
			"savings_plan_purchasers": assignments("Who has the role Savings plan Purchaser, in the same form. Microsoft documents it for other agreements only. " +
				"Null when that is not known."),
			"unknown_reason": schema.StringAttribute{
				MarkdownDescription: "Why the owners are not known, and what to do. Otherwise null.",
				Computed:            true,
			},
		},
	}
}

type subscriptionOwnersModel struct {
	CustomerID            types.String          `tfsdk:"customer_id"`
	SubscriptionID        types.String          `tfsdk:"subscription_id"`
	Owners                []roleAssignmentModel `tfsdk:"owners"`
	ReservationPurchasers []roleAssignmentModel `tfsdk:"reservation_purchasers"`
	SavingsPlanPurchasers []roleAssignmentModel `tfsdk:"savings_plan_purchasers"`
	UnknownReason         types.String          `tfsdk:"unknown_reason"`
}

type roleAssignmentModel struct {
	PrincipalID      string       `tfsdk:"principal_id"`
	PrincipalType    types.String `tfsdk:"principal_type"`
	Side             string       `tfsdk:"side"`
	Inherited        bool         `tfsdk:"inherited"`
	Scope            types.String `tfsdk:"scope"`
	Condition        types.String `tfsdk:"condition"`
	RoleAssignmentID string       `tfsdk:"role_assignment_id"`
	CreatedOn        types.String `tfsdk:"created_on"`
}

func (d *subscriptionOwnersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m subscriptionOwnersModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	subscriptionID, err := azureSubscriptionID(m.SubscriptionID.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Invalid value", "The value of subscription_id "+err.Error()+".")
		return
	}
	found, err := d.Azure.RoleAssignments.ListOwners(ctx, m.CustomerID.ValueString(), subscriptionID)
	switch {
	case resourcemanager.IsNoAccess(err):
		m.UnknownReason = types.StringValue(resourcemanager.Reason(err))
	case err != nil:
		resp.Diagnostics.Append(tfkit.Failure(
			fmt.Sprintf("Could not list the owners of subscription %s of %s", m.SubscriptionID.ValueString(), d.Customer(m.CustomerID.ValueString())), err))
		return
	default:
		m.Owners = roleAssignmentsFromAPI(found.Owners, subscriptionID)
		m.ReservationPurchasers = roleAssignmentsFromAPI(found.ReservationPurchasers, subscriptionID)
		m.SavingsPlanPurchasers = roleAssignmentsFromAPI(found.SavingsPlanPurchasers, subscriptionID)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func roleAssignmentsFromAPI(all []resourcemanager.RoleAssignment, subscriptionID string) []roleAssignmentModel {
	out := make([]roleAssignmentModel, 0, len(all))
	for _, a := range all {
		m := roleAssignmentModel{
			PrincipalID: a.PrincipalID, PrincipalType: tfkit.OrNull(a.PrincipalType), Side: a.Side(), Inherited: !a.DirectlyAt(subscriptionID),
			Scope: tfkit.OrNull(a.Scope), Condition: tfkit.OrNull(a.Condition), RoleAssignmentID: a.ID,
		}
		if !a.CreatedOn.IsZero() {
			m.CreatedOn = types.StringValue(a.CreatedOn.Format(time.RFC3339))
		}
		out = append(out, m)
	}
	return out
}
