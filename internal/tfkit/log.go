package tfkit

import (
	"context"
	"log/slog"
	"slices"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// Logger returns a slog.Logger that writes to Terraform's log (TF_LOG) through the context of each
// call, for packages that do not import Terraform. The clients log no secrets. In addition, secrets
// are masked in all messages and fields.
func Logger(secrets ...string) *slog.Logger {
	return slog.New(tflogHandler{secrets: slices.DeleteFunc(secrets, func(s string) bool { return s == "" })})
}

type tflogHandler struct {
	attrs   []slog.Attr
	secrets []string
}

// Enabled implements slog.Handler.
func (tflogHandler) Enabled(ctx context.Context, level slog.Level) bool {
	switch {
	case level >= slog.LevelError:
		return tflog.IsError(ctx)
	case level >= slog.LevelWarn:
		return tflog.IsWarn(ctx)
	case level >= slog.LevelInfo:
		return tflog.IsInfo(ctx)
	default:
		return tflog.IsDebug(ctx)
	}
}

// Handle implements slog.Handler.
func (h tflogHandler) Handle(ctx context.Context, r slog.Record) error {
	fields := make(map[string]any, r.NumAttrs()+len(h.attrs))
	for _, a := range h.attrs {
		fields[a.Key] = a.Value.Any()
	}
	r.Attrs(func(a slog.Attr) bool {
		fields[a.Key] = a.Value.Any()
		return true
	})
	ctx = tflog.MaskAllFieldValuesStrings(tflog.MaskMessageStrings(ctx, h.secrets...), h.secrets...)
	switch {
	case r.Level >= slog.LevelError:
		tflog.Error(ctx, r.Message, fields)
	case r.Level >= slog.LevelWarn:
		tflog.Warn(ctx, r.Message, fields)
	case r.Level >= slog.LevelInfo:
		tflog.Info(ctx, r.Message, fields)
	default:
		tflog.Debug(ctx, r.Message, fields)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h tflogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tflogHandler{append(slices.Clip(h.attrs), attrs...), h.secrets}
}

// WithGroup implements slog.Handler. It ignores groups, because the fields of tflog are flat.
func (h tflogHandler) WithGroup(string) slog.Handler { return h }
