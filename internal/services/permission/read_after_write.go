package permission

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"terraform-provider-partnercenter/internal/partnercenter"
)

// writtenKey is where private state keeps when the permission was written last.
const writtenKey = "written_at"

// privateState is the private state of a request or a response.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// markWritten notes that the permission was written now.
func markWritten(ctx context.Context, private privateState) diag.Diagnostics {
	b, err := json.Marshal(time.Now().UTC())
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not note the time of the write", err.Error())}
	}
	return private.SetKey(ctx, writtenKey, b)
}

// read returns the policy. A read right after a write may still show what was before,
// which would look like a change made outside Terraform, so such an answer is confirmed.
func (r *customerPermissionReservationsResource) read(ctx context.Context, m customerPermissionReservationsModel, private privateState) (partnercenter.SelfServePolicy, error) {
	if m.Enabled.IsNull() || !writtenWithin(ctx, private, partnercenter.ReadLag) {
		return r.PartnerCenter.SelfServePolicies.Get(ctx, m.CustomerID.ValueString())
	}
	return r.PartnerCenter.SelfServePolicies.Confirm(ctx, m.CustomerID.ValueString(), reservations, m.Enabled.ValueBool())
}

// writtenWithin tells whether the permission was written less than d ago. An entry that
// cannot be read only means that it was not.
func writtenWithin(ctx context.Context, private privateState, d time.Duration) bool {
	b, _ := private.GetKey(ctx, writtenKey)
	var at time.Time
	return json.Unmarshal(b, &at) == nil && time.Since(at) < d
}
