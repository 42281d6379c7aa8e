package mockbackend

import "fmt"

// Violations are what a strict client would never do, in order: unknown routes, fields and query parameters, missing
// headers, tokens for the wrong service. A test should fail when there is one.
func (b *Backend) Violations() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.violations...)
}

// ClearViolations forgets them, for tests that provoke one.
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

func (b *Backend) lockedViolation(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.violate(format, args...)
}
