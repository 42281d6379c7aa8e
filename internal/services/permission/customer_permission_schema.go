package permission

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func (r *customerPermissionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Permission of one customer to buy Azure " + r.what + ".\n\n" +
			"Partner Center disables the permission by default. Creating the resource adopts a permission that is already enabled. Set `enabled = false` to declare that it must be disabled. " +
			"Destroying the resource disables the permission. The " + r.other + " permission of the customer does not change.\n\n" +
			"~> **The partner pays.** The partner is billed for everything that the customer buys, and Partner Center does not notify the partner. " +
			"Disabling the permission does not undo purchases. See [See what customers buy](../guides/see_purchases.md).\n\n" +
			"A purchase needs more than the permission: an active Azure plan or Azure (global) subscription that was bought through the partner, " +
			"and a user of the customer who is Owner of the Azure subscription.\n\n" +
			"Use this resource for up to some hundred customers, and set `-parallelism=32` then: Terraform sends 10 requests at a time by default. " +
			"For more customers, use one `partnercenter_customer_permissions`.\n\n" +
			r.opens +
			"If two resources of one provider block declare the opposite for one permission, the plan fails. " +
			"A destroyed resource leaves the permission as another resource of the state declares it.\n\n" +
			"**Requests:** one for an unchanged plan. Enabling takes one write, and one read of the customer's subscriptions.\n\n" +
			"**Sign-in and role:** app+user, as an Admin agent. Sales agents and Helpdesk agents can only read the permission. " +
			"See [Give customers permission](https://learn.microsoft.com/partner-center/customers/give-customers-permission).",
		Attributes: map[string]schema.Attribute{
			"id":          tfkit.Computed("ID of the customer, in lower case."),
			"name":        tfkit.Computed("Company name of the customer, as it was when the resource was created or imported."),
			"customer_id": tfkit.CustomerID(),
			"enabled": schema.BoolAttribute{
				MarkdownDescription: "Set to `false` to disable the permission to buy Azure " + r.what + ". Defaults to `true`.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"verify_azure_subscription": schema.BoolAttribute{
				MarkdownDescription: "Check that the customer has an active Azure plan or Azure (global) subscription before the permission is enabled: " +
					"in the plan, and again in the apply. Defaults to `true`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(true),
			},
			"unconfirmed": schema.BoolAttribute{
				MarkdownDescription: "`true` if the answer to a change was lost. The permission may be enabled then, so `enabled` is `true`. " +
					"The next refresh reads the permission again. Null otherwise.",
				Computed: true,
			},
			"timeouts": tfkit.Timeouts(ctx, tfkit.OperationTimeout, ""),
		},
	}
}

func (r *customerPermissionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"customer_id": identityschema.StringAttribute{
				Description:       "Microsoft Entra tenant ID of the customer, in lower case.",
				RequiredForImport: true,
			},
		},
	}
}

type customerPermissionModel struct {
	ID                      types.String   `tfsdk:"id"`
	Name                    types.String   `tfsdk:"name"`
	CustomerID              types.String   `tfsdk:"customer_id"`
	Enabled                 types.Bool     `tfsdk:"enabled"`
	VerifyAzureSubscription types.Bool     `tfsdk:"verify_azure_subscription"`
	Unconfirmed             types.Bool     `tfsdk:"unconfirmed"`
	Timeouts                timeouts.Value `tfsdk:"timeouts"`
}

// same tells whether two models differ in their timeouts at most.
func (m customerPermissionModel) same(o customerPermissionModel) bool {
	return m.ID == o.ID && m.Name == o.Name && m.CustomerID == o.CustomerID && m.Enabled == o.Enabled &&
		m.VerifyAzureSubscription == o.VerifyAzureSubscription && m.Unconfirmed == o.Unconfirmed
}

type customerPermissionIdentity struct {
	CustomerID types.String `tfsdk:"customer_id"`
}

// identity is in lower case, because Terraform compares identities case-sensitively.
func (m customerPermissionModel) identity() customerPermissionIdentity {
	return customerPermissionIdentity{types.StringValue(strings.ToLower(m.CustomerID.ValueString()))}
}
