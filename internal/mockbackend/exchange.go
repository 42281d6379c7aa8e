package mockbackend

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is more than any request the API documents.
const maxBody = 1 << 20

// exchange is one request on its way through the mock.
type exchange struct {
	service service
	req     *http.Request
	body    []byte
	query   url.Values
	route   *route            // nil: unknown
	values  map[string]string // of the route's path
	knobs   Knobs             // as they were when the request came in
	caller  caller            // set by admit
	entry   Request           // for the journal
	limits  http.Header       // Resource Manager's, set by admit
}

// response is what a handler returns: a status and a value to print as JSON.
type response struct {
	status int
	body   any         // nil = no body; *apiError in the error shape of the service
	header http.Header // more than the service's own headers
}

// apiError is an error of any service. Partner Center prints code and text, sign-in name, code and text, Resource
// Manager name and text.
type apiError struct {
	code     int
	name     string
	text     string
	subError string // sign-in only
	asString bool   // Partner Center: print the code as a string whatever the knob says
}

func failure(status, code int, format string, args ...any) response {
	return response{status: status, body: &apiError{code: code, text: fmt.Sprintf(format, args...)}}
}

// answer is what goes on the wire.
type answer struct {
	status int // 0 = the connection is closed without an answer
	header http.Header
	body   []byte
	cut    bool // the connection is closed after half the body
}

// service is what differs between the hosts of the mock.
type service interface {
	name() Service
	table() []route
	inspect(b *Backend, x *exchange)                           // strictness: records violations, changes nothing
	admit(b *Backend, x *exchange) (refusal response, ok bool) // who is calling; sets x.caller
	errorAnswer(x *exchange, status int, e *apiError) response
	throttleAnswer(x *exchange, seconds int) (body any)
	encode(x *exchange, r response) answer
}

type serviceBase struct {
	service Service
	routes  []route
}

func (s serviceBase) name() Service  { return s.service }
func (s serviceBase) table() []route { return s.routes }

