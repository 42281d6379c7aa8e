package httppipe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// caller returns a Caller that uses the transport.
func caller(t *testing.T, o httppipe.Options, transport http.RoundTripper) *httppipe.Caller {
	t.Helper()
	o.API = &httppipe.API{Name: "The service", RequestID: "MS-RequestId", CorrelationID: "MS-CorrelationId"}
	if o.Endpoint == nil {
		o.Endpoint = parse(t, base+"/base")
	}
	if o.Client == nil {
		o.Client = httppipe.ClientOver(transport)
	}
	return httppipe.NewCaller(o)
}

func answered(code int, body string) reply { return reply{status: code, body: strings.NewReader(body)} }

func mustFail(t *testing.T, err error) *httppipe.Error {
	t.Helper()
	e, ok := errors.AsType[*httppipe.Error](err)
	if !ok {
		t.Fatalf("got %v, want an error of the call", err)
	}
	return e
}

type thing struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func TestCall_sendsAndReads(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		s := &service{replies: []reply{answered(200, "\xef\xbb\xbf{\"id\":\"1\",\"name\":\"Adatum\"}"), answered(200, ""), answered(200, "")}}
		c := caller(t, httppipe.Options{}, s)
		var out thing
		_, err := c.Do(ctx, httppipe.Call{
			Method: http.MethodPost, Path: httppipe.PathOf("things", "a/b"), Query: url.Values{"q": {"x y"}},
			Header: http.Header{"X-One": {"1"}}, Body: thing{ID: "1"}, Answer: &out,
		})
		if err != nil || out != (thing{"1", "Adatum"}) {
			t.Errorf("got %+v, %v", out, err)
		}
		if r := s.sent[0]; r.body != `{"id":"1","name":""}` || r.header.Get("Content-Type") != "application/json" || r.header.Get("X-One") != "1" {
			t.Errorf("sent %+v", r)
		}
		if _, err := c.Do(ctx, httppipe.Call{Method: http.MethodPost, Path: "/token", Body: url.Values{"a": {"b c"}}, Answer: &out}); err != nil || out.ID != "" {
			t.Errorf("an answer without content: %+v, %v", out, err)
		}
		if r := s.sent[1]; r.body != "a=b+c" || r.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("sent %+v", r)
		}
		_, err = c.Do(ctx, httppipe.Call{Method: http.MethodPost, Path: "/x", Answer: &out, Need: true})
		if e := mustFail(t, err); !errors.Is(err, httppipe.ErrUnreadable) || e.StatusCode != 200 || e.Outcome() != httppipe.Unsure || e.Request() != "POST /base/x" {
			t.Errorf("got %+v", e)
		}
		_, err = c.Do(ctx, httppipe.Call{Method: http.MethodPost, Path: "/x", Body: func() {}})
		if e := mustFail(t, err); e.Outcome() != httppipe.NotSent {
			t.Errorf("a body that cannot be encoded as JSON: %v", e)
		}
	})
}

// TestCall_query checks that a space in a query is not sent as a plus, which only forms use.
func TestCall_query(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		s := &service{replies: []reply{answered(403, `{"error":{"code":"AuthorizationFailed","message":"No."}}`)}}
		_, err := caller(t, httppipe.Options{TenantID: "t"}, s).Do(ctx, httppipe.Call{Method: http.MethodGet, Path: "/x", Query: url.Values{"$filter": {"a eq 'b+c'"}}})
		want := "GET /base/x?%24filter=a%20eq%20%27b%2Bc%27 in tenant t: The service answered 403 Forbidden (AuthorizationFailed): No."
		if e := mustFail(t, err); e.Error() != want {
			t.Errorf("got %s\nwant %s", e, want)
		}
	})
}

