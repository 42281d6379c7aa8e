package httppipe_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// outcome returns the outcome of a call with or without an answer.
func outcome(resp *http.Response, err error) httppipe.Outcome {
	if err != nil {
		return httppipe.OutcomeOf(fmt.Errorf("wrapped: %w", err))
	}
	return httppipe.OutcomeOfAnswer(resp)
}

func TestOutcome_overAllAttempts(t *testing.T) {
	lost := reply{err: errConnection}
	for name, c := range map[string]struct {
		replies []reply
		want    httppipe.Outcome
	}{
		"answered 201":                           {[]reply{status(201)}, httppipe.Done},
		"answered 403":                           {[]reply{status(403)}, httppipe.Refused},
		"answered 429, and no time to wait":      {[]reply{throttled("7200")}, httppipe.Refused},
		"throttled, then done":                   {[]reply{throttled("1"), status(204)}, httppipe.Done},
		"throttled, then refused":                {[]reply{throttled("1"), status(404)}, httppipe.Refused},
		"answered 408":                           {[]reply{status(408), status(408), status(408)}, httppipe.Unsure},
		"answered 500":                           {[]reply{status(500), status(500), status(500)}, httppipe.Unsure},
		"answered 302":                           {[]reply{status(302)}, httppipe.Refused},
		"answered 307":                           {[]reply{status(307)}, httppipe.Refused},
		"no answer, then 302":                    {[]reply{lost, status(302)}, httppipe.Unsure},
		"no answer":                              {[]reply{lost, lost, lost}, httppipe.Unsure},
		"no answer, then done":                   {[]reply{lost, status(200)}, httppipe.Done},
		"no answer, then refused":                {[]reply{lost, status(409)}, httppipe.Unsure},
		"a 503, then refused":                    {[]reply{status(503), status(403)}, httppipe.Unsure},
		"a 503, then 401 for good":               {[]reply{status(503), status(401), status(401)}, httppipe.Unsure},
		"no answer, then throttled for too long": {[]reply{lost, throttled("7200")}, httppipe.Unsure},
		"a truncated answer": {[]reply{
			{status: 200, body: io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF))}, status(400),
		}, httppipe.Unsure},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				p := pipeline(t, httppipe.Options{MaxRetries: 2}, &service{replies: c.replies}, new(tokens))
				if got := outcome(do(ctx, t, p, http.MethodPost, httppipe.RepeatSafe)); got != c.want {
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestOutcome_withoutAnAttempt(t *testing.T) {
	closed := func(ctx context.Context, t *testing.T) *httppipe.Gate {
		gate := new(httppipe.Gate)
		resp, err := do(ctx, t, pipeline(t, httppipe.Options{Gate: gate}, &service{replies: []reply{throttled("7200")}}, nil), http.MethodGet)
		mustStatus(t, http.StatusTooManyRequests, resp, err)
		return gate
	}
	for name, c := range map[string]struct {
		call func(ctx context.Context, t *testing.T) (*http.Response, error)
		want httppipe.Outcome
	}{
		"a failed sign-in": {func(ctx context.Context, t *testing.T) (*http.Response, error) {
			return do(ctx, t, pipeline(t, httppipe.Options{}, new(service), &tokens{err: errors.New("no token")}), http.MethodPost)
		}, httppipe.NotSent},
		"another host": {func(ctx context.Context, t *testing.T) (*http.Response, error) {
			return pipeline(t, httppipe.Options{}, new(service), nil).Do(request(ctx, t, http.MethodPost, "https://evil.example/v1"))
		}, httppipe.NotSent},
		"a closed gate": {func(ctx context.Context, t *testing.T) (*http.Response, error) {
			return do(ctx, t, pipeline(t, httppipe.Options{Gate: closed(ctx, t)}, new(service), nil), http.MethodPost)
		}, httppipe.NotSent},
		"a closed gate, and a request that never waits": {func(ctx context.Context, t *testing.T) (*http.Response, error) {
			return do(ctx, t, pipeline(t, httppipe.Options{Gate: closed(ctx, t)}, new(service), nil), http.MethodPut, httppipe.RepeatNever)
		}, httppipe.NotSent},
		"a cancellation before it": {func(ctx context.Context, t *testing.T) (*http.Response, error) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return do(ctx, t, pipeline(t, httppipe.Options{}, new(service), nil), http.MethodPost)
		}, httppipe.NotSent},
		"a sign-in that fails after a lost answer": {func(ctx context.Context, t *testing.T) (*http.Response, error) {
			cred := new(tokens)
			s := &service{replies: []reply{status(401), {err: errConnection}, status(401)}, before: func(n int, _ *http.Request) {
				if n == 2 {
					cred.err = errors.New("no token")
				}
			}}
			return do(ctx, t, pipeline(t, httppipe.Options{}, s, cred), http.MethodPost, httppipe.RepeatSafe)
		}, httppipe.Unsure},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				if got := outcome(c.call(ctx, t)); got != c.want {
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
	if got := httppipe.OutcomeOf(nil); got != httppipe.Done {
		t.Errorf("the outcome of a nil error is %v", got)
	}
	if got := httppipe.OutcomeOf(errors.New("anything")); got != httppipe.Unsure {
		t.Errorf("the outcome of an unknown error is %v", got)
	}
}

// TestOutcome_ofConnections uses real connections that fail before or after a request can be sent.
func TestOutcome_ofConnections(t *testing.T) {
	served, pool := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}, func(s *http.Server) { s.ErrorLog = quiet })
	gone, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := gone.Addr().String()
	_ = gone.Close()
	mute, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // speaks neither TLS nor a proxy's protocol
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	go func() {
		for {
			conn, err := mute.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadByte()
			_, _ = io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
			_ = conn.Close()
		}
	}()
	through := func(proxy string) *http.Client {
		client := httppipe.NewClient(pool)
		u, err := url.Parse("http://" + proxy)
		if err != nil {
			t.Fatal(err)
		}
		client.Transport.(*http.Transport).Proxy = http.ProxyURL(u)
		return client
	}
	for name, c := range map[string]struct {
		url    string
		client *http.Client
		want   httppipe.Outcome
	}{
		"nothing listens":            {"https://" + nobody, httppipe.NewClient(pool), httppipe.NotSent},
		"a name that does not exist": {"https://nobody.invalid", httppipe.NewClient(pool), httppipe.NotSent},
		"an untrusted certificate":   {served.URL, httppipe.NewClient(x509.NewCertPool()), httppipe.NotSent},
		"no TLS":                     {"https://" + mute.Addr().String(), httppipe.NewClient(pool), httppipe.NotSent},
		"a proxy that refuses":       {served.URL, through(mute.Addr().String()), httppipe.NotSent},
		"a proxy that does not run":  {served.URL, through(nobody), httppipe.NotSent},
		"the connection drops":       {served.URL, httppipe.NewClient(pool), httppipe.Unsure},
	} {
		t.Run(name, func(t *testing.T) {
			p := pipeline(t, httppipe.Options{Endpoint: parse(t, c.url), Client: c.client, MaxRetries: -1}, nil, new(tokens))
			resp, err := p.Do(request(t.Context(), t, http.MethodPost, c.url+"/v1/things"))
			if got := outcome(resp, err); got != c.want {
				t.Errorf("got %v of %v, %v, want %v", got, resp, err, c.want)
			}
		})
	}
}
