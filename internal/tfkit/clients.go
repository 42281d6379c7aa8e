package tfkit

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
)

// Clients is what the provider's Configure hands to every type.
type Clients struct {
	PartnerCenter *partnercenter.Client
	Azure         *resourcemanager.Client
	// Claims are of one run: Terraform configures the provider for each.
	Claims Claims
	// Memory is what the objects of one run leave for each other, by keys of types of their own.
	Memory sync.Map
}

// plannedConsent is a key of the run's memory.
type plannedConsent string

// PlanConsent notes that this run's plan has a customer's tenant consent to the application.
func (c *Clients) PlanConsent(customerID string) {
	c.Memory.Store(plannedConsent(strings.ToLower(customerID)), true)
}

// ConsentPlanned tells whether [Clients.PlanConsent] was called for the customer: until the apply, a
// sign-in in its tenant may be refused.
func (c *Clients) ConsentPlanned(customerID string) bool {
	_, planned := c.Memory.Load(plannedConsent(strings.ToLower(customerID)))
	return planned
}

// plannedAzurePlan is a key of the run's memory.
type plannedAzurePlan string

// PlanAzurePlan notes that this run's plan gives a customer an active Azure plan.
func (c *Clients) PlanAzurePlan(customerID string) {
	c.Memory.Store(plannedAzurePlan(strings.ToLower(customerID)), true)
}

// AzurePlanPlanned tells whether [Clients.PlanAzurePlan] was called for the customer: until the apply, it may have none.
func (c *Clients) AzurePlanPlanned(customerID string) bool {
	_, planned := c.Memory.Load(plannedAzurePlan(strings.ToLower(customerID)))
	return planned
}

// DataSource gives a data source its clients; embed it.
type DataSource struct{ *Clients }

// Configure implements datasource.DataSourceWithConfigure.
func (d *DataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Clients = clientsFrom(req.ProviderData, &resp.Diagnostics)
}

// Resource gives a resource its clients; embed it.
type Resource struct{ *Clients }

// Configure implements resource.ResourceWithConfigure.
func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Clients = clientsFrom(req.ProviderData, &resp.Diagnostics)
}

// clientsFrom reads the provider data. It answers nil, without an error, while the provider
// is not configured, as when Terraform only validates.
func clientsFrom(data any, diags *diag.Diagnostics) *Clients {
	if data == nil {
		return nil
	}
	c, ok := data.(*Clients)
	if !ok {
		diags.AddError("Unexpected provider data", fmt.Sprintf("The provider handed out a %T. This is a bug in the provider; please report it.", data))
	}
	return c
}

// Customer is how messages call a customer: by company name and id, or by id where the name is not
// known.
func (c *Clients) Customer(id string) string {
	return NamedCustomer(c.PartnerCenter.Customers.KnownName(id), id)
}

// NamedCustomer is how messages call a customer with this name, which is "" if it is not known.
func NamedCustomer(name, id string) string {
	if name == "" {
		return "customer " + id
	}
	return name + " (" + id + ")"
}

// Customers is Customer for messages about several, whose names are read if that works.
func (c *Clients) Customers(ctx context.Context, ids ...string) func(id string) string {
	names, _ := c.PartnerCenter.Customers.Names(ctx, ids...) // the message matters more
	return func(id string) string {
		if name := names[id]; name != "" {
			return name + " (" + id + ")"
		}
		return id
	}
}
