package tfkit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// writtenKey is where private state keeps when the resource was written last.
const writtenKey = "written_at"

// PrivateState is the private state of a request or a response.
type PrivateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// MarkWritten notes that the resource was written now. A read right after a write may still
// show what was before, which would look like a change made outside Terraform.
func MarkWritten(ctx context.Context, private PrivateState) diag.Diagnostics {
	b, err := json.Marshal(time.Now().UTC())
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not note the time of the write", err.Error())}
	}
	return private.SetKey(ctx, writtenKey, b)
}

// WrittenWithin tells whether the resource was written less than d ago. An entry that
// cannot be read only means that it was not.
func WrittenWithin(ctx context.Context, private PrivateState, d time.Duration) bool {
	b, _ := private.GetKey(ctx, writtenKey)
	var at time.Time
	return json.Unmarshal(b, &at) == nil && time.Since(at) < d
}
