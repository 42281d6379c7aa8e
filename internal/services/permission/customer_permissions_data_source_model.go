package permission

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

type customerPermissionsDataSourceModel struct {
	CustomerIDs       []string          `tfsdk:"customer_ids"`
	CompanyNamePrefix types.String      `tfsdk:"company_name_prefix"`
	DomainPrefix      types.String      `tfsdk:"domain_prefix"`
	IndirectReseller  types.String      `tfsdk:"indirect_reseller_id"`
	Read              types.String      `tfsdk:"read"`
	OnError           types.String      `tfsdk:"on_error"`
	Timeouts          timeouts.Value    `tfsdk:"timeouts"`
	Customers         types.List        `tfsdk:"customers"`
	Errors            map[string]string `tfsdk:"errors"`
}

// permissionsObject is the type of one customer in the attribute customers.
var permissionsObject = types.ObjectType{AttrTypes: map[string]attr.Type{
	"customer_id": types.StringType, "company_name": types.StringType, "domain": types.StringType,
	"azure_reservations": types.BoolType, "azure_savings_plans": types.BoolType, "policy_id": types.StringType,
}}

// subject is a customer whose permissions are read.
type subject struct {
	customerID, companyName, domain string
	// known is true if Partner Center has returned the customer in this read.
	known bool

	policy partnercenter.SelfServePolicy
	// gone is true if the tenant was deleted after that, unrelated if the relationship ended.
	gone, unrelated bool
}

// setCustomer copies the data that Partner Center returned for the customer.
func (s *subject) setCustomer(c partnercenter.Customer) {
	s.customerID, s.companyName, s.domain, s.known = strings.ToLower(c.ID), c.CompanyProfile.CompanyName, c.CompanyProfile.Domain, true
}

// object does not use a struct: for each field of each struct, the framework compiles a regular expression,
// which takes too long for thousands of customers.
func (s *subject) object() attr.Value {
	return types.ObjectValueMust(permissionsObject.AttrTypes, map[string]attr.Value{
		"customer_id": types.StringValue(s.customerID), "company_name": types.StringValue(s.companyName), "domain": types.StringValue(s.domain),
		"azure_reservations":  types.BoolValue(s.policy.Allows(partnercenter.AzureReservedInstances)),
		"azure_savings_plans": types.BoolValue(s.policy.Allows(partnercenter.AzureSavingsPlan)),
		"policy_id":           tfkit.OrNull(s.policy.ID),
	})
}

// title names the customer in messages.
func (s *subject) title() string {
	if s.companyName == "" {
		return s.customerID
	}
	return fmt.Sprintf("%s (%s)", s.customerID, s.companyName)
}

// couldNotReadAny returns the error for a failure that concerns all customers.
func couldNotReadAny(ctx context.Context, err error, done, of int, timeout time.Duration) diag.Diagnostic {
	return stopped(ctx, "Could not read the permissions of the customers", err, done, of, timeout)
}

// stopped returns the error for a failure that concerns all customers, with the number of those that were read.
func stopped(ctx context.Context, summary string, err error, done, of int, timeout time.Duration) diag.Diagnostic {
	var more []string
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
	case partnercenter.IsOutOfTime(err) || ctx.Err() != nil:
		more = append(more, fmt.Sprintf("Of %d customers, %d were read within the %s that it may take. Set timeouts = { read = \"4h\" } or any other duration, "+
			"or select fewer customers.", of, done, timeout))
	case done > 0:
		more = append(more, fmt.Sprintf("Of %d customers, %d were read before.", of, done))
	}
	return tfkit.Failure(summary, err, more...)
}

// unrelated returns a warning with the customers whose relationship has ended.
func unrelated(subjects []subject) diag.Diagnostics {
	var lines []string
	for _, s := range subjects {
		if s.unrelated {
			lines = append(lines, s.title())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic(fmt.Sprintf("Customers without a reseller relationship: %d", len(lines)),
		"Partner Center lists them as customers, but refuses to return their permissions, because there is no relationship. Without it, a permission is not in effect, "+
			"so theirs count as disabled.\n\n"+tfkit.Shorten(lines))}
}
