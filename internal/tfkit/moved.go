package tfkit

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// MovedJSON decodes the state of another provider's resource that a moved block names. It reads the JSON
// without a schema, because the other provider can have any version.
func MovedJSON(req resource.MoveStateRequest, into any) error {
	if req.SourceRawState == nil || len(req.SourceRawState.JSON) == 0 {
		return fmt.Errorf("the state of %s is empty", req.SourceTypeName)
	}
	return json.Unmarshal(req.SourceRawState.JSON, into)
}

// Document is a JSON document in the state of a generic provider: an attribute of dynamic type, or a string that
// contains JSON.
type Document struct{ JSON json.RawMessage }

// UnmarshalJSON accepts both forms.
func (d *Document) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		d.JSON = json.RawMessage(text)
		return nil
	}
	var dynamic struct {
		Value json.RawMessage `json:"value"`
		Type  json.RawMessage `json:"type"`
	}
	if json.Unmarshal(b, &dynamic) == nil && dynamic.Type != nil {
		b = dynamic.Value
	}
	d.JSON = json.RawMessage(b)
	return nil
}

// Decode decodes the document. It returns false if there is no document, or if it has another form.
func (d Document) Decode(into any) bool {
	return len(d.JSON) > 0 && json.Unmarshal(d.JSON, into) == nil
}

// NotMoved returns the error for another provider's resource that cannot be moved to the type.
func NotMoved(req resource.MoveStateRequest, typeName, why, remedy string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(fmt.Sprintf("Cannot move %s to %s", req.SourceTypeName, typeName), why+"\n\nWhat to do: "+remedy)
}
