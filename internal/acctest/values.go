package acctest

import (
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// encode returns plain values in the format of the protocol.
func (d *Protocol) encode(typ tftypes.Type, v any) *tfprotov6.DynamicValue {
	d.t.Helper()
	return d.dynamic(d.value(typ, v))
}

func (d *Protocol) dynamic(v tftypes.Value) *tfprotov6.DynamicValue {
	d.t.Helper()
	out, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		d.t.Fatal(err)
	}
	return &out
}

func (d *Protocol) decode(typ tftypes.Type, v *tfprotov6.DynamicValue) tftypes.Value {
	d.t.Helper()
	out, err := v.Unmarshal(typ)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// value gives plain values a type. Attributes that a map does not contain are null.
func (d *Protocol) value(typ tftypes.Type, v any) tftypes.Value {
	d.t.Helper()
	if v == any(Unknown) {
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	}
	if v == nil {
		return tftypes.NewValue(typ, nil)
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		in, ok := v.(Values)
		if !ok {
			d.t.Fatalf("%T is no object", v)
		}
		for name := range in {
			if _, ok := typ.AttributeTypes[name]; !ok {
				d.t.Fatalf("there is no attribute %s", name)
			}
		}
		out := make(map[string]tftypes.Value)
		for name, t := range typ.AttributeTypes {
			out[name] = d.value(t, in[name])
		}
		return tftypes.NewValue(typ, out)
	case tftypes.Map:
		in, ok := v.(Values)
		if !ok {
			d.t.Fatalf("%T is no map", v)
		}
		out := make(map[string]tftypes.Value, len(in))
		for name, e := range in {
			out[name] = d.value(typ.ElementType, e)
		}
		return tftypes.NewValue(typ, out)
	case tftypes.List:
		return tftypes.NewValue(typ, d.elements(typ.ElementType, v))
	case tftypes.Set:
		return tftypes.NewValue(typ, d.elements(typ.ElementType, v))
	}
	return tftypes.NewValue(typ, v)
}

// elements returns the elements of a list or a set.
func (d *Protocol) elements(typ tftypes.Type, v any) []tftypes.Value {
	d.t.Helper()
	in, ok := v.([]any)
	if !ok {
		d.t.Fatalf("%T is no list", v)
	}
	out := make([]tftypes.Value, 0, len(in))
	for _, e := range in {
		out = append(out, d.value(typ, e))
	}
	return out
}

// plain is the reverse of value. Numbers become int64.
func (d *Protocol) plain(v tftypes.Value) any {
	d.t.Helper()
	if !v.IsKnown() {
		return Unknown
	}
	if v.IsNull() {
		return nil
	}
	var err error
	defer func() {
		if err != nil {
			d.t.Fatal(err)
		}
	}()
	switch {
	case v.Type().Is(tftypes.String):
		var s string
		err = v.As(&s)
		return s
	case v.Type().Is(tftypes.Bool):
		var b bool
		err = v.As(&b)
		return b
	case v.Type().Is(tftypes.Number):
		n := new(big.Float)
		err = v.As(&n)
		i, _ := n.Int64()
		return i
	case v.Type().Is(tftypes.Object{}), v.Type().Is(tftypes.Map{}):
		in, out := map[string]tftypes.Value{}, Values{}
		err = v.As(&in)
		for name, e := range in {
			out[name] = d.plain(e)
		}
		return out
	}
	var in []tftypes.Value
	err = v.As(&in)
	out := make([]any, 0, len(in))
	for _, e := range in {
		out = append(out, d.plain(e))
	}
	return out
}
