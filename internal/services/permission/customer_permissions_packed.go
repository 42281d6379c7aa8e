package permission

import (
	"encoding/json"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// PackedAttributes are the attributes of partnercenter_customer_permissions with an element for each customer, by their
// types. Terraform has them as maps. The plugin framework has them as strings of JSON, because it copies each element of
// a map about 20 times in a plan: with 10,000 customers, that took half of the time and of the memory of a plan. The
// server of the plugin protocol converts between the two, and sorts the keys, so that equal maps are equal strings. The
// string [Unknown] stands for an unknown element, unless the elements are strings: those are always known.
var PackedAttributes = map[string]tftypes.Type{
	"permissions": tftypes.Map{ElementType: tftypes.Map{ElementType: tftypes.Bool}},
	"unconfirmed": tftypes.Map{ElementType: tftypes.String},
	"changes":     tftypes.Map{ElementType: tftypes.String},
}

// Unknown is an unknown element in a packed attribute.
const Unknown = "unknown"

// unpack returns the elements of a packed attribute. It is nil if the attribute is null or unknown.
func unpack(attribute types.String) map[string]any {
	if attribute.IsNull() || attribute.IsUnknown() {
		return nil
	}
	var elements map[string]any
	if err := json.Unmarshal([]byte(attribute.ValueString()), &elements); err != nil {
		panic(err) // an empty map instead would disable every customer
	}
	return elements
}

// pack returns null for an empty map.
func pack[V any](elements map[string]V) types.String {
	if len(elements) == 0 {
		return types.StringNull()
	}
	return packed(elements)
}

func packed[V any](elements map[string]V) types.String {
	text, err := json.Marshal(elements) // sorts the keys
	if err != nil {
		panic(err) // only types that JSON does not have fail
	}
	return types.StringValue(string(text))
}

// isKnown reports whether the packed attribute permissions has no unknown value.
func isKnown(permissions types.String) bool {
	for _, one := range unpack(permissions) {
		if one == Unknown {
			return false
		}
		inner, _ := one.(map[string]any)
		for _, on := range inner {
			if on == Unknown {
				return false
			}
		}
	}
	return !permissions.IsUnknown()
}

// toFleet converts the packed attribute permissions. Members that are null are not managed.
func toFleet(permissions types.String) fleet {
	elements := unpack(permissions)
	out := make(fleet, len(elements))
	for id, one := range elements {
		inner, _ := one.(map[string]any)
		values := make(switches, len(inner))
		for name, v := range inner {
			if on, ok := v.(bool); ok {
				values[members[name]] = on
			}
		}
		out[strings.ToLower(id)] = values
	}
	return out
}

// pack converts a fleet to the attribute permissions. The keys are spelled as in like, and null values there are kept.
func (f fleet) pack(like types.String) types.String {
	likes, spelled := unpack(like), make(map[string]string, len(f))
	for id := range likes {
		spelled[strings.ToLower(id)] = id
	}
	out := make(map[string]map[string]any, len(f))
	for id, one := range f {
		if key, ok := spelled[id]; ok {
			id = key
		}
		if is, ok := likes[id]; ok && is == nil && len(one) == 0 {
			out[id] = nil
			continue
		}
		out[id] = make(map[string]any, len(one))
		before, _ := likes[id].(map[string]any)
		for name, v := range before {
			if v == nil {
				out[id][name] = nil
			}
		}
		for name, permission := range members {
			if on, ok := one[permission]; ok {
				out[id][name] = on
			}
		}
	}
	return packed(out)
}
