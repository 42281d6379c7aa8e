package subscription

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"terraform-provider-partnercenter/internal/tfkit"
)

func (r *subscriptionOwnerAssignmentResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The Owner role of a customer's user, group or application on one of the customer's Azure subscriptions. " +
			"Only an Owner of an Azure subscription can buy reservations for the customer.\n\n" +
			"One provider block works for any number of customers: it signs in to each customer's tenant by itself.\n\n" +
			"An assignment that exists already is an error that says how to import it, unless `adopt_existing` is set. " +
			"The partner's own access, which Azure gives to the Admin agents when a subscription is bought, is never changed.\n\n" +
			"Removed outside Terraform, it is made again; a condition put on it is taken off. Azure keeps the last assignment that can manage access to a " +
			"subscription: destroying that one is an error that says what can be done.\n\n" +
			"**Sign-in and role:** app+user or app-only, as set by `azure_auth_mode`. The user must be a member of AdminAgents, with a GDAP relationship to the " +
			"customer; an application needs a service principal in the customer's tenant and a role on the subscription that allows " +
			"role assignments. See [Azure under GDAP](https://learn.microsoft.com/partner-center/customers/gdap-supported-workloads).",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "The customer's Microsoft Entra tenant id, a GUID. Changing it, other than in case, replaces the resource.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
				PlanModifiers:       []planmodifier.String{tfkit.IgnoreCase(), stringplanmodifier.RequiresReplace()},
			},
			"subscription_id": schema.StringAttribute{
				MarkdownDescription: "The Azure subscription id, a GUID with or without `/subscriptions/` before it: an Azure subscription under the customer's " +
					"Azure plan, not the plan itself. Changing it replaces the resource.",
				Required: true,
				Validators: []validator.String{tfkit.StringCheck("value must be an Azure subscription id", func(s string) error {
					_, err := azureSubscriptionID(s)
					return err
				})},
				PlanModifiers: []planmodifier.String{
					tfkit.KeepWhenSame("upper and lower case are the same, and /subscriptions/ may be left out", sameAzureSubscription),
					stringplanmodifier.RequiresReplace(),
				},
			},
			"principal_id": schema.StringAttribute{
				MarkdownDescription: "The object id of the user, group or service principal in the customer's directory. For an application that is the object id " +
					"of its service principal there, not the application id. Exactly one of `principal_id` and `user_principal_name` must be set. " +
					"Changing it replaces the resource.",
				Optional:      true,
				Computed:      true,
				Validators:    []validator.String{tfkit.GUID()},
				PlanModifiers: []planmodifier.String{tfkit.IgnoreCase(), stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
			},
			"user_principal_name": schema.StringAttribute{
				MarkdownDescription: "The user principal name of a user of the customer, in any case, such as `ana@adatum-demo.onmicrosoft.com`. It is looked up " +
					"in Partner Center at each plan, which takes app+user sign-in; a user made again under the same name replaces the resource.",
				Optional:      true,
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers: []planmodifier.String{tfkit.IgnoreCase()},
			},
			"principal_type": schema.StringAttribute{
				MarkdownDescription: "`User`, `Group` or `ServicePrincipal`. Setting it makes a principal that was just created known sooner. Default: what Azure finds.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{stringvalidator.OneOf("User", "Group", "ServicePrincipal")},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), replacesOtherType()},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "Why the principal is Owner. It shows in the Azure portal.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"adopt_existing": schema.BoolAttribute{
				MarkdownDescription: "Whether to take over an assignment that somebody else has made, instead of failing. It keeps its name, gets the declared " +
					"`description`, loses a condition, and **destroying the resource deletes it**. Default `false`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
			},
			"role_assignment_id": schema.StringAttribute{
				MarkdownDescription: "The role assignment's Resource Manager id.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"condition": schema.StringAttribute{
				MarkdownDescription: "A condition that somebody has put on the role outside Terraform; the next apply removes it. Otherwise null.",
				Computed:            true,
			},
			"created_on": schema.StringAttribute{
				MarkdownDescription: "When the assignment was made, in RFC 3339.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"timeouts": tfkit.Timeouts(ctx, tfkit.OperationTimeout, "Temporary refusals of a new principal, subscription or access are retried for at most 5 minutes."),
		},
	}
}

// replacesOtherType replaces for another type than the known one: that of a principal that was
// deleted before its assignment was imported is not known.
func replacesOtherType() planmodifier.String {
	const description = "Changing it, once known, replaces the resource."
	return stringplanmodifier.RequiresReplaceIf(func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
		resp.RequiresReplace = !req.ConfigValue.IsNull() && !req.StateValue.IsNull()
	}, description, description)
}

func (r *subscriptionOwnerAssignmentResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{resourcevalidator.ExactlyOneOf(path.MatchRoot("principal_id"), path.MatchRoot("user_principal_name"))}
}

func (r *subscriptionOwnerAssignmentResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"customer_id":     identityschema.StringAttribute{Description: "The customer's Microsoft Entra tenant id, in lower case.", RequiredForImport: true},
			"subscription_id": identityschema.StringAttribute{Description: "The Azure subscription's GUID, in lower case.", RequiredForImport: true},
			"principal_id":    identityschema.StringAttribute{Description: "The principal's object id, in lower case.", RequiredForImport: true},
		},
	}
}
