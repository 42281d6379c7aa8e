package permission

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// outsideChange is a permission that a refresh found changed outside Terraform.
type outsideChange struct {
	customerID string
	permission partnercenter.Permission
	on         bool
}

// changedOutside returns one warning about the changes since the state was written. It names the customer, and
// if the activity log has them, the user and the time. The log is read from logged on, a time that many
// resources share.
func changedOutside(ctx context.Context, c *tfkit.Clients, logged, since time.Time, found []outsideChange, own map[string]time.Time) diag.Diagnostics {
	if len(found) == 0 {
		return nil
	}
	slices.SortFunc(found, func(a, b outsideChange) int {
		return cmp.Or(strings.Compare(a.customerID, b.customerID), strings.Compare(string(a.permission), string(b.permission)))
	})
	ids := make([]string, len(found))
	for i, one := range found {
		ids[i] = one.customerID
	}
	name := c.Customers(ctx, slices.Compact(ids)...)
	log, _ := c.PartnerCenter.AuditRecords.RecentPolicyChanges(ctx, logged) // without the log, the warning has less detail
	var lines []string
	for _, one := range found {
		verb := "disabled"
		if one.on {
			verb = "enabled"
		}
		line := name(one.customerID) + ": " + shortWords[one.permission] + " " + verb
		i := slices.IndexFunc(log[one.customerID], func(r partnercenter.AuditRecord) bool {
			_, isOwn := own[string(r.OriginalCorrelationID)]
			return !isOwn && r.OperationDate.After(since)
		})
		if i >= 0 {
			r := log[one.customerID][i]
			line += " by " + cmp.Or(string(r.UserPrincipalName), string(r.ApplicationID), "unknown") + " on " + r.OperationDate.UTC().Format("2006-01-02 15:04") + " UTC"
		}
		lines = append(lines, "  "+line) // the CLI does not wrap lines that begin with a space
	}
	slices.Sort(lines) // by name
	intro := "Changed outside Terraform:"
	if !since.IsZero() {
		intro = "Changed outside Terraform since " + since.UTC().Format(time.DateOnly) + ":"
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Permissions changed outside Terraform", intro+"\n"+strings.Join(lines, "\n"))}
}
