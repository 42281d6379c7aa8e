package httppipe_test

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// This file tests a hostile TLS server. Nothing that it sends may reach a user, a log or the state
// unchanged. No secret may come back, and no answer may exhaust the memory.

// nasty contains texts that affect a terminal or mislead a reader.
var nasty = map[string]string{
	"clear screen":         "a\x1b[2Jb",
	"colour":               "a\x1b[31mb",
	"window title":         "a\x1b]0;owned\x07b",
	"hyperlink":            "a\x1b]8;;https://evil.example\x1b\\b",
	"device control":       "a\x1bP+q544e\x1b\\b",
	"C1 of control":        "a\u009b2Jb",
	"C1 of a title":        "a\u009d0;owned\u009cb",
	"bell and backspace":   "a\a\b\b\bb",
	"carriage return":      "a\rb",
	"lines":                "a\nError: b\r\n",
	"line separators":      "a\u2028b\u2029c\u0085d",
	"null and delete":      "a\x00\x7fb",
	"right to left":        "a\u202eb\u202c\u200f",
	"isolates":             "a\u2066b\u2069",
	"zero width":           "a\u200bb\u200cc\u200dd\u2060e\ufefff",
	"soft hyphen":          "a\u00adb",
	"tags":                 "a\U000e0041\U000e007fb",
	"not UTF-8":            "a\xff\xfeb",
	"a megabyte":           strings.Repeat("é", 500_000),
	"an escape at the cut": strings.Repeat("x", 1022) + "\x1b[2Jé",
}

// mustBePlain fails the test unless s is one line of printable text.
func mustBePlain(t *testing.T, what, s string, limit int) {
	t.Helper()
	if i := strings.IndexFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }); i >= 0 || !utf8.ValidString(s) {
		t.Errorf("%s is not plain: %.200q", what, s)
	}
	if len(s) > limit {
		t.Errorf("%s has %d bytes, want at most %d", what, len(s), limit)
	}
}

// lines collects all texts of a log.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }
func (l *lines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		l.all = append(l.all, a.Key, a.Value.String())
		return true
	})
	return nil
}

// writeRaw writes an answer directly to the connection, because net/http's server cannot write
// malformed headers.
func writeRaw(w http.ResponseWriter, head, body string) {
	conn, out, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprintf(out, "%s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", head, len(body), body)
	_ = out.Flush()
}

// quote returns a JSON string that keeps invalid UTF-8.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	if !utf8.ValidString(s) {
		return `"` + s + `"`
	}
	return string(b)
}

func hostile(t *testing.T, h http.HandlerFunc, maxBody int64) (*httppipe.Caller, *lines, *httppipe.Texts) {
	t.Helper()
	s, pool := listen(t, h, func(s *http.Server) { s.ErrorLog = quiet })
	log, texts := new(lines), new(httppipe.Texts)
	return caller(t, httppipe.Options{
		Endpoint: parse(t, s.URL), Client: httppipe.NewClient(pool), Logger: slog.New(log), Texts: texts, Tokens: new(tokens), MaxRetries: -1, MaxBody: maxBody,
	}, nil), log, texts
}

