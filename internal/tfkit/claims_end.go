package tfkit

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Keys of private state for the subjects that an object leaves enabled when it ends. Delete receives
// what PlanEnd stored. For a deposed object, Terraform plans again in the apply, with what Read stored.
const (
	keepsPlannedKey  = "keeps_planned"
	keepsReadKey     = "keeps_read"
	passesPlannedKey = "passes_planned"
)

// Read claims the subjects that an object of the state has enabled. Call it at the end of a refresh,
// which the plan of the object follows.
func (c *Claims) Read(ctx context.Context, private PrivateState, object string, about []Subject) diag.Diagnostics {
	var keeps []Subject
	for _, one := range about {
		if held(c.Put(one, Claim{Object: object, On: true, Phase: Read, at: time.Now()})) {
			keeps = append(keeps, one)
		}
	}
	return SetPrivate(ctx, private, keepsReadKey, keeps)
}

// PlanEnd claims the end of subjects in a plan, which the object has enabled (on) or disabled. It returns the subjects that existing objects keep
// enabled, and those that new objects will enable, perhaps after they were disabled.
func (c *Claims) PlanEnd(ctx context.Context, private PrivateState, object string, about []Subject, on bool) (keeps, passes []Subject, diags diag.Diagnostics) {
	keeps, passes = c.end(object, about, on)
	if end := c.until(&c.planned, planEndAtMost); len(keeps)+len(passes) < len(about) && time.Now().Before(end) {
		for _, one := range about { // a new object may be planned a little later
			c.wait(ctx, one, object, end, func(others []Claim) bool { return wanted(others, Declared) || wanted(others, Existing) })
		}
		keeps, passes = c.end(object, about, on)
	}
	diags = SetPrivate(ctx, private, keepsPlannedKey, keeps)
	return keeps, passes, append(diags, SetPrivate(ctx, private, passesPlannedKey, passes)...)
}

// Limits of all waits together: a plan waits for the plans of new objects that take over subjects, and
// an apply waits until these objects exist.
const (
	planEndAtMost = 500 * time.Millisecond
	awaitAtMost   = 5 * time.Second
)

// until returns when all waits of a kind end. The first wait sets it.
func (c *Claims) until(end *time.Time, atMost time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if end.IsZero() {
		*end = time.Now().Add(atMost)
	}
	return *end
}

// Await waits until the new objects exist that take over subjects, as the plan said, so that nothing
// is disabled in between. The wait is limited: if Terraform creates the objects later, the subjects
// are disabled in between. Call Await before Turn, because the new objects need it.
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

// End claims the end of subjects in an apply, which the object has enabled (on) or disabled. It returns those that existing
// objects keep enabled.
func (c *Claims) End(ctx context.Context, private PrivateState, object string, about []Subject, on bool) []Subject {
	key := keepsPlannedKey
	if len(about) > 0 && c.ends(about[0], object) {
		key = keepsReadKey // it was planned in this run: as an update, or because it is deposed
	}
	keeps, _ := c.end(object, about, on)
	for _, one := range GetPrivate[[]Subject](ctx, private, key) {
		if slices.Contains(about, one) && !slices.Contains(keeps, one) {
			keeps = append(keeps, one)
		}
	}
	return keeps
}

// end returns the subjects that other objects of the state keep enabled, and those that new ones enable.
// An object that was read and is not planned yet counts as keeping a subject: if it ends later, it
// disables the subject itself.
func (c *Claims) end(object string, about []Subject, on bool) (keeps, passes []Subject) {
	for _, one := range about {
		others := c.Put(one, Claim{Object: object, On: on, Phase: Ending})
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

// Ended reports whether an object of the run, which had enabled the subject, has ended it or is about to end it.
func (c *Claims) Ended(about Subject) bool {
	return c.any(about, func(one Claim) bool { return one.On && one.Phase == Ending })
}

// Yield records that a replaced object has left the subject enabled for its replacement. Certain
// means that the subject is enabled, not only that it may be.
func (c *Claims) Yield(about Subject, certain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.yielded == nil {
		c.yielded = make(map[Subject]bool)
	}
	c.yielded[about] = certain
}

// Yielded reports whether a replaced object of this run has left the subject enabled, and whether that
// is certain.
func (c *Claims) Yielded(about Subject) (yielded, certain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	certain, yielded = c.yielded[about]
	return yielded, certain
}
