package mockbackend

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is larger than any request that the API documents.
const maxBody = 1 << 20

// exchange is one request and its processing in the mock.
type exchange struct {
	service service
	req     *http.Request
	body    []byte
	query   url.Values
	route   *route            // nil: unknown
	values  map[string]string // of the route's path
	knobs   Knobs             // at the time of the request
	choices choices           // at the time of the request
	caller  caller            // set by admit
	entry   Request           // for the journal
	limits  http.Header       // Resource Manager's, set by admit
}

// response is what a handler returns: a status and a value to print as JSON.
type response struct {
	status int
	body   any         // nil = no body; *apiError in the error shape of the service
	header http.Header // in addition to the headers of the service
}

// apiError is an error of any service. Partner Center prints code and text; sign-in name, code and text; Resource Manager
// name and text.
type apiError struct {
	code     int
	name     string
	text     string
	subError string // sign-in only
	asString bool   // Partner Center: print the code as a string, regardless of Knobs.NumericCodes
}

func failure(status, code int, format string, args ...any) response {
	return response{status: status, body: &apiError{code: code, text: fmt.Sprintf(format, args...)}}
}

// answer is the answer on the wire.
type answer struct {
	status int // 0 = the connection is closed without an answer
	header http.Header
	body   []byte
	cut    bool // the connection is closed after half the body
}

// exchangeAnswer processes a request with faults, throttle, replay and its handler, and writes the journal.
func (b *Backend) exchangeAnswer(s service, req *http.Request) answer {
	x := &exchange{service: s, req: req, query: req.URL.Query()}
	x.entry = Request{Time: time.Now(), Service: s.name(), Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery, UserAgent: req.UserAgent()}
	var bodyErr error
	if req.Body != nil {
		x.body, bodyErr = io.ReadAll(io.LimitReader(req.Body, maxBody))
	}
	a, fault := b.process(x, bodyErr)
	if sleep(req.Context(), x.delayAfter(fault)) != nil { // the client closed the connection; an executed write stays
		a = answer{}
	}
	x.entry.Status = a.status
	b.mu.Lock()
	defer b.mu.Unlock()
	b.record(x)
	return a
}

// process returns the answer and the fault that hit the request, if any.
func (b *Backend) process(x *exchange, bodyErr error) (answer, *Fault) {
	b.mu.Lock()
	x.knobs, x.choices = b.knobs, b.choices
	var allowed []string
	path := x.req.URL.EscapedPath()
	switch {
	case x.service.name() == ResourceManager && strings.HasPrefix(path, "//"):
		path = path[1:] // Microsoft's JavaScript client puts a slash before IDs, which already begin with one
	case x.service.name() == PartnerCenter:
		path = x.partnerCenterPath(path)
	}
	x.route, x.values, allowed = findRoute(x.service.table(), x.req.Method, path)
	if x.route != nil {
		x.entry.Route = x.route.String()
	}
	x.service.inspect(b, x)
	fault := b.takeFault(x.service.name(), x.req.Method, x.req.URL.Path)
	var wait time.Duration
	if x.service.name() == PartnerCenter {
		wait = b.throttled()
	}
	b.mu.Unlock()

	if bodyErr != nil { // the client closed the connection while sending
		return answer{}, nil
	}
	if fault != nil {
		x.entry.Fault = string(fault.Kind)
	}
	if err := sleep(x.req.Context(), x.delayBefore(fault)); err != nil {
		return answer{}, nil
	}
	if fault != nil {
		if refused, ok := b.faultAnswer(x, fault); ok {
			return refused, fault
		}
	}
	if wait > 0 {
		seconds := secondsRoundedUp(wait)
		header := http.Header{"Retry-After": {strconv.Itoa(seconds)}}
		return x.service.encode(x, response{status: http.StatusTooManyRequests, body: x.service.throttleAnswer(x, seconds), header: header}), fault
	}
	var a answer
	switch {
	case x.route == nil && len(allowed) > 0:
		b.lockAndViolate("%s %s: method not allowed (%s are)", x.req.Method, x.req.URL.Path, strings.Join(allowed, ", "))
		status := http.StatusMethodNotAllowed
		if x.service.name() == PartnerCenter {
			status = http.StatusBadRequest // DEV/error-codes lists 900141 with this status
		}
		r := x.service.errorAnswer(x, status, &apiError{code: notSupported, name: "MethodNotAllowed", text: "The method is not supported for this resource."})
		r.header = http.Header{"Allow": {strings.Join(allowed, ", ")}}
		a = x.service.encode(x, r)
	case x.route == nil:
		if x.service.name() != Elsewhere {
			b.lockAndViolate("%s %s: unknown route of %s", x.req.Method, x.req.URL.Path, x.service.name())
		}
		a = x.service.encode(x, x.service.errorAnswer(x, http.StatusNotFound, &apiError{code: 1000, name: "NotFound", text: "The resource was not found."}))
	default:
		a = x.service.encode(x, b.execute(x))
	}
	if fault != nil {
		switch fault.Kind {
		case DropAfter, LostAfter:
			a = answer{}
		case DropMidBody:
			a.cut = true
			if len(a.body) == 0 { // a 204 has no body to cut
				a = answer{}
			}
		default: // was applied before the execution
		}
	}
	return a, fault
}

// execute runs the handler, or repeats the answer of an earlier write with the same MS-RequestId. It holds the lock from
// the search for an earlier answer to the end of the write, so that a write is executed once.
func (b *Backend) execute(x *exchange) response {
	if x.service.name() == Control { // its handlers call exported methods, which take the lock
		return x.route.handle(b, x)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	refusal, ok := x.service.admit(b, x)
	if !ok {
		return refusal
	}
	if earlier, ok := b.replays.find(x); ok && !x.knobs.RequestIDsForgotten {
		x.entry.Replayed = true
		return earlier
	}
	r := x.route.handle(b, x)
	x.entry.Executed = r.status < 300
	if x.entry.Executed {
		b.replays.remember(x, r)
	}
	return r
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
