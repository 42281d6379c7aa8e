package tfkit

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// CheckGUID accepts a GUID in its usual form, in either case.
func CheckGUID(s string) error {
	if len(s) != 36 || uuid.Validate(s) != nil {
		return errors.New("must be a GUID such as 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202")
	}
	return nil
}

// GUID validates an attribute with [CheckGUID].
func GUID() validator.String {
	return StringCheck("value must be a GUID such as 7c9b2d10-83f4-4e0a-a2ce-5b7d90e4c202", CheckGUID)
}

// StringCheck returns a validator that calls check. The error of check completes the sentence "The value of … ".
func StringCheck(description string, check func(string) error) validator.String {
	return stringCheck{description, check}
}

type stringCheck struct {
	description string
	check       func(string) error
}

func (c stringCheck) Description(context.Context) string         { return c.description }
func (c stringCheck) MarkdownDescription(context.Context) string { return c.description }

func (c stringCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := c.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(), "The value of "+req.Path.String()+" "+err.Error()+".\n\nWhat to do: "+remedyFor(req.Path.String()))
	}
}

// remedyFor returns where to find the right value of an attribute.
func remedyFor(attribute string) string {
	if strings.HasPrefix(attribute, "customer_id") {
		return "copy the Microsoft ID of the customer from Partner Center: Customers, the customer, Account."
	}
	return "correct the value."
}

// IgnoreCase keeps the spelling of the state if the configuration differs from it in case only, so
// that writing a GUID in another case is no change. Put it before RequiresReplace. Semantic equality
// would not do: the framework does not apply it in a plan.
func IgnoreCase() planmodifier.String {
	return KeepWhenSame("upper and lower case are the same", strings.EqualFold)
}

// KeepWhenSame is [IgnoreCase] for values that can differ in other ways than case.
func KeepWhenSame(description string, same func(a, b string) bool) planmodifier.String {
	return keepWhenSame{description, same}
}

type keepWhenSame struct {
	description string
	same        func(a, b string) bool
}

func (m keepWhenSame) Description(context.Context) string         { return m.description }
func (m keepWhenSame) MarkdownDescription(context.Context) string { return m.description }

func (m keepWhenSame) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.StateValue.IsNull() && !req.PlanValue.IsNull() && !req.PlanValue.IsUnknown() && m.same(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}
