package mockbackend

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// inProcessEndpoints are the names that Transport serves without listeners. The top-level domain .test never resolves
// (RFC 6761), so a request that does not use the transport fails.
var inProcessEndpoints = Endpoints{
	SignIn:          "https://login.mock.test",
	PartnerCenter:   "https://api.mock.test",
	ResourceManager: "https://management.mock.test",
	CI:              "https://ci.mock.test",
	Control:         "http://control.mock.test",
	Elsewhere:       "https://elsewhere.mock.test",
}

// Transport answers in process, on the goroutine of the caller. It uses no sockets, so it works in a synctest bubble. A
// dropped connection is an error that wraps io.ErrUnexpectedEOF. A slow answer ends with the context of the request.
// Other hosts do not resolve. It serves the names of Endpoints, both before and after Start.
func (b *Backend) Transport() http.RoundTripper { return transport{b} }

type transport struct{ backend *Backend }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	b := t.backend
	if !b.enter() {
		return nil, errClosed
	}
	defer b.leave()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	service, ok := b.serviceAt(req.URL.Scheme + "://" + req.URL.Host)
	if !ok {
		if req.Header.Get("Authorization") != "" {
			b.lockAndViolate("%s %s://%s: a token was sent to a host that is not configured", req.Method, req.URL.Scheme, req.URL.Host)
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: req.URL.Hostname(), IsNotFound: true}}
	}
	a := b.exchangeAnswer(b.services[service], req)
	if a.status == 0 {
		if err := req.Context().Err(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("mockbackend: the connection was closed without an answer: %w", io.ErrUnexpectedEOF)
	}
	var body io.Reader = bytes.NewReader(a.body)
	switch {
	case req.Method == http.MethodHead:
		body = http.NoBody
	case a.cut:
		body = io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), brokenReader{})
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(body), ContentLength: int64(len(a.body)), Request: req,
	}, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) {
	return 0, errors.Join(errors.New("mockbackend: the connection was closed in the middle of the body"), io.ErrUnexpectedEOF)
}

func (b *Backend) serviceAt(base string) (Service, bool) {
	for _, endpoints := range []Endpoints{inProcessEndpoints, b.Endpoints()} {
		for service, url := range map[Service]string{
			SignIn: endpoints.SignIn, PartnerCenter: endpoints.PartnerCenter, ResourceManager: endpoints.ResourceManager,
			CI: endpoints.CI, Control: endpoints.Control, Elsewhere: endpoints.Elsewhere,
		} {
			if strings.EqualFold(url, strings.TrimSuffix(base, ":443")) {
				return service, true
			}
		}
	}
	return "", false
}
