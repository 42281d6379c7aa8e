package provider

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"terraform-provider-partnercenter/internal/services/permission"
)

// NewServer returns the provider as a server of the plugin protocol.
func NewServer(version string, options ...Option) tfprotov6.ProviderServer {
	return server{providerserver.NewProtocol6(New(version, options...)())()}
}

// server is the framework's, but for what an earlier apply has left in the state to show what it
// changes. It is dropped when Terraform loads the state, which Terraform does not count as a change,
// as it would in a refresh. So each plan shows what it changes, and nothing else.
type server struct{ tfprotov6.ProviderServer }

// UpgradeResourceState is called for all that Terraform loads, whatever its version.
func (s server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	if req.TypeName == "partnercenter_customer_permissions" && req.RawState != nil {
		req.RawState.JSON = without(req.RawState.JSON, permission.ChangeAttributes)
	}
	return s.ProviderServer.UpgradeResourceState(ctx, req) //nolint:wrapcheck // it is the same method
}

// without sets attributes of a state to null. What it cannot read it leaves to the framework.
func without(state []byte, names []string) []byte {
	var attributes map[string]json.RawMessage
	if json.Unmarshal(state, &attributes) != nil {
		return state
	}
	changed := false
	for _, name := range names {
		if value, ok := attributes[name]; ok && !bytes.Equal(value, []byte("null")) {
			attributes[name], changed = json.RawMessage("null"), true
		}
	}
	if !changed {
		return state
	}
	out, err := json.Marshal(attributes)
	if err != nil {
		return state
	}
	return out
}
