package permission

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func (r *customerPermissionsResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Permissions of many customers to buy Azure reservations and savings plans, in one resource.\n\n" +
			"With thousands of customers, this resource plans in seconds. Use it unless each customer has a module or a state of its own: " +
			"then use `partnercenter_customer_permission_reservations`.\n\n" +
			"The plan names every customer that the apply changes in `changes`, below `change_summary`.\n\n" +
			"~> **The partner pays.** The partner is billed for everything that customers buy, and Partner Center does not notify the partner. " +
			"Disabling a permission does not undo purchases. See [See what customers buy](../guides/see_purchases.md).\n\n" +
			"**Remove a customer.** Removing a customer from `permissions` disables its managed permissions, and destroying the resource disables all of them. " +
			"To release a customer without a change, set it to `{}` before you remove it.\n\n" +
			"**Several resources.** Declare each permission of a customer in one resource only. If two resources of one provider block declare the opposite, the plan fails. " +
			"Resources of different provider blocks are not compared. [Hand over customers](../guides/hand_over.md) shows how to move a customer to another resource.\n\n" +
			"**Failures.** If some customers fail, the others are changed, and the next apply continues with those that failed. " +
			"A customer for whom the answer was lost counts as enabled; see `unconfirmed`. A customer whose reseller relationship ended is a warning.\n\n" +
			"**Tainted.** A first apply that fails for some customers leaves the resource tainted. Run `terraform untaint ADDRESS`, and apply again. " +
			"If `permissions` is known only after apply, a replacement disables and enables every customer.\n\n" +
			"**Inconsistent plan.** If a permission changes between plan and apply, Terraform can stop with \"Provider produced inconsistent final plan\". " +
			"It has changed nothing then. Plan again.\n\n" +
			"**What the permission allows.** `azure_reservations` also allows purchases of **pre-purchase plans**, such as those for Copilot Credits. " +
			"Purchases of these plans and of savings plans are final.\n\n" +
			"**One indirect reseller.** Build `permissions` from the data source `partnercenter_customers` with `indirect_reseller_id`. " +
			"A customer that leaves the reseller is then removed from the map, and its permissions are disabled.\n\n" +
			"**Read by list.** With `read = \"list\"`, a permission that the list has counts as enabled. A permission that the list lacks counts as disabled only " +
			"if the single reads agree with the list. A customer whose permission is enabled in the state is read on its own then. " +
			"If a single read contradicts the list, all customers are read one by one, with a warning.\n\n" +
			"**Requests:** one for each customer in an unchanged plan, or a few in total with `refresh = \"activity_log\"`. " +
			"A customer that is enabled takes one write, and two reads of its subscriptions. For 10,000 customers and 500 requests per minute, a full plan takes 20 minutes.\n\n" +
			"**Sign-in and role:** app+user, as an Admin agent. Sales agents and Helpdesk agents can only read permissions. " +
			"See [Give customers permission](https://learn.microsoft.com/partner-center/customers/give-customers-permission).",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Identifier of this resource.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"permissions": schema.StringAttribute{ // see PackedAttributes
				MarkdownDescription: "Permissions by customer ID (Microsoft Entra tenant ID). `azure_reservations` and `azure_savings_plans` are enabled (`true`) or disabled (`false`). " +
					"Omitted permissions are not managed. A customer set to `{}` is listed but neither read nor changed.",
				Required: true,
			},
			"unlisted": schema.StringAttribute{
				MarkdownDescription: "Set to `deny` to disable every permission of customers that are not in `permissions`. Must be `ignore` or `deny`. Defaults to `ignore`. " +
					"Use `deny` in at most one state of a partner, and list the customers of the other states there as `{}`: " +
					"see [many states](../guides/many_states.md).",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString("ignore"),
				Validators: []validator.String{stringvalidator.OneOf("ignore", "deny")},
			},
			"change_summary": schema.StringAttribute{
				MarkdownDescription: "Numbers of customers that the plan enables, disables, releases and cannot enable. Null in a plan without changes.",
				Computed:            true,
			},
			"changes": schema.StringAttribute{ // see PackedAttributes
				MarkdownDescription: "Changes of the plan by company name and ID, such as `reservations: off -> on`. It contains every customer that the apply changes. " +
					"A released customer is no longer managed and keeps its permission. Null in a plan without changes.",
				Computed: true,
			},
			"max_changes": schema.Int64Attribute{
				MarkdownDescription: "Maximum number of customers that one apply may change. An apply that would change more fails before its first change. Defaults to no limit. " +
					"Destroying the resource is not limited: use `prevent_destroy`.",
				Optional:   true,
				Validators: []validator.Int64{int64validator.AtLeast(1)},
			},
			"verify_azure_subscription": schema.BoolAttribute{
				MarkdownDescription: "Check that a customer has an active Azure plan or Azure (global) subscription before a permission is enabled: in the plan, and again in the apply. " +
					"Each check takes one request for each of these customers. Defaults to `true`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(true),
			},
			"refresh": schema.StringAttribute{
				MarkdownDescription: "How Terraform refreshes the state. `full` reads every customer. `activity_log` reads the partner's activity log, and only the customers " +
					"that it names. Defaults to `full`. With `activity_log`, a full refresh also runs after `full_refresh_after`. Until then, a change that is logged late or not at all can be missed: " +
					"see [many states](../guides/many_states.md#refresh-by-activity-log).",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(refreshFull),
				Validators: []validator.String{stringvalidator.OneOf(refreshFull, refreshByLog)},
			},
			"read": schema.StringAttribute{
				MarkdownDescription: "How permissions are read. `single` reads one customer per request. `list` reads up to 500 customers per request, " +
					"in a way that Microsoft does not document. The list is used only if 20 single reads, at random, agree with it. Otherwise, and for up to 20 customers, " +
					"permissions are read one by one. Defaults to `single`.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(readSingle, readByList)},
			},
			"full_refresh_after": schema.StringAttribute{
				MarkdownDescription: "Time after which `refresh = \"activity_log\"` reads all customers again, such as `12h`. Defaults to `24h`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(fullRefreshAfter),
				Validators: []validator.String{tfkit.StringCheck("value must be a duration such as 24h", func(s string) error {
					if d, err := time.ParseDuration(s); err != nil || d < 0 {
						return errors.New("must be a duration such as 24h or 90m")
					}
					return nil
				})},
			},
			"on_error": schema.StringAttribute{
				MarkdownDescription: "Behavior if customers cannot be enabled, because they have no Azure subscription or no reseller relationship, or because Partner Center refuses. " +
					"`fail` fails the plan, or the apply after it has changed the other customers. `report` leaves them out with a warning, and every later plan tries them again. Defaults to `fail`.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(tfkit.FailOnError),
				Validators: []validator.String{stringvalidator.OneOf(tfkit.FailOnError, tfkit.ReportOnError)},
			},
			"unconfirmed": schema.StringAttribute{ // see PackedAttributes
				MarkdownDescription: "Reasons by customer ID, for customers whose permissions may differ from `permissions`. " +
					"`unsure`: the answer to a change was lost, so the customer counts as enabled until the next refresh. " +
					"`no_azure_subscription`, `no_relationship`, `refused`: the customer was left out, and its permissions were not changed. Null if there are none.",
				Computed: true,
			},
			"timeouts": tfkit.Timeouts(ctx, fleetTimeout, "The check of subscriptions in a plan may take as long again."),
		},
	}
}

