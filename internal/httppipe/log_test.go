package httppipe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

func TestLog_hasOneLinePerAttemptAndNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &service{
			replies: []reply{
				{status: 401, header: http.Header{"Www-Authenticate": {"Bearer secret-challenge"}}},
				throttled("60"),
				{err: errConnection},
				{status: 200, header: http.Header{"Ms-Cv": {"cv-1"}, "X-Ms-Ratelimit-Remaining-Subscription-Reads": {"249"}, "Set-Cookie": {"secret-cookie"}}, body: strings.NewReader("secret-answer")},
			},
			before: func(int, *http.Request) { <-time.After(250 * time.Millisecond) },
		}
		p := pipeline(t, httppipe.Options{Logger: slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}, s, new(tokens))
		ctx := httppipe.WithCorrelationID(t.Context())
		req := request(ctx, t, http.MethodPut, base+"/v1/things?size=500")
		req.Raw().Header.Set("X-Secret", "secret-header")
		resp, err := p.Do(req)
		mustStatus(t, http.StatusOK, resp, err)

		for _, secret := range []string{"token-1", "token-2", "Bearer", "Authorization", "secret-", "the body"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("the log has %q:\n%s", secret, &out)
			}
		}
		if !slices.Contains(s.headers("Authorization"), "Bearer token-2") {
			t.Error("the test sent no token, so it checks nothing")
		}

		var attempts, waits []map[string]any
		for line := range strings.Lines(out.String()) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			if fields["level"] == "DEBUG" {
				attempts = append(attempts, fields)
			} else {
				waits = append(waits, fields)
			}
		}
		if len(attempts) != 4 || len(waits) != 2 {
			t.Fatalf("got %d lines of attempts and %d of waits, want 4 and 2:\n%s", len(attempts), len(waits), &out)
		}
		for i, fields := range attempts {
			for k, want := range map[string]any{
				"method": "PUT", "host": "api.example", "path": "/v1/things?size=500", "duration_ms": 250.0,
				"request_id": s.headers("MS-RequestId")[i], "correlation_id": httppipe.CorrelationID(ctx),
			} {
				if fields[k] != want {
					t.Errorf("attempt %d: %s is %v, want %v", i+1, k, fields[k], want)
				}
			}
		}
		for i, want := range []map[string]any{
			{"status": 401.0, "error": nil},
			{"status": 429.0, "retry_after": "60"},
			{"status": nil},
			{"status": 200.0, "ms_cv": "cv-1", "retry_after": nil, "remaining_subscription_reads": "249"},
		} {
			for k, v := range want {
				if attempts[i][k] != v {
					t.Errorf("attempt %d: %s is %v, want %v", i+1, k, attempts[i][k], v)
				}
			}
		}
		if text, _ := attempts[2]["error"].(string); !strings.Contains(text, errConnection.Error()) {
			t.Errorf("attempt 3 has the error %q, want the transport's", text)
		}
		for i, want := range []map[string]string{
			{"level": "WARN", "method": "PUT", "path": "/v1/things", "reason": "429 Too Many Requests", "wait": "1m0s"},
			{"level": "WARN", "method": "PUT"},
		} {
			for k, v := range want {
				if waits[i][k] != v {
					t.Errorf("wait %d: %s is %v, want %v", i+1, k, waits[i][k], v)
				}
			}
		}
	})
}

type handler struct {
	slog.Handler
	handle func(context.Context)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	h.handle(ctx)
	return h.Handler.Handle(ctx, r)
}

func TestLog_isWrittenWithTheContextOfTheRequest(t *testing.T) {
	ctx := httppipe.WithCorrelationID(t.Context())
	lines := 0
	logger := slog.New(handler{
		slog.NewTextHandler(new(bytes.Buffer), &slog.HandlerOptions{Level: slog.LevelDebug}),
		func(got context.Context) {
			lines++
			if httppipe.CorrelationID(got) != httppipe.CorrelationID(ctx) {
				t.Error("a line was not logged with the request's context")
			}
		},
	})
	resp, err := do(ctx, t, pipeline(t, httppipe.Options{Logger: logger}, new(service), nil), http.MethodGet)
	mustStatus(t, http.StatusOK, resp, err)
	if lines != 1 {
		t.Errorf("got %d lines, want 1", lines)
	}
}
