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
				"principal_id":   text("Object ID of the principal, in lower case."),
				"principal_type": text("What the principal is, such as `User`, `Group` or `ServicePrincipal`."),
				"condition":      text("Condition that restricts the role. Null if there is none."),
			}},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Checklist of what a customer needs to buy Azure reservations by itself, with what is missing.\n\n" +
			"Three conditions must hold:\n\n" +
			"1. The customer has an active Azure plan or Azure (global) subscription that was bought through the partner.\n2. A user of the " +
			"customer is Owner of an active Azure subscription below it.\n3. The customer's permission to buy reservations is enabled.\n\n" +
			"The permission also allows purchases of pre-purchase plans, such as those for Copilot Credits. Such purchases are final.\n\n" +
			"`ready` is `true` only if all three hold, `false` if one of them is missing, and null if that is unknown. `blockers` and `unknowns` " +
			"say what to do, in this order.\n\n" +
			"For the second condition, a user counts who is Owner directly or by inheritance. The members of a group are not read, so a group " +
			"alone leaves it unknown. So does an Owner with a condition, which restricts the role. Applications, the partner's own access and " +
			"the role Reservation Purchaser do not count. Azure can list a deleted user for some time.\n\n" +
			"**Requests:** one for the customer's subscriptions, one for each active Azure plan, one for the permission, and one for each active " +
			"Azure subscription. Other resources and data sources share some of them.\n\n" +
			"**Sign-in and role:** app+user, as a member of AdminAgents with a GDAP relationship to the customer that has a role such as Directory " +
			"Readers. With app-only authentication, the permission is unknown, and the owners are known only where the application has a role " +
			"on the subscriptions. See [Troubleshooting](../guides/troubleshooting.md).",
		Attributes: map[string]schema.Attribute{
			"customer_id": schema.StringAttribute{
				MarkdownDescription: "Microsoft Entra tenant ID of the customer. Must be a GUID.",
				Required:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"subscription_id": schema.StringAttribute{
				MarkdownDescription: "ID of the Azure subscription to check. Must be a GUID. Defaults to all; one with a user who is Owner is enough.",
				Optional:            true,
				Validators:          []validator.String{tfkit.GUID()},
			},
			"ready":    flag("Whether the customer can buy. Null if it is unknown."),
			"blockers": sentences("Missing conditions and what to do about each of them, in their order."),
			"unknowns": sentences("Unknown conditions and the reasons, in their order."),
			"has_active_azure_subscription": flag("Whether the customer has an active Azure plan or Azure (global) subscription: " +
				"the first condition."),
			"azure_subscriptions": schema.ListNestedAttribute{
				MarkdownDescription: "Azure subscriptions of the customer's active Azure plans, and its active Azure (global) subscriptions. " +
					"Sorted by `subscription_id`.",
				Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"subscription_id": text("ID of the Azure subscription, in lower case."),
					"friendly_name":   text("Name of the Azure subscription."),
					"status":          text("Status in Partner Center, such as `active`. Owners are read for active subscriptions only."),
					"has_owner":       flag("Whether a user of the customer is Owner. Null if it is unknown."),
					"partner_only":    flag("Whether only the partner is Owner. Null if it is unknown."),
					"owners":          principals("Owners on the customer's side, of all types. Sorted by `principal_id`. Null if they are unknown."),
					"reservation_purchasers": principals("Principals on the customer's side with the role Reservation Purchaser, which does not count. Null if they are " +
						"unknown."),
					"unknown_reason": text("Reason why the owners are unknown. Null otherwise."),
				}},
			},
			"permission_enabled": flag("Whether the permission to buy reservations is enabled: the third condition. Null with app-only authentication."),
			"caller_may_set": flag("Whether the provider can change the permission. `false` with app-only authentication. Null with app+user, " +
				"because Partner Center does not return the role of the user."),
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
