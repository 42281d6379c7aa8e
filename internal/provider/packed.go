package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/permission"
)

// packing is the plugin framework's server, but Terraform has [permission.PackedAttributes] as maps. A call with an
// object that it does not convert fails: the framework finds a map where it wants a string.
type packing struct{ frameworkServer }

// packedType is the type of resource with packed attributes.
const packedType = "partnercenter_customer_permissions"

// GetProviderSchema returns the schema with maps.
func (s packing) GetProviderSchema(ctx context.Context, req *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	resp, err := s.frameworkServer.GetProviderSchema(ctx, req)
	if err != nil || resp.ResourceSchemas[packedType] == nil {
		return resp, err
	}
	for _, a := range resp.ResourceSchemas[packedType].Block.Attributes {
		if t, ok := permission.PackedAttributes[a.Name]; ok {
			a.Type = t
		}
	}
	return resp, nil
}

func (s packing) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	in := *req
	if err := pack(in.TypeName, &in.Config); err != nil {
		return nil, err
	}
	return s.frameworkServer.ValidateResourceConfig(ctx, &in)
}

func (s packing) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	in := *req
	if in.TypeName == packedType && in.RawState != nil {
		state, err := packJSON(in.RawState.JSON)
		if err != nil {
			return nil, err
		}
		in.RawState = &tfprotov6.RawState{JSON: state, Flatmap: in.RawState.Flatmap}
	}
	resp, err := s.frameworkServer.UpgradeResourceState(ctx, &in)
	if err != nil {
		return resp, err
	}
	return resp, unpack(req.TypeName, &resp.UpgradedState)
}

func (s packing) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	in := *req
	if err := pack(in.TypeName, &in.CurrentState); err != nil {
		return nil, err
	}
	resp, err := s.frameworkServer.ReadResource(ctx, &in)
	if err != nil {
		return resp, err
	}
	return resp, unpack(req.TypeName, &resp.NewState)
}

func (s packing) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	in := *req
	if err := pack(in.TypeName, &in.PriorState, &in.ProposedNewState, &in.Config); err != nil {
		return nil, err
	}
	resp, err := s.frameworkServer.PlanResourceChange(ctx, &in)
	if err != nil {
		return resp, err
	}
	return resp, unpack(req.TypeName, &resp.PlannedState)
}

func (s packing) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	in := *req
	if err := pack(in.TypeName, &in.PriorState, &in.PlannedState, &in.Config); err != nil {
		return nil, err
	}
	resp, err := s.frameworkServer.ApplyResourceChange(ctx, &in)
	if err != nil {
		return resp, err
	}
	return resp, unpack(req.TypeName, &resp.NewState)
}

func (s packing) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	resp, err := s.frameworkServer.ImportResourceState(ctx, req)
	if err != nil {
		return resp, err
	}
	for _, imported := range resp.ImportedResources {
		if err := unpack(imported.TypeName, &imported.State); err != nil {
			return nil, err
		}
	}
	return resp, nil
}

func (s packing) GenerateResourceConfig(ctx context.Context, req *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	in := *req
	if err := pack(in.TypeName, &in.State); err != nil {
		return nil, err
	}
	resp, err := s.frameworkServer.GenerateResourceConfig(ctx, &in)
	if err != nil {
		return resp, err
	}
	return resp, unpack(req.TypeName, &resp.Config)
}

// pack replaces values from Terraform by values for the framework.
func pack(typeName string, values ...**tfprotov6.DynamicValue) error {
	return convert(typeName, values, func(v *tfprotov6.DynamicValue) (out tfprotov6.DynamicValue, err error) {
		if v.MsgPack == nil {
			out.JSON, err = packJSON(v.JSON)
			return out, err
		}
		out.MsgPack, err = eachPacked(v.MsgPack, func(name string, from *msgpack.Decoder, to *msgpack.Encoder) error {
			value, err := decode(from, permission.PackedAttributes[name])
			if err != nil {
				return err
			}
			text, err := json.Marshal(value) // sorts the keys
			if err != nil {
				return err
			}
			return to.EncodeString(string(text))
		})
		return out, err
	})
}

// unpack replaces values from the framework by values for Terraform.
func unpack(typeName string, values ...**tfprotov6.DynamicValue) error {
	return convert(typeName, values, func(v *tfprotov6.DynamicValue) (out tfprotov6.DynamicValue, err error) {
		out.MsgPack, err = eachPacked(v.MsgPack, func(name string, from *msgpack.Decoder, to *msgpack.Encoder) error {
			text, err := from.DecodeBytes()
			if err != nil {
				return err
			}
			var value any
			if err := json.Unmarshal(text, &value); err != nil {
				return err
			}
			return encode(to, value, permission.PackedAttributes[name])
		})
		return out, err
	})
}

