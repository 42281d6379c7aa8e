package azureplan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	data "github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*azurePlanDataSource)(nil)

// NewAzurePlanDataSource returns the data source partnercenter_azure_plan.
func NewAzurePlanDataSource() datasource.DataSource { return &azurePlanDataSource{} }

// azurePlanDataSource reads which customers have an Azure plan.
//
// Endpoints, app-only or app+user: GET /v1/customers/{customer}/subscriptions, and …/azureEntitlements of a plan, for each
// customer; GET /v1/customers, or /v1/customers/{customer} for a few, for the names.
// https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions
type azurePlanDataSource struct{ tfkit.DataSource }

func (d *azurePlanDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_azure_plan"
}

func (d *azurePlanDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Azure plans of one, some or all customers, with the Azure subscriptions below them.\n\n" +
			"See [Onboard customers](../guides/onboard_customers.md).\n\n" +
			"**Requests:** one for each customer, and one more for each Azure plan. The provider keeps to the limit automatically. " +
			"`TF_LOG_PROVIDER=info` shows the progress.\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"customer_ids": schema.ListAttribute{
				MarkdownDescription: "Microsoft Entra tenant IDs of the customers to read. Must be GUIDs. Defaults to all customers.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.List{listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tfkit.GUID())},
			},
			"on_error": tfkit.OnError("Behavior if a customer cannot be read. `fail` reads the other customers and then fails. `report` lists such customers in `errors`, with a warning. " +
				"A failure that concerns all customers, such as a failed sign-in, is always an error. Defaults to `fail`."),
			"timeouts": tfkit.ReadTimeouts(ctx),
			"customers": schema.ListNestedAttribute{
				MarkdownDescription: "Customers that were read, sorted by `customer_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"customer_id":              text("Microsoft Entra tenant ID of the customer, in lower case."),
					"name":                     text("Company name of the customer."),
					"has_plan":                 flag("`true` if the customer has an Azure plan, in any status. Deleted plans do not count."),
					"active":                   flag("`true` if the customer has an active Azure plan."),
					"has_azure_global":         flag("`true` if the customer has an Azure (global) subscription `MS-AZR-0145P`. Microsoft sells no Azure plan beside it."),
					"subscription_id":          text("ID of the Azure plan in Partner Center, in lower case. Null without a plan."),
					"friendly_name":            text("Name of the Azure plan in Partner Center."),
					"status":                   text("Status of the Azure plan, such as `active` or `suspended`."),
					"bought_on":                text("Time of the purchase, in RFC 3339 format."),
					"order_id":                 text("ID of the order."),
					"indirect_reseller_mpn_id": text("Partner ID of the indirect reseller. Null without one."),
					"azure_subscriptions": schema.ListNestedAttribute{
						MarkdownDescription: "Azure subscriptions below the plan, sorted by `subscription_id`. Empty without a plan.",
						Computed:            true,
						NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
							"subscription_id": text("Azure subscription ID, in lower case."),
							"name":            text("Name of the Azure subscription."),
							"status":          text("Status of the Azure subscription, such as `active`."),
						}},
					},
				}},
			},
			"errors": schema.MapAttribute{
				MarkdownDescription: "With `on_error = \"report\"`, reasons by customer ID (in lower case) for customers that could not be read. They are not in `customers`.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}

type azurePlanDataSourceModel struct {
	CustomerIDs []string          `tfsdk:"customer_ids"`
	OnError     types.String      `tfsdk:"on_error"`
	Timeouts    data.Value        `tfsdk:"timeouts"`
	Customers   types.List        `tfsdk:"customers"`
	Errors      map[string]string `tfsdk:"errors"`
}

// customerObject is the type of an element of customers.
var customerObject = types.ObjectType{AttrTypes: map[string]attr.Type{
	"customer_id": types.StringType, "name": types.StringType, "has_plan": types.BoolType, "active": types.BoolType, "has_azure_global": types.BoolType,
	"subscription_id": types.StringType, "friendly_name": types.StringType, "status": types.StringType, "bought_on": types.StringType, "order_id": types.StringType,
	"indirect_reseller_mpn_id": types.StringType, "azure_subscriptions": types.ListType{ElemType: azureObject},
}}

func customerOf(id, name string, found partnercenter.AzurePlanFound) attr.Value {
	plan := found.Plan
	return types.ObjectValueMust(customerObject.AttrTypes, map[string]attr.Value{
		"customer_id": types.StringValue(id), "name": tfkit.OrNull(name),
		"has_plan": types.BoolValue(found.HasPlan()), "active": types.BoolValue(plan.Active()), "has_azure_global": types.BoolValue(found.Legacy.ID != ""),
		"subscription_id": tfkit.OrNull(strings.ToLower(plan.ID)), "friendly_name": tfkit.OrNull(plan.FriendlyName), "status": tfkit.OrNull(strings.ToLower(plan.Status)),
		"bought_on": tfkit.OrNull(partnercenter.Time{Time: plan.Created()}.String()), "order_id": tfkit.OrNull(plan.OrderID),
		"indirect_reseller_mpn_id": tfkit.OrNull(string(plan.PartnerID)), "azure_subscriptions": azureList(found.Azure),
	})
}

func (d *azurePlanDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m azurePlanDataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	ctx, cancel := tfkit.OperationOf(ctx, "read", m.Timeouts.Read, tfkit.ReadTimeout, &resp.Diagnostics)
	defer cancel()
	if resp.Diagnostics.HasError() {
		return
	}
	ids, err := d.customers(ctx, m.CustomerIDs)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure("Could not list the customers", tfkit.OutOfTime(ctx, err)))
		return
	}
	names, err := d.PartnerCenter.Customers.Names(ctx, ids...)
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(d.title(ids), tfkit.OutOfTime(ctx, err)))
		return
	}
	found := make([]partnercenter.AzurePlanFound, len(ids))
	progress := tfkit.NewProgress("read", "customers", len(ids))
	failed, err := d.PartnerCenter.Each(ctx, len(ids), func(ctx context.Context, i int) (err error) {
		found[i], err = d.PartnerCenter.AzurePlans.Read(ctx, ids[i])
		progress.Done(ctx, 1)
		return err
	})
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(d.title(ids), tfkit.OutOfTime(ctx, err)))
		return
	}
	objects := []attr.Value{}
	var unread tfkit.Failures
	m.Errors = make(map[string]string)
	for i, id := range ids {
		unread.Add(id, failed[i])
		if failed[i] != nil {
			m.Errors[id] = tfkit.Reason(failed[i])
			continue
		}
		objects = append(objects, customerOf(id, names[id], found[i]))
	}
	resp.Diagnostics.Append(unread.Named(ctx, d.Clients).CouldNotRead("Azure plans", m.OnError.ValueString() == tfkit.ReportOnError)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.Customers = types.ListValueMust(customerObject, objects)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (d *azurePlanDataSource) title(ids []string) string {
	if len(ids) == 1 {
		return "Could not read the Azure plan of " + d.Customer(ids[0])
	}
	return fmt.Sprintf("Could not read the Azure plans of %d customers", len(ids))
}

// customers returns the IDs of the customers to read, sorted.
func (d *azurePlanDataSource) customers(ctx context.Context, wanted []string) ([]string, error) {
	var ids []string
	for _, id := range wanted {
		ids = append(ids, strings.ToLower(id))
	}
	if wanted == nil {
		all, err := d.PartnerCenter.Customers.List(ctx, partnercenter.CustomerFilter{})
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			ids = append(ids, c.ID)
			d.PartnerCenter.Customers.KnowName(c.ID, c.CompanyProfile.CompanyName)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
