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

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func (r *subscriptionOwnerAssignmentResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Owner role assignment of a customer's user, group or application on one of the customer's Azure subscriptions.\n\n" +
			"A user needs the Owner role to buy Azure reservations for the customer. One provider block works for any number of customers: " +
			"the provider authenticates in the tenant of each customer. See [Azure in customers' tenants](../guides/secure_application_model.md#azure-in-customers-tenants).\n\n" +
			"If the role assignment exists already, the plan fails with an error that shows how to import it, unless `adopt_existing` is set. " +
			"The resource never changes the partner's own access, which Azure gives to the Admin agents when a subscription is bought.\n\n" +
			"A role assignment that was removed outside Terraform is created again. A condition that was added to it is removed. Azure keeps " +
			"the last role assignment that can manage access to a subscription: destroying it is an error that lists the options.\n\n" +
			"If the answer to a change is lost, the role assignment is stored in the state and the apply fails, because the principal may be " +
			"Owner. Terraform marks a new resource as tainted in this case. The next apply keeps the role assignment: replacing a resource " +
			"does not delete a role assignment that stays the same.\n\n" +
			"Declaring the same principal twice for a subscription is an error, if both resources use the same provider block.\n\n" +
			"**Requests:** one list of role assignments for each subscription, which all resources share, and one sign-in for each customer. " +
			"`user_principal_name` takes one more for each user.\n\n" +
			"**Sign-in and role:** app+user or app-only, as set by `azure_auth_mode`. The user must be a member of AdminAgents, with a GDAP " +
			"relationship to the customer that has a role such as Directory Readers. An application needs a service principal in the customer's " +
			"tenant and a role on the subscription that allows role assignments. See [Azure under GDAP](https://learn.microsoft.com/partner-center/customers/gdap-supported-workloads).",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID. Changing it replaces the resource.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
				PlanModifiers:       []planmodifier.String{tfkit.IgnoreCase(), replacesOtherCustomer()},
			},
			"subscription_id": schema.StringAttribute{
				MarkdownDescription: "ID of the Azure subscription under the customer's Azure plan, not of the plan itself. Must be a GUID, with or without the prefix " +
					"`/subscriptions/`. Changing it replaces the resource.",
				Required:   true,
				Validators: []validator.String{azureSubscription()},
				PlanModifiers: []planmodifier.String{
					tfkit.KeepWhenSame("upper and lower case are the same, and /subscriptions/ may be left out", sameAzureSubscription),
					stringplanmodifier.RequiresReplace(),
				},
			},
			"principal_id": schema.StringAttribute{
				MarkdownDescription: "Object ID of the user, group or service principal in the customer's directory. Must be a GUID. For an application, use the object ID " +
					"of its service principal in that directory, not the application ID. Set exactly one of `principal_id` and `user_principal_name`. " +
					"Changing it replaces the resource.",
				Optional:      true,
				Computed:      true,
				Validators:    []validator.String{tfkit.GUID()},
				PlanModifiers: []planmodifier.String{tfkit.IgnoreCase(), stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
			},
			"user_principal_name": schema.StringAttribute{
				MarkdownDescription: "User principal name of a user of the customer, such as `ana@adatum-demo.onmicrosoft.com`. Case does not matter. Each plan reads the user " +
					"from Partner Center, which requires app+user authentication. If a new user has the name, the resource is replaced.",
				Optional:      true,
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers: []planmodifier.String{tfkit.IgnoreCase()},
			},
			"principal_type": schema.StringAttribute{
				MarkdownDescription: "Type of the principal: `User`, `Group` or `ServicePrincipal`. Set it for newly created principals to avoid replication delays. " +
					"Detected by Azure if omitted.",
				Optional:      true,
				Computed:      true,
				Validators:    []validator.String{stringvalidator.OneOf("User", "Group", "ServicePrincipal")},
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), replacesOtherType()},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "Description of the role assignment. The Azure portal shows it.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"adopt_existing": schema.BoolAttribute{
				MarkdownDescription: "Set to `true` to manage a role assignment that exists already, instead of failing. The role assignment keeps its name, receives the declared " +
					"`description` and loses its condition. **Destroying the resource deletes it.** Defaults to `false`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
			},
			"id":   tfkit.Computed("Azure Resource Manager ID of the role assignment."),
			"name": tfkit.Computed("Names of the principal, the subscription and the company when the resource was created or imported."),
			"condition": schema.StringAttribute{
				MarkdownDescription: "Condition that was added to the role assignment outside Terraform. The next apply removes it. Null if there is none.",
				Computed:            true,
			},
			"created_on": tfkit.Computed("Time of creation, in RFC 3339 format."),
			"timeouts":   tfkit.Timeouts(ctx, tfkit.OperationTimeout, "Temporary refusals of a new principal, subscription or access are retried for at most 5 minutes."),
		},
	}
}

// replacesOtherType replaces the resource if the type changes and was known. It is not known if the principal was deleted
// before its role assignment was imported.
func replacesOtherType() planmodifier.String {
	const description = "Changing it, once known, replaces the resource."
	return stringplanmodifier.RequiresReplaceIf(func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
		resp.RequiresReplace = !req.ConfigValue.IsNull() && !req.StateValue.IsNull()
	}, description, description)
}

// replacesOtherCustomer replaces the resource if the customer changes and was known. It is not known before the first
// refresh of a role assignment that was moved from another provider.
func replacesOtherCustomer() planmodifier.String {
	const description = "Changing it, once known, replaces the resource."
	return stringplanmodifier.RequiresReplaceIf(func(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
		resp.RequiresReplace = !req.StateValue.IsNull()
	}, description, description)
}

func (r *subscriptionOwnerAssignmentResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{resourcevalidator.ExactlyOneOf(path.MatchRoot("principal_id"), path.MatchRoot("user_principal_name"))}
}

func (r *subscriptionOwnerAssignmentResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"customer_id":     identityschema.StringAttribute{Description: "Microsoft Entra tenant ID of the customer, in lower case.", RequiredForImport: true},
			"subscription_id": identityschema.StringAttribute{Description: "ID of the Azure subscription, in lower case.", RequiredForImport: true},
			"principal_id":    identityschema.StringAttribute{Description: "Object ID of the principal, in lower case.", RequiredForImport: true},
		},
	}
}
