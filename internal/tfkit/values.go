package tfkit

import "github.com/hashicorp/terraform-plugin-framework/types"

// OrNull maps what a server leaves out to null.
func OrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}
