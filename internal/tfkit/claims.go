package tfkit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Claims are what the objects of one run say about the same subjects. Terraform shows the provider
// one object at a time, in any order and never its address, so objects that concern the same
// subject meet only here. Terraform starts a provider for each provider block and each walk, so
// objects of two blocks never meet, and what an apply has to know of the plan is in private state.
//
// The rule: of two declared objects that want the opposite the plan fails, and an object that ends
// leaves on what an existing one declares on.
type Claims struct {
	mu sync.Mutex
	// first is the only claim for most subjects; more holds the others.
	first map[Subject]Claim
	more  map[Subject][]Claim
	// changed is closed at the next change, if somebody waits for one.
	changed chan struct{}
	// denials are by object; see Deny.
	denials map[string]func(Subject) bool
	// yielded are the subjects of objects that are replaced; see Yield.
	yielded map[Subject]bool
	// turns are by the id of a subject; see Turn.
	turns map[string]chan struct{}
	// awaited and planned are until when Await and PlanEnd wait, in all their calls.
	awaited, planned time.Time
}

// Subject is something that two objects can be about: a permission of a customer, or the Owner role
// of a principal.
type Subject struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

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

	at time.Time // of Read
}

// Phase says how far an object is.
type Phase int

const (
	// Read objects are in the state. Terraform plans each of them right after it was read.
	Read Phase = iota
	// Ending objects are being destroyed, or no longer concern the subject. They contradict nobody.
	Ending
	// Declared objects are in the configuration, and the state does not say that they are as declared.
	Declared
	// Existing objects are in the configuration, and in the state as declared.
	Existing
)

// Turn waits for the right to change what concerns the id of a subject, or to let go of it. Whoever
// has it claims what it has reached before it calls release.
func (c *Claims) Turn(ctx context.Context, id string) (release func(), err error) {
	c.mu.Lock()
	if c.turns == nil {
		c.turns = make(map[string]chan struct{})
	}
	turn := c.turns[id]
	if turn == nil {
		turn = make(chan struct{}, 1)
		c.turns[id] = turn
	}
	c.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Put records a claim in place of an earlier one of the same object, and returns those of the other
// objects.
func (c *Claims) Put(about Subject, claim Claim) (others []Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
	first, ok := c.first[about]
	if !ok {
		if c.first == nil {
			c.first, c.more = make(map[Subject]Claim), make(map[Subject][]Claim)
		}
		c.first[about] = claim
		return nil
	}
	if first.Object == claim.Object && len(c.more[about]) == 0 { // as each of thousands of customers in a plan after its refresh
		c.first[about] = claim
		return nil
	}
	all := append([]Claim{first}, c.more[about]...)
	i := slices.IndexFunc(all, func(one Claim) bool { return one.Object == claim.Object })
	if i < 0 {
		i, all = len(all), append(all, claim)
	}
	all[i] = claim
	if c.first[about] = all[0]; len(all) > 1 {
		c.more[about] = all[1:]
	}
	return slices.Delete(slices.Clone(all), i, i+1)
}

// Hold is Put for an object that has reached what it declares. What was read or ended before does not matter any
// more: whoever ends later finds this claim.
func (c *Claims) Hold(about Subject, claim Claim) {
	c.Put(about, claim)
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.DeleteFunc(append([]Claim{c.first[about]}, c.more[about]...), func(one Claim) bool {
		return one.Phase <= Ending && one.Object != claim.Object
	})
	if c.first[about] = all[0]; len(all) > 1 {
		c.more[about] = all[1:]
	} else {
		delete(c.more, about)
	}
}

// planWait is how long after an object was read its plan is waited for.
const planWait = 2 * time.Second

// Declare is Put for an object of the configuration. One that exists waits for the plans of other
// objects of the state that were read before.
func (c *Claims) Declare(ctx context.Context, about Subject, claim Claim) (others []Claim) {
	others = c.Put(about, claim)
	end := lastRead(others).Add(planWait)
	if claim.Phase != Existing || !time.Now().Before(end) {
		return others
	}
	return c.wait(ctx, about, claim.Object, end, func(others []Claim) bool { return lastRead(others).IsZero() })
}

// wait returns the claims of other objects once they are as wanted, at the latest at that time.
func (c *Claims) wait(ctx context.Context, about Subject, object string, end time.Time, wanted func([]Claim) bool) []Claim {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	for {
		c.mu.Lock()
		others := slices.DeleteFunc(append([]Claim{c.first[about]}, c.more[about]...), func(one Claim) bool { return one.Object == object })
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		if ctx.Err() != nil || wanted(others) {
			return others
		}
		select {
		case <-ctx.Done():
			return others
		case <-changed:
		}
	}
}

// lastRead is when the last of the objects was read that are not planned yet, or the zero time.
func lastRead(others []Claim) time.Time {
	var last time.Time
	for _, one := range others {
		if one.Phase == Read && one.at.After(last) {
			last = one.at
		}
	}
	return last
}

// held tells whether one of the claims is of an existing object that wants the subject on.
func held(others []Claim) bool { return wanted(others, Existing) }

// wanted tells whether an object of the phase wants the subject on.
func wanted(others []Claim, phase Phase) bool {
	return slices.ContainsFunc(others, func(one Claim) bool { return one.Phase == phase && one.On })
}

func (c *Claims) any(about Subject, is func(Claim) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(append([]Claim{c.first[about]}, c.more[about]...), is)
}
