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

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
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
				"condition":      text("Condition that restricts the role. Null if there is none."),
			}},
		}
	}
	const (
		ready         = "`true` if the customer can buy, `false` if something is missing. Null if it is unknown."
		prerequisites = "`true` if everything except the permission is there. A configuration can check it before it enables the permission. Null if it is unknown."
	)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Checklist of what customers need to buy Azure reservations by themselves, with what is missing.\n\n" +
			"It checks one customer, several, or all. Four conditions must hold:\n\n" +
			"1. The customer has an active Azure plan or Azure (global) subscription that was bought through the partner.\n" +
			"2. The customer has accepted the Microsoft Customer Agreement.\n" +
			"3. A user of the customer is Owner of an active Azure subscription below it.\n" +
			"4. The customer's permission to buy reservations is enabled.\n\n" +
			"`ready` is `true` only if all four hold, `false` if one of them is missing, and null if that is unknown. `prerequisites_met` does not include the permission. " +
			"`blockers` and `unknowns` say what to do, in this order.\n\n" +
			"**Who can buy.** A user counts who is Owner directly or by inheritance. The members of a group are not read, so a group alone leaves it unknown. " +
			"So does an Owner with a condition, which restricts the role. Applications and the partner's own access do not count. Azure can list a deleted user for some time.\n\n" +
			"The role Reservation Purchaser is listed, but does not count. [Partner Center's page](https://learn.microsoft.com/partner-center/customers/give-customers-permission) requires Owner. " +
			"[Azure's page](https://learn.microsoft.com/azure/cost-management-billing/reservations/prepare-buy-reservation) says that Reservation Purchaser is enough if the partner has given " +
			"the permission. The role Savings plan Purchaser is listed, too. Microsoft documents it for other agreements only.\n\n" +
			"The permission also allows purchases of pre-purchase plans, which are final and renew by default. See [Stop purchases](../guides/stop_purchases.md).\n\n" +
			"**Requests:** for each customer, one for its subscriptions, two for the agreement, one for the permission, and one for each active Azure plan. Azure takes one token for each customer and " +
			"one request for each active Azure subscription. Other resources and data sources share some of them. 3,000 customers with one Azure plan take about 15,000 requests to Partner Center, " +
			"which allows 500 per minute for each type of resource. `TF_LOG_PROVIDER=info` shows the progress.\n\n" +
			"**Sign-in and role:** app+user, as a member of AdminAgents with a GDAP relationship to the customer that has a role such as Directory Readers. " +
			"With app-only authentication, the agreement and the permission are unknown, and the owners are known only where the application has a role " +
			"on the subscriptions. See [Troubleshooting](../guides/troubleshooting.md).",
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
			"on_error": tfkit.OnError("Behavior if a customer cannot be checked, without `customer_id`. `fail` checks the other customers and then fails. " +
				"`report` lists such customers in `errors`, with a warning. A failure that concerns all customers is always an error. Defaults to `fail`."),
			"timeouts":          tfkit.ReadTimeouts(ctx),
			"ready":             flag(ready + " Also null without `customer_id`, like all attributes of one customer."),
			"prerequisites_met": flag(prerequisites + " Does not change when the permission is enabled."),
			"blockers":          sentences("Missing conditions and what to do about each of them, in their order."),
			"unknowns":          sentences("Unknown conditions and the reasons, in their order."),
			"warnings":          sentences("Possible obstacles that do not count as missing: an agreement that was accepted before 1 April 2023, and not directly with Microsoft."),
			"has_active_azure_subscription": flag("`true` if the customer has an active Azure plan or Azure (global) subscription, as in " +
				"`partnercenter_subscriptions`: the first condition."),
			"agreement_accepted": flag("`true` if the customer has accepted the Microsoft Customer Agreement, as in `partnercenter_customer_agreement`: the second condition. Null if it is unknown, " +
				"as with app-only authentication and in national clouds."),
			"azure_subscriptions": schema.ListNestedAttribute{
				MarkdownDescription: "Azure subscriptions of the customer's active Azure plans, and its active Azure (global) subscriptions: the third condition. " +
					"Sorted by `subscription_id`.",
				Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"subscription_id":         text("ID of the Azure subscription, in lower case."),
					"friendly_name":           text("Name of the Azure subscription."),
					"status":                  text("Status in Partner Center, such as `active`. Owners are read for active subscriptions only."),
					"has_owner":               flag("`true` if a user of the customer is Owner. Null if it is unknown."),
					"partner_only":            flag("`true` if only the partner is Owner. Null if it is unknown."),
					"owners":                  principals("Principals of the customer with the role Owner, of all types. Sorted by `principal_id`. Null if they are unknown."),
					"reservation_purchasers":  principals("Principals of the customer with the role Reservation Purchaser, which does not count. Null if they are unknown."),
					"savings_plan_purchasers": principals("Principals of the customer with the role Savings plan Purchaser, which does not count. Null if they are unknown."),
					"unknown_reason":          text("Reason why the owners are unknown. Null otherwise."),
				}},
			},
			"permission_enabled": flag("`true` if the permission to buy reservations is enabled: the fourth condition. Null with app-only authentication."),
			"caller_may_set": flag("`false` with app-only authentication, which cannot change the permission. Null with app+user, " +
				"because Partner Center does not return the role of the user."),
			"customers": schema.ListNestedAttribute{
				MarkdownDescription: "One row for each customer that was checked, sorted by `customer_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"customer_id":                   text("Microsoft Entra tenant ID of the customer, in lower case."),
					"company_name":                  text("Company name."),
					"ready":                         flag(ready),
					"prerequisites_met":             flag(prerequisites),
					"has_active_azure_subscription": flag("`true` if the customer has an active Azure plan or Azure (global) subscription."),
					"agreement_accepted":            flag("`true` if the customer has accepted the Microsoft Customer Agreement. Null if it is unknown."),
					"has_owner":                     flag("`true` if a user of the customer is Owner of one of its active Azure subscriptions. Null if it is unknown."),
					"permission_enabled":            flag("`true` if the permission to buy reservations is enabled. Null if it is unknown."),
					"blockers":                      sentences("Missing conditions and what to do."),
					"unknowns":                      sentences("Unknown conditions and the reasons."),
					"warnings":                      sentences("Possible obstacles."),
				}},
			},
			"errors": schema.MapAttribute{
				MarkdownDescription: "With `on_error = \"report\"`, reasons by customer ID (in lower case) for customers that could not be checked, and what to do. They are not in `customers`.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}
