package httppipe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// maxIdleConns is the maximum number of idle connections per host. It equals the maximum number of
// concurrent requests. net/http keeps 2, so 10 goroutines would open a connection for most
// requests.
const maxIdleConns = 256

// NewClient returns the HTTP client that all pipelines share. It trusts the given authorities, or
// the system's if roots is nil. It uses the proxy of the environment. It never follows a redirect,
// because none of the services sends one and the token must not be sent elsewhere.
func NewClient(roots *x509.CertPool) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented type
	t.MaxIdleConns, t.MaxIdleConnsPerHost = maxIdleConns, maxIdleConns
	t.MaxResponseHeaderBytes = maxHeader
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, connect *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return &ProxyError{Proxy: proxy.Host, Host: connect.Host, StatusCode: answer.StatusCode}
	}
	return ClientOver(t)
}

// ClientOver is [NewClient] with another transport.
func ClientOver(t http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

const (
	// maxPage is the maximum size of a successful answer, and maxError of any other answer, in
	// bytes after decompression. A page of 500 objects has about 1 MB.
	maxPage  = 64 << 20
	maxError = 1 << 20
	// maxHeader is the maximum size of the headers of an answer, in bytes.
	maxHeader = 256 << 10
	// finishTimeout is how long a write that was sent may wait for its answer after its context has ended.
	// Without this time, its outcome would be unknown.
	finishTimeout = 30 * time.Second
)

// errTooLarge means that an answer exceeds its maximum size.
var errTooLarge = errors.New("the answer is too large")

// attempt sends a request once and reads the whole answer, with its own timeout. It is the
// transport below azcore's policies for two reasons: the time to get a token must not count, and
// azcore treats a truncated answer as final unless the method is GET, PUT or DELETE.
type attempt struct {
	client  *http.Client
	timeout time.Duration
	maxBody int64
}

// Do implements policy.Transporter.
func (a attempt) Do(req *http.Request) (*http.Response, error) {
	if latest, ok := req.Context().Value(latestKey{}).(time.Time); ok && !latest.IsZero() && time.Now().After(latest) {
		return nil, ErrNotSent
	}
	if err := req.Context().Err(); err != nil {
		return nil, err // a write has its own context and would be sent anyway
	}
	all := attemptsOf(req.Context())
	ctx, cancel := a.context(req, all)
	defer cancel()
	resp, err := a.client.Do(req.WithContext(all.trace(ctx))) //nolint:contextcheck // it is derived from the request's context and may outlive it
	if err == nil {
		if resp.Request == nil {
			resp.Request = req
		}
		err = a.read(resp)
	}
	all.note(resp, err)
	switch {
	case err == nil:
		all.answer = resp
		return resp, nil
	case req.Context().Err() != nil && !errors.Is(err, req.Context().Err()):
		err = fmt.Errorf("%w: %w", req.Context().Err(), err)
	case req.Context().Err() == nil && ctx.Err() != nil:
		err = fmt.Errorf("no answer within %s: %w", a.timeout, err)
	}
	return nil, err
}

// context returns the context of the attempt. For a write, it continues for some time after the
// call's context has ended, unless the write still waits for a connection.
func (a attempt) context(req *http.Request, all *attempts) (context.Context, context.CancelFunc) {
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		return context.WithTimeout(req.Context(), a.timeout)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), a.timeout)
	stop := context.AfterFunc(req.Context(), func() {
		if !all.connecting.Load() {
			timer := time.NewTimer(finishTimeout)
			defer timer.Stop()
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
		}
		cancel()
	})
	return ctx, func() { stop(); cancel() }
}

// read reads the whole answer.
func (a attempt) read(resp *http.Response) error {
	defer resp.Body.Close()
	limit, successful := a.maxBody, resp.StatusCode >= 200 && resp.StatusCode <= 299
	if !successful {
		limit = maxError
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return err
	case int64(len(body)) > limit && successful:
		return fmt.Errorf("%w: it has more than %d MB", errTooLarge, limit>>20)
	case int64(len(body)) > limit:
		body = nil // the status is enough
	}
	resp.Body = streaming.NopCloser(bytes.NewReader(body))
	return nil
}

// ParseEndpoint parses the base URL of a service, such as https://api.partnercenter.microsoft.com.
// It keeps a path, without its trailing slash. It accepts plain http for loopback addresses only,
// because every request contains a token.
func ParseEndpoint(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || strings.Contains(s, "@") || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		// The text is not repeated, because it may contain a password.
		return nil, errors.New("not a base URL of the form https://host or https://host:port, without user, query and fragment")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%q does not start with https://", s)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%q names no host", s)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("%q is plain http, which is accepted for a loopback address only", s)
	}
	u.Host = strings.ToLower(u.Host)
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
