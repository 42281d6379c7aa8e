package httppipe_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

const base = "https://api.example"

// reply is one answer of a [service]: an error, or a status with headers.
type reply struct {
	status int
	header http.Header
	body   io.Reader
	err    error
}

func status(code int) reply { return reply{status: code} }

func throttled(retryAfter string) reply {
	return reply{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {retryAfter}}}
}

// sent is a request that a [service] received, and when.
type sent struct {
	method, body string
	header       http.Header
	at           time.Time
}

// service simulates the server in-process. It answers the nth request with the nth reply, and all
// later ones with 200.
type service struct {
	replies []reply
	// before runs before each answer, without the lock.
	before func(n int, req *http.Request)

	mu   sync.Mutex
	sent []sent
}

func (s *service) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	n := len(s.sent)
	s.sent = append(s.sent, sent{req.Method, string(body), req.Header.Clone(), time.Now()})
	s.mu.Unlock()
	if s.before != nil {
		s.before(n, req)
	}
	r := status(http.StatusOK)
	if n < len(s.replies) {
		r = s.replies[n]
	}
	if r.err != nil {
		return nil, r.err
	}
	return respond(req, r), nil
}

func respond(req *http.Request, r reply) *http.Response {
	if r.header == nil {
		r.header = make(http.Header)
	}
	if r.body == nil {
		r.body = strings.NewReader("")
	}
	return &http.Response{
		StatusCode: r.status, Status: fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)),
		Header: r.header, Body: io.NopCloser(r.body), Request: req,
	}
}

// headers returns the value of the header in each request.
func (s *service) headers(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.sent {
		out = append(out, r.header.Get(name))
	}
	return out
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sent)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// tokens is a credential that returns token-1, token-2 and so on, each until it is outdated.
type tokens struct {
	mu   sync.Mutex
	n    int
	last *httppipe.Token
	err  error
	// before runs before each new token.
	before func(context.Context) error
}

func (c *tokens) Token(ctx context.Context, want httppipe.TokenRequest) (*httppipe.Token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && !c.last.Outdated() && want.Claims == "" {
		return c.last, nil
	}
	if c.before != nil {
		if err := c.before(ctx); err != nil {
			return nil, err
		}
	}
	c.n++
	if c.err != nil {
		return nil, c.err
	}
	c.last = &httppipe.Token{Value: fmt.Sprintf("token-%d%s", c.n, want.Claims), Replacement: c.last != nil, ExpiresOn: time.Now().Add(24 * time.Hour)}
	return c.last, nil
}

// pipeline returns a pipeline with the options and the transport. It uses tokens if there is a
// credential.
func pipeline(t *testing.T, o httppipe.Options, transport http.RoundTripper, cred httppipe.Tokens) runtime.Pipeline {
	t.Helper()
	if o.Endpoint == nil {
		o.Endpoint = parse(t, base)
	}
	if o.Client == nil {
		o.Client = httppipe.ClientOver(transport)
	}
	o.API, o.Tokens, o.Scope = &httppipe.API{Name: "The service", RequestID: "MS-RequestId", CorrelationID: "MS-CorrelationId"}, cred, "scope"
	clientOptions := o.ClientOptions()
	return runtime.NewPipeline("", "", runtime.PipelineOptions{}, &clientOptions)
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := httppipe.ParseEndpoint(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// request returns a request, with a body unless it is a GET.
func request(ctx context.Context, t *testing.T, method, target string) *policy.Request {
	t.Helper()
	req, err := runtime.NewRequest(ctx, method, target)
	if err != nil {
		t.Fatal(err)
	}
	if method != http.MethodGet {
		if err := req.SetBody(streaming.NopCloser(strings.NewReader("the body")), "text/plain"); err != nil {
			t.Fatal(err)
		}
	}
	return req
}

func do(ctx context.Context, t *testing.T, p runtime.Pipeline, method string, repeat ...httppipe.Repeat) (*http.Response, error) {
	t.Helper()
	req := request(ctx, t, method, base+"/v1/things")
	for _, r := range repeat {
		req.SetOperationValue(r)
	}
	return p.Do(req)
}

// mustStatus fails the test unless the call has an answer with the status.
func mustStatus(t *testing.T, want int, resp *http.Response, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got the error %v, want the status %d", err, want)
	}
	if resp.StatusCode != want {
		t.Fatalf("got the status %d, want %d", resp.StatusCode, want)
	}
}

func allEqual(values []string) bool {
	return len(slices.Compact(slices.Clone(values))) == 1
}
