package acctest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Declaration is a resource block.
type Declaration struct {
	Type                string
	Config              Values
	CreateBeforeDestroy bool
}

// Module is a configuration: its resource blocks by address.
type Module map[string]Declaration

// instance is what the state has at an address.
type instance struct {
	typeName string
	current  *Resource   // nil: none
	deposed  []*Resource // replaced objects that were not destroyed yet, oldest first
}

// Core does over the plugin protocol what Terraform's core does with a module and a state: refresh and plan in one
// provider process, apply in another, replacements in both orders, deposed and tainted objects, -replace, -refresh=false,
// saved plans, and "terraform destroy", which plans twice. Resources do not depend on each other.
type Core struct {
	*Protocol

	token   string
	random  *rand.Rand
	state   map[string]*instance
	stopped atomic.Bool
	// AtOnce is how many resources are done at the same time; 0 is one. Which comes first is random.
	AtOnce int
}

// NewCore has an empty state, and signs in with the refresh token. The seed decides on the order of what may be done in
// any order.
func (d *Protocol) NewCore(refreshToken string, seed uint64) *Core {
	return &Core{Protocol: d, token: refreshToken, random: rand.New(rand.NewPCG(seed, seed)), state: map[string]*instance{}}
}

// Options are those of the CLI.
type Options struct {
	NoRefresh bool // -refresh=false
	Destroy   bool // -destroy
	Replace   []string
}

// Planned is a plan that can be applied later, by another process.
type Planned struct {
	// Drifted are the addresses whose state the refresh has changed: what "plan -refresh-only" shows.
	Drifted []string

	module  Module
	state   map[string]*instance
	changes []plannedChange
}

// plannedChange is one line of a plan that is no no-op.
type plannedChange struct {
	address string
	deposed *Resource // nil: of the current object
	action  Action
	first   bool // create before destroy
	plan    *tfprotov6.PlanResourceChangeResponse
}

// String is such as "replace a (create first), destroy b (deposed)", or "" for an empty plan.
func (p *Planned) String() string {
	text := ""
	for _, c := range p.changes {
		if text != "" {
			text += ", "
		}
		text += string(c.action) + " " + c.address
		if c.deposed != nil {
			text += " (deposed)"
		}
		if c.first {
			text += " (create first)"
		}
	}
	return text
}

// Changed are the addresses whose object the plan updates or replaces.
func (p *Planned) Changed() []string { return p.addresses(Update, Replace) }

// Destroyed are the addresses of which the plan destroys an object, maybe a deposed one.
func (p *Planned) Destroyed() []string { return p.addresses(Destroy) }

func (p *Planned) addresses(actions ...Action) []string {
	var out []string
	for _, c := range p.changes {
		if slices.Contains(actions, c.action) {
			out = append(out, c.address)
		}
	}
	return out
}

// DeletedFirst are the addresses whose object the plan destroys before it creates another one.
func (p *Planned) DeletedFirst() []string {
	var out []string
	for _, c := range p.changes {
		if c.action == Replace && !c.first {
			out = append(out, c.address)
		}
	}
	return out
}

// Interrupt is the first Ctrl-C: the provider is told to stop, and nothing that has not begun begins.
func (c *Core) Interrupt() {
	c.stopped.Store(true)
	c.Stop()
}

var errHalted = errors.New("execution halted")

// process starts a new provider process.
func (c *Core) process() {
	c.t.Helper()
	c.Restart(c.token)
	c.stopped.Store(false)
}

// Plan refreshes and plans in a process of its own. The state stays as it is until the plan is applied.
func (c *Core) Plan(ctx context.Context, module Module, o Options) (*Planned, error) {
	c.t.Helper()
	p := &Planned{module: module, state: c.copyState()}
	if o.Destroy && !o.NoRefresh { // a whole plan, whose only purpose is to refresh
		if err := c.planWalk(ctx, p, o, false); err != nil {
			return nil, err
		}
		p.changes = nil
	}
	return p, c.planWalk(ctx, p, o, o.Destroy)
}

