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
	"github.com/hashicorp/terraform-plugin-framework/attr"
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

	"terraform-provider-partnercenter/internal/tfkit"
)

func (r *customerPermissionsResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The permissions of many customers to buy Azure reservations and savings plans by themselves, in one resource. " +
			"With thousands of customers it plans in seconds, where one `partnercenter_customer_permission_reservations` for each takes Terraform minutes. " +
			"Declare each permission of a customer in one resource only. Two resources of one provider block that declare the same are a warning in the plan, and two that declare the opposite are an error. " +
			"Terraform runs each provider block in a process of its own, so resources of two blocks are not compared. " +
			"To move customers from single resources to a fleet and switch nothing, take the single ones out by a " +
			"[`removed` block](https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources) with `destroy = false`.\n\n" +
			"A customer that is removed from `permissions` has its managed permissions turned off, and destroying the resource turns off all of them. " +
			"To release a customer and switch nothing, set it to `{}` before you remove it.\n\n" +
			"When some customers fail, the others are done and in the state; the next apply continues with those that failed. A customer whose answer was lost counts as enabled; see `unconfirmed`. " +
			"A first apply that failed in part leaves the resource tainted. The simplest way on is `terraform untaint ADDRESS`, then `terraform apply`. " +
			"Without it the next apply replaces the resource, which disables only customers that are no longer listed. " +
			"If `permissions` is known only after apply, the replacement disables and enables every customer.\n\n" +
			"The plan names every customer that the apply changes in `changes`, under `change_summary`. If the state does not have a customer's permissions yet, the plan reads them. " +
			"If they change before the apply, Terraform stops with \"Provider produced inconsistent final plan\" before the first change. Then plan again.\n\n" +
			"A customer whose reseller relationship ended is a warning, and never keeps the others from being changed.\n\n" +
			"`azure_reservations` also opens **pre-purchase plans**, such as those for Copilot Credits. Purchases of these plans and of savings plans are final. " +
			"To limit the resource to the customers of one indirect reseller, build `permissions` from the data source `partnercenter_customers` with `indirect_reseller_id`; " +
			"a customer that leaves the reseller is then removed from the map, and its permissions are disabled.\n\n" +
			"~> **The partner pays.** The partner is billed for everything the customers buy this way and is not told of a purchase. " +
			"Turning a permission off does not undo purchases.\n\n" +
			"**Sign-in and role:** app+user, as an Admin agent. Sales and Helpdesk agents can read permissions but not change them. " +
			"See [Give customers permission](https://learn.microsoft.com/partner-center/customers/give-customers-permission).",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Identifier of this resource.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"permissions": schema.MapAttribute{
				MarkdownDescription: "By customer id (the Microsoft Entra tenant id, in any case), which of `azure_reservations` and `azure_savings_plans` is on (`true`) or off (`false`). " +
					"One that is left out is not managed, and a customer with neither (`{}`) costs no request.",
				Required:    true,
				ElementType: switchesType,
			},
			"unlisted": schema.StringAttribute{
				MarkdownDescription: "What holds for the partner's customers that are not in `permissions`: `ignore` (default) or `deny`, which turns off whatever they have on. " +
					"Only one resource of a partner may deny, and it has to list the customers of all others, as `{}`: " +
					"see [many states](../guides/many_states.md).",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString("ignore"),
				Validators: []validator.String{stringvalidator.OneOf("ignore", "deny")},
			},
			"change_summary": schema.StringAttribute{
				MarkdownDescription: "What the plan changes, in one line: how many customers it enables, disables, releases and cannot enable. Null in a plan without changes.",
				Computed:            true,
			},
			"changes": schema.MapAttribute{
				MarkdownDescription: "What the plan changes for each customer, by company name and ID, such as `reservations: off -> on`. Every customer that the apply changes is in it. " +
					"A released customer is no longer managed and keeps its permission. Null in a plan without changes: the changes of an earlier apply are dropped when Terraform reads the state.",
				Computed:    true,
				ElementType: types.StringType,
			},
			"max_changes": schema.Int64Attribute{
				MarkdownDescription: "How many customers one apply may change. One that would change more fails before it changes the first. By default there is no such bound, and for destroying the resource there is none: see `prevent_destroy`.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"verify_azure_subscription": schema.BoolAttribute{
				MarkdownDescription: "Whether to check that a customer has an active Azure plan or Azure (global) subscription before a permission is turned on: at plan time " +
					"when it is known, and again at apply. It costs a request for each of these customers. Default `true`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(true),
			},
			"refresh": schema.StringAttribute{
				MarkdownDescription: "How the state is refreshed: `full` (default) reads every customer. `activity_log` reads the partner's activity log since the last refresh, " +
					"and only the customers whose permissions it says were changed.\n\n  What `activity_log` can miss, until the next full refresh: a change whose record shows more than 6 hours after it, " +
					"a change that leaves no record, any change while the clock of this machine is more than 6 hours fast, and with `unlisted = \"deny\"` a new customer that comes with a permission on. All customers are read when the last full read is `full_refresh_after` ago, " +
					"when the log does not reach back to the last refresh (it is kept for 90 days), when it cannot be read, and when a record cannot be understood.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(refreshFull),
				Validators: []validator.String{stringvalidator.OneOf(refreshFull, refreshByLog)},
			},
			"read": schema.StringAttribute{
				MarkdownDescription: "How permissions are read where all customers are: `single` reads one customer per request. `list` reads all by one list of up to 500 customers per request, " +
					"which Microsoft does not document. A permission that the list has is enabled. One that the list lacks counts as disabled only if 20 single reads, at random, agree with the list, " +
					"and never if the state has it enabled: such a customer is read on its own. If a single read contradicts the list, all customers are read one by one, with a warning. " +
					"Up to 20 customers are always read one by one. Defaults to `single`.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(readSingle, readByList)},
			},
			"full_refresh_after": schema.StringAttribute{
				MarkdownDescription: "With `refresh = \"activity_log\"`, after how long all customers are read again, such as `12h`. Default `24h`.",
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
				MarkdownDescription: "What to do when customers cannot be enabled: they have no Azure subscription, no reseller relationship any more, or Partner Center refuses. " +
					"`fail` (default) fails the plan or the apply; the other customers are done. `report` leaves them out with a warning, and every later plan tries them again. See `unconfirmed`.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(tfkit.FailOnError),
				Validators: []validator.String{stringvalidator.OneOf(tfkit.FailOnError, tfkit.ReportOnError)},
			},
			"unconfirmed": schema.MapAttribute{
				MarkdownDescription: "Customers whose permissions are not, or may not be, as `permissions` lists them, with the reason. " +
					"`unsure`: the answer to a change was lost, so they may be enabled and count as on; the next refresh or apply makes sure. " +
					"`no_azure_subscription`, `no_relationship`, `refused`: they were left out and are off. Null when there are none.",
				Computed:    true,
				ElementType: types.StringType,
			},
			"timeouts": tfkit.Timeouts(ctx, fleetTimeout, "The check of subscriptions in a plan may take as long again."),
		},
	}
}

