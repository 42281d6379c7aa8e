package permission

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// readinessObject is the type of the row of one customer.
var readinessObject = types.ObjectType{AttrTypes: map[string]attr.Type{
	"customer_id": types.StringType, "company_name": types.StringType, "ready": types.BoolType, "prerequisites_met": types.BoolType,
	"has_active_azure_subscription": types.BoolType, "agreement_accepted": types.BoolType, "has_owner": types.BoolType, "permission_enabled": types.BoolType,
	"blockers": sentencesType, "unknowns": sentencesType, "warnings": sentencesType,
}}

var sentencesType = types.ListType{ElemType: types.StringType}

// row returns the row of one customer. It does not use a struct: for thousands of rows, the framework's
// conversion takes longer than the requests.
func (f findings) row(companyName string) attr.Value {
	var m reservationReadinessModel
	m.fromFindings(f)
	owned := types.BoolNull()
	switch _, unknowns := f.owner(); {
	case f.owned():
		owned = types.BoolValue(true)
	case len(unknowns) == 0:
		owned = types.BoolValue(false)
	}
	return types.ObjectValueMust(readinessObject.AttrTypes, map[string]attr.Value{
		"customer_id": types.StringValue(strings.ToLower(f.customerID)), "company_name": tfkit.OrNull(companyName), "ready": m.Ready, "prerequisites_met": m.PrerequisitesMet,
		"has_active_azure_subscription": m.HasActiveAzureSubscription, "agreement_accepted": m.AgreementAccepted, "has_owner": owned, "permission_enabled": m.PermissionEnabled,
		"blockers": sentences(m.Blockers), "unknowns": sentences(m.Unknowns), "warnings": sentences(m.Warnings),
	})
}

func sentences(texts []string) attr.Value {
	out := make([]attr.Value, 0, len(texts))
	for _, text := range texts {
		out = append(out, types.StringValue(text))
	}
	return types.ListValueMust(types.StringType, out)
}

// readMany checks some customers, or all. It reads as many at the same time as the client sends requests.
func (d *reservationReadinessDataSource) readMany(ctx context.Context, m *reservationReadinessModel, timeout time.Duration) diag.Diagnostics {
	ids, names, err := d.listSelected(ctx, m.CustomerIDs)
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not list the customers", err)}
	}
	rows, progress, done := make([]attr.Value, len(ids)), tfkit.NewProgress("checked", "customers", len(ids)), new(atomic.Int64)
	outdated := make([]bool, len(ids))
	failed, err := d.PartnerCenter.Each(ctx, len(ids), func(ctx context.Context, i int) error {
		defer progress.Done(ctx, 1)
		found, err := d.readFindings(ctx, ids[i], "")
		if err != nil {
			return err
		}
		rows[i], outdated[i] = found.row(names[ids[i]]), found.agreement.Outdated()
		done.Add(1)
		return nil
	})
	if err != nil {
		return diag.Diagnostics{stopped(ctx, "Could not check whether the customers are ready to buy Azure reservations", err, int(done.Load()), len(ids), timeout)}
	}
	var unread tfkit.Failures
	for i, id := range ids {
		if unread.Add(id, failed[i]); failed[i] != nil {
			m.Errors[id] = tfkit.Reason(failed[i])
		}
	}
	rows = slices.DeleteFunc(rows, func(row attr.Value) bool { return row == nil })
	m.Customers = types.ListValueMust(readinessObject, rows)
	return append(unread.Named(ctx, d.Clients).CouldNotRead("prerequisites", m.OnError.ValueString() == tfkit.ReportOnError), outdatedAgreements(ids, names, outdated)...)
}

// listSelected returns the customers to check, sorted by ID in lower case, and their company names.
func (d *reservationReadinessDataSource) listSelected(ctx context.Context, customerIDs []string) (ids []string, names map[string]string, err error) {
	names = make(map[string]string)
	if customerIDs == nil {
		listed, err := d.PartnerCenter.Customers.List(ctx, partnercenter.CustomerFilter{})
		for _, c := range listed {
			ids = append(ids, strings.ToLower(c.ID))
			names[strings.ToLower(c.ID)] = c.CompanyProfile.CompanyName
		}
		return ids, names, err
	}
	for _, id := range customerIDs {
		ids = append(ids, strings.ToLower(id))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	names, err = d.PartnerCenter.Customers.Names(ctx, ids...)
	return ids, names, err
}

// outdatedAgreements returns one warning for all customers whose agreement may be outdated.
func outdatedAgreements(ids []string, names map[string]string, outdated []bool) diag.Diagnostics {
	var lines []string
	for i, id := range ids {
		if outdated[i] {
			lines = append(lines, names[id]+" ("+id+")")
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("The Microsoft Customer Agreement may be outdated",
		"These customers accepted it before 1 April 2023, and not directly with Microsoft. Microsoft asks them to accept it again, and can refuse purchases until then: "+
			partnercenter.AcceptAgreementLink+"\n\n"+tfkit.Shorten(lines))}
}
