package subscription

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*subscriptionOwnersDataSource)(nil)

// NewSubscriptionOwnersDataSource returns the data source partnercenter_subscription_owners.
func NewSubscriptionOwnersDataSource() datasource.DataSource { return &subscriptionOwnersDataSource{} }

// subscriptionOwnersDataSource lists the Owners of an Azure subscription.
//
// Endpoint: GET of Microsoft.Authorization/roleAssignments in Resource Manager, in the customer's
// tenant, for the subscription and the scopes above it. All readers of a subscription share one list.
// Without access the owners are null, which means unknown. An empty list means that there are none.
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
					"principal_id": text("Object ID of the principal, in lower case."),
					"principal_type": text("Type of the principal: `User`, `Group`, `ServicePrincipal`, `ForeignGroup` or another type of Azure. " +
						"`Unknown` is usually a deleted principal."),
					"side": text("Side of the principal: `customer`, or `partner` for foreign principals. Azure makes the partner's Admin agents (`ForeignGroup`) " +
						"Owner when a subscription is bought."),
					"inherited": schema.BoolAttribute{
						MarkdownDescription: "`true` if the role is inherited, for example from a management group.",
						Computed:            true,
					},
					"scope":              text("Scope of the role assignment."),
					"condition":          text("Condition that restricts the role. Null if there is none."),
					"role_assignment_id": text("Azure Resource Manager ID of the role assignment."),
					"created_on":         text("Time of creation, in RFC 3339 format."),
				},
			},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Owners of a customer's Azure subscription, directly or by inheritance, on the customer's and the partner's side.\n\n" +
			"A purchase of reservations needs a user of the customer who is Owner, or a member of a group that is Owner. The members of groups " +
			"are not read. An Owner with a condition does not have the full role. For names, join `principal_id` with `user_id` of `partnercenter_customer_users`.\n\n" +
			"**Unknown owners:** if the provider may not read the role assignments, the lists are null and `unknown_reason` says why. The customer's " +
			"tenant refuses the sign-in (no consent, no GDAP relationship, a policy), or Azure answers 401 or 403. Other failures are errors. " +
			"See [Troubleshooting](../guides/troubleshooting.md).\n\n" +
			"**Requests:** one for each page of role assignments, and one sign-in for each customer.\n\n" +
			"**Sign-in and role:** app+user or app-only, as set by `azure_auth_mode`. The user must be a member of AdminAgents, with a GDAP " +
			"relationship to the customer that has a role such as Directory Readers. An application needs a service principal in the customer's " +
			"tenant and a role on the subscription, such as Reader.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"subscription_id": schema.StringAttribute{
				MarkdownDescription: "ID of the Azure subscription under the customer's Azure plan, not of the plan itself. Must be a GUID, " +
					"with or without the prefix `/subscriptions/`.",
				Required:   true,
				Validators: []validator.String{azureSubscription()},
			},
			"owners": assignments("Principals with the role Owner, sorted by `principal_id` and `scope`. Null if they are unknown."),
			"reservation_purchasers": assignments("Principals with the role Reservation Purchaser. Microsoft's pages contradict each other on whether the role is enough for " +
				"customers of a partner, so only Owner counts. Null if they are unknown."),
			"savings_plan_purchasers": assignments("Principals with the role Savings plan Purchaser. Microsoft documents the role for other agreements only. " +
				"Null if they are unknown."),
			"unknown_reason": schema.StringAttribute{
				MarkdownDescription: "Reason why the owners are unknown, and what to do. Null otherwise.",
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
		out = append(out, roleAssignmentModel{
			PrincipalID: a.PrincipalID, PrincipalType: tfkit.OrNull(a.PrincipalType), Side: a.Side(), Inherited: !a.DirectlyAt(subscriptionID),
			Scope: tfkit.OrNull(a.Scope), Condition: tfkit.OrNull(a.Condition), RoleAssignmentID: a.ID,
			CreatedOn: tfkit.TimeOrNull(a.CreatedOn),
		})
	}
	return out
}