func convert(typeName string, values []**tfprotov6.DynamicValue, one func(*tfprotov6.DynamicValue) (tfprotov6.DynamicValue, error)) error {
	if typeName != packedType {
		return nil
	}
	for _, v := range values {
		if *v == nil {
			continue
		}
		out, err := one(*v)
		if err != nil {
			return fmt.Errorf("converting the attributes of %s: %w", typeName, err)
		}
		*v = &out
	}
	return nil
}

// packJSON is pack for an object in JSON.
func packJSON(object []byte) ([]byte, error) {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(object, &attributes); err != nil || attributes == nil {
		return object, nil //nolint:nilerr // the framework says what is wrong
	}
	for name := range permission.PackedAttributes {
		var value any
		if err := json.Unmarshal(attributes[name], &value); err != nil || value == nil {
			continue // absent or null
		}
		text, err := json.Marshal(value) // sorts the keys
		if err != nil {
			return nil, err
		}
		if attributes[name], err = json.Marshal(string(text)); err != nil {
			return nil, err
		}
	}
	return json.Marshal(attributes)
}

// eachPacked copies an object in MessagePack, and calls do for the packed attributes that are neither null nor unknown.
func eachPacked(object []byte, do func(name string, from *msgpack.Decoder, to *msgpack.Encoder) error) ([]byte, error) {
	var out bytes.Buffer
	from, to := msgpack.NewDecoder(bytes.NewReader(object)), msgpack.NewEncoder(&out)
	if code, err := from.PeekCode(); err != nil || code == msgpcode.Nil || msgpcode.IsExt(code) { // null or unknown
		return object, err
	}
	n, err := from.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	if err := to.EncodeMapLen(n); err != nil {
		return nil, err
	}
	for range n {
		name, err := from.DecodeString()
		if err != nil {
			return nil, err
		}
		if err := to.EncodeString(name); err != nil {
			return nil, err
		}
		code, err := from.PeekCode()
		_, isPacked := permission.PackedAttributes[name]
		switch {
		case err != nil:
		case isPacked && msgpcode.IsExt(code): // Terraform can add what it knows of an unknown map, which is not a string
			if err = from.Skip(); err == nil {
				err = to.Encode(unknown)
			}
		case isPacked && code != msgpcode.Nil:
			err = do(name, from, to)
		default:
			var raw msgpack.RawMessage
			if raw, err = from.DecodeRaw(); err == nil {
				err = to.Encode(raw)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Bytes(), nil
}

// unknown is an unknown value in Terraform's MessagePack.
var unknown = msgpack.RawMessage{msgpcode.FixExt1, 0, 0}

// decode reads an element of a packed attribute.
func decode(from *msgpack.Decoder, t tftypes.Type) (any, error) {
	code, err := from.PeekCode()
	switch {
	case err != nil:
		return nil, err
	case code == msgpcode.Nil:
		return nil, from.DecodeNil()
	case t.Is(tftypes.String):
		return decodeText(from)
	case msgpcode.IsExt(code):
		return permission.Unknown, from.Skip()
	case t.Is(tftypes.Bool):
		return from.DecodeBool()
	}
	elements, ok := t.(tftypes.Map)
	if !ok {
		return nil, fmt.Errorf("unexpected type %s", t)
	}
	n, err := from.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	out := make(map[string]any) // n may be larger than what follows
	for range n {
		key, err := decodeText(from)
		if err != nil {
			return nil, err
		}
		if out[key], err = decode(from, elements.ElementType); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// decodeText reads a string. JSON has only valid UTF-8, as Terraform does.
func decodeText(from *msgpack.Decoder) (string, error) {
	text, err := from.DecodeString()
	if err == nil && !utf8.ValidString(text) {
		err = fmt.Errorf("%q is not UTF-8", text)
	}
	return text, err
}

// encode is the reverse of decode.
func encode(to *msgpack.Encoder, value any, t tftypes.Type) error {
	switch v := value.(type) {
	case nil:
		return to.EncodeNil()
	case bool:
		return to.EncodeBool(v)
	case string:
		if v == permission.Unknown && !t.Is(tftypes.String) {
			return to.Encode(unknown)
		}
		return to.EncodeString(v)
	}
	elements, isMap := value.(map[string]any)
	ofMap, ok := t.(tftypes.Map)
	if !isMap || !ok {
		return fmt.Errorf("unexpected value of type %T", value)
	}
	if err := to.EncodeMapLen(len(elements)); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		if err := to.EncodeString(key); err != nil {
			return err
		}
		if err := encode(to, elements[key], ofMap.ElementType); err != nil {
			return err
		}
	}
	return nil
}
