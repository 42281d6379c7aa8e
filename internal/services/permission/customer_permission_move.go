package permission

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

var _ resource.ResourceWithMoveState = (*customerPermissionResource)(nil)

// genericPolicies are the types of generic REST providers that can manage a self-serve policy, with the
// attributes that contain it. The attribute with the last answer of the server comes first.
var genericPolicies = map[string][]string{
	"restapi_object":   {"api_response", "data"},
	"restful_resource": {"output", "body"},
}

// MoveState moves a self-serve policy that a generic REST provider manages, if its state contains the customer.
// Terraform calls it before the provider is configured, so nothing is read.
func (r *customerPermissionResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: r.move}}
}

func (r *customerPermissionResource) move(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	attributes, ok := genericPolicies[req.SourceTypeName]
	if !ok {
		return
	}
	typeName := "partnercenter_customer_permission_" + r.name
	var source map[string]tfkit.Document
	if err := tfkit.MovedJSON(req, &source); err != nil {
		resp.Diagnostics.Append(tfkit.NotMoved(req, typeName, "Its state cannot be read: "+err.Error()+".", "import the permission instead."))
		return
	}
	var customerID string
	var permissions []partnercenter.PolicyPermission
	for _, name := range attributes {
		var policy struct {
			partnercenter.SelfServePolicy

			Items []partnercenter.SelfServePolicy `json:"items"` // of the list that a read returns
		}
		source[name].Decode(&policy)
		for _, one := range append(policy.Items, policy.SelfServePolicy) {
			if customerID == "" && tfkit.CheckGUID(one.Entity.TenantID) == nil {
				customerID, permissions = strings.ToLower(one.Entity.TenantID), one.Permissions
			}
		}
	}
	if customerID == "" {
		resp.Diagnostics.Append(tfkit.NotMoved(req, typeName, "Its state contains no self-serve policy with the tenant ID of a customer.",
			"remove the moved block, and import the permission with the tenant ID of the customer."))
		return
	}
	policy := partnercenter.SelfServePolicy{Permissions: permissions}
	for name, value := range map[string]any{
		"id": customerID, "customer_id": customerID, "enabled": policy.Allows(r.permission), "verify_azure_subscription": true,
	} {
		resp.Diagnostics.Append(resp.TargetState.SetAttribute(ctx, path.Root(name), value)...)
	}
}