// TestError_renewToken checks that a caller can renew the token after an error.
func TestError_renewToken(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
		cred := new(tokens)
		_, err := caller(t, httppipe.Options{Tokens: cred}, &service{replies: []reply{status(403)}}).Do(ctx, httppipe.Call{Method: http.MethodPut, Path: "/x"})
		mustFail(t, err).RenewToken()
		if token, err := cred.Token(ctx, httppipe.TokenRequest{}); err != nil || !token.Replacement {
			t.Errorf("got %+v, %v", token, err)
		}
		new(httppipe.Error).RenewToken() // without a token
	})
}

// TestCall_unreadable checks that a GET with an unreadable answer is retried. A write is not,
// because it was executed.
func TestCall_unreadable(t *testing.T) {
	for name, body := range map[string]string{"cut off": `{"id":"1"`, "a proxy's page": "<html>", "empty": "", "without an id": "{}", "another type": `{"id":1}`} {
		for method, tries := range map[string]int{http.MethodGet: 3, http.MethodPut: 1} {
			t.Run(method+" "+name, func(t *testing.T) {
				inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
					call := func(replies ...reply) (*service, error) {
						s := &service{replies: replies}
						var out thing
						_, err := caller(t, httppipe.Options{MaxRetries: 2}, s).Do(ctx, httppipe.Call{
							Method: method, Path: "/things/1", Answer: &out, Need: true, Check: func() error {
								if out.ID == "" {
									return errors.New("it has no ID")
								}
								return nil
							},
						})
						return s, err
					}
					s, err := call(answered(200, body), answered(200, body), answered(200, body), answered(200, `{"id":"1"}`))
					if e := mustFail(t, err); s.count() != tries || !errors.Is(err, httppipe.ErrUnreadable) || e.Outcome() != httppipe.Unsure {
						t.Errorf("got %v after %d requests, want %d", err, s.count(), tries)
					}
					if method == http.MethodGet {
						if s, err := call(answered(200, body), answered(200, `{"id":"1"}`)); err != nil || s.count() != 2 {
							t.Errorf("got %v after %d requests, want the second answer", err, s.count())
						}
					}
				})
			})
		}
	}
}

// TestCall_waitTooLong checks that a call fails with the reason if the required wait is too
// long, for all methods and statuses.
func TestCall_waitTooLong(t *testing.T) {
	for _, code := range []int{429, 503} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			t.Run(fmt.Sprint(method, code), func(t *testing.T) {
				inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
					s := &service{replies: []reply{{status: code, header: http.Header{"Retry-After": {"7200"}}}}}
					_, err := caller(t, httppipe.Options{}, s).Do(ctx, httppipe.Call{Method: method, Path: "/x", Repeat: httppipe.RepeatSafe})
					e := mustFail(t, err)
					if e.StatusCode != code || s.count() != 1 || !strings.Contains(e.Answer(), "a wait of 2h0m0s is needed, but only 1h0m0s are left before the operation times out") {
						t.Errorf("got %v after %d requests", e, s.count())
					}
				})
			})
		}
	}
}

func TestCall_pastRetryAfterBacksOff(t *testing.T) {
	for _, after := range []string{"Sat, 01 Jan 2000 00:00:00 GMT", "0"} {
		inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
			<-time.After(time.Minute)
			s := &service{replies: slices.Repeat([]reply{{status: 503, header: http.Header{"Retry-After": {after}}}}, 3)}
			start := time.Now()
			if _, err := caller(t, httppipe.Options{}, s).Do(ctx, httppipe.Call{Method: http.MethodGet, Path: "/x"}); err != nil {
				t.Error(err)
			}
			if d := time.Since(start); d < 2*time.Second {
				t.Errorf("3 answers with %q were followed within %v", after, d)
			}
		})
	}
}

