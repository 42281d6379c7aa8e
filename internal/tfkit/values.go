package tfkit

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// OrNull returns null for "", which is what a client returns for a missing field.
func OrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// TimeOrNull returns a time in RFC 3339 format (UTC), or null for the zero time.
func TimeOrNull(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
