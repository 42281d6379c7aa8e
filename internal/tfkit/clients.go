package tfkit

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"terraform-provider-partnercenter/internal/azurerbac"
	"terraform-provider-partnercenter/internal/partnercenter"
)

// Clients is what the provider's Configure hands to every type.
type Clients struct {
	PartnerCenter *partnercenter.Client
	Azure         *azurerbac.Client
}

// ClientsFrom reads the provider data in a type's Configure. It answers nil, without an
// error, while the provider is not configured, as when Terraform only validates.
func ClientsFrom(data any, diags *diag.Diagnostics) *Clients {
	if data == nil {
		return nil
	}
	c, ok := data.(*Clients)
	if !ok {
		diags.AddError("Unexpected provider data", fmt.Sprintf("The provider handed out a %T. This is a bug in the provider; please report it.", data))
	}
	return c
}
