package consent

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func (r *applicationConsentResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Consent of a customer's tenant to an application of the partner, so that users of the partner can act there through the application.\n\n" +
			"The provider needs it to authenticate to Azure in the customer's tenant, for example for `partnercenter_subscription_owner_assignment`. " +
			"See [Azure in customers' tenants](../guides/secure_application_model.md#azure-in-customers-tenants).\n\n" +
			"A consent that exists already is adopted: it keeps the permissions that it has. To give it the declared `grants`, replace it: " +
			"`terraform apply -replace=ADDRESS`. A change of `grants` or `display_name` withdraws the consent and gives it again. Destroying " +
			"the resource withdraws the consent, also one that was adopted.\n\n" +
			"Microsoft documents no call that reads a consent. If the consent is for the provider's own application and includes Azure Service " +
			"Management, a refresh authenticates to Azure in the customer's tenant. If Microsoft Entra ID answers that the tenant has not consented, " +
			"the resource is planned again. If it refuses for another reason, such as a Conditional Access policy, the plan warns and the state " +
			"stays as it is.\n\n" +
			"A consent for another application, without Azure Service Management, or with `azure_auth_mode = \"app\"`, is not checked: the state " +
			"keeps what was applied. Changes of `grants` or `display_name` outside Terraform are never seen.\n\n" +
			"If the answer to a change is lost, the consent counts as given: the state lists it, and Terraform marks a new resource as tainted.\n\n" +
			"**Requests:** one sign-in for each customer and run, which other types share. A change takes one or two requests. Partner Center " +
			"allows 50 requests per second for each application, and the provider keeps to this limit.\n\n" +
			"**Sign-in and role:** app+user, as an Admin agent with a GDAP relationship to the customer that has the role Application Administrator. " +
			"Field reports add Privileged Role Administrator. The app registration must list the same delegated permissions and be multitenant. " +
			"See [Microsoft's page](https://learn.microsoft.com/partner-center/developer/control-panel-vendor-apis).",
		Attributes: map[string]schema.Attribute{
			"id":          tfkit.Computed("ID of the resource: `{customer_id}/{application_id}`."),
			"name":        tfkit.Computed("Company name of the customer."),
			"customer_id": tfkit.CustomerID(),
			"application_id": schema.StringAttribute{
				MarkdownDescription: "Application (client) ID of the application. Must be a GUID. Changing it replaces the resource. Defaults to the application that the provider authenticates as.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{tfkit.GUID()},
				PlanModifiers:       []planmodifier.String{tfkit.IgnoreCase(), stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
			},
			"display_name": schema.StringAttribute{
				MarkdownDescription: "Display name of the application in the customer's tenant.",
				Required:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"grants": schema.MapAttribute{
				MarkdownDescription: "Delegated permissions, by the application ID of the API that they belong to. Defaults to `user_impersonation` of Azure Service Management, " +
					"`{ \"" + partnercenter.AzureServiceManagement + "\" = [\"user_impersonation\"] }`.",
				ElementType: types.SetType{ElemType: types.StringType},
				Optional:    true,
				Computed:    true,
				Default:     mapdefault.StaticValue(defaultGrants()),
				Validators: []validator.Map{
					mapvalidator.SizeAtLeast(1), mapvalidator.KeysAre(tfkit.GUID()),
					mapvalidator.ValueSetsAre(setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))),
				},
			},
		},
	}
}

func defaultGrants() types.Map {
	return types.MapValueMust(types.SetType{ElemType: types.StringType}, map[string]attr.Value{
		partnercenter.AzureServiceManagement: types.SetValueMust(types.StringType, []attr.Value{types.StringValue("user_impersonation")}),
	})
}

func (r *applicationConsentResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"customer_id":    identityschema.StringAttribute{Description: "Microsoft Entra tenant ID of the customer, in lower case.", RequiredForImport: true},
			"application_id": identityschema.StringAttribute{Description: "Application ID, in lower case.", RequiredForImport: true},
		},
	}
}

type applicationConsentModel struct {
	ID            types.String `tfsdk:"id"`
	Name          types.String `tfsdk:"name"`
	CustomerID    types.String `tfsdk:"customer_id"`
	ApplicationID types.String `tfsdk:"application_id"`
	DisplayName   types.String `tfsdk:"display_name"`
	Grants        types.Map    `tfsdk:"grants"`
}

type applicationConsentIdentity struct {
	CustomerID    types.String `tfsdk:"customer_id"`
	ApplicationID types.String `tfsdk:"application_id"`
}

// identity is in lower case, because Terraform compares identities case-sensitively.
func (m applicationConsentModel) identity() applicationConsentIdentity {
	return applicationConsentIdentity{lower(m.CustomerID), lower(m.ApplicationID)}
}

func lower(s types.String) types.String { return types.StringValue(strings.ToLower(s.ValueString())) }

// subject returns the subject of the claims, or the zero value while the IDs are unknown.
func (m applicationConsentModel) subject() tfkit.Subject {
	if m.CustomerID.ValueString() == "" || m.ApplicationID.ValueString() == "" {
		return tfkit.Subject{}
	}
	return tfkit.Subject{Kind: "consent", ID: m.key()}
}

// key returns the value of the attribute id.
func (m applicationConsentModel) key() string {
	return strings.ToLower(m.CustomerID.ValueString() + "/" + m.ApplicationID.ValueString())
}

// title returns how messages name the consent.
func (m applicationConsentModel) title() string {
	return "the application consent of " + tfkit.NamedCustomer(m.Name.ValueString(), m.CustomerID.ValueString())
}

func (m applicationConsentModel) toAPI(ctx context.Context) partnercenter.ApplicationConsent {
	a := partnercenter.ApplicationConsent{ApplicationID: strings.ToLower(m.ApplicationID.ValueString()), DisplayName: m.DisplayName.ValueString()}
	m.Grants.ElementsAs(ctx, &a.Grants, false)
	return a
}

// includesAzure reports whether the consent lets the application authenticate to Azure. After an import
// the grants are unknown, and the default is assumed.
func (m applicationConsentModel) includesAzure() bool {
	return m.Grants.IsNull() || slices.ContainsFunc(slices.Collect(maps.Keys(m.Grants.Elements())), func(id string) bool {
		return strings.EqualFold(id, partnercenter.AzureServiceManagement)
	})
}
