package tfkit

import "sync"

// Claims are what the objects of one run say about the same subjects. Terraform shows the provider
// one object at a time, in any order and never its address, so objects that concern the same
// subject meet only here. Terraform configures a provider for each run and for each provider
// block: objects of two blocks never meet.
type Claims struct {
	mu sync.Mutex
	// first is the only claim for most subjects; more holds the others.
	first map[Subject]Claim
	more  map[Subject][]Claim
	// denials are by object; see Deny.
	denials map[string]func(id string) bool
}

// Subject is something that two objects can be about: a permission of a customer, or the Owner role
// of a principal.
type Subject struct{ Kind, ID string }

// Claim is what one object says about a subject.
type Claim struct {
	// Object tells the objects of a run apart; see [ObjectID].
	Object string
	// Type is the resource type, for messages.
	Type string
	// On is the declared value.
	On bool
	// Phase says how far the object is.
	Phase Phase
}

// Phase says how far an object is.
type Phase int

const (
	// Ending objects are being destroyed, or no longer concern the subject. They contradict nobody.
	Ending Phase = iota
	// Declared objects are in the configuration only.
	Declared
	// Existing objects are in the configuration and in the state.
	Existing
)

// Put records a claim in place of an earlier one of the same object, and returns those of the other
// objects.
func (c *Claims) Put(about Subject, claim Claim) (others []Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, ok := c.first[about]
	if !ok {
		if c.first == nil {
			c.first, c.more = make(map[Subject]Claim), make(map[Subject][]Claim)
		}
		c.first[about] = claim
		return nil
	}
	all := append([]Claim{first}, c.more[about]...)
	replaced := false
	for i := range all {
		if all[i].Object == claim.Object {
			all[i], replaced = claim, true
		} else {
			others = append(others, all[i])
		}
	}
	if !replaced {
		all = append(all, claim)
	}
	c.first[about] = all[0]
	if len(all) > 1 {
		c.more[about] = all[1:]
	}
	return others
}

// Held tells whether one of the claims is of an object of the state that wants the subject on. Then
// an object that is destroyed leaves it as it is.
func Held(others []Claim) bool {
	for _, other := range others {
		if other.Phase == Existing && other.On {
			return true
		}
	}
	return false
}

// Deny records that an object turns everything off whose id it does not list, or, with nil, that it
// does not. It returns the subjects that other objects declare on all the same.
func (c *Claims) Deny(object string, listed func(id string) bool) []Subject {
	c.mu.Lock()
	defer c.mu.Unlock()
	if listed == nil {
		delete(c.denials, object)
		return nil
	}
	if c.denials == nil {
		c.denials = make(map[string]func(string) bool)
	}
	c.denials[object] = listed
	var out []Subject
	for about, first := range c.first {
		for _, claim := range append([]Claim{first}, c.more[about]...) {
			if claim.Object != object && claim.Phase != Ending && claim.On && !listed(about.ID) {
				out = append(out, about)
				break
			}
		}
	}
	return out
}

// Denied tells whether another object turns the subject off because it does not list it.
func (c *Claims) Denied(about Subject, object string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for by, listed := range c.denials {
		if by != object && !listed(about.ID) {
			return true
		}
	}
	return false
}
