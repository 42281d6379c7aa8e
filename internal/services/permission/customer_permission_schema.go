package permission

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/tfkit"
)

func (r *customerPermissionResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The permission of one customer to buy Azure " + r.what + " by itself. It is off by default.\n\n" +
			"The permission is a switch, not an object: creating the resource over a permission that is on already adopts it, " +
			"`enabled = false` declares that it must be off, and destroying the resource turns it off. The " + r.other +
			" permission, which Partner Center keeps in the same policy, is left as it is.\n\n" +
			"With hundreds of these resources, run Terraform with `-parallelism=32`: by default it waits for 10 requests at a time. " +
			"For thousands of customers, use one `partnercenter_customer_permissions`.\n\n" +
			"A plan in which two resources of one provider block declare the opposite for the permission of one customer fails. " +
			"A resource that is destroyed leaves the permission as another resource of the state declares it.\n\n" +
			r.opens +
			"~> **The partner pays.** The partner is billed for everything the customer buys this way and is not told of a purchase. " +
			"Turning the permission off does not undo purchases.\n\n" +
			"A purchase works only if the customer has an active Azure plan or Azure (global) subscription bought through the partner, " +
			"and the purchasing user is Owner of that Azure subscription.\n\n" +
			"**Sign-in and role:** app+user, as an Admin agent. Sales and Helpdesk agents can read the permission but not change it. " +
			"See [Give customers permission](https://learn.microsoft.com/partner-center/customers/give-customers-permission).",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "ID of the customer, in lower case.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Company name of the customer, as it was when the resource was created or imported.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "The customer's Microsoft Entra tenant id, a GUID. Changing it, other than in case, replaces the resource.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
				PlanModifiers:       []planmodifier.String{tfkit.IgnoreCase(), stringplanmodifier.RequiresReplace()},
			},
			"enabled": schema.BoolAttribute{
				MarkdownDescription: "Whether the customer may buy Azure " + r.what + ". Default `true`.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"verify_azure_subscription": schema.BoolAttribute{
				MarkdownDescription: "Whether to check that the customer has an active Azure plan or Azure (global) subscription: at plan time " +
					"when the customer is known, and again before the permission is turned on. Default `true`.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(true),
			},
			"unconfirmed": schema.BoolAttribute{
				MarkdownDescription: "`true` after a change whose answer was lost: the permission may be on, so `enabled` is `true`. " +
					"The next refresh reads what it is, and the next apply makes sure. Otherwise null.",
				Computed: true,
			},
		},
	}
}

func (r *customerPermissionResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"customer_id": identityschema.StringAttribute{
				Description:       "The customer's Microsoft Entra tenant id, in lower case.",
				RequiredForImport: true,
			},
		},
	}
}

type customerPermissionModel struct {
	ID                      types.String `tfsdk:"id"`
	Name                    types.String `tfsdk:"name"`
	CustomerID              types.String `tfsdk:"customer_id"`
	Enabled                 types.Bool   `tfsdk:"enabled"`
	VerifyAzureSubscription types.Bool   `tfsdk:"verify_azure_subscription"`
	Unconfirmed             types.Bool   `tfsdk:"unconfirmed"`
}

type customerPermissionIdentity struct {
	CustomerID types.String `tfsdk:"customer_id"`
}

// identity is in lower case: Terraform compares identities to the letter.
func (m customerPermissionModel) identity() customerPermissionIdentity {
	return customerPermissionIdentity{types.StringValue(strings.ToLower(m.CustomerID.ValueString()))}
}
