package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// defaultConcurrentRequests is far above the limits of the services: at 20 ms per answer it allows
// 1,600 requests per second.
const defaultConcurrentRequests = 32

// limits reads the settings that limit requests. maxRetries has the form of httppipe.Options: -1 means
// no retries.
func (r *resolver) limits() (l httppipe.Limits, maxRetries int) {
	l.Concurrent = defaultConcurrentRequests
	if s := r.text("max_concurrent_requests", checkConcurrentRequests); s != "" {
		l.Concurrent, _ = strconv.Atoi(s) // cannot fail: it was checked
	}
	if s := r.text("requests_per_second", checkRequestsPerSecond); s != "" {
		l.PerSecond, _ = strconv.ParseFloat(s, 64) // cannot fail: it was checked
	}
	if s := r.text("max_retries", checkRetries); s != "" {
		maxRetries, _ = strconv.Atoi(s) // cannot fail: it was checked
		if maxRetries == 0 {
			maxRetries = -1
		}
	}
	return l, maxRetries
}

func checkRequestsPerSecond(s string) error {
	if n, err := strconv.ParseFloat(s, 64); err != nil || !(n >= 0.01 && n <= 1000) { // the comparison is false for NaN
		return errors.New("must be a number from 0.01 to 1000, such as 8, which is 480 requests per minute")
	}
	return nil
}

func checkConcurrentRequests(s string) error { return checkWhole(s, 1, 256, "32") }

func checkRetries(s string) error { return checkWhole(s, 0, 100, "4, or 0 for never") }

func checkWhole(s string, least, most int, example string) error {
	if n, err := strconv.Atoi(s); err != nil || n < least || n > most {
		return fmt.Errorf("must be a whole number from %d to %d, such as %s", least, most, example)
	}
	return nil
}

// numberCheck is tfkit.StringCheck for numbers. It checks their text, like that of an environment
// variable.
type numberCheck struct {
	description string
	check       func(string) error
}

func (c numberCheck) Description(context.Context) string         { return c.description }
func (c numberCheck) MarkdownDescription(context.Context) string { return c.description }

func (c numberCheck) ValidateInt64(_ context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() {
		c.validate(req.Path, strconv.FormatInt(req.ConfigValue.ValueInt64(), 10), &resp.Diagnostics)
	}
}

func (c numberCheck) ValidateFloat64(_ context.Context, req validator.Float64Request, resp *validator.Float64Response) {
	if !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() {
		c.validate(req.Path, strconv.FormatFloat(req.ConfigValue.ValueFloat64(), 'g', -1, 64), &resp.Diagnostics)
	}
}

func (c numberCheck) validate(at path.Path, s string, diags *diag.Diagnostics) {
	if err := c.check(s); err != nil {
		diags.AddAttributeError(at, "Invalid value", "The value of "+at.String()+" "+err.Error()+".\n\nWhat to do: correct the value.")
	}
}
