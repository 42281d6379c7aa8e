package tfkit

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

// ReadTimeout is the default of [ReadTimeouts]. At 500 requests per minute, 10,000 customers take
// 20 minutes; the partner's other programs may use most of the limit.
const ReadTimeout = 2 * time.Hour

// ReadTimeouts is the attribute timeouts of a data source that reads many customers.
func ReadTimeouts(ctx context.Context) schema.Attribute {
	a := timeouts.AttributesWithOpts(ctx, timeouts.Opts{
		ReadDescription: "How long reading may take, such as `30m`. Default `2h`, since other programs of the partner can use a part of the limit.",
	})
	if nested, ok := a.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long operations may take, waits included."
		return nested
	}
	return a
}
