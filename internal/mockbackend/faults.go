package mockbackend

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"
)

// FaultKind is a kind of failure.
type FaultKind string

// The kinds of faults. The request has no effect unless the comment says "executed". Over sockets, Go's HTTP client
// retries a GET if a reused connection was closed without an answer. A test may then not notice a single DropBefore
// or DropAfter.
const (
	Throttle         FaultKind = "throttle"         // 429 with the service's body and Retry-After
	ThrottleNoBody   FaultKind = "throttleNoBody"   // 429 with Retry-After and an empty body
	ThrottleNoHeader FaultKind = "throttleNoHeader" // 429 with the body, without Retry-After
	ServerError      FaultKind = "serverError"      // Status (default 500); Retry-After when RetryAfter is set
	EmptyForbidden   FaultKind = "emptyForbidden"   // 403 without a body
	HTMLError        FaultKind = "htmlError"        // Status (default 502) with the HTML page of a proxy
	DropBefore       FaultKind = "dropBefore"       // connection closed, nothing executed
	DropAfter        FaultKind = "dropAfter"        // executed, connection closed without an answer
	DropMidBody      FaultKind = "dropMidBody"      // executed, headers and half the body, then connection closed
	LostAfter        FaultKind = "lostAfter"        // executed at once, also if the client disconnects; no answer, connection closed after Delay (default 10m)
	Slow             FaultKind = "slow"             // executed after Delay (default 30s), unless the client has disconnected by then
	SlowAfter        FaultKind = "slowAfter"        // executed at once, also if the client disconnects; answered after Delay (default 30s)
	Garbage          FaultKind = "garbage"          // 200 with a body that is not JSON
	APIError         FaultKind = "apiError"         // Status (default 400), Code and Error in the documented error format of the service
	Redirect         FaultKind = "redirect"         // 307 to the same path on the host Endpoints.Elsewhere
)

// AllKinds returns every kind of fault, for matrix tests.
func AllKinds() []FaultKind {
	return []FaultKind{
		Throttle, ThrottleNoBody, ThrottleNoHeader, ServerError, EmptyForbidden, HTMLError, DropBefore, DropAfter,
		DropMidBody, LostAfter, Slow, SlowAfter, Garbage, APIError, Redirect,
	}
}

// Fault makes matching requests fail. Other requests are not affected.
type Fault struct {
	// Method is an HTTP method; empty = any.
	Method string `json:"method,omitempty"`
	// Path is a path with or without /v1, compared without case; empty = any. A segment "*" stands for
	// one segment. A "*" at the end of a longer segment ("/SelfServePolicy*") stands for any rest, including slashes. "**"
	// as the last segment stands for one or more segments.
	Path string `json:"path,omitempty"`
	// Service limits the fault to one service; empty = Partner Center and Resource Manager.
	Service Service `json:"service,omitempty"`
	// Kind is the kind of failure.
	Kind FaultKind `json:"kind"`
	// Status is the HTTP status of ServerError, HTMLError and APIError; 0 = the kind's default.
	Status int `json:"status,omitempty"`
	// Code is the error code of APIError: Partner Center's, or the AADSTS number at sign-in.
	Code int `json:"code,omitempty"`
	// Error is the error name of APIError at sign-in ("invalid_grant") and Resource Manager ("AuthorizationFailed").
	Error string `json:"error,omitempty"`
	// RetryAfter is sent in whole seconds, rounded up. The throttle kinds use 1s if it is 0.
	RetryAfter time.Duration `json:"retryAfter,omitempty"`
	// Times is the number of requests that fail; 0 = 1, negative = all until cleared.
	Times int `json:"times,omitempty"`
	// Skip is the number of matching requests that succeed first.
	Skip int `json:"skip,omitempty"`
	// Delay is the time before the execution or the failure; with LostAfter and SlowAfter, between execution and answer.
	Delay time.Duration `json:"delay,omitempty"`
}

// Fail adds a fault. If several faults match a request, the newest one applies. An invalid fault is a violation.
func (b *Backend) Fail(fault Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := fault.validate(); err != nil {
		b.violate("Fail: %v", err)
		return
	}
	setDefault(&fault.Times, 1)
	b.faults = append([]*Fault{&fault}, b.faults...)
}

