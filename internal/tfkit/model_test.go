package tfkit_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

type exampleModel struct {
	Name     types.String   `tfsdk:"name"`
	Enabled  types.Bool     `tfsdk:"enabled"`
	Tags     types.Map      `tfsdk:"tags"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// Get returns what the framework returns.
func TestGet(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := schema.Schema{Attributes: map[string]schema.Attribute{
		"name":     schema.StringAttribute{Optional: true},
		"enabled":  schema.BoolAttribute{Optional: true},
		"tags":     schema.MapAttribute{ElementType: types.StringType, Optional: true},
		"timeouts": tfkit.Timeouts(ctx, tfkit.OperationTimeout, ""),
	}}
	object, ok := s.Type().TerraformType(ctx).(tftypes.Object)
	if !ok {
		t.Fatal("the schema is not an object")
	}
	limits, ok := object.AttributeTypes["timeouts"].(tftypes.Object)
	if !ok {
		t.Fatal("timeouts is not an object")
	}
	limit := func(v any) tftypes.Value { return tftypes.NewValue(tftypes.String, v) }
	for name, attributes := range map[string]map[string]tftypes.Value{
		"null": {
			"name": tftypes.NewValue(tftypes.String, nil), "enabled": tftypes.NewValue(tftypes.Bool, nil),
			"tags": tftypes.NewValue(object.AttributeTypes["tags"], nil), "timeouts": tftypes.NewValue(limits, nil),
		},
		"unknown": {
			"name": tftypes.NewValue(tftypes.String, tftypes.UnknownValue), "enabled": tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue),
			"tags": tftypes.NewValue(object.AttributeTypes["tags"], tftypes.UnknownValue), "timeouts": tftypes.NewValue(limits, tftypes.UnknownValue),
		},
		"known": {
			"name": tftypes.NewValue(tftypes.String, "a"), "enabled": tftypes.NewValue(tftypes.Bool, true),
			"tags": tftypes.NewValue(object.AttributeTypes["tags"], map[string]tftypes.Value{"b": limit("c")}),
			"timeouts": tftypes.NewValue(limits, map[string]tftypes.Value{
				"create": limit("1m"), "read": limit(nil), "update": limit(nil), "delete": limit("2m"),
			}),
		},
	} {
		state := tfsdk.State{Schema: s, Raw: tftypes.NewValue(object, attributes)}
		var got, want exampleModel
		if diags := append(tfkit.Get(ctx, state, &got), state.Get(ctx, &want)...); diags.HasError() {
			t.Fatal(name, diags)
		}
		if !got.Name.Equal(want.Name) || !got.Enabled.Equal(want.Enabled) || !got.Tags.Equal(want.Tags) || !got.Timeouts.Equal(want.Timeouts) {
			t.Errorf("%s: %v, not %v", name, got, want)
		}
	}
	var m exampleModel
	if diags := tfkit.Get(ctx, tfsdk.State{Schema: s, Raw: tftypes.NewValue(tftypes.String, "a")}, &m); !diags.HasError() {
		t.Error("a state that is not an object is no error")
	}
}
