package provider

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/services/permission"
)

var (
	mapOfTexts  = permission.PackedAttributes["changes"]
	mapOfBools  = tftypes.Map{ElementType: tftypes.Bool}
	permissions = permission.PackedAttributes["permissions"]
	// fleetObject has the packed attributes, and one that is not packed.
	fleetObject = tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"changes": mapOfTexts, "max_changes": tftypes.Number, "permissions": permissions, "unconfirmed": mapOfTexts,
	}}
)

// fleetValue returns an object with these permissions.
func fleetValue(of any) tftypes.Value {
	return tftypes.NewValue(fleetObject, map[string]tftypes.Value{
		"changes":     tftypes.NewValue(mapOfTexts, tftypes.UnknownValue),
		"max_changes": tftypes.NewValue(tftypes.Number, 9007199254740993), // is not a float64
		"permissions": tftypes.NewValue(permissions, of),
		"unconfirmed": tftypes.NewValue(mapOfTexts, map[string]tftypes.Value{
			"a": tftypes.NewValue(tftypes.String, permission.Unknown), "<b> & \"ü\"": tftypes.NewValue(tftypes.String, "refused"), "c": tftypes.NewValue(tftypes.String, nil),
		}),
	})
}

func customerOf(members any) tftypes.Value { return tftypes.NewValue(mapOfBools, members) }

func bools(values map[string]any) map[string]tftypes.Value {
	out := make(map[string]tftypes.Value)
	for name, v := range values {
		out[name] = tftypes.NewValue(tftypes.Bool, v)
	}
	return out
}

// fleetValues are values that Terraform can send.
func fleetValues() map[string]tftypes.Value {
	many := make(map[string]tftypes.Value)
	for _, id := range []string{"a", "B", "c", "D", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"} {
		many[id] = customerOf(bools(map[string]any{"azure_reservations": true, "azure_savings_plans": false, "no": nil}))
	}
	return map[string]tftypes.Value{
		"null object":      tftypes.NewValue(fleetObject, nil),
		"null":             fleetValue(nil),
		"unknown":          fleetValue(tftypes.UnknownValue),
		"empty":            fleetValue(map[string]tftypes.Value{}),
		"null customer":    fleetValue(map[string]tftypes.Value{"a": customerOf(nil)}),
		"unknown customer": fleetValue(map[string]tftypes.Value{"a": customerOf(tftypes.UnknownValue)}),
		"empty customer":   fleetValue(map[string]tftypes.Value{"a": customerOf(map[string]tftypes.Value{})}),
		"unknown member":   fleetValue(map[string]tftypes.Value{"a": customerOf(bools(map[string]any{"azure_reservations": tftypes.UnknownValue}))}),
		"many":             fleetValue(many),
	}
}

