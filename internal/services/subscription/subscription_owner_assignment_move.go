package subscription

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ resource.ResourceWithMoveState = (*subscriptionOwnerAssignmentResource)(nil)

// MoveState moves role assignments from other providers to this one. Terraform calls it before the provider is
// configured, so it sends no request. The next refresh sets the customer, which the other provider's state does
// not have.
func (r *subscriptionOwnerAssignmentResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: moveFromAzureRM}, {StateMover: moveFromAzAPI}}
}

// movedRoleAssignment is a role assignment in the state of another provider.
type movedRoleAssignment struct {
	ID            string `json:"id"`
	Scope         string `json:"scope"`
	Role          string `json:"role_definition_id"`
	RoleName      string `json:"role_definition_name"`
	PrincipalID   string `json:"principal_id"`
	PrincipalType string `json:"principal_type"`
	Description   string `json:"description"`
	Condition     string `json:"condition"`
}

// moveFromAzureRM moves the state of azurerm_role_assignment.
func moveFromAzureRM(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if req.SourceTypeName != "azurerm_role_assignment" {
		return
	}
	var moved movedRoleAssignment
	err := tfkit.MovedJSON(req, &moved)
	move(ctx, req, resp, moved, err)
}

// moveFromAzAPI moves the state of azapi_resource.
func moveFromAzAPI(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if req.SourceTypeName != "azapi_resource" {
		return
	}
	type properties struct {
		Role          string `json:"roleDefinitionId"`
		PrincipalID   string `json:"principalId"`
		PrincipalType string `json:"principalType"`
		Description   string `json:"description"`
		Condition     string `json:"condition"`
	}
	var source struct {
		ID       string         `json:"id"`
		Type     string         `json:"type"`
		ParentID string         `json:"parent_id"`
		Body     tfkit.Document `json:"body"`
		Output   tfkit.Document `json:"output"`
	}
	err := tfkit.MovedJSON(req, &source)
	if kind, _, _ := strings.Cut(source.Type, "@"); err == nil && !strings.EqualFold(kind, "Microsoft.Authorization/roleAssignments") {
		resp.Diagnostics.Append(notMoved(req, fmt.Sprintf("It is a %s, not a role assignment.", source.Type)))
		return
	}
	var body, output struct {
		Properties properties `json:"properties"`
	}
	source.Body.Decode(&body)
	source.Output.Decode(&output) // has what the server chose, if the configuration exports it
	p := body.Properties
	if p.PrincipalType == "" {
		p.PrincipalType = output.Properties.PrincipalType
	}
	move(ctx, req, resp, movedRoleAssignment{
		ID: source.ID, Scope: source.ParentID, Role: p.Role, PrincipalID: p.PrincipalID, PrincipalType: p.PrincipalType, Description: p.Description, Condition: p.Condition,
	}, err)
}

// move sets the new state. It refuses role assignments with another role than Owner, and those that are not directly on a
// subscription. Err is the error of reading the source state.
func move(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse, moved movedRoleAssignment, err error) {
	if err != nil {
		resp.Diagnostics.Append(notMoved(req, "Its state cannot be read: "+err.Error()+"."))
		return
	}
	id, ok := parseImportID(moved.ID)
	role := moved.Role[strings.LastIndexByte(moved.Role, '/')+1:]
	switch {
	case !ok || id.roleAssignmentID == "" || moved.Scope != "" && !sameAzureSubscription(strings.TrimRight(moved.Scope, "/"), id.subscriptionID):
		resp.Diagnostics.Append(notMoved(req, fmt.Sprintf("Its scope is %s. Only role assignments directly on a subscription can be moved.", moved.Scope)))
		return
	case role == "" && !strings.EqualFold(moved.RoleName, "Owner") || role != "" && !strings.EqualFold(role, resourcemanager.Owner):
		if moved.RoleName != "" {
			role = moved.RoleName
		}
		resp.Diagnostics.Append(notMoved(req, fmt.Sprintf("Its role is %s. Only the Owner role can be moved.", role)))
		return
	}
	for name, value := range map[string]string{
		"customer_id": id.customerID, "subscription_id": id.subscriptionID, "principal_id": strings.ToLower(moved.PrincipalID), "id": id.roleAssignmentID,
		"principal_type": moved.PrincipalType, "description": moved.Description, "condition": moved.Condition,
	} {
		resp.Diagnostics.Append(resp.TargetState.SetAttribute(ctx, path.Root(name), tfkit.OrNull(value))...)
	}
	resp.Diagnostics.Append(resp.TargetState.SetAttribute(ctx, path.Root("adopt_existing"), false)...)
}

func notMoved(req resource.MoveStateRequest, why string) diag.Diagnostic {
	return tfkit.NotMoved(req, "partnercenter_subscription_owner_assignment", why, "remove the moved block, and leave this role assignment to the provider that created it.")
}

// findCustomer sets the customer of a role assignment that was moved from another provider. Resource Manager
// returns the tenant of the subscription.
func (r *subscriptionOwnerAssignmentResource) findCustomer(ctx context.Context, m *subscriptionOwnerAssignmentModel) diag.Diagnostics {
	if !m.CustomerID.IsNull() {
		return nil
	}
	id, err := r.customerOf(ctx, m.SubscriptionID.ValueString())
	if err != nil {
		return diag.Diagnostics{tfkit.Failure("Could not find the customer of subscription "+m.SubscriptionID.ValueString(), err)}
	}
	m.CustomerID = types.StringValue(id)
	return nil
}

func (r *subscriptionOwnerAssignmentResource) customerOf(ctx context.Context, subscriptionID string) (string, error) {
	id, err := azureSubscriptionID(subscriptionID)
	if err != nil {
		return "", err
	}
	return r.Azure.Subscriptions.TenantOf(ctx, id)
}
