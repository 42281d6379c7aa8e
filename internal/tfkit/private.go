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

// SetPrivate stores a value in private state. It does not store a zero value if there is no value yet,
// because a refresh that changes private state counts as a change of the resource in Terraform.
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

// GetPrivate returns a value of private state. It returns the zero value if there is none, or if it
// cannot be decoded.
func GetPrivate[T any](ctx context.Context, private PrivateState, key string) T {
	b, _ := private.GetKey(ctx, key)
	var value, none T
	if json.Unmarshal(b, &value) != nil {
		return none
	}
	return value
}

// writtenKey is the key of the time at which the resource was last written.
const writtenKey = "written_at"

// MarkWritten records that the resource was written now. A read shortly after a write may still return
// the old value, which would look like a change made outside Terraform.
func MarkWritten(ctx context.Context, private PrivateState) diag.Diagnostics {
	return SetPrivate(ctx, private, writtenKey, time.Now().UTC())
}

// WrittenAt returns when the resource was last written, or the zero time.
func WrittenAt(ctx context.Context, private PrivateState) time.Time {
	return GetPrivate[time.Time](ctx, private, writtenKey)
}

// WrittenWithin reports whether the resource was written less than d ago.
func WrittenWithin(ctx context.Context, private PrivateState, d time.Duration) bool {
	return time.Since(WrittenAt(ctx, private)) < d
}

// objectKey is the key of the object's ID.
const objectKey = "object"

// ObjectID returns the ID that distinguishes an object of the state from others of its type. If there is
// none, it stores a new one: in ModifyPlan for an object that will be created, in Create and ImportState
// for the object itself. Terraform passes private state from the plan to Delete, and from the first plan
// of a replacement to the second, but not to Create.
func ObjectID(ctx context.Context, private PrivateState) (string, diag.Diagnostics) {
	if id := GetPrivate[string](ctx, private, objectKey); id != "" {
		return id, nil
	}
	id := uuid.NewString()
	return id, SetPrivate(ctx, private, objectKey, id)
}