// TestPacked_roundTrip: what Terraform sends comes back unchanged, and has strings in between. The order of a map does
// not matter.
func TestPacked_roundTrip(t *testing.T) {
	t.Parallel()
	strings := tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"changes": tftypes.String, "max_changes": tftypes.Number, "permissions": tftypes.String, "unconfirmed": tftypes.String,
	}}
	for name, want := range fleetValues() {
		var first []byte
		for range 8 { // tftypes encodes a map in another order each time
			sent, err := tfprotov6.NewDynamicValue(fleetObject, want)
			if err != nil {
				t.Fatal(err)
			}
			v := &sent
			if err := pack(packedType, &v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			inner, err := v.Unmarshal(strings)
			if err != nil {
				t.Fatalf("%s: the framework cannot read it: %v", name, err)
			}
			if text := encoded(t, inner); first == nil {
				first = text
			} else if !bytes.Equal(first, text) {
				t.Errorf("%s: packed in another order: %s, before %s", name, text, first)
			}
			if err := unpack(packedType, &v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := v.Unmarshal(fleetObject)
			if err != nil || !got.Equal(want) {
				t.Errorf("%s: %v, not %v: %v", name, got, want, err)
			}
		}
	}
}

// encoded returns the string of the attribute permissions.
func encoded(t *testing.T, object tftypes.Value) []byte {
	t.Helper()
	attributes, text := map[string]tftypes.Value{}, ""
	if object.IsNull() {
		return []byte{}
	}
	if err := object.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if p := attributes["permissions"]; p.IsNull() || !p.IsKnown() {
		return []byte(p.String())
	}
	if err := attributes["permissions"].As(&text); err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}

// TestPacked_refinedUnknown: Terraform adds to an unknown map that it is not null, and how long it is. A string cannot
// have that.
func TestPacked_refinedUnknown(t *testing.T) {
	t.Parallel()
	refined := msgpack.RawMessage{0xc7, 0x05, 0x0c, 0x82, 0x01, 0xc2, 0x05, 0x03} // ext 12: not null, at least 3 elements
	var sent bytes.Buffer
	if err := msgpack.NewEncoder(&sent).Encode(map[string]any{"changes": refined, "max_changes": nil, "permissions": refined, "unconfirmed": nil}); err != nil {
		t.Fatal(err)
	}
	v := &tfprotov6.DynamicValue{MsgPack: sent.Bytes()}
	if err := pack(packedType, &v); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(v.MsgPack, unknown); n != 2 || bytes.Contains(v.MsgPack, refined) {
		t.Errorf("%d unknown values: %x", n, v.MsgPack)
	}
}

// TestPacked_json: a state or an object in JSON is packed like one in MessagePack. Numbers stay as they are.
func TestPacked_json(t *testing.T) {
	t.Parallel()
	const state = `{"max_changes":9007199254740993,"permissions":{"b":{"x":null,"azure_reservations":true},"a":{}},"changes":null,"unconfirmed":{"b":"unsure"}}`
	v := &tfprotov6.DynamicValue{JSON: []byte(state)}
	if err := pack(packedType, &v); err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(v.JSON, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"max_changes": "9007199254740993", "permissions": `"{\"a\":{},\"b\":{\"azure_reservations\":true,\"x\":null}}"`, "changes": "null", "unconfirmed": `"{\"b\":\"unsure\"}"`,
	} {
		if string(got[name]) != want {
			t.Errorf("%s is %s, not %s", name, got[name], want)
		}
	}
	for _, broken := range []string{"", "null", "[]", "{"} {
		if out, err := packJSON([]byte(broken)); err != nil || string(out) != broken {
			t.Errorf("%q becomes %q: %v", broken, out, err)
		}
	}
}

// TestPacked_others: objects of other types pass unchanged.
func TestPacked_others(t *testing.T) {
	t.Parallel()
	value := &tfprotov6.DynamicValue{MsgPack: []byte{0xc1}}
	v := value
	if err := pack("partnercenter_azure_plan", &v); err != nil || v != value {
		t.Errorf("packed: %v", err)
	}
	if err := unpack("partnercenter_azure_plan", &v); err != nil || v != value {
		t.Errorf("unpacked: %v", err)
	}
	if err := pack(packedType, &v); err == nil {
		t.Error("an object that is none is packed")
	}
}

// FuzzPacked: any bytes are an error, or are packed in the same way after they were unpacked.
func FuzzPacked(f *testing.F) {
	for _, v := range fleetValues() {
		sent, err := tfprotov6.NewDynamicValue(fleetObject, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sent.MsgPack)
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		sent := &tfprotov6.DynamicValue{MsgPack: object}
		v := sent
		if pack(packedType, &v) != nil {
			return
		}
		packed := v.MsgPack
		if err := unpack(packedType, &v); err != nil {
			t.Fatal(err)
		}
		if err := pack(packedType, &v); err != nil || !bytes.Equal(v.MsgPack, packed) {
			t.Fatalf("%x, not %x: %v", v.MsgPack, packed, err)
		}
	})
}
