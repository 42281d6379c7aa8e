package mockbackend

import (
	"fmt"
	"mime"
)

// Violations returns the errors of the client, in order: unknown routes, fields and query parameters, missing headers,
// tokens for the wrong service. A test should fail if there is one.
func (b *Backend) Violations() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.violations...)
}

// ClearViolations removes all violations, for tests that provoke one.
func (b *Backend) ClearViolations() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.violations, b.counters.violations = nil, 0
}

// violate records a violation. The lock is held.
func (b *Backend) violate(format string, args ...any) {
	b.counters.violations++
	if len(b.violations) < maxViolations {
		b.violations = append(b.violations, fmt.Sprintf(format, args...))
	}
}

// lockAndViolate records a violation where the lock is not held.
func (b *Backend) lockAndViolate(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.violate(format, args...)
}

// inspectQuery records query parameters that the route does not have.
func (b *Backend) inspectQuery(x *exchange) {
	if x.route == nil {
		return
	}
	if name, unknown := x.route.unknownQuery(x.query); unknown {
		b.violate("%s %s: unknown query parameter %q", x.req.Method, x.req.URL.Path, name)
	}
}

// inspectJSONBody records a body without the content type of JSON.
func (b *Backend) inspectJSONBody(x *exchange) {
	if len(x.body) == 0 {
		return
	}
	if media, _, err := mime.ParseMediaType(x.req.Header.Get("Content-Type")); err != nil || media != "application/json" {
		b.violate("%s %s: body without Content-Type: application/json", x.req.Method, x.req.URL.Path)
	}
}
