package tfkit

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// objectKey is where private state keeps the object's id.
const objectKey = "object"

// ObjectID returns the id that tells an object of the state from others of its type, and stores a
// new one where there is none: in ModifyPlan for an object that is yet to be created, in Create
// and ImportState for the object itself. Terraform hands private state from the plan to Delete and
// from the first plan of a replacement to the second, but not to Create.
func ObjectID(ctx context.Context, private PrivateState) (string, diag.Diagnostics) {
	b, diags := private.GetKey(ctx, objectKey)
	var id string
	if json.Unmarshal(b, &id) == nil && id != "" {
		return id, diags
	}
	id = uuid.NewString()
	b, _ = json.Marshal(id) // a string always can be
	diags.Append(private.SetKey(ctx, objectKey, b)...)
	return id, diags
}
