package permission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/resourcemanager"
	"terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*reservationReadinessDataSource)(nil)

// NewReservationReadinessDataSource is partnercenter_reservation_readiness.
func NewReservationReadinessDataSource() datasource.DataSource {
	return &reservationReadinessDataSource{}
}

// reservationReadinessDataSource tells whether a customer can buy Azure reservations by itself,
// and what is in the way.
//
// Endpoints: GET /v1/customers/{customer}/subscriptions, …/azureEntitlements of each active
// Azure plan, and GET /v1/SelfServePolicy unless the sign-in is app-only; in Resource Manager,
// in the customer's tenant, GET of Microsoft.Authorization/roleAssignments for each active
// Azure subscription.
// Not to be allowed to look in the customer's tenant is an answer, which is that it is not
// known. All other failures are errors. Who is in a group is not read.
// https://learn.microsoft.com/partner-center/customers/give-customers-permission
type reservationReadinessDataSource struct{ tfkit.DataSource }

func (d *reservationReadinessDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_reservation_readiness"
}

func (d *reservationReadinessDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	}
	sentences := func(description string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Computed: true}
	}
	principals := func(description string) schema.ListNestedAttribute {
		return schema.ListNestedAttribute{
			MarkdownDescription: description,
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"principal_id":   text("The principal's object id, in lower case."),
				"principal_type": text("What the principal is, such as `User`, `Group` or `ServicePrincipal`."),
				"condition":      text("The condition that restricts the role. Null for the whole role."),
			}},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Whether a customer can buy Azure reservations by itself, and what is in the way. Three things must hold:\n\n" +
			"1. the customer has an active Azure plan or Azure (global) subscription, bought through the partner;\n" +
			"2. a user of the customer is Owner of an active Azure subscription among it;\n" +
			"3. the customer's reservations permission is on.\n\n" +
			"The same permission opens pre-purchase plans, such as those for Copilot Credits, whose purchase is final.\n\n" +
			"`ready` is true only when all three are proven, false as soon as one of them is proven missing, and null when that is not known. " +
			"`blockers` and `unknowns` say what to do, in this order.\n\n" +
			"What counts for the second: a user who is Owner, directly or by inheritance. A member of a group that is Owner could buy as well, but who " +
			"the members are is not read, so a group alone leaves it unknown; so does an Owner under a condition, who does not have the whole role. " +
			"An application, the partner's own access and the role Reservation Purchaser do not count. Azure may go on showing a user who was deleted.\n\n" +
			"It takes one request for the customer's subscriptions, one for each active Azure plan, one for the permission and one for each active Azure " +
			"subscription, some of which are shared with other resources and data sources.\n\n" +
			"**Sign-in and role:** app+user, as an agent who is a member of AdminAgents and has a GDAP relationship to the customer. With app-only the permission " +
			"is not known, and the owners only where the application has a service principal in the customer's tenant and a role on the subscriptions. " +
			"Sales and Helpdesk agents can read the permission. See also `partnercenter_subscription_owners` for when owners are not known.",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "The customer's Microsoft Entra tenant id, a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"subscription_id": schema.StringAttribute{
				MarkdownDescription: "ID of the Azure subscription to check. Must be a GUID. Defaults to all; one with a user who is Owner is enough.",
				Optional:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"ready":    flag("Whether the customer can buy. Null when that is not known."),
			"blockers": sentences("What is in the way and what to do, a text for each of the three steps that is proven missing, in their order."),
			"unknowns": sentences("What is not known about the three steps and why, in their order. Empty for a step that is proven or missing."),
			"has_active_azure_subscription": flag("Whether the customer has an active Azure plan or Azure (global) subscription, as in " +
				"`partnercenter_subscriptions`: the first step."),
			"azure_subscriptions": schema.ListNestedAttribute{
				MarkdownDescription: "The Azure subscriptions of the customer's active Azure plans, and its active Azure (global) subscriptions: the second step. " +
					"Sorted by `subscription_id`.",
				Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"subscription_id": text("The Azure subscription id, in lower case."),
					"friendly_name":   text("The Azure subscription's name."),
					"status":          text("The status in Partner Center, such as `active`. Who owns one that is not active is not looked up."),
					"has_owner":       flag("Whether a user of the customer is Owner. Null when that is not known."),
					"partner_only":    flag("Whether only the partner is Owner. Null when that is not known."),
					"owners":          principals("Who is Owner on the customer's side, of all types. Sorted by `principal_id`. Null when that is not known."),
					"reservation_purchasers": principals("Who has the role Reservation Purchaser on the customer's side, which does not count. Null when that is " +
						"not known."),
					"unknown_reason": text("Why the owners are not known. Otherwise null."),
				}},
			},
			"permission_enabled": flag("Whether the reservations permission is on: the third step. Null with app-only sign-in, which cannot read it."),
			"caller_may_set": flag("Whether the provider could change the permission. False with app-only sign-in. Null with app+user: only Admin agents may, " +
				"and Partner Center does not tell the role of the signed-in user."),
		},
	}
}