// exchangeAnswer takes a request through faults, throttle, replay and its handler, and writes the journal.
func (b *Backend) exchangeAnswer(s service, req *http.Request) answer {
	x := &exchange{service: s, req: req, query: req.URL.Query()}
	x.entry = Request{Time: time.Now(), Service: s.name(), Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery, UserAgent: req.UserAgent()}
	var bodyErr error
	if req.Body != nil {
		x.body, bodyErr = io.ReadAll(io.LimitReader(req.Body, maxBody))
	}
	a, fault := b.process(x, bodyErr)
	if sleep(req.Context(), x.delayAfter(fault)) != nil { // the client has gone; what was executed stays
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
	x.knobs = b.knobs
	var allowed []string
	path := x.req.URL.EscapedPath()
	if x.service.name() == ResourceManager && strings.HasPrefix(path, "//") {
		path = path[1:] // Microsoft's JavaScript client puts a slash before ids, which begin with one
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

	if bodyErr != nil { // the client went away while sending
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
		seconds := wholeSeconds(wait)
		header := http.Header{"Retry-After": {strconv.Itoa(seconds)}}
		return x.service.encode(x, response{status: http.StatusTooManyRequests, body: x.service.throttleAnswer(x, seconds), header: header}), fault
	}
	var a answer
	switch {
	case x.route == nil && len(allowed) > 0:
		b.lockedViolation("%s %s: method not allowed (%s are)", x.req.Method, x.req.URL.Path, strings.Join(allowed, ", "))
		r := x.service.errorAnswer(x, http.StatusMethodNotAllowed, &apiError{code: 900141, name: "MethodNotAllowed", text: "The method is not supported for this resource."})
		r.header = http.Header{"Allow": {strings.Join(allowed, ", ")}}
		a = x.service.encode(x, r)
	case x.route == nil:
		if x.service.name() != Elsewhere {
			b.lockedViolation("%s %s: unknown route of %s", x.req.Method, x.req.URL.Path, x.service.name())
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
			if len(a.body) == 0 { // a 204 has no body to break off
				a = answer{}
			}
		default: // has done its work
		}
	}
	return a, fault
}

// execute runs the handler, or repeats the answer of a write that was made before under the same MS-RequestId. The lock
// is held from the look at the earlier answers to the end of the write, so that a write happens once.
func (b *Backend) execute(x *exchange) response {
	if x.service.name() == Control { // its handlers are the exported methods, which take the lock themselves
		return x.route.handle(b, x)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	refusal, ok := x.service.admit(b, x)
	if !ok {
		return refusal
	}
	if earlier, ok := b.replays.find(x); ok {
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

// latency is half of the service's, the way there or the way back. A client that leaves on the way back leaves a write
// that took effect.
func (x *exchange) latency() time.Duration {
	switch x.service.name() {
	case PartnerCenter, ResourceManager:
		return x.knobs.Latency / 2
	}
	return 0
}

// delayBefore is how long a request waits to be executed.
func (x *exchange) delayBefore(fault *Fault) time.Duration {
	switch {
	case fault == nil || fault.Kind == LostAfter || fault.Kind == SlowAfter:
		return x.latency()
	case fault.Kind == Slow:
		return x.latency() + cmp.Or(fault.Delay, 30*time.Second)
	}
	return x.latency() + fault.Delay
}

// delayAfter is how long an executed request waits for its answer.
func (x *exchange) delayAfter(fault *Fault) time.Duration {
	switch {
	case fault != nil && fault.Kind == LostAfter:
		return x.latency() + cmp.Or(fault.Delay, 10*time.Minute)
	case fault != nil && fault.Kind == SlowAfter:
		return x.latency() + cmp.Or(fault.Delay, 30*time.Second)
	}
	return x.latency()
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

// faultAnswer is the answer of the faults that keep the request from being executed.
func (b *Backend) faultAnswer(x *exchange, fault *Fault) (answer, bool) {
	header := http.Header{}
	seconds := wholeSeconds(fault.RetryAfter)
	if fault.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(seconds))
	}
	status := func(fallback int) int {
		if fault.Status != 0 {
			return fault.Status
		}
		return fallback
	}
	encode := func(r response) (answer, bool) {
		r.header = header
		return x.service.encode(x, r), true
	}
	switch fault.Kind {
	case Throttle:
		header.Set("Retry-After", strconv.Itoa(seconds))
		return encode(response{status: http.StatusTooManyRequests, body: x.service.throttleAnswer(x, seconds)})
	case ThrottleNoBody:
		header.Set("Retry-After", strconv.Itoa(seconds))
		return encode(response{status: http.StatusTooManyRequests})
	case ThrottleNoHeader:
		header.Del("Retry-After")
		return encode(response{status: http.StatusTooManyRequests, body: x.service.throttleAnswer(x, seconds)})
	case ServerError:
		return encode(x.service.errorAnswer(x, status(http.StatusInternalServerError), &apiError{code: 800003, name: "InternalServerError", text: "An unexpected error occurred."}))
	case APIError:
		name := fault.Error
		if name == "" {
			name = "BadRequest"
			if x.service.name() == SignIn {
				name = "invalid_request"
			}
		}
		return encode(x.service.errorAnswer(x, status(http.StatusBadRequest), &apiError{code: fault.Code, name: name, text: "The request was refused."}))
	case EmptyForbidden:
		return encode(response{status: http.StatusForbidden})
	case HTMLError:
		header.Set("Content-Type", "text/html; charset=utf-8")
		page := "<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head><body><h1>The proxy could not reach the server</h1></body></html>\n"
		return answer{status: status(http.StatusBadGateway), header: header, body: []byte(page)}, true
	case Garbage:
		header.Set("Content-Type", "application/json; charset=utf-8")
		return answer{status: http.StatusOK, header: header, body: []byte(`{"items":[{"id":`)}, true
	case Redirect:
		header.Set("Location", b.Endpoints().Elsewhere+x.req.URL.RequestURI())
		return answer{status: http.StatusTemporaryRedirect, header: header}, true
	case DropBefore:
		return answer{}, true
	case DropAfter, DropMidBody, LostAfter, Slow, SlowAfter:
	}
	return answer{}, false
}

// wholeSeconds rounds up, to at least one: Retry-After has no fractions.
func wholeSeconds(d time.Duration) int {
	return max(1, int(math.Ceil(d.Seconds())))
}

// violate records a violation. The lock is held.
func (b *Backend) violate(format string, args ...any) {
	b.counters.violations++
	if len(b.violations) < maxViolations {
		b.violations = append(b.violations, fmt.Sprintf(format, args...))
	}
}

func (b *Backend) lockedViolation(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.violate(format, args...)
}

var errTrailingData = errors.New("more than one JSON value")

// decodeKnown decodes one JSON value and refuses fields that the target does not have. Names match in any case.
func decodeKnown(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errTrailingData
	}
	return nil
}

// encodeJSON prints minified, without the HTML escapes of encoding/json: links keep their "&".
func encodeJSON(value any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return []byte("null") // all our bodies are plain structs, which always encode
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}