func (r *customerPermissionsResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				Description:       "For import: all, on, customer IDs separated by commas, or @ and the path of a file with one customer ID in each line.",
				RequiredForImport: true,
			},
		},
	}
}

type customerPermissionsIdentity struct {
	ID types.String `tfsdk:"id"`
}

// ValidateConfig checks the keys of the map permissions.
func (r *customerPermissionsResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var permissions types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("permissions"), &permissions)...)
	seen, elements := make(map[string]string), unpack(permissions)
	for _, id := range slices.Sorted(maps.Keys(elements)) {
		at := path.Root("permissions").AtMapKey(id)
		if err := tfkit.CheckGUID(id); err != nil {
			resp.Diagnostics.AddAttributeError(at, "Invalid customer ID", fmt.Sprintf("The customer ID %q %s.", id, err))
		}
		if other, ok := seen[strings.ToLower(id)]; ok {
			resp.Diagnostics.AddAttributeError(at, "Customer listed twice", fmt.Sprintf("The keys %q and %q are the same customer: case does not matter.", other, id))
		}
		seen[strings.ToLower(id)] = id
		inner, _ := elements[id].(map[string]any)
		for name := range inner {
			if _, ok := members[name]; !ok {
				resp.Diagnostics.AddAttributeError(at.AtMapKey(name), "Unknown permission",
					fmt.Sprintf("Customer %s has the permission %q, and there are only %s.", id, name, strings.Join(memberNames, " and ")))
			}
		}
	}
}
