package tfkit

import "sync"

// Intents are what the resources of one run mean to switch. Terraform shows the provider one
// resource at a time and does what does not depend on each other in any order, so two that
// switch the same thing are found only here.
type Intents struct {
	mu sync.Mutex
	// first are the first of their switches, which are most; more are the others.
	first map[Switch]Intent
	more  map[Switch][]Intent
	// created are those of resources that were created.
	created map[Switch]bool
}

// Switch is something that is on or off.
type Switch struct{ Name, Of string }

// Intent is what one resource means a switch to be.
type Intent struct {
	// Resource is the resource's type. Terraform does not tell its address.
	Resource string
	On       bool
	// Ends says that the resource lets go of the switch: it is destroyed, or is of another
	// customer now.
	Ends bool
}

// Verdict is how two resources get along.
type Verdict int

// The verdicts.
const (
	// Alone: no other resource has the switch, as far as can be told.
	Alone Verdict = iota
	// Doubled: a resource of another type means the same.
	Doubled
	// Contradicted: another resource means the opposite.
	Contradicted
)

// Add notes an intent about a switch and compares it with those before. Two that mean the same
// may be one resource that is planned twice, unless their types differ.
func (n *Intents) Add(about Switch, one Intent) (Intent, Verdict) {
	n.mu.Lock()
	defer n.mu.Unlock()
	first, ok := n.first[about]
	if !ok {
		if n.first == nil {
			n.first, n.more = make(map[Switch]Intent), make(map[Switch][]Intent)
		}
		n.first[about] = one
		return Intent{}, Alone
	}
	var with Intent
	verdict, known := Alone, false
	for _, other := range append([]Intent{first}, n.more[about]...) {
		switch {
		case other.On != one.On:
			with, verdict = other, Contradicted
		case verdict == Alone && other.Resource != one.Resource && !other.Ends && !one.Ends:
			with, verdict = other, Doubled
		}
		known = known || other == one
	}
	if !known {
		n.more[about] = append(n.more[about], one)
	}
	return with, verdict
}

// Created notes that a resource was created that has the switch.
func (n *Intents) Created(about Switch) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.created == nil {
		n.created = make(map[Switch]bool)
	}
	n.created[about] = true
}

// Replaced tells whether a resource that has the switch was created before in this run. Then one
// that is destroyed is what that one replaces, with create_before_destroy, and has to let the
// switch be.
func (n *Intents) Replaced(about Switch) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.created[about]
}