// Faults returns the faults that are still active, newest first, with the remaining Times and Skip.
func (b *Backend) Faults() []Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return copiesOf(b.faults)
}

// ClearFaults removes all faults.
func (b *Backend) ClearFaults() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = nil
}

func (f Fault) validate() error {
	_, globErr := path.Match(f.Path, "")
	if globErr != nil {
		return fmt.Errorf("path %q: %w", f.Path, globErr)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status: %d is not an HTTP status", f.Status)
	}
	return firstError(
		oneOf("kind", f.Kind, AllKinds()...),
		oneOf("service", f.Service, "", SignIn, PartnerCenter, ResourceManager, CI),
		notNegative("skip", f.Skip), notNegative("retryAfter", f.RetryAfter), notNegative("delay", f.Delay),
	)
}

// takeFault finds the fault for a request and counts the request. The lock is held.
func (b *Backend) takeFault(service Service, method, requestPath string) *Fault {
	return takeFirst(&b.faults, (*Fault).counts, func(f *Fault) bool { return f.matches(service, method, requestPath) })
}

func (f *Fault) counts() (times, skip *int) { return &f.Times, &f.Skip }

// takeFirst returns a copy of the first matching fault that has nothing left to skip. It counts the request, and removes
// a fault without remaining Times.
func takeFirst[F any](faults *[]*F, counts func(*F) (times, skip *int), matches func(*F) bool) *F {
	for i, fault := range *faults {
		if !matches(fault) {
			continue
		}
		times, skip := counts(fault)
		if *skip > 0 {
			*skip--
			continue
		}
		taken := *fault
		if *times > 0 {
			*times--
		}
		if *times == 0 {
			*faults = append((*faults)[:i:i], (*faults)[i+1:]...)
		}
		return &taken
	}
	return nil
}

func copiesOf[F any](faults []*F) []F {
	copies := make([]F, 0, len(faults))
	for _, fault := range faults {
		copies = append(copies, *fault)
	}
	return copies
}

func (f *Fault) matches(service Service, method, requestPath string) bool {
	switch f.Service {
	case "":
		if service != PartnerCenter && service != ResourceManager {
			return false
		}
	default:
		if f.Service != service {
			return false
		}
	}
	return (f.Method == "" || strings.EqualFold(f.Method, method)) && globMatch(f.Path, requestPath)
}

// globMatch implements the patterns of Fault.Path.
func globMatch(pattern, requestPath string) bool {
	if pattern == "" {
		return true
	}
	pattern, requestPath = withoutVersion(pattern), withoutVersion(requestPath)
	if rest, ok := strings.CutSuffix(pattern, "/**"); ok {
		depth := strings.Count(rest, "/")
		segments := strings.SplitAfterN(requestPath, "/", depth+2)
		return len(segments) == depth+2 && segments[depth+1] != "" && globMatch(rest, strings.TrimSuffix(strings.Join(segments[:depth+1], ""), "/"))
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok && !strings.HasSuffix(prefix, "/") && !strings.Contains(prefix, "*") {
		return strings.HasPrefix(requestPath, prefix)
	}
	matched, err := path.Match(pattern, requestPath)
	return matched && err == nil
}

func withoutVersion(p string) string {
	p = "/" + strings.Trim(strings.ToLower(p), "/")
	if rest, ok := strings.CutPrefix(p, "/v1/"); ok {
		return "/" + rest
	}
	return p
}

// MarshalJSON prints durations as Go durations.
func (f Fault) MarshalJSON() ([]byte, error) {
	type plain Fault
	return json.Marshal(struct {
		plain
		RetryAfter durationText `json:"retryAfter,omitzero"`
		Delay      durationText `json:"delay,omitzero"`
	}{plain(f), durationText(f.RetryAfter), durationText(f.Delay)})
}

// UnmarshalJSON reads durations as Go durations and refuses unknown fields and values.
func (f *Fault) UnmarshalJSON(data []byte) error {
	type plain Fault
	var read struct {
		plain
		RetryAfter durationText `json:"retryAfter"`
		Delay      durationText `json:"delay"`
	}
	if err := decodeKnown(data, &read); err != nil {
		return err
	}
	*f = Fault(read.plain)
	f.RetryAfter, f.Delay = time.Duration(read.RetryAfter), time.Duration(read.Delay)
	return f.validate()
}
