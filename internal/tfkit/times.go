package tfkit

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// CheckRFC3339 returns an error unless s is a time in RFC 3339 format.
func CheckRFC3339(s string) error {
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return errors.New("must be a time in RFC 3339 format such as 2026-01-31T00:00:00Z")
	}
	return nil
}

// RFC3339 validates an attribute with [CheckRFC3339]; [Time] reads it.
func RFC3339() validator.String {
	return StringCheck("value must be a time in RFC 3339 format such as 2026-01-31T00:00:00Z", CheckRFC3339)
}

// Time returns the time in an attribute that [RFC3339] validates, or the zero time if it is null or
// invalid.
func Time(s types.String) time.Time {
	t, err := time.Parse(time.RFC3339, s.ValueString())
	if err != nil {
		return time.Time{}
	}
	return t
}

// ParseDuration parses a duration in days, such as 30d, or in Go's format, which has no days.
func ParseDuration(s string) (time.Duration, error) {
	var d time.Duration
	var err error
	if number, ok := strings.CutSuffix(s, "d"); ok {
		var days uint64
		if days, err = strconv.ParseUint(number, 10, 16); err == nil {
			d = time.Duration(days) * 24 * time.Hour
		}
	} else {
		d, err = time.ParseDuration(s)
	}
	if err != nil || d <= 0 {
		return 0, errors.New("must be a duration such as 30d or 36h")
	}
	return d, nil
}