// TestRequestID_isNewAfterAnAnswer checks that retries after a lost answer have the same request
// ID, with which the server recognizes them. Retries after an answer have a new one.
func TestRequestID_isNewAfterAnAnswer(t *testing.T) {
	lost := reply{err: errConnection}
	for name, c := range map[string]struct {
		replies []reply
		same    bool
	}{
		"no answer":      {[]reply{lost}, true},
		"no two answers": {[]reply{lost, lost}, true},
		"429":            {[]reply{throttled("1")}, false},
		"503":            {[]reply{status(503)}, false},
		"401":            {[]reply{status(401)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, ctx context.Context) {
				s := &service{replies: append(c.replies, status(404))}
				_, err := caller(t, httppipe.Options{Tokens: new(tokens)}, s).Do(ctx, httppipe.Call{Method: http.MethodPost, Path: "/x", Repeat: httppipe.RepeatSafe})
				ids := s.headers("MS-RequestId")
				if len(ids) != len(c.replies)+1 || allEqual(ids) != c.same || uuid.Validate(ids[0]) != nil {
					t.Errorf("the request IDs are %q", ids)
				}
				if e := mustFail(t, err); e.RequestID != ids[len(ids)-1] || e.CorrelationID != s.headers("MS-CorrelationId")[0] {
					t.Errorf("the error has %q and %q, want those of the last attempt", e.RequestID, e.CorrelationID)
				}
			})
		})
	}
}

// TestSentWrite_getsItsAnswer checks that a write that was sent gets 30 seconds for its answer
// after its context ended. Other requests do not.
func TestSentWrite_getsItsAnswer(t *testing.T) {
	const end = 5 * time.Second
	ends := map[string]func(context.Context) (context.Context, context.CancelFunc){
		"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(end, cancel)
			return ctx, cancel
		},
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, end) },
	}
	for how, begin := range ends {
		for name, c := range map[string]struct {
			method string
			takes  time.Duration
			code   int
			took   time.Duration
			want   httppipe.Outcome
		}{
			"POST is answered":             {http.MethodPost, 30 * time.Second, 201, 30 * time.Second, httppipe.Done},
			"DELETE is refused":            {http.MethodDelete, 20 * time.Second, 403, 20 * time.Second, httppipe.Refused},
			"PUT is answered 503":          {http.MethodPut, 20 * time.Second, 503, 20 * time.Second, httppipe.Unsure},
			"PUT is throttled":             {http.MethodPut, 20 * time.Second, 429, 20 * time.Second, httppipe.Refused},
			"POST is not answered in time": {http.MethodPost, time.Hour, 201, end + 30*time.Second, httppipe.Unsure},
			"GET is not waited for":        {http.MethodGet, 20 * time.Second, 200, end, httppipe.Unsure},
		} {
			t.Run(how+"/"+name, func(t *testing.T) {
				inBubble(t, 3*time.Hour, func(t *testing.T, ctx context.Context) {
					ctx, cancel := begin(ctx)
					defer cancel()
					n := 0
					over := roundTrip(func(req *http.Request) (*http.Response, error) {
						n++
						select {
						case <-req.Context().Done():
							return nil, req.Context().Err()
						case <-time.After(c.takes):
							return respond(req, status(c.code)), nil
						}
					})
					start := time.Now()
					_, err := caller(t, httppipe.Options{}, over).Do(ctx, httppipe.Call{Method: c.method, Path: "/x", Repeat: httppipe.RepeatSafe})
					if got := httppipe.OutcomeOf(err); got != c.want || time.Since(start) != c.took || n != 1 {
						t.Errorf("got %v (%v) after %v and %d requests, want %v after %v", got, err, time.Since(start), n, c.want, c.took)
					}
					if c.want == httppipe.Unsure && c.code < 300 && !errors.Is(err, ctx.Err()) {
						t.Errorf("got %v, want the reason why the context ended", err)
					}
				})
			})
		}
	}
}

