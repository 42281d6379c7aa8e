package tfkit

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

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
