package permission

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/tfkit"
)

func (d *reservationReadinessDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	}
	sentences := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Computed: true}
	}
	principals := func(description string) schema.ListNestedAttribute {
		return schema.ListNestedAttribute{
			MarkdownDescription: description,
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"principal_id":   text("Object ID of the principal, in lower case."),
				"principal_type": text("Type of the principal, such as `User`, `Group` or `ServicePrincipal`."),
				"condition":      text("Condition that restricts the role. Null for the whole role."),
			}},
		}
	}
	const (
		ready         = "`true` if the customer can buy, `false` if something is proven missing. Null if it is not known."
		prerequisites = "The same for everything but the permission, so that a configuration can check first and then enable the permission."
	)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Checklist of what a customer needs to buy Azure reservations by itself, and what is missing: of one customer, of some, or of all. Four things must hold:\n\n" +
			"1. The customer has an active Azure plan or Azure (global) subscription, bought through the partner.\n" +
			"2. The customer has accepted the Microsoft Customer Agreement.\n" +
			"3. A user of the customer is Owner of an active Azure subscription among it.\n" +
			"4. The customer's reservations permission is enabled.\n\n" +
			"`ready` is `true` only if all four are proven, `false` as soon as one of them is proven missing, and null if that is not known. `prerequisites_met` leaves out the permission. " +
			"`blockers` and `unknowns` say what to do, in this order.\n\n" +
			"**Who can buy.** A user who is Owner, directly or by inheritance, is certain. The members of a group are not read, so a group alone leaves it unknown. " +
			"An Owner under a condition leaves it unknown, too. Applications and the partner's own access do not count. Azure may show a deleted user for a while.\n\n" +
			"Reservation Purchaser is listed, but does not count: [Partner Center's page](https://learn.microsoft.com/partner-center/customers/give-customers-permission) asks for Owner, " +
			"[Azure's page](https://learn.microsoft.com/azure/cost-management-billing/reservations/prepare-buy-reservation) says that Reservation Purchaser is enough once the partner has given " +
			"the permission. Savings plan Purchaser is listed for savings plans; Microsoft documents it for other agreements only.\n\n" +
			"The permission opens more than reservations: customers can also buy pre-purchase plans with it, which are final and renew by default.\n\n" +
			"**Cost.** For each customer: one request for its subscriptions, two for the agreement, one for the permission, and one for each active Azure plan. In Azure: one token for the customer's tenant and " +
			"one request for each active Azure subscription. Requests are shared with other resources and data sources. 3,000 customers with one Azure plan take about 15,000 requests to Partner Center, " +
			"which allows 500 per minute for each kind of resource. `TF_LOG_PROVIDER=info` shows the progress.\n\n" +
			"**Sign-in and role:** app+user, as an agent who is a member of AdminAgents and has a GDAP relationship to the customer. With app-only the agreement and the permission " +
			"are not known, and the owners only where the application has a service principal in the customer's tenant and a role on the subscriptions. " +
			"Sales and Helpdesk agents can read the permission. See also `partnercenter_subscription_owners` for when owners are not known.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of one customer. Must be a GUID. Without `customer_id` and `customer_ids`, all customers are checked.",
				Optional:            true,
				Validators:          []validator.String{tfkit.GUID(), stringvalidator.ConflictsWith(path.MatchRoot("customer_ids"))},
			},
			"customer_ids": schema.ListAttribute{
				MarkdownDescription: "Microsoft Entra tenant IDs of several customers. Must be GUIDs. The result is in `customers`.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.List{listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tfkit.GUID())},
			},
			"subscription_id": schema.StringAttribute{
				MarkdownDescription: "ID of the Azure subscription to check, with `customer_id`. Must be a GUID. Defaults to all; one with a user who is Owner is enough.",
				Optional:            true,
				Validators:          []validator.String{tfkit.GUID(), stringvalidator.AlsoRequires(path.MatchRoot("customer_id"))},
			},
			"on_error": tfkit.OnError("What to do about a customer that cannot be checked, without `customer_id`: `fail` is an error, after the others were checked, with the " +
				"customers and the reasons. `report` puts them into `errors` instead, with a warning. A failure that concerns all customers is always an error. Defaults to `fail`."),
			"timeouts":          tfkit.ReadTimeouts(ctx),
			"ready":             flag(ready + " Also null without `customer_id`, as all attributes of one customer."),
			"prerequisites_met": flag(prerequisites + " Does not depend on the permission, so the plan after the one that enables it is empty."),
			"blockers":          sentences("What is missing and what to do, a text for each of the four steps that is proven missing, in their order."),
			"unknowns":          sentences("What is not known about the four steps and why, in their order. Empty for a step that is proven or missing."),
			"warnings":          sentences("What may be in the way and does not count as missing: an agreement that was accepted before 1 April 2023, and not directly with Microsoft."),
			"has_active_azure_subscription": flag("`true` if the customer has an active Azure plan or Azure (global) subscription, as in " +
				"`partnercenter_subscriptions`: the first step."),
			"agreement_accepted": flag("`true` if the customer has accepted the Microsoft Customer Agreement, as in `partnercenter_customer_agreement`: the second step. Null if it is not known, " +
				"as with app-only authentication and in national clouds."),
			"azure_subscriptions": schema.ListNestedAttribute{
				MarkdownDescription: "Azure subscriptions of the customer's active Azure plans, and its active Azure (global) subscriptions: the third step. " +
					"Sorted by `subscription_id`.",
				Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"subscription_id":         text("ID of the Azure subscription, in lower case."),
					"friendly_name":           text("Name of the Azure subscription."),
					"status":                  text("Status in Partner Center, such as `active`. Owners of one that is not active are not read."),
					"has_owner":               flag("`true` if a user of the customer is Owner. Null if it is not known."),
					"partner_only":            flag("`true` if only the partner is Owner. Null if it is not known."),
					"owners":                  principals("Principals of the customer with the role Owner, of all types. Sorted by `principal_id`. Null if they are not known."),
					"reservation_purchasers":  principals("Principals of the customer with the role Reservation Purchaser, which does not count. Null if they are not known."),
					"savings_plan_purchasers": principals("Principals of the customer with the role Savings plan Purchaser, which does not count. Null if they are not known."),
					"unknown_reason":          text("Reason why the owners are not known. Otherwise null."),
				}},
			},
			"permission_enabled": flag("`true` if the reservations permission is enabled: the fourth step. Null with app-only authentication, which cannot read it."),
			"caller_may_set": flag("`false` with app-only authentication, which cannot change the permission. Null with app+user: only Admin agents can change it, " +
				"and Partner Center does not return the role of the user."),
			"customers": schema.ListNestedAttribute{
				MarkdownDescription: "One row for each customer that was checked, sorted by `customer_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"customer_id":                   text("Microsoft Entra tenant ID of the customer, in lower case."),
					"company_name":                  text("Company name."),
					"ready":                         flag(ready),
					"prerequisites_met":             flag(prerequisites),
					"has_active_azure_subscription": flag("`true` if the customer has an active Azure plan or Azure (global) subscription."),
					"agreement_accepted":            flag("`true` if the customer has accepted the Microsoft Customer Agreement. Null if it is not known."),
					"has_owner":                     flag("`true` if a user of the customer is Owner of one of its active Azure subscriptions. Null if it is not known."),
					"permission_enabled":            flag("`true` if the reservations permission is enabled. Null if it is not known."),
					"blockers":                      sentences("What is missing and what to do."),
					"unknowns":                      sentences("What is not known and why."),
					"warnings":                      sentences("What may be in the way."),
				}},
			},
			"errors": schema.MapAttribute{
				MarkdownDescription: "With `on_error = \"report\"`, why a customer could not be checked and what to do, by customer ID in lower case. Such a customer is not in `customers`.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}
