package tfkit

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// MovedJSON decodes the state of a resource of another provider, which a moved block names. It does not
// take the schema of that provider, which may be of any version.
func MovedJSON(req resource.MoveStateRequest, into any) error {
	if req.SourceRawState == nil || len(req.SourceRawState.JSON) == 0 {
		return fmt.Errorf("the state of %s is empty", req.SourceTypeName)
	}
	return json.Unmarshal(req.SourceRawState.JSON, into)
}

// Document is a JSON document in the state of a generic provider: an attribute of dynamic type, or a text that
// holds JSON.
type Document struct{ JSON json.RawMessage }

// UnmarshalJSON takes either form.
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

// Decode decodes the document. It answers false where there is none, or none of the form.
func (d Document) Decode(into any) bool {
	return len(d.JSON) > 0 && json.Unmarshal(d.JSON, into) == nil
}

// NotMoved is the error for a resource of another provider that cannot become one of the type.
func NotMoved(req resource.MoveStateRequest, typeName, why, remedy string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(fmt.Sprintf("Cannot move %s to %s", req.SourceTypeName, typeName), why+"\n\nWhat to do: "+remedy)
}
