package tfkit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

func TestOperation_hasADeadlineOf20Minutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := tfkit.Operation(t.Context())
		defer cancel()
		<-ctx.Done()
		if d := time.Since(start); d != 20*time.Minute || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("ended after %v with %v, want 20m", d, ctx.Err())
		}
	})
}

func TestOperation_keepsAnEarlierDeadlineAndEndsWithItsParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancelParent := context.WithTimeout(t.Context(), time.Minute)
		defer cancelParent()
		ctx, cancel := tfkit.Operation(parent)
		defer cancel()
		start := time.Now()
		<-ctx.Done()
		if d := time.Since(start); d != time.Minute {
			t.Errorf("ended after %v, want 1m", d)
		}
	})
	ctx, cancel := tfkit.Operation(t.Context())
	cancel()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("after cancel got %v", ctx.Err())
	}
}

func TestOperation_hasOneCorrelationID(t *testing.T) {
	a, cancel := tfkit.Operation(t.Context())
	defer cancel()
	b, cancel := tfkit.Operation(t.Context())
	defer cancel()
	inner, cancel := tfkit.Operation(a)
	defer cancel()
	id := httppipe.CorrelationID(a)
	if id == "" || id == httppipe.CorrelationID(b) {
		t.Errorf("two operations have the IDs %q and %q", id, httppipe.CorrelationID(b))
	}
	if got := httppipe.CorrelationID(inner); got != id {
		t.Errorf("an operation inside %q has the ID %q", id, got)
	}
}

func TestOperation_putsTheCorrelationIDIntoItsLog(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := tfkit.Operation(tflogtest.RootLogger(t.Context(), &out))
	defer cancel()
	tflog.Info(ctx, "hello")
	lines, err := tflogtest.MultilineJSONDecode(&out)
	if err != nil || len(lines) != 1 {
		t.Fatal(lines, err)
	}
	if got := lines[0]["correlation_id"]; got != httppipe.CorrelationID(ctx) || got == "" {
		t.Errorf("the line has the ID %v, want %q", got, httppipe.CorrelationID(ctx))
	}
}

func TestLogger_writesLevelsAndFieldsToTerraformsLog(t *testing.T) {
	var out bytes.Buffer
	ctx := tflogtest.RootLogger(t.Context(), &out)
	root := tfkit.Logger()
	child := root.With("a", "1").With("x", 1).With("y", 1) // so that the slice has capacity for one more
	left, right := child.With("b", "left"), child.With("b", "right")
	for _, c := range []struct {
		logger *slog.Logger
		level  slog.Level
	}{
		{root, slog.LevelDebug - 4},
		{root, slog.LevelDebug},
		{root, slog.LevelInfo},
		{root, slog.LevelWarn},
		{root, slog.LevelError},
		{root, slog.LevelError + 4},
		{child, slog.LevelInfo},
		{left, slog.LevelInfo},
		{right, slog.LevelInfo},
		{root.WithGroup("group"), slog.LevelInfo},
	} {
		c.logger.LogAttrs(ctx, c.level, "hello", slog.Int("status", 200), slog.String("method", "GET"), slog.Bool("ok", true))
	}
	lines, err := tflogtest.MultilineJSONDecode(&out)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range lines {
		if l["@message"] != "hello" || l["status"] != 200.0 || l["method"] != "GET" || l["ok"] != true {
			t.Errorf("got the line %v", l)
		}
		got = append(got, fmt.Sprint(l["@level"], l["a"], l["b"]))
	}
	want := []string{
		"debug<nil> <nil>", "debug<nil> <nil>", "info<nil> <nil>", "warn<nil> <nil>", "error<nil> <nil>", "error<nil> <nil>",
		"info1<nil>", "info1left", "info1right", "info<nil> <nil>",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestLogger_writesNothingWithoutTerraformsLog(t *testing.T) {
	tfkit.Logger().ErrorContext(t.Context(), "nobody listens") // must not panic
}