// TestSentWrite_notWhileConnecting checks that a write that still waits for its connection
// counts as not sent.
func TestSentWrite_notWhileConnecting(t *testing.T) {
	mute, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := mute.Accept()
		if err == nil {
			_, _ = io.ReadFull(conn, make([]byte, 1)) // the handshake has started
			cancel()
			<-t.Context().Done()
			_ = conn.Close()
		}
	}()
	start := time.Now()
	c := caller(t, httppipe.Options{Endpoint: parse(t, "https://"+mute.Addr().String()), Client: httppipe.NewClient(nil)}, nil)
	_, err = c.Do(ctx, httppipe.Call{Method: http.MethodPost, Path: "/x"})
	if httppipe.OutcomeOf(err) != httppipe.NotSent || !errors.Is(err, context.Canceled) || time.Since(start) > 10*time.Second {
		t.Errorf("got %v (%v) after %v, want an immediate end and not sent", httppipe.OutcomeOf(err), err, time.Since(start))
	}
}

// TestUnauthorized_permanently checks that with permanent 401 answers, each call is retried once and at
// most one new token is requested.
func TestUnauthorized_permanently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{replies: slices.Repeat([]reply{status(401)}, 1000), before: func(int, *http.Request) { <-time.After(20 * time.Millisecond) }}
		cred := new(tokens)
		c := caller(t, httppipe.Options{Tokens: cred, Gate: httppipe.NewGate(httppipe.Limits{Concurrent: 8})}, s)
		done := make(chan error)
		for range 60 {
			go func() {
				_, err := c.Do(t.Context(), httppipe.Call{Method: http.MethodGet, Path: "/x"})
				done <- err
			}()
		}
		for range 60 {
			if e := mustFail(t, <-done); e.StatusCode != 401 || e.Outcome() != httppipe.Refused {
				t.Errorf("got %v", e)
			}
		}
		if cred.n > 2 || s.count() != 120 {
			t.Errorf("%d token requests and %d requests, want at most 2 and 120", cred.n, s.count())
		}
	})
}

// TestUnauthorized_permanentlyForSomeRequests checks that 401 answers to some requests do not renew the
// token if other requests succeed with it.
func TestUnauthorized_permanentlyForSomeRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cred := new(tokens)
		c := caller(t, httppipe.Options{Tokens: cred}, roundTrip(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/refused") {
				return respond(req, status(401)), nil
			}
			return respond(req, status(200)), nil
		}))
		for range 60 {
			for _, path := range []string{"/refused", "/accepted"} {
				_, _ = c.Do(t.Context(), httppipe.Call{Method: http.MethodGet, Path: path})
			}
		}
		if cred.n != 2 {
			t.Errorf("%d token requests, want 2", cred.n)
		}
	})
}

// TestUnauthorized_occasionally checks that each call has its own retry, so that occasional 401
// answers do not stop a long run.
func TestUnauthorized_occasionally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(service)
		for range 20 {
			s.replies = append(s.replies, status(401), status(200))
		}
		c := caller(t, httppipe.Options{Tokens: new(tokens)}, s)
		for i := range 20 {
			if _, err := c.Do(t.Context(), httppipe.Call{Method: http.MethodGet, Path: "/x"}); err != nil {
				t.Errorf("call %d: %v", i+1, err)
			}
		}
	})
}

func TestClaimsChallenge_isMet(t *testing.T) {
	const challenge = `Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ=="`
	for want, header := range map[string]string{`{"a":1}`: challenge, "": `Bearer error="insufficient_claims", claims="%%%"`} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{replies: []reply{{status: 401, header: http.Header{"Www-Authenticate": {header}}}, status(503)}}
			cred := new(tokens)
			if _, err := caller(t, httppipe.Options{Tokens: cred}, s).Do(t.Context(), httppipe.Call{Method: http.MethodGet, Path: "/x"}); err != nil {
				t.Error(err)
			}
			if got := s.headers("Authorization"); !slices.Equal(got, []string{"Bearer token-1", "Bearer token-2" + want, "Bearer token-2" + want}) || cred.n != 2 {
				t.Errorf("sent %q", got)
			}
		})
	}
}
