package tfkit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Claims record what the objects of one run say about the same subjects. Terraform sends the provider
// one object at a time, in any order and without its address. Only claims connect objects that concern
// the same subject.
//
// Terraform starts a provider process for each provider block and each walk. Claims therefore cannot
// connect objects of two provider blocks, and private state passes on what an apply needs from the plan.
//
// The rule: the plan fails if two declared objects want the opposite. An object that ends leaves a
// subject enabled if an existing object declares it enabled.
type Claims struct {
	mu sync.Mutex
	// first is the only claim for most subjects; more holds the others.
	first map[Subject]Claim
	more  map[Subject][]Claim
	// changed is closed at the next change. It is nil if nothing waits for one.
	changed chan struct{}
	// denials are keyed by object; see Deny.
	denials map[string]func(Subject) bool
	// yielded are the subjects of objects that are replaced; see Yield.
	yielded map[Subject]bool
	// turns are keyed by the ID of a subject; see Turn.
	turns map[string]chan struct{}
	// awaited and planned are the times at which all calls of Await and of PlanEnd stop waiting.
	awaited, planned time.Time
}

// Subject is something that two objects can concern, such as a permission of a customer or the Owner
// role of a principal.
type Subject struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Claim is what one object says about a subject.
type Claim struct {
	// Object identifies the object; see [ObjectID].
	Object string
	// Type is the resource type, for messages.
	Type string
	// On is true if the object declares the subject enabled, or had it enabled before its end.
	On bool
	// Phase is the state of the object.
	Phase Phase

	at time.Time // when the object was read; only in the phase Read
}

// Phase is what the run has done with an object so far.
type Phase int

const (
	// Read objects are in the state and were refreshed. Terraform plans each of them right after that.
	Read Phase = iota
	// Ending objects are being destroyed, or no longer concern the subject. They contradict no other object.
	Ending
	// Declared objects are in the configuration, and are new or differ from the state.
	Declared
	// Existing objects are in the configuration, and the state agrees with it.
	Existing
)

// Turn locks the ID of a subject, so that only one object at a time changes it or gives it up. The
// caller records its claim before it calls release.
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

// Put records a claim, which replaces an earlier claim of the same object. It returns the claims of
// the other objects.
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
	if first.Object == claim.Object && len(c.more[about]) == 0 { // the usual case, for thousands of customers: a plan follows its refresh
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

// Hold is Put for an object that is now as declared. It drops earlier claims of other objects that were read or
// have ended: an object that ends later finds this claim.
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

// planWait limits how long [Claims.Declare] waits for the plan of an object after its refresh.
const planWait = 2 * time.Second

// Declare is Put for an object of the configuration. If the object exists, Declare waits for the plans
// of other objects that were read before.
func (c *Claims) Declare(ctx context.Context, about Subject, claim Claim) (others []Claim) {
	others = c.Put(about, claim)
	end := lastRead(others).Add(planWait)
	if claim.Phase != Existing || !time.Now().Before(end) {
		return others
	}
	return c.wait(ctx, about, claim.Object, end, func(others []Claim) bool { return lastRead(others).IsZero() })
}

// wait waits until the claims of other objects are as wanted, or until end, and returns them.
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

// lastRead returns when the last object was read that is not planned yet, or the zero time.
func lastRead(others []Claim) time.Time {
	var last time.Time
	for _, one := range others {
		if one.Phase == Read && one.at.After(last) {
			last = one.at
		}
	}
	return last
}

// held reports whether an existing object wants the subject enabled.
func held(others []Claim) bool { return wanted(others, Existing) }

// wanted reports whether an object in this phase wants the subject enabled.
func wanted(others []Claim, phase Phase) bool {
	return slices.ContainsFunc(others, func(one Claim) bool { return one.Phase == phase && one.On })
}

func (c *Claims) any(about Subject, is func(Claim) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(append([]Claim{c.first[about]}, c.more[about]...), is)
}
