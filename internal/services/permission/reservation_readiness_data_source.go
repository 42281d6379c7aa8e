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

// NewReservationReadinessDataSource returns the data source partnercenter_reservation_readiness.
func NewReservationReadinessDataSource() datasource.DataSource {
	return &reservationReadinessDataSource{}
}

// reservationReadinessDataSource checks whether one or many customers can buy Azure reservations by themselves,
// and what is missing.
//
// Endpoints: GET /v1/customers/{customer}/subscriptions, …/azureEntitlements of each active
// Azure plan, and, unless the sign-in is app-only, …/agreements,
// …/directSignedMicrosoftCustomerAgreementStatus and GET /v1/SelfServePolicy; in Resource Manager,
// in the customer's tenant, GET of Microsoft.Authorization/roleAssignments for each active
// Azure subscription.
// If the customer's tenant does not allow the read, the owners are unknown. All other failures are errors.
// Members of groups are not read.
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
	found, err := d.readFindings(ctx, customerID, strings.ToLower(m.SubscriptionID.ValueString()))
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

// findings are the answers of the servers.
type findings struct {
	customerID string
	// only is the Azure subscription to check, or "".
	only          string
	subscriptions []partnercenter.Subscription
	azure         []azureFinding
	appOnly       bool
	policy        partnercenter.SelfServePolicy // not read with app-only sign-in
	agreement     partnercenter.CustomerAgreement
	noAgreements  bool // true if the service has none, as in national clouds; not read with app-only sign-in
}

// azureFinding is an Azure subscription. If it is active, it has the owners, or the reason why they are
// unknown.
type azureFinding struct {
	partnercenter.AzureSubscription
	resourcemanager.Owners

	unknown string
}

// readFindings sends the requests for one customer. It reads the subscriptions first: if the ID is not one of
// the partner's customers, this request fails, and everything else depends on it.
func (d *reservationReadinessDataSource) readFindings(ctx context.Context, customerID, only string) (findings, error) {
	f := findings{customerID: customerID, only: only, appOnly: d.PartnerCenter.AppOnly()}
	var err error
	if f.subscriptions, err = d.PartnerCenter.Subscriptions.Of(ctx, customerID); err != nil {
		return f, err
	}
	steps, stepsCtx := errgroup.WithContext(ctx)
	steps.Go(func() (err error) {
		f.azure, err = d.readAzure(stepsCtx, customerID, only, f.subscriptions)
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
	err = steps.Wait() // f is complete after this
	return f, err
}

// atOnce is the number of Azure subscriptions of one customer that are read at the same time.
const atOnce = 10

// readAzure returns the Azure subscriptions with which the customer could buy, sorted by ID, and their owners.
func (d *reservationReadinessDataSource) readAzure(ctx context.Context, customerID, only string, subscriptions []partnercenter.Subscription) ([]azureFinding, error) {
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
	// This requests a token once, not for each subscription, from a tenant that refuses the sign-in.
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
