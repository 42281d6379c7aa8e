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

// Clients are what the provider's Configure passes to every type.
type Clients struct {
	PartnerCenter *partnercenter.Client
	Azure         *resourcemanager.Client
	// Claims belong to one run: Terraform configures the provider once in each run.
	Claims Claims
	// Memory holds what the objects of one run pass to each other. Each kind of key has its own type.
	Memory sync.Map
}

// plannedConsent is a key of Memory: the customer ID, in lower case.
type plannedConsent string

// PlanConsent records that this run plans the consent of a customer's tenant to the application.
func (c *Clients) PlanConsent(customerID string) {
	c.Memory.Store(plannedConsent(strings.ToLower(customerID)), true)
}

// ConsentPlanned reports whether [Clients.PlanConsent] was called for the customer. Until the apply, a
// sign-in in the customer's tenant may be refused.
func (c *Clients) ConsentPlanned(customerID string) bool {
	_, planned := c.Memory.Load(plannedConsent(strings.ToLower(customerID)))
	return planned
}

// plannedAzurePlan is a key of Memory: the customer ID, in lower case.
type plannedAzurePlan string

// PlanAzurePlan records that this run plans an active Azure plan for a customer.
func (c *Clients) PlanAzurePlan(customerID string) {
	c.Memory.Store(plannedAzurePlan(strings.ToLower(customerID)), true)
}

// AzurePlanPlanned reports whether [Clients.PlanAzurePlan] was called for the customer. Until the apply, the customer
// may have no plan.
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

// clientsFrom reads the provider data. It returns nil, without an error, while the provider is not
// configured, for example in terraform validate.
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

// Customer returns how messages name a customer: by company name and ID, or by ID if the name is not
// known. It sends no request.
func (c *Clients) Customer(id string) string {
	return NamedCustomer(c.PartnerCenter.Customers.KnownName(id), id)
}

// NamedCustomer is [Clients.Customer] for a name that the caller has, or "".
func NamedCustomer(name, id string) string {
	if name == "" {
		return "customer " + id
	}
	return name + " (" + id + ")"
}

// Customers is Customer for messages about several customers. It reads their names, if that works.
func (c *Clients) Customers(ctx context.Context, ids ...string) func(id string) string {
	names, _ := c.PartnerCenter.Customers.Names(ctx, ids...) // the message matters more
	return func(id string) string {
		if name := names[id]; name != "" {
			return name + " (" + id + ")"
		}
		return id
	}
}
