package tfkit_test

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func TestTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-01-31T00:00:00Z":          time.Date(2026, time.January, 31, 0, 0, 0, 0, time.UTC),
		"2026-01-31T01:00:00.5+01:00":   time.Date(2026, time.January, 31, 0, 0, 0, 500_000_000, time.UTC),
		"2026-01-31T00:00:00.1234567Z":  time.Date(2026, time.January, 31, 0, 0, 0, 123_456_700, time.UTC),
		"2026-01-31":                    {},
		"2026-01-31T00:00:00":           {},
		"2026-02-30T00:00:00Z":          {},
		"31 Jan 26 00:00 UTC":           {},
		"":                              {},
		"2026-01-31T00:00:00Z and more": {},
	} {
		if got := tfkit.Time(types.StringValue(text)); !got.Equal(want) || (tfkit.CheckRFC3339(text) == nil) == want.IsZero() {
			t.Errorf("%q: %s, %v", text, got, tfkit.CheckRFC3339(text))
		}
	}
	if got := tfkit.Time(types.StringNull()); !got.IsZero() {
		t.Errorf("null is %s", got)
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 30 * 24 * time.Hour, "36h": 36 * time.Hour, "90m": 90 * time.Minute, "1h30m": 90 * time.Minute, "65535d": 65535 * 24 * time.Hour,
		"": 0, "d": 0, "0d": 0, "-1d": 0, "65536d": 0, "1d12h": 0, "1.5d": 0, "0h": 0, "-3h": 0, "1 week": 0, "30": 0,
	} {
		if d, err := tfkit.ParseDuration(text); d != want || (err == nil) != (want > 0) {
			t.Errorf("%q is parsed as %s, %v, not %s", text, d, err, want)
		}
	}
}
