package acctest

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Apply applies a plan in a new process. As in Terraform, it plans each object that is created or changed once more, and
// continues with other objects after a failure.
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

// destroyDeposed plans the destruction again and applies it, as Terraform's core does.
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

// createFirst deposes the object that is replaced, and creates the new one. If that leaves no object, the old one becomes
// the current object again.
func (c *Core) createFirst(ctx context.Context, module Module, change plannedChange, i *instance) error {
	replaced := i.current
	i.deposed, i.current = append(i.deposed, replaced), nil
	err := c.make(ctx, module, change, i)
	if err != nil && (i.current == nil || !i.current.Exists()) {
		i.current, i.deposed = replaced, i.deposed[:len(i.deposed)-1]
	}
	return err
}

// make creates or updates an object as planned.
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

// asPlanned returns an error if a known value in the plan that was shown differs in the plan during the apply.
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