// planWalk plans everything in a new process.
func (c *Core) planWalk(ctx context.Context, p *Planned, o Options, destroy bool) error {
	c.t.Helper()
	c.process()
	var mu sync.Mutex
	var nodes []*node
	refresh := func(r *Resource, address string) error {
		if o.NoRefresh || destroy {
			return nil
		}
		r.load(ctx)
		before := r.state
		if err := r.Refresh(ctx); err != nil {
			return fmt.Errorf("refresh %s: %w", address, err)
		}
		if !before.Equal(r.state) {
			mu.Lock()
			defer mu.Unlock()
			p.Drifted = append(p.Drifted, address)
		}
		return nil
	}
	add := func(change plannedChange) {
		mu.Lock()
		defer mu.Unlock()
		p.changes = append(p.changes, change)
	}
	addresses := slices.Collect(maps.Keys(p.state))
	for address := range p.module {
		if p.state[address] == nil && !destroy {
			p.state[address] = &instance{typeName: p.module[address].Type}
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses) // so that a seed is repeatable
	for _, address := range addresses {
		i := p.state[address]
		declared, ok := p.module[address]
		ok = ok && !destroy
		nodes = append(nodes, &node{do: func() error {
			object := i.current
			if object == nil {
				if !ok {
					return nil
				}
				object = c.Resource(declared.Type)
			} else if err := refresh(object, address); err != nil {
				return err
			}
			if !object.Exists() {
				if i.current = nil; !ok {
					return nil
				}
			}
			var config Values
			if ok {
				config = declared.Config
			}
			action, plan, err := object.plan(ctx, config, slices.Contains(o.Replace, address))
			if err != nil {
				return fmt.Errorf("plan %s: %w", address, err)
			}
			if action != NoOp {
				add(plannedChange{address: address, action: action, first: action == Replace && declared.CreateBeforeDestroy, plan: plan})
			}
			return nil
		}})
		for _, object := range i.deposed {
			nodes = append(nodes, &node{do: func() error {
				if err := refresh(object, address+" (deposed)"); err != nil || !object.Exists() {
					return err
				}
				_, plan, err := object.plan(ctx, nil, false)
				if err != nil {
					return fmt.Errorf("plan %s (deposed): %w", address, err)
				}
				add(plannedChange{address: address, deposed: object, action: Destroy, plan: plan})
				return nil
			}})
		}
	}
	err := c.walk(nodes)
	tidy(p.state)
	slices.Sort(p.Drifted)
	slices.SortStableFunc(p.changes, func(a, b plannedChange) int {
		if a.address < b.address {
			return -1
		}
		return 1
	})
	return err
}

// Apply applies a plan in a new process, in which each object that is made or changed is planned once more. What fails
// does not keep the rest from being done.
func (c *Core) Apply(ctx context.Context, p *Planned) error {
	c.t.Helper()
	c.process()
	c.state = p.state
	var nodes []*node
	for _, change := range p.changes {
		i := c.state[change.address]
		if i == nil {
			i = &instance{typeName: p.module[change.address].Type}
			c.state[change.address] = i
		}
		switch {
		case change.action == Destroy && change.deposed != nil:
			nodes = append(nodes, &node{do: func() error { return c.destroyDeposed(ctx, change.address, change.deposed) }})
		case change.action == Destroy:
			nodes = append(nodes, &node{do: func() error { return c.destroy(ctx, change, i) }})
		case change.action == Replace && change.first:
			replaced := i.current
			create := &node{do: func() error { return c.createFirst(ctx, p.module, change, i) }}
			nodes = append(nodes, create, &node{after: create, do: func() error { return c.destroyDeposed(ctx, change.address, replaced) }})
		case change.action == Replace:
			destroy := &node{do: func() error { return c.destroy(ctx, change, i) }}
			nodes = append(nodes, destroy, &node{after: destroy, do: func() error { return c.make(ctx, p.module, change, i) }})
		default:
			nodes = append(nodes, &node{do: func() error { return c.make(ctx, p.module, change, i) }})
		}
	}
	err := c.walk(nodes)
	tidy(c.state)
	return err
}

func (c *Core) destroy(ctx context.Context, change plannedChange, i *instance) error {
	if i.current == nil {
		return nil
	}
	if err := i.current.change(ctx, nil, change.plan); err != nil {
		return fmt.Errorf("destroy %s: %w", change.address, err)
	}
	return nil
}

// destroyDeposed plans the destruction anew, as core does.
func (c *Core) destroyDeposed(ctx context.Context, address string, object *Resource) error {
	_, plan, err := object.plan(ctx, nil, false)
	if err == nil {
		err = object.change(ctx, nil, plan)
	}
	if err != nil {
		return fmt.Errorf("destroy %s (deposed): %w", address, err)
	}
	return nil
}

// createFirst deposes the object that is replaced. It is the current one again when the creation leaves none.
func (c *Core) createFirst(ctx context.Context, module Module, change plannedChange, i *instance) error {
	replaced := i.current
	i.deposed, i.current = append(i.deposed, replaced), nil
	err := c.make(ctx, module, change, i)
	if err != nil && (i.current == nil || !i.current.Exists()) {
		i.current, i.deposed = replaced, i.deposed[:len(i.deposed)-1]
	}
	return err
}

// make creates or updates what was planned.
func (c *Core) make(ctx context.Context, module Module, change plannedChange, i *instance) error {
	object := i.current
	if object == nil || !object.Exists() {
		object = c.Resource(module[change.address].Type)
	}
	config := module[change.address].Config
	action, plan, err := object.plan(ctx, config, false)
	if err == nil && action != NoOp {
		err = object.asPlanned(change.plan, plan)
	}
	if err == nil && action != NoOp {
		i.current = object
		err = object.change(ctx, config, plan)
	}
	if err != nil {
		return fmt.Errorf("apply %s: %w", change.address, err)
	}
	return nil
}

// asPlanned is an error when the plan that was made while applying has another value than the one that was shown.
func (r *Resource) asPlanned(shown, now *tfprotov6.PlanResourceChangeResponse) error {
	typ := r.schema.ValueType()
	after := r.attributes(r.decode(typ, now.PlannedState))
	for name, want := range r.attributes(r.decode(typ, shown.PlannedState)) {
		if want.IsFullyKnown() && !want.Equal(after[name]) {
			return fmt.Errorf("provider produced inconsistent final plan: %s was %s, but now %s", name, want, after[name])
		}
	}
	return nil
}

// node is something to do, after another one has succeeded.
type node struct {
	do    func() error
	after *node
	done  bool
}

// walk does all nodes, AtOnce of them at a time, and returns all errors.
func (c *Core) walk(nodes []*node) error {
	var errs []error
	for len(nodes) > 0 {
		var ready, later []*node
		for _, n := range nodes {
			switch {
			case n.after == nil || n.after.done:
				ready = append(ready, n)
			case slices.Contains(nodes, n.after):
				later = append(later, n)
			}
		}
		if len(ready) == 0 {
			break // what is left waits for what has failed
		}
		c.random.Shuffle(len(ready), func(i, j int) { ready[i], ready[j] = ready[j], ready[i] })
		group := ready[:min(len(ready), max(1, c.AtOnce))]
		failed := make([]error, len(group))
		var all sync.WaitGroup
		for i, n := range group {
			all.Go(func() {
				if failed[i] = errHalted; !c.stopped.Load() {
					failed[i] = n.do()
				}
				n.done = failed[i] == nil
			})
		}
		all.Wait()
		errs = append(errs, failed...)
		nodes = append(ready[len(group):], later...)
	}
	return errors.Join(errs...)
}

// copyState copies what a plan may refresh and depose.
func (c *Core) copyState() map[string]*instance {
	out := make(map[string]*instance, len(c.state))
	for address, i := range c.state {
		copied := &instance{typeName: i.typeName}
		if i.current != nil {
			copied.current = new(*i.current)
		}
		for _, object := range i.deposed {
			copied.deposed = append(copied.deposed, new(*object))
		}
		out[address] = copied
	}
	return out
}

// tidy drops objects that do not exist any more.
func tidy(state map[string]*instance) {
	for address, i := range state {
		if i.current != nil && !i.current.Exists() {
			i.current = nil
		}
		i.deposed = slices.DeleteFunc(i.deposed, func(r *Resource) bool { return !r.Exists() })
		if i.current == nil && len(i.deposed) == 0 {
			delete(state, address)
		}
	}
}

// Object is an object of the state.
type Object struct {
	Address string
	Type    string
	State   Values
	Deposed bool
	Tainted bool
}

// Objects are all objects of the state, sorted by address, deposed ones after the current one.
func (c *Core) Objects() []Object {
	c.t.Helper()
	var out []Object
	for _, address := range slices.Sorted(maps.Keys(c.state)) {
		i := c.state[address]
		if i.current != nil {
			out = append(out, Object{Address: address, Type: i.typeName, State: i.current.State(), Tainted: i.current.tainted})
		}
		for _, object := range i.deposed {
			out = append(out, Object{Address: address, Type: i.typeName, State: object.State(), Deposed: true, Tainted: object.tainted})
		}
	}
	return out
}

// Taint marks the current object at an address as tainted.
func (c *Core) Taint(address string) {
	if i := c.state[address]; i != nil && i.current != nil {
		i.current.Taint()
	}
}

// Forget takes an address out of the state, as "terraform state rm" does.
func (c *Core) Forget(address string) { delete(c.state, address) }

// Move gives an object another address, as a moved block does.
func (c *Core) Move(from, to string) {
	if i := c.state[from]; i != nil && c.state[to] == nil {
		c.state[to] = i
		delete(c.state, from)
	}
}
