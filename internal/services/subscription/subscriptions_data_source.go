package subscription

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*subscriptionsDataSource)(nil)

// NewSubscriptionsDataSource returns the data source partnercenter_subscriptions.
func NewSubscriptionsDataSource() datasource.DataSource { return &subscriptionsDataSource{} }

// subscriptionsDataSource lists a customer's subscriptions.
//
// Endpoints: GET /v1/customers/{customer}/subscriptions, and …/azureEntitlements for each
// Azure plan in the result; app-only or app+user, any agent. Partner Center returns the IDs of
// legacy subscriptions in upper case. The list here is in lower case, sorted by subscription ID.
// https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions
type subscriptionsDataSource struct{ tfkit.DataSource }

func (d *subscriptionsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_subscriptions"
}

func (d *subscriptionsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Subscriptions that a customer bought through the partner, with the Azure subscriptions under its Azure plan.\n\n" +
			"To check everything that a purchase of reservations needs, use `partnercenter_reservation_readiness`. See [Get started](../guides/get_started.md).\n\n" +
			"**Requests:** one for the subscriptions, and one for each Azure plan.\n\n" +
			"**Sign-in and role:** app-only or app+user, any agent.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"azure_only": schema.BoolAttribute{
				MarkdownDescription: "Set to `true` to list only Azure plans and Azure (global) subscriptions. Defaults to `false`.",
				Optional:            true,
			},
			"status": schema.StringAttribute{
				MarkdownDescription: "Return only subscriptions with this status, such as `active`, `suspended` or `deleted`. Case is ignored.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"has_active_azure_subscription": schema.BoolAttribute{
				MarkdownDescription: "`true` if the customer has an active Azure plan or Azure (global) subscription, which it needs " +
					"to buy reservations. Independent of `azure_only` and `status`.",
				Computed: true,
			},
			"subscriptions": schema.ListNestedAttribute{
				MarkdownDescription: "Subscriptions, sorted by `subscription_id`.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"subscription_id": schema.StringAttribute{MarkdownDescription: "ID of the subscription in Partner Center, in lower case.", Computed: true},
						"kind": schema.StringAttribute{
							MarkdownDescription: "Kind: `azure_plan`, `azure_global` (the legacy offer MS-AZR-0145P) or `other`.",
							Computed:            true,
						},
						"offer_id":      schema.StringAttribute{MarkdownDescription: "Offer: a GUID, `MS-AZR-…` or `product:sku:availability`.", Computed: true},
						"offer_name":    schema.StringAttribute{MarkdownDescription: "Name of the offer.", Computed: true},
						"friendly_name": schema.StringAttribute{MarkdownDescription: "Name of the subscription.", Computed: true},
						"status":        schema.StringAttribute{MarkdownDescription: "Status, such as `active`, `suspended` or `deleted`.", Computed: true},
						"order_id":      schema.StringAttribute{MarkdownDescription: "ID of the order that created the subscription.", Computed: true},
						"creation_date": schema.StringAttribute{MarkdownDescription: "Time of creation, in RFC 3339 format.", Computed: true},
						"azure_subscriptions": schema.ListNestedAttribute{
							MarkdownDescription: "Azure subscriptions under the Azure plan, or the Azure (global) subscription itself. " +
								"Empty for other products. Sorted by `subscription_id`.",
							Computed: true,
							NestedObject: schema.NestedAttributeObject{
								Attributes: map[string]schema.Attribute{
									"subscription_id": schema.StringAttribute{MarkdownDescription: "ID of the Azure subscription, in lower case.", Computed: true},
									"friendly_name":   schema.StringAttribute{MarkdownDescription: "Name of the Azure subscription.", Computed: true},
									"status":          schema.StringAttribute{MarkdownDescription: "Status, such as `active`.", Computed: true},
								},
							},
						},
					},
				},
			},
		},
	}
}

type subscriptionsModel struct {
	CustomerID                 types.String        `tfsdk:"customer_id"`
	AzureOnly                  types.Bool          `tfsdk:"azure_only"`
	Status                     types.String        `tfsdk:"status"`
	HasActiveAzureSubscription types.Bool          `tfsdk:"has_active_azure_subscription"`
	Subscriptions              []subscriptionModel `tfsdk:"subscriptions"`
}

type subscriptionModel struct {
	SubscriptionID     string                   `tfsdk:"subscription_id"`
	Kind               string                   `tfsdk:"kind"`
	OfferID            types.String             `tfsdk:"offer_id"`
	OfferName          types.String             `tfsdk:"offer_name"`
	FriendlyName       types.String             `tfsdk:"friendly_name"`
	Status             types.String             `tfsdk:"status"`
	OrderID            types.String             `tfsdk:"order_id"`
	CreationDate       types.String             `tfsdk:"creation_date"`
	AzureSubscriptions []azureSubscriptionModel `tfsdk:"azure_subscriptions"`
}

type azureSubscriptionModel struct {
	SubscriptionID string       `tfsdk:"subscription_id"`
	FriendlyName   types.String `tfsdk:"friendly_name"`
	Status         types.String `tfsdk:"status"`
}

func (m subscriptionsModel) selects(s partnercenter.Subscription) bool {
	return (!m.AzureOnly.ValueBool() || s.Kind() != partnercenter.OtherSubscription) &&
		(m.Status.IsNull() || strings.EqualFold(s.Status, m.Status.ValueString()))
}

func (d *subscriptionsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m subscriptionsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	customerID := m.CustomerID.ValueString()
	fail := func(err error) {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not list the subscriptions of %s", d.Customer(customerID)), err))
	}
	m.Subscriptions, m.HasActiveAzureSubscription = []subscriptionModel{}, types.BoolValue(false)
	all, err := d.PartnerCenter.Subscriptions.Of(ctx, customerID)
	if err != nil {
		fail(err)
		return
	}
	for _, s := range all {
		if s.AllowsReservations() {
			m.HasActiveAzureSubscription = types.BoolValue(true)
		}
		if !m.selects(s) {
			continue
		}
		azure, err := d.PartnerCenter.Subscriptions.Azure(ctx, customerID, s)
		if err != nil {
			fail(err)
			return
		}
		m.Subscriptions = append(m.Subscriptions, fromAPI(s, azure))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func fromAPI(s partnercenter.Subscription, azure []partnercenter.AzureSubscription) subscriptionModel {
	m := subscriptionModel{
		SubscriptionID: strings.ToLower(s.ID), Kind: string(s.Kind()),
		OfferID: tfkit.OrNull(s.OfferID), OfferName: tfkit.OrNull(s.OfferName), FriendlyName: tfkit.OrNull(s.FriendlyName),
		Status: tfkit.OrNull(s.Status), OrderID: tfkit.OrNull(s.OrderID), CreationDate: tfkit.OrNull(s.CreationDate),
		AzureSubscriptions: []azureSubscriptionModel{},
	}
	for _, a := range azure {
		m.AzureSubscriptions = append(m.AzureSubscriptions, azureSubscriptionModel{
			SubscriptionID: a.ID, FriendlyName: tfkit.OrNull(a.FriendlyName), Status: tfkit.OrNull(a.Status),
		})
	}
	return m
}
