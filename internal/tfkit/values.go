package tfkit

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// OrNull maps what a server leaves out to null.
func OrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// TimeOrNull maps a time to RFC 3339 in UTC, and the zero time to null.
func TimeOrNull(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