func (r *customerPermissionsResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				Description:       "For import: all, on, customer IDs with commas between them, or @ and the path of a file with one customer ID in each line.",
				RequiredForImport: true,
			},
		},
	}
}

type customerPermissionsIdentity struct {
	ID types.String `tfsdk:"id"`
}

// ValidateConfig checks the keys of the map.
func (r *customerPermissionsResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var value attr.Value // of another type the framework makes two more copies
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("permissions"), &value)...)
	permissions, _ := value.(types.Map)
	seen, elements := make(map[string]string), permissions.Elements() // a copy each time
	for _, id := range slices.Sorted(maps.Keys(elements)) {
		at := path.Root("permissions").AtMapKey(id)
		if err := tfkit.CheckGUID(id); err != nil {
			resp.Diagnostics.AddAttributeError(at, "Invalid customer id", fmt.Sprintf("The key %q is no customer id: it %s.", id, err))
		}
		if other, ok := seen[strings.ToLower(id)]; ok {
			resp.Diagnostics.AddAttributeError(at, "Customer listed twice", fmt.Sprintf("The keys %q and %q are the same customer: case does not matter.", other, id))
		}
		seen[strings.ToLower(id)] = id
		inner, ok := elements[id].(types.Map)
		if !ok {
			continue
		}
		for name := range inner.Elements() {
			if _, ok := members[name]; !ok {
				resp.Diagnostics.AddAttributeError(at.AtMapKey(name), "Unknown permission",
					fmt.Sprintf("Customer %s has the permission %q, and there are only %s.", id, name, strings.Join(memberNames, " and ")))
			}
		}
	}
}
