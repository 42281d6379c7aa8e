package customer

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*customerAgreementDataSource)(nil)

// NewCustomerAgreementDataSource returns the data source partnercenter_customer_agreement.
func NewCustomerAgreementDataSource() datasource.DataSource { return &customerAgreementDataSource{} }

// customerAgreementDataSource reads whether a customer has accepted the Microsoft Customer Agreement.
//
// Endpoints: GET /v1/customers/{customer}/agreements and …/directSignedMicrosoftCustomerAgreementStatus,
// app+user only. The name comes from GET /v1/customers/{customer}, or from /v1/customers if many names are
// needed.
// https://learn.microsoft.com/partner-center/developer/get-confirmation-of-customer-agreement
type customerAgreementDataSource struct{ tfkit.DataSource }

func (d *customerAgreementDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_customer_agreement"
}

func (d *customerAgreementDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Microsoft Customer Agreement of a customer, which must be accepted before Microsoft allows purchases.\n\n" +
			"A customer accepts the agreement with Microsoft itself, or the partner confirms that it has accepted. The provider only reads the agreement. " +
			"To accept it, a Global Administrator of the customer opens <" + partnercenter.AcceptAgreementLink + ">, or uses the acceptance page of the partner's " +
			"shop system.\n\n" +
			"Agreements exist in the public cloud only.\n\n" +
			"**Requests:** one or two. See [Troubleshooting](../guides/troubleshooting.md).\n\n" +
			"**Sign-in and role:** app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"id":   text("Microsoft Entra tenant ID of the customer, in lower case."),
			"name": text("Company name of the customer."),
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"accepted":        flag("`true` if the customer has accepted the agreement, with Microsoft itself or confirmed by the partner."),
			"signed_directly": flag("`true` if the customer has accepted the agreement with Microsoft itself."),
			"agreed_on": text("Date of the newest acceptance that the partner has confirmed, in RFC 3339 format. Null if there is none: Microsoft returns no date " +
				"for customers that have accepted directly."),
			"outdated": flag("`true` if the acceptance is from before 1 April 2023 and the customer has not accepted directly. Microsoft asks these customers to " +
				"accept the agreement again, and can refuse purchases until then. No field of the API confirms this."),
			"template_id": text("ID of the accepted version of the agreement. Null if the partner has not confirmed an acceptance."),
			"link":        text("Address of the text of the agreement. Null if the partner has not confirmed an acceptance."),
			"primary_contact": schema.SingleNestedAttribute{
				MarkdownDescription: "Person who accepted for the customer, as confirmed by the partner. Null if the partner has not confirmed an acceptance. Terraform stores " +
					"these personal data in the state.",
				Computed:  true,
				Sensitive: true,
				Attributes: map[string]schema.Attribute{
					"first_name":   text("First name."),
					"last_name":    text("Last name."),
					"email":        text("Email address."),
					"phone_number": text("Phone number."),
				},
			},
		},
	}
}

type customerAgreementModel struct {
	ID             types.String           `tfsdk:"id"`
	Name           types.String           `tfsdk:"name"`
	CustomerID     types.String           `tfsdk:"customer_id"`
	Accepted       types.Bool             `tfsdk:"accepted"`
	SignedDirectly types.Bool             `tfsdk:"signed_directly"`
	AgreedOn       types.String           `tfsdk:"agreed_on"`
	Outdated       types.Bool             `tfsdk:"outdated"`
	TemplateID     types.String           `tfsdk:"template_id"`
	Link           types.String           `tfsdk:"link"`
	PrimaryContact *agreementContactModel `tfsdk:"primary_contact"`
}

type agreementContactModel struct {
	FirstName   types.String `tfsdk:"first_name"`
	LastName    types.String `tfsdk:"last_name"`
	Email       types.String `tfsdk:"email"`
	PhoneNumber types.String `tfsdk:"phone_number"`
}

func (d *customerAgreementDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m customerAgreementModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	customerID := m.CustomerID.ValueString()
	agreement, err := d.PartnerCenter.CustomerAgreements.Get(ctx, customerID)
	var names map[string]string
	if err == nil {
		names, err = d.PartnerCenter.Customers.Names(ctx, customerID)
	}
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not read the Microsoft Customer Agreement of %s", d.Customer(customerID)), err))
		return
	}
	m.ID = types.StringValue(strings.ToLower(customerID))
	m.Name = tfkit.OrNull(names[strings.ToLower(customerID)])
	m.fromAPI(agreement)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (m *customerAgreementModel) fromAPI(a partnercenter.CustomerAgreement) {
	m.Accepted, m.SignedDirectly, m.Outdated = types.BoolValue(a.Accepted()), types.BoolValue(a.SignedDirectly), types.BoolValue(a.Outdated())
	m.AgreedOn, m.TemplateID, m.Link = tfkit.OrNull(a.AgreedOn.String()), tfkit.OrNull(a.TemplateID), tfkit.OrNull(a.Link)
	if a.Confirmed {
		m.PrimaryContact = &agreementContactModel{
			tfkit.OrNull(a.Contact.FirstName), tfkit.OrNull(a.Contact.LastName), tfkit.OrNull(a.Contact.Email), tfkit.OrNull(a.Contact.PhoneNumber),
		}
	}
}
