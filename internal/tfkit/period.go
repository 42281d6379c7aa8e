package tfkit

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Period is the period of a data source. Its arguments mean the same in all data sources. Embed it in
// the model, and add [PeriodAttributes] to the schema.
type Period struct {
	Start types.String `tfsdk:"start"`
	End   types.String `tfsdk:"end"`
	Last  types.String `tfsdk:"last"`
}

// PeriodAttributes returns the arguments of a [Period]. The texts start and last are appended to the
// descriptions, such as " Defaults to 30 days." CheckLast validates last; nil means [ParseDuration].
func PeriodAttributes(start, last string, checkLast func(string) error) map[string]schema.Attribute {
	if checkLast == nil {
		checkLast = func(s string) error {
			_, err := ParseDuration(s)
			return err
		}
	}
	return map[string]schema.Attribute{
		"start": schema.StringAttribute{
			MarkdownDescription: "Start of the period (inclusive), in RFC 3339 format, such as `2026-01-31T00:00:00Z`." + start,
			Optional:            true,
			Validators:          []validator.String{RFC3339(), stringvalidator.ConflictsWith(path.MatchRoot("last"))},
		},
		"end": schema.StringAttribute{
			MarkdownDescription: "End of the period (exclusive), in RFC 3339 format. Defaults to the current time.",
			Optional:            true,
			Validators:          []validator.String{RFC3339()},
		},
		"last": schema.StringAttribute{
			MarkdownDescription: "Length of the period before `end`, in place of `start`, such as `30d`, `36h` or `90m`." + last,
			Optional:            true,
			Validators:          []validator.String{StringCheck("value must be a duration such as 30d or 36h", checkLast)},
		},
	}
}

// Between returns the period. Fallback is its length if neither start nor last is set; 0 means that the
// period has no start. A zero end means now.
func (p Period) Between(now time.Time, fallback time.Duration) (start, end time.Time) {
	end = Time(p.End)
	if !p.Start.IsNull() {
		return Time(p.Start), end
	}
	if d, err := ParseDuration(p.Last.ValueString()); err == nil {
		fallback = d
	}
	switch {
	case fallback == 0:
		return time.Time{}, end
	case end.IsZero():
		return now.Add(-fallback), end
	}
	return end.Add(-fallback), end
}

// Known reports whether all values are known and valid, so that they can be compared.
func (p Period) Known() bool {
	for _, s := range []types.String{p.Start, p.End} {
		if s.IsUnknown() || !s.IsNull() && CheckRFC3339(s.ValueString()) != nil {
			return false
		}
	}
	if p.Last.IsNull() {
		return true
	}
	_, err := ParseDuration(p.Last.ValueString())
	return !p.Last.IsUnknown() && err == nil
}

// Check adds an error for a period that starts in the future, and for an empty one.
func (p Period) Check(now time.Time, diags *diag.Diagnostics) {
	start, end := Time(p.Start), Time(p.End)
	switch {
	case !p.Known():
	case start.After(now):
		diags.AddAttributeError(path.Root("start"), "Invalid value", fmt.Sprintf("The value of start, %s, is in the future.", p.Start.ValueString()))
	case !p.Start.IsNull() && !p.End.IsNull() && !end.After(start):
		diags.AddAttributeError(path.Root("end"), "Invalid value", fmt.Sprintf(
			"The value of end, %s, must be later than that of start, %s.", p.End.ValueString(), p.Start.ValueString()))
	}
}
