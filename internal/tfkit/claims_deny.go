package tfkit

import (
	"slices"
)

// Deny records that an object turns subjects off which it does not name, or, with nil, that it turns
// off none. It returns those that other objects declare on all the same.
func (c *Claims) Deny(object string, denies func(Subject) bool) []Subject {
	c.mu.Lock()
	defer c.mu.Unlock()
	if denies == nil {
		delete(c.denials, object)
		return nil
	}
	if c.denials == nil {
		c.denials = make(map[string]func(Subject) bool)
	}
	c.denials[object] = denies
	var out []Subject
	for about, first := range c.first {
		if slices.ContainsFunc(append([]Claim{first}, c.more[about]...), func(one Claim) bool {
			return one.Object != object && one.Phase >= Declared && one.On && denies(about)
		}) {
			out = append(out, about)
		}
	}
	return out
}

// Denied tells whether another object turns the subject off because it does not name it.
func (c *Claims) Denied(about Subject, object string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for by, denies := range c.denials {
		if by != object && denies(about) {
			return true
		}
	}
	return false
}
