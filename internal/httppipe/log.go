package httppipe

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// logPolicy writes one debug line per attempt. Of the headers, it logs only IDs and those about
// throttling. It logs no body. Other headers and bodies contain tokens and personal data.
type logPolicy struct {
	logger *slog.Logger
	api    *API
	texts  *Texts
}

func (p *logPolicy) Do(req *policy.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := req.Next()
	ctx := req.Raw().Context()
	if !p.logger.Enabled(ctx, slog.LevelDebug) {
		return resp, err
	}
	attrs := []slog.Attr{
		slog.String("method", req.Raw().Method),
		slog.String("host", req.Raw().URL.Host),
		slog.String("path", p.texts.Clean(req.Raw().URL.RequestURI())),
		slog.Int64("duration_ms", time.Since(start).Milliseconds()),
		slog.String("request_id", req.Raw().Header.Get(p.api.RequestID)),
		slog.String("correlation_id", req.Raw().Header.Get(p.api.CorrelationID)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", p.texts.Clean(err.Error())))
	} else {
		attrs = append(attrs, slog.Int("status", resp.StatusCode), slog.String("ms_cv", p.texts.ID(resp.Header.Get("MS-CV"))))
		if after := resp.Header.Get("Retry-After"); after != "" {
			attrs = append(attrs, slog.String("retry_after", p.texts.Clean(after)))
		}
		for name, values := range resp.Header {
			if kind, ok := strings.CutPrefix(name, "X-Ms-Ratelimit-Remaining-"); ok {
				attrs = append(attrs, slog.String("remaining_"+strings.ReplaceAll(strings.ToLower(p.texts.ID(kind)), "-", "_"), p.texts.Clean(values[0])))
			}
		}
	}
	p.logger.LogAttrs(ctx, slog.LevelDebug, "request", attrs...)
	return resp, err
}
