package tfkit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

const guid = "7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202"

func TestCheckGUID_acceptsTheUsualFormOnly(t *testing.T) {
	for name, c := range map[string]struct {
		in string
		ok bool
	}{
		"lower case":                {guid, true},
		"upper case":                {strings.ToUpper(guid), true},
		"mixed case":                {"7C9b2d10-83F4-4e0a-A2ce-5b7d90e4c202", true},
		"all zero":                  {"00000000-0000-0000-0000-000000000000", true},
		"nothing":                   {"", false},
		"braces":                    {"{" + guid + "}", false},
		"a URN":                     {"urn:uuid:" + guid, false},
		"no hyphens":                {strings.ReplaceAll(guid, "-", ""), false},
		"a trailing space":          {guid + " ", false},
		"a trailing line break":     {guid + "\n", false},
		"a leading space":           {" " + guid, false},
		"a letter that is not hex":  {"7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c20g", false},
		"a digit too few":           {guid[:35], false},
		"a digit too many":          {guid + "0", false},
		"a hyphen in another place": {"7c9b2d1-083f4-4e0a-a2ce-5b7d90e4c202", false},
		"a domain":                  {"contoso.onmicrosoft.com", false},
		"36 other characters":       {strings.Repeat("x", 36), false},
		"36 bytes of other scripts": {strings.Repeat("é", 18), false},
	} {
		t.Run(name, func(t *testing.T) {
			err := tfkit.CheckGUID(c.in)
			if (err == nil) != c.ok {
				t.Fatalf("got %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), "a GUID such as") {
				t.Errorf("the error %q has no example", err)
			}
		})
	}
}

func TestStringCheck(t *testing.T) {
	v := tfkit.StringCheck("value must be good", func(s string) error {
		if s != "good" {
			return errors.New("is not good")
		}
		return nil
	})
	for name, c := range map[string]struct {
		value types.String
		want  string
	}{
		"a good value":                  {types.StringValue("good"), ""},
		"a bad value":                   {types.StringValue("bad"), "The value of customer.id is not good."},
		"an empty value is a value":     {types.StringValue(""), "The value of customer.id is not good."},
		"an unknown value may be good":  {types.StringUnknown(), ""},
		"a value that is not set is OK": {types.StringNull(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			at := path.Root("customer").AtName("id")
			var resp validator.StringResponse
			v.ValidateString(t.Context(), validator.StringRequest{Path: at, ConfigValue: c.value}, &resp)
			if c.want == "" {
				if resp.Diagnostics.HasError() {
					t.Errorf("got %v", resp.Diagnostics)
				}
				return
			}
			if len(resp.Diagnostics) != 1 {
				t.Fatalf("got %v, want one error", resp.Diagnostics)
			}
			d, ok := resp.Diagnostics[0].(interface{ Path() path.Path })
			if !ok || !d.Path().Equal(at) {
				t.Errorf("the error is not on %s: %v", at, resp.Diagnostics[0])
			}
			if got := resp.Diagnostics[0]; got.Summary() != "Invalid customer.id" || got.Detail() != c.want+"\n\nWhat to do: correct the value." {
				t.Errorf("got %q and %q, want %q", got.Summary(), got.Detail(), c.want)
			}
		})
	}
	if v.Description(t.Context()) != "value must be good" || v.MarkdownDescription(t.Context()) != "value must be good" {
		t.Error("the description is not the one that was given")
	}
}

func TestGUID_isAValidatorOfGUIDs(t *testing.T) {
	for value, bad := range map[string]bool{guid: false, "contoso.onmicrosoft.com": true} {
		var resp validator.StringResponse
		tfkit.GUID().ValidateString(t.Context(), validator.StringRequest{Path: path.Root("id"), ConfigValue: types.StringValue(value)}, &resp)
		if resp.Diagnostics.HasError() != bad {
			t.Errorf("%q: got %v", value, resp.Diagnostics)
		}
	}
}

func TestIgnoreCase(t *testing.T) {
	lower, upper := types.StringValue(guid), types.StringValue(strings.ToUpper(guid))
	other, empty, null, unknown := types.StringValue("other"), types.StringValue(""), types.StringNull(), types.StringUnknown()
	for name, c := range map[string]struct{ state, plan, want types.String }{
		"another case keeps the state":        {lower, upper, lower},
		"the other way round too":             {upper, lower, upper},
		"the same stays":                      {lower, lower, lower},
		"another value is a change":           {lower, other, other},
		"no state, as in a create":            {null, upper, upper},
		"no state and no plan":                {null, null, null},
		"no state and an unknown plan":        {null, unknown, unknown},
		"an unknown plan":                     {lower, unknown, unknown},
		"an unknown plan over an empty state": {empty, unknown, unknown},
		"a value that is removed":             {lower, null, null},
		"an empty value that is removed":      {empty, null, null},
		"an empty value over none":            {null, empty, empty},
	} {
		t.Run(name, func(t *testing.T) {
			resp := planmodifier.StringResponse{PlanValue: c.plan}
			tfkit.IgnoreCase().PlanModifyString(t.Context(), planmodifier.StringRequest{StateValue: c.state, PlanValue: c.plan}, &resp)
			if !resp.PlanValue.Equal(c.want) || resp.RequiresReplace || resp.Diagnostics.HasError() {
				t.Errorf("got %v (replace: %v, %v), want %v", resp.PlanValue, resp.RequiresReplace, resp.Diagnostics, c.want)
			}
		})
	}
	if d := tfkit.IgnoreCase().Description(t.Context()); d == "" || tfkit.IgnoreCase().MarkdownDescription(t.Context()) != d {
		t.Errorf("the descriptions are %q and %q", d, tfkit.IgnoreCase().MarkdownDescription(t.Context()))
	}
}
