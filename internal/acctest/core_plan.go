package acctest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Planned is a plan that can be applied later, by another process.
type Planned struct {
	// Drifted are the addresses whose state the refresh has changed, as "plan -refresh-only" shows them.
	Drifted []string

	module  Module
	state   map[string]*instance
	changes []plannedChange
}

// plannedChange is one change of a plan.
type plannedChange struct {
	address string
	deposed *Resource // nil if it is a change of the current object
	action  Action
	first   bool // create before destroy
	plan    *tfprotov6.PlanResourceChangeResponse
}

// String returns the changes, such as "replace a (create first), destroy b (deposed)", or "" for an empty plan.
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

// Changed returns the addresses whose object the plan updates or replaces.
func (p *Planned) Changed() []string { return p.addresses(Update, Replace) }

// Destroyed returns the addresses for which the plan destroys an object, perhaps a deposed one.
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

// DeletedFirst returns the addresses whose object the plan destroys before it creates the new one.
func (p *Planned) DeletedFirst() []string {
	var out []string
	for _, c := range p.changes {
		if c.action == Replace && !c.first {
			out = append(out, c.address)
		}
	}
	return out
}

// Plan refreshes and plans in a new process. The state does not change until the plan is applied.
func (c *Core) Plan(ctx context.Context, module Module, o Options) (*Planned, error) {
	c.t.Helper()
	p := &Planned{module: module, state: c.copyState()}
	if o.Destroy && !o.NoRefresh { // a first plan, which only refreshes
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
	slices.Sort(addresses) // so that a seed always gives the same order
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
