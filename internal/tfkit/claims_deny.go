package tfkit

import (
	"slices"
)

// Deny records that an object disables subjects that it does not list, or, with nil, that it disables
// none. It returns the subjects among them that other objects declare enabled.
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

// Denied reports whether another object disables the subject because it does not list it.
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