func TestHostile_texts(t *testing.T) {
	for name, text := range nasty {
		header := strings.NewReplacer("\n", " ", "\r", " ", "\x00", "").Replace(text[:min(len(text), 4000)])
		for where, answer := range map[string]http.HandlerFunc{
			"error": func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprintf(w, `{"code":%s,"description":%s,"errorMessageExtended":%s}`, quote(text), quote(text), quote(text))
			},
			"Azure's error": func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprintf(w, `{"error":{"code":%s,"message":%s}}`, quote(text), quote(text))
			},
			"headers": func(w http.ResponseWriter, _ *http.Request) {
				writeRaw(w, "HTTP/1.1 403 "+header+"\r\nMS-RequestId: "+header+"\r\nMS-CorrelationId: "+header+"\r\nMS-CV: "+header+"\r\nRetry-After: "+header+
					"\r\nX-Ms-Ratelimit-Remaining-Reads: "+header, "{}")
			},
			"a malformed header": func(w http.ResponseWriter, _ *http.Request) {
				writeRaw(w, "HTTP/1.1 200 OK\r\n"+header, "{}")
			},
			"a malformed status line": func(w http.ResponseWriter, _ *http.Request) { writeRaw(w, "HTTP/9 "+header, "{}") },
			"an answer": func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"id":"1","name":%s}`, quote(text))
			},
			"not JSON": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) },
		} {
			t.Run(name+"/"+where, func(t *testing.T) {
				t.Parallel()
				c, log, _ := hostile(t, answer, 0)
				var out thing
				_, err := c.Do(t.Context(), httppipe.Call{Method: http.MethodGet, Path: "/things", Answer: &out, Need: true})
				mustBePlain(t, "the name", out.Name, 1024)
				if err != nil {
					e := mustFail(t, err)
					mustBePlain(t, "the error", e.Error(), 1500)
					for what, s := range map[string]string{"the code": e.Code, "the request id": e.RequestID, "the correlation id": e.CorrelationID} {
						mustBePlain(t, what, s, 128)
					}
				}
				log.mu.Lock()
				defer log.mu.Unlock()
				for _, s := range log.all {
					mustBePlain(t, "the log", s, 1024)
				}
			})
		}
	}
}

// TestHostile_echo checks that secrets are removed if the server returns what it received.
func TestHostile_echo(t *testing.T) {
	secrets := []string{"s3cr+t/of=the app~", "0.refresh+token/one==", "token-1", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}
	var echoed atomic.Int32
	for where, answer := range map[string]func(w http.ResponseWriter, sent string){
		"error": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"code":%s,"description":%s}`, quote(secrets[0]), quote(sent))
		},
		"ids": func(w http.ResponseWriter, _ string) {
			w.Header().Set("MS-RequestId", "token-1")
			w.Header().Set("MS-CV", "token-1")
			w.Header().Set("MS-CorrelationId", secrets[3])
			w.WriteHeader(http.StatusBadRequest)
		},
		"an answer": func(w http.ResponseWriter, sent string) { fmt.Fprintf(w, `{"id":"1","name":%s}`, quote(sent)) },
		"a malformed header": func(w http.ResponseWriter, sent string) {
			writeRaw(w, "HTTP/1.1 200 OK\r\n"+strings.NewReplacer("\n", " ", "\r", " ").Replace(sent), "{}")
		},
		"split by invisible characters": func(w http.ResponseWriter, _ string) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"code":1,"description":"tok\u200ben-1 and s3cr+t\u0000/of=the app~"}`)
		},
	} {
		t.Run(where, func(t *testing.T) {
			c, log, texts := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				sent := fmt.Sprintf("You sent %s %v %s", r.Header.Get("Authorization"), secrets, body)
				if strings.Contains(sent, "Bearer token-1") {
					echoed.Add(1)
				}
				answer(w, sent)
			}, 0)
			texts.AddSecrets(append(secrets, "short")...)
			var out thing
			_, err := c.Do(t.Context(), httppipe.Call{Method: http.MethodPost, Path: "/things", Answer: &out, Body: map[string]string{"secret": secrets[0]}})
			all := append(log.all, out.Name)
			if err != nil {
				e := mustFail(t, err)
				all = append(all, e.Error(), e.Code, e.RequestID, e.CorrelationID)
			}
			for _, s := range all {
				if i := slices.IndexFunc(secrets, func(secret string) bool { return strings.Contains(s, secret) }); i >= 0 {
					t.Errorf("a secret came back: %q", s)
				}
			}
		})
	}
	if echoed.Load() != 5 {
		t.Errorf("the server received %d tokens, so the test checks nothing", echoed.Load())
	}
}

// endless writes until an error occurs, and counts the bytes.
func endless(w io.Writer, start, chunk string, n *atomic.Int64) {
	_, err := io.WriteString(w, start)
	for err == nil {
		_, err = io.WriteString(w, chunk)
		n.Add(int64(len(chunk)))
	}
}

// TestHostile_sizes checks that endless answers end at their limit: 64 MB for a page, 1 MB for an
// error, 256 kB for headers.
func TestHostile_sizes(t *testing.T) {
	chunk := strings.Repeat("x", 64<<10)
	var written atomic.Int64
	zipped := func(start, chunk string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
			if err != nil {
				panic(err)
			}
			endless(z, start, chunk, &written)
		}
	}
	for name, c := range map[string]struct {
		answer         http.HandlerFunc
		maxBody, limit int64
		says           string
	}{
		"an endless string": {func(w http.ResponseWriter, _ *http.Request) { endless(w, `{"id":"`, chunk, &written) }, 0, 64 << 20, "too large: it has more than 64 MB"},
		"an endless list": {func(w http.ResponseWriter, _ *http.Request) {
			endless(w, `{"items":[`, strings.Repeat(`{"id":"1"},`, 5000), &written)
		}, 4 << 20, 4 << 20, "too large"},
		"a gzip bomb":                 {zipped(`{"id":"`, chunk), 4 << 20, 4 << 20, "too large"},
		"endless white space, zipped": {zipped("", strings.Repeat(" ", 64<<10)), 4 << 20, 4 << 20, "too large"},
		"an endless error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			endless(w, `{"code":1,"description":"`, chunk, &written)
		}, 0, 1 << 20, "answered 403 Forbidden"},
		"an error as a gzip bomb": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(http.StatusForbidden)
			zipped("", chunk)(w, r)
		}, 0, 1 << 20, "answered 403 Forbidden"},
		"endless headers": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			defer conn.Close()
			endless(conn, "HTTP/1.1 200 OK\r\n", "X-Header: "+chunk[:1000]+"\r\n", &written)
		}, 0, 256 << 10, "headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			written.Store(0)
			c2, _, _ := hostile(t, c.answer, c.maxBody)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var out struct{ ID string }
			start := time.Now()
			_, err := c2.Do(t.Context(), httppipe.Call{Method: http.MethodGet, Path: "/", Answer: &out})
			runtime.ReadMemStats(&after)
			allocated := int64(after.TotalAlloc - before.TotalAlloc)
			t.Logf("after %v: the server wrote %d kB, we allocated %d kB: %v", time.Since(start).Round(time.Millisecond), written.Load()>>10, allocated>>10, err)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			// The buffer grows by a quarter each time, so all buffers together take up to five
			// times the limit. The server's own buffers and those of the compression are extra.
			if allocated > 7*c.limit+(16<<20) {
				t.Errorf("%d MB were allocated for a limit of %d kB", allocated>>20, c.limit>>10)
			}
		})
	}
}

// TestHostile_certificate checks that texts about certificates are cleaned as well.
func TestHostile_certificate(t *testing.T) {
	s, _ := listen(t, func(http.ResponseWriter, *http.Request) {}, func(s *http.Server) { s.ErrorLog = quiet })
	c := caller(t, httppipe.Options{Endpoint: parse(t, s.URL), Client: httppipe.NewClient(x509.NewCertPool()), MaxRetries: -1}, nil)
	_, err := c.Do(t.Context(), httppipe.Call{Method: http.MethodGet, Path: "/\x1b[2J"})
	e := mustFail(t, err)
	mustBePlain(t, "the error", e.Error(), 1500)
	if e.Outcome() != httppipe.NotSent || !errors.As(err, new(x509.UnknownAuthorityError)) {
		t.Errorf("got %v", err)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range nasty {
		f.Add(s[:min(len(s), 4096)])
	}
	f.Add("s3cret-of-the-app, s3cret%2Dof-the-app")
	texts := new(httppipe.Texts)
	texts.AddSecrets("s3cret-of-the-app")
	f.Fuzz(func(t *testing.T, s string) {
		got := texts.Clean(s)
		mustBePlain(t, "the text", got, 1024)
		if strings.Contains(got, "s3cret-of-the-app") {
			t.Errorf("%q has the secret", got)
		}
		if again := texts.Clean(got); again != got {
			t.Errorf("%q became %q when cleaned again", got, again)
		}
		mustBePlain(t, "the id", texts.ID(s), 128)
	})
}
