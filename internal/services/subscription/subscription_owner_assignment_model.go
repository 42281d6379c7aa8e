package subscription

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

type subscriptionOwnerAssignmentModel struct {
	CustomerID        types.String   `tfsdk:"customer_id"`
	SubscriptionID    types.String   `tfsdk:"subscription_id"`
	PrincipalID       types.String   `tfsdk:"principal_id"`
	UserPrincipalName types.String   `tfsdk:"user_principal_name"`
	PrincipalType     types.String   `tfsdk:"principal_type"`
	Description       types.String   `tfsdk:"description"`
	AdoptExisting     types.Bool     `tfsdk:"adopt_existing"`
	ID                types.String   `tfsdk:"id"`
	Name              types.String   `tfsdk:"name"`
	Condition         types.String   `tfsdk:"condition"`
	CreatedOn         types.String   `tfsdk:"created_on"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
}

// subscriptionOwnerAssignmentIdentity is in lower case, because Terraform compares identities case-sensitively.
type subscriptionOwnerAssignmentIdentity struct {
	CustomerID     types.String `tfsdk:"customer_id"`
	SubscriptionID types.String `tfsdk:"subscription_id"`
	PrincipalID    types.String `tfsdk:"principal_id"`
}

func (m subscriptionOwnerAssignmentModel) identity() subscriptionOwnerAssignmentIdentity {
	o := m.toAPI()
	return subscriptionOwnerAssignmentIdentity{
		types.StringValue(strings.ToLower(o.TenantID)), types.StringValue(strings.ToLower(o.SubscriptionID)), types.StringValue(strings.ToLower(o.PrincipalID)),
	}
}

func (m subscriptionOwnerAssignmentModel) toAPI() resourcemanager.OwnerAssignment {
	id, _ := azureSubscriptionID(m.SubscriptionID.ValueString())
	return resourcemanager.OwnerAssignment{
		TenantID: m.CustomerID.ValueString(), SubscriptionID: id, PrincipalID: m.PrincipalID.ValueString(),
		PrincipalType: m.PrincipalType.ValueString(), Description: m.Description.ValueString(), Adopt: m.AdoptExisting.ValueBool(),
	}
}

// fromAPI sets what the server returned. GUIDs and IDs that differ in case only stay as they are.
func (m *subscriptionOwnerAssignmentModel) fromAPI(a resourcemanager.RoleAssignment) {
	if !strings.EqualFold(m.PrincipalID.ValueString(), a.PrincipalID) {
		m.PrincipalID = types.StringValue(a.PrincipalID)
	}
	if !strings.EqualFold(m.ID.ValueString(), a.ID) {
		m.ID = types.StringValue(a.ID)
	}
	switch {
	case !a.Orphaned():
		m.PrincipalType = tfkit.OrNull(a.PrincipalType)
	case m.PrincipalType.IsUnknown():
		m.PrincipalType = types.StringNull()
	}
	if m.Description.ValueString() != a.Description {
		m.Description = tfkit.OrNull(a.Shown) // it was changed outside, so it must be safe to print in a plan
	}
	m.Condition = tfkit.OrNull(a.Condition)
	m.CreatedOn = tfkit.TimeOrNull(a.CreatedOn)
}

// expected returns what a read must show if it was written at a time less than freshFor ago, or nil. After that, reads no
// longer return older values.
func (m subscriptionOwnerAssignmentModel) expected(at time.Time) *resourcemanager.RoleAssignment {
	if time.Since(at) >= freshFor {
		return nil
	}
	createdOn, _ := time.Parse(time.RFC3339, m.CreatedOn.ValueString()) // an error leaves the zero time, which is before all others
	return &resourcemanager.RoleAssignment{Description: m.Description.ValueString(), Condition: m.Condition.ValueString(), CreatedOn: createdOn}
}

// principal returns the name of the principal, or its ID.
func (m subscriptionOwnerAssignmentModel) principal() string {
	return cmp.Or(m.UserPrincipalName.ValueString(), m.PrincipalID.ValueString())
}

// azureSubscriptionID returns the GUID, in lower case, of an Azure subscription ID with or without /subscriptions/.
func azureSubscriptionID(s string) (string, error) {
	id := s
	if prefix := "/subscriptions/"; len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		id = s[len(prefix):]
	}
	if tfkit.CheckGUID(id) != nil {
		return "", fmt.Errorf("must be an Azure subscription ID such as d7a1e5b3-8c24-4f90-b1d6-7e3c9a05f00c, with or without /subscriptions/ before it")
	}
	return strings.ToLower(id), nil
}

// azureSubscription validates an attribute with [azureSubscriptionID].
func azureSubscription() validator.String {
	return tfkit.StringCheck("value must be an Azure subscription ID", func(s string) error {
		_, err := azureSubscriptionID(s)
		return err
	})
}

func sameAzureSubscription(a, b string) bool {
	x, err := azureSubscriptionID(a)
	y, otherErr := azureSubscriptionID(b)
	return err == nil && otherErr == nil && x == y
}

// importID is a parsed import ID: the IDs of customer, subscription and principal, or the ID of a role assignment with or
// without its customer.
type importID struct {
	customerID, subscriptionID string
	// Exactly one of these is set.
	principalID, roleAssignmentID string
}

// parseImportID parses {customer}/{subscription}/{principal}, {role assignment}, {role assignment}|{customer}
// and {customer}|{role assignment}.
func parseImportID(s string) (importID, bool) {
	id, customer, named := strings.Cut(s, "|")
	if named && strings.HasPrefix(customer, "/") {
		id, customer = customer, id
	}
	if named || strings.HasPrefix(s, "/") {
		parts := strings.Split(id, "/")
		want := []string{"", "subscriptions", "", "providers", "Microsoft.Authorization", "roleAssignments", ""}
		if len(parts) != len(want) {
			return importID{}, false
		}
		for i, w := range want {
			if i != 2 && i != 6 && !strings.EqualFold(parts[i], w) {
				return importID{}, false
			}
		}
		if named && tfkit.CheckGUID(customer) != nil || tfkit.CheckGUID(parts[2]) != nil || tfkit.CheckGUID(parts[6]) != nil {
			return importID{}, false
		}
		return importID{customerID: strings.ToLower(customer), subscriptionID: strings.ToLower(parts[2]), roleAssignmentID: id}, true
	}
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return importID{}, false
	}
	for i, p := range parts {
		if tfkit.CheckGUID(p) != nil {
			return importID{}, false
		}
		parts[i] = strings.ToLower(p)
	}
	return importID{customerID: parts[0], subscriptionID: parts[1], principalID: parts[2]}, true
}
