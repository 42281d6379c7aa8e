package tfkit

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// PrivateState is the private state of a request or a response.
type PrivateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// SetPrivate stores a value in private state. A zero value is not stored where there is none: Terraform
// counts a refresh that changes private state as a change of the resource.
func SetPrivate[T any](ctx context.Context, private PrivateState, key string, value T) diag.Diagnostics {
	b, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not write private state", key+": "+err.Error())}
	}
	var zero T
	none, _ := json.Marshal(zero)
	if before, _ := private.GetKey(ctx, key); before == nil && (bytes.Equal(b, none) || bytes.Equal(b, []byte("{}")) || bytes.Equal(b, []byte("[]"))) {
		return nil
	}
	return private.SetKey(ctx, key, b)
}

// GetPrivate returns a value of private state, or the zero value where there is none that can be
// read.
func GetPrivate[T any](ctx context.Context, private PrivateState, key string) T {
	b, _ := private.GetKey(ctx, key)
	var value, none T
	if json.Unmarshal(b, &value) != nil {
		return none
	}
	return value
}

// writtenKey is where private state keeps when the resource was written last.
const writtenKey = "written_at"

// MarkWritten notes that the resource was written now. A read right after a write may still
// show what was before, which would look like a change made outside Terraform.
func MarkWritten(ctx context.Context, private PrivateState) diag.Diagnostics {
	return SetPrivate(ctx, private, writtenKey, time.Now().UTC())
}

// WrittenAt returns when the resource was written last, or the zero time.
func WrittenAt(ctx context.Context, private PrivateState) time.Time {
	return GetPrivate[time.Time](ctx, private, writtenKey)
}

// WrittenWithin tells whether the resource was written less than d ago.
func WrittenWithin(ctx context.Context, private PrivateState, d time.Duration) bool {
	return time.Since(WrittenAt(ctx, private)) < d
}

// objectKey is where private state keeps the object's id.
const objectKey = "object"

// ObjectID returns the id that tells an object of the state from others of its type, and stores a
// new one where there is none: in ModifyPlan for an object that is yet to be created, in Create
// and ImportState for the object itself. Terraform hands private state from the plan to Delete and
// from the first plan of a replacement to the second, but not to Create.
func ObjectID(ctx context.Context, private PrivateState) (string, diag.Diagnostics) {
	if id := GetPrivate[string](ctx, private, objectKey); id != "" {
		return id, nil
	}
	id := uuid.NewString()
	return id, SetPrivate(ctx, private, objectKey, id)
}
