package permission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ datasource.DataSourceWithConfigure = (*reservationReadinessDataSource)(nil)

// NewReservationReadinessDataSource is partnercenter_reservation_readiness.
func NewReservationReadinessDataSource() datasource.DataSource {
	return &reservationReadinessDataSource{}
}

// reservationReadinessDataSource tells whether one customer, or each of many, can buy Azure
// reservations by itself, and what is in the way.
//
// Endpoints: GET /v1/customers/{customer}/subscriptions, …/azureEntitlements of each active
// Azure plan, and, unless the sign-in is app-only, …/agreements,
// …/directSignedMicrosoftCustomerAgreementStatus and GET /v1/SelfServePolicy; in Resource Manager,
// in the customer's tenant, GET of Microsoft.Authorization/roleAssignments for each active
// Azure subscription.
// Not to be allowed to look in the customer's tenant is an answer, which is that it is not
// known. All other failures are errors. Who is in a group is not read.
// https://learn.microsoft.com/partner-center/customers/give-customers-permission
type reservationReadinessDataSource struct{ tfkit.DataSource }

func (d *reservationReadinessDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_reservation_readiness"
}

func (d *reservationReadinessDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m reservationReadinessModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	timeout, diags := m.Timeouts.Read(ctx, tfkit.ReadTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.Errors = make(map[string]string)
	if m.CustomerID.IsNull() {
		ctx, cancel := tfkit.OperationWithin(ctx, timeout)
		defer cancel()
		if resp.Diagnostics.Append(d.readMany(ctx, &m, timeout)...); !resp.Diagnostics.HasError() {
			resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
		}
		return
	}
	ctx, cancel := tfkit.Operation(ctx)
	defer cancel()
	customerID := m.CustomerID.ValueString()
	found, err := d.find(ctx, customerID, strings.ToLower(m.SubscriptionID.ValueString()))
	var names map[string]string
	if err == nil {
		names, err = d.PartnerCenter.Customers.Names(ctx, customerID)
	}
	if err != nil {
		resp.Diagnostics.Append(tfkit.Failure(fmt.Sprintf("Could not check whether %s is ready to buy Azure reservations", d.Customer(customerID)), err))
		return
	}
	m.fromFindings(found)
	m.Customers = types.ListValueMust(readinessObject, []attr.Value{found.row(names[strings.ToLower(customerID)])})
	for _, warning := range m.Warnings {
		resp.Diagnostics.AddWarning("The Microsoft Customer Agreement may be outdated", warning)
	}
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
	agreement     partnercenter.CustomerAgreement
	noAgreements  bool // not read app-only, and the service has none in national clouds
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
			f.agreement, err = d.PartnerCenter.CustomerAgreements.Get(stepsCtx, customerID)
			if f.noAgreements = partnercenter.IsNoAgreements(err); f.noAgreements {
				err = nil
			}
			return err
		})
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
