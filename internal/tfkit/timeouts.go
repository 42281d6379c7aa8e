package tfkit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	data "github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	dataschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ReadTimeout is the default of [ReadTimeouts]. At 500 requests per minute, 10,000 customers take 20
// minutes. It is longer because other programs of the partner may use most of the limit.
const ReadTimeout = 2 * time.Hour

const timeoutsDescription = "Time limits for operations, including waits and retries."

// Timeouts returns the attribute timeouts of a resource. More is appended to its description.
func Timeouts(ctx context.Context, standard time.Duration, more string) schema.Attribute {
	a := timeouts.AttributesAll(ctx)
	nested, ok := a.(schema.SingleNestedAttribute)
	if !ok {
		return a
	}
	nested.MarkdownDescription = strings.TrimSpace(timeoutsDescription + " " + more)
	for name := range maps.Clone(nested.Attributes) {
		nested.Attributes[name] = schema.StringAttribute{
			Optional: true, MarkdownDescription: timeoutDescription(name, standard), Validators: []validator.String{positiveDuration()},
		}
	}
	return nested
}

// NoTimeouts returns the value of [Timeouts] in the state of a resource that sets none, for example after an import.
func NoTimeouts() timeouts.Value {
	return timeouts.Value{Object: types.ObjectNull(map[string]attr.Type{
		"create": types.StringType, "read": types.StringType, "update": types.StringType, "delete": types.StringType,
	})}
}

// ReadTimeouts returns the attribute timeouts of a data source that reads many customers.
func ReadTimeouts(ctx context.Context) dataschema.Attribute {
	a := data.Attributes(ctx)
	nested, ok := a.(dataschema.SingleNestedAttribute)
	if !ok {
		return a
	}
	nested.MarkdownDescription = timeoutsDescription
	nested.Attributes["read"] = dataschema.StringAttribute{
		Optional: true, MarkdownDescription: timeoutDescription("read", ReadTimeout), Validators: []validator.String{positiveDuration()},
	}
	return nested
}

func timeoutDescription(name string, standard time.Duration) string {
	return fmt.Sprintf("Time limit of the %s operation, such as `%s`. Must be positive. Defaults to `%s`.", name, brief(standard/2), brief(standard))
}

func positiveDuration() validator.String {
	return StringCheck("value must be a positive duration such as 30m or 1h30m", func(s string) error {
		if d, err := time.ParseDuration(s); err != nil || d <= 0 {
			return errors.New("must be a positive duration such as 30m or 1h30m")
		}
		return nil
	})
}

// brief formats 20m0s as 20m.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