func (d *reservationReadinessDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	var m reservationReadinessModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	customerID := m.CustomerID.ValueString()
	found, err := d.find(ctx, customerID, strings.ToLower(m.SubscriptionID.ValueString()))
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not check whether %s is ready to buy Azure reservations", d.Customer(customerID)), err))
		return
	}
	m.fromFindings(found)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// findings are what the servers said.
type findings struct {
	customerID string
	// only is the Azure subscription to check, or "".
	only          string
	subscriptions []partnercenter.Subscription
	azure         []azureFinding
	appOnly       bool
	policy        partnercenter.SelfServePolicy // not read app-only
}

// azureFinding is an Azure subscription and, where it is active, who owns it or why that is not
// known.
type azureFinding struct {
	partnercenter.AzureSubscription
	resourcemanager.Owners

	unknown string
}

// find asks the servers. That the customer is the partner's shows first, since all else
// depends on it.
func (d *reservationReadinessDataSource) find(ctx context.Context, customerID, only string) (findings, error) {
	f := findings{customerID: customerID, only: only, appOnly: d.PartnerCenter.AppOnly()}
	var err error
	if f.subscriptions, err = d.PartnerCenter.Subscriptions.Of(ctx, customerID); err != nil {
		return f, err
	}
	steps, stepsCtx := errgroup.WithContext(ctx)
	steps.Go(func() (err error) {
		f.azure, err = d.findAzure(stepsCtx, customerID, only, f.subscriptions)
		return err
	})
	if !f.appOnly {
		steps.Go(func() (err error) {
			f.policy, err = d.PartnerCenter.SelfServePolicies.Get(stepsCtx, customerID)
			return err
		})
	}
	err = steps.Wait() // before f is read
	return f, err
}

// atOnce is how many Azure subscriptions of a customer are asked about at the same time.
const atOnce = 10

// findAzure returns the Azure subscriptions that the customer could buy with, sorted by id, and
// their owners.
func (d *reservationReadinessDataSource) findAzure(ctx context.Context, customerID, only string, subscriptions []partnercenter.Subscription) ([]azureFinding, error) {
	var found []azureFinding
	for _, s := range subscriptions {
		if !s.AllowsReservations() {
			continue
		}
		azure, err := d.PartnerCenter.Subscriptions.Azure(ctx, customerID, s)
		if err != nil {
			return nil, err
		}
		for _, a := range azure {
			if only == "" || a.ID == only {
				found = append(found, azureFinding{AzureSubscription: a})
			}
		}
	}
	slices.SortFunc(found, func(a, b azureFinding) int { return strings.Compare(a.ID, b.ID) })
	if !slices.ContainsFunc(found, func(a azureFinding) bool { return a.Active() }) {
		return found, nil
	}
	// A tenant that refuses the sign-in is asked once, not for each subscription.
	if _, err := d.Azure.Caller(ctx, customerID); err != nil {
		if !resourcemanager.IsNoAccess(err) {
			return nil, err
		}
		for i := range found {
			found[i].unknown = resourcemanager.Reason(err)
		}
		return found, nil
	}
	owners, ctx := errgroup.WithContext(ctx)
	owners.SetLimit(atOnce)
	for i := range found {
		a := &found[i]
		if !a.Active() {
			continue
		}
		owners.Go(func() (err error) {
			a.Owners, err = d.Azure.RoleAssignments.ListOwners(ctx, customerID, a.ID)
			switch {
			case resourcemanager.IsNoAccess(err):
				a.unknown, err = resourcemanager.Reason(err), nil
			case resourcemanager.IsElsewhere(err):
				a.unknown, err = "Azure does not find it in the customer's tenant, although Partner Center lists it. A new subscription needs some minutes "+
					"to show; one that was moved belongs to another tenant.", nil
			}
			return err
		})
	}
	return found, owners.Wait()
}
