package tfkit

import (
	"context"
	"reflect"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// modelField is a field of a model.
type modelField struct {
	attribute string
	typ       attr.Type
}

// modelFields caches the []modelField of each model, by its reflect.Type.
var modelFields sync.Map

// Get is from.Get for a model whose fields all have tfsdk tags and hold an [attr.Value]. A plan is converted: tfsdk.State(plan).
//
// It is for resources that a configuration has by the thousand: terraform-plugin-framework 1.19 compiles a regular expression for
// each field in each call, which was a quarter of what an unchanged plan costs in this provider.
func Get(ctx context.Context, from tfsdk.State, model any) (diags diag.Diagnostics) {
	v := reflect.ValueOf(model).Elem()
	var attributes map[string]tftypes.Value
	if err := from.Raw.As(&attributes); err != nil {
		diags.AddError("Could not read the state or plan", err.Error())
		return diags
	}
	for i, f := range fieldsOf(v.Type(), from) {
		value, err := f.typ.ValueFromTerraform(ctx, attributes[f.attribute])
		if err != nil {
			diags.AddError("Could not read "+f.attribute+" of the state or plan", err.Error())
			return diags
		}
		v.Field(i).Set(reflect.ValueOf(value))
	}
	return diags
}

func fieldsOf(model reflect.Type, from tfsdk.State) []modelField {
	if cached, ok := modelFields.Load(model); ok {
		return cached.([]modelField) //nolint:forcetypeassert // only this function stores
	}
	attributes := from.Schema.GetAttributes()
	fields := make([]modelField, model.NumField())
	for i := range fields {
		name := model.Field(i).Tag.Get("tfsdk")
		fields[i] = modelField{name, attributes[name].GetType()}
	}
	modelFields.Store(model, fields)
	return fields
}
