package tfkit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func TestPeriod(t *testing.T) {
	now := time.Date(2026, time.May, 31, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	text := func(s string) types.String {
		switch s {
		case "":
			return types.StringNull()
		case "?":
			return types.StringUnknown()
		}
		return types.StringValue(s)
	}
	for _, c := range []struct {
		start, end, last string
		fallback         time.Duration
		from, to         string
		refused          string
	}{
		{"", "", "", 30 * day, "2026-05-01T12:00:00Z", "", ""},
		{"", "", "", 0, "", "", ""},
		{"", "", "36h", 30 * day, "2026-05-30T00:00:00Z", "", ""},
		{"2026-05-01T02:00:00+02:00", "", "", 30 * day, "2026-05-01T00:00:00Z", "", ""},
		{"", "2026-05-01T00:00:00Z", "", 30 * day, "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", ""},
		{"", "2026-05-01T00:00:00Z", "1d", 0, "2026-04-30T00:00:00Z", "2026-05-01T00:00:00Z", ""},
		{"", "2026-05-01T00:00:00Z", "", 0, "", "2026-05-01T00:00:00Z", ""},
		{"2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", "", day, "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", ""},
		{"2026-04-01T00:00:00Z", "2026-04-01T02:00:00+02:00", "", day, "2026-04-01T00:00:00Z", "2026-04-01T00:00:00Z", "must be later than that of start, 2026-04-01T00:00:00Z."},
		{"2026-06-01T00:00:00Z", "", "", day, "2026-06-01T00:00:00Z", "", "is in the future"},
		{"2026-06-01T00:00:00Z", "?", "", day, "2026-06-01T00:00:00Z", "", ""},
	} {
		p := tfkit.Period{Start: text(c.start), End: text(c.end), Last: text(c.last)}
		from, to := p.Between(now, c.fallback)
		format := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.UTC().Format(time.RFC3339)
		}
		if format(from) != c.from || format(to) != c.to {
			t.Errorf("%+v: from %s to %s", c, format(from), format(to))
		}
		var diags diag.Diagnostics
		p.Check(now, &diags)
		if (c.refused == "") != !diags.HasError() || diags.HasError() && !strings.Contains(diags[0].Detail(), c.refused) {
			t.Errorf("%+v: %v", c, diags)
		}
	}
	for _, p := range []tfkit.Period{{Start: text("soon")}, {End: text("?")}, {Last: text("?")}, {Last: text("1 week")}} {
		if p.Known() {
			t.Errorf("%+v is known", p)
		}
	}
}
