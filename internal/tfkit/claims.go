package tfkit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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

// Private state keeps which subjects an object leaves on when it ends. Terraform hands what PlanEnd
// stores to Delete, but plans the end of a deposed object anew in the apply, with what Read stored.
const (
	keepsPlannedKey  = "keeps_planned"
	keepsReadKey     = "keeps_read"
	passesPlannedKey = "passes_planned"
)

// Read claims what an object of the state has on, at the end of its refresh: its plan follows.
func (c *Claims) Read(ctx context.Context, private PrivateState, object string, about []Subject) diag.Diagnostics {
	var keeps []Subject
	for _, one := range about {
		if held(c.Put(one, Claim{Object: object, On: true, Phase: Read, at: time.Now()})) {
			keeps = append(keeps, one)
		}
	}
	return SetPrivate(ctx, private, keepsReadKey, keeps)
}

// PlanEnd claims the end of subjects in a plan. It returns those which existing objects keep on,
// and those which new ones will turn on, maybe after they were turned off.
func (c *Claims) PlanEnd(ctx context.Context, private PrivateState, object string, about []Subject) (keeps, passes []Subject, diags diag.Diagnostics) {
	keeps, passes = c.end(object, about)
	if end := c.until(&c.planned, planEndAtMost); len(keeps)+len(passes) < len(about) && time.Now().Before(end) {
		for _, one := range about { // a new object may be planned a moment later
			c.wait(ctx, one, object, end, func(others []Claim) bool { return wanted(others, Declared) || wanted(others, Existing) })
		}
		keeps, passes = c.end(object, about)
	}
	diags = SetPrivate(ctx, private, keepsPlannedKey, keeps)
	return keeps, passes, append(diags, SetPrivate(ctx, private, passesPlannedKey, passes)...)
}

// How long a plan waits, all in all, for new objects to be planned that take over, and how long an
// apply waits for them to exist.
const (
	planEndAtMost = 500 * time.Millisecond
	awaitAtMost   = 5 * time.Second
)

// until is the end of all waits of a kind, which the first one sets.
func (c *Claims) until(end *time.Time, atMost time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if end.IsZero() {
		*end = time.Now().Add(atMost)
	}
	return *end
}

// Await waits until new objects exist that take over what is about to end, as the plan said, so that
// nothing is turned off in between. When they are late, because Terraform creates them later, it is.
// Call it before Turn, which the new objects need.
func (c *Claims) Await(ctx context.Context, private PrivateState, object string, about []Subject) {
	passes := GetPrivate[[]Subject](ctx, private, passesPlannedKey)
	if len(passes) == 0 {
		return
	}
	end := c.until(&c.awaited, awaitAtMost)
	for _, one := range passes {
		if slices.Contains(about, one) {
			c.wait(ctx, one, object, end, held)
		}
	}
}

// End claims the end of subjects in an apply and returns those which existing objects keep on.
func (c *Claims) End(ctx context.Context, private PrivateState, object string, about []Subject) []Subject {
	key := keepsPlannedKey
	if len(about) > 0 && c.ends(about[0], object) {
		key = keepsReadKey // it was planned in this run, as an update or since it is deposed
	}
	keeps, _ := c.end(object, about)
	for _, one := range GetPrivate[[]Subject](ctx, private, key) {
		if slices.Contains(about, one) && !slices.Contains(keeps, one) {
			keeps = append(keeps, one)
		}
	}
	return keeps
}

// end returns the subjects that other objects of the state keep on, and those that new ones turn on.
// An object that was read and is not planned yet keeps a subject on, or ends later and turns it off.
func (c *Claims) end(object string, about []Subject) (keeps, passes []Subject) {
	for _, one := range about {
		others := c.Put(one, Claim{Object: object, Phase: Ending})
		switch {
		case wanted(others, Existing), wanted(others, Read):
			keeps = append(keeps, one)
		case wanted(others, Declared):
			passes = append(passes, one)
		}
	}
	return keeps, passes
}

func (c *Claims) ends(about Subject, object string) bool {
	return c.any(about, func(one Claim) bool { return one.Object == object && one.Phase == Ending })
}

// Ended tells whether an object of the run has ended the subject, or is about to.
func (c *Claims) Ended(about Subject) bool {
	return c.any(about, func(one Claim) bool { return one.Object != "" && one.Phase == Ending })
}

func (c *Claims) any(about Subject, is func(Claim) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(append([]Claim{c.first[about]}, c.more[about]...), is)
}

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

// Yield records that an object which is replaced has left the subject on for the one that replaces
// it. Certain says that the subject is on, not only that it may be.
func (c *Claims) Yield(about Subject, certain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.yielded == nil {
		c.yielded = make(map[Subject]bool)
	}
	c.yielded[about] = certain
}

// Yielded tells whether a replaced object of this run has left the subject on, and whether that is
// certain.
func (c *Claims) Yielded(about Subject) (yielded, certain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	certain, yielded = c.yielded[about]
	return yielded, certain
}
