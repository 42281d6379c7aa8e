package acctest

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
)

// Declaration is a resource block.
type Declaration struct {
	Type                string
	Config              Values
	CreateBeforeDestroy bool
}

// Module is a configuration: its resource blocks by address.
type Module map[string]Declaration

// instance is the entry of the state for an address.
type instance struct {
	typeName string
	current  *Resource   // nil if there is none
	deposed  []*Resource // replaced objects that were not destroyed yet, oldest first
}

// Core does over the plugin protocol what Terraform's core does with a module and a state. It refreshes and plans in one
// provider process and applies in another. It supports replacements in both orders, deposed and tainted objects, -replace,
// -refresh=false, saved plans, and "terraform destroy", which plans twice. Resources cannot depend on each other.
type Core struct {
	*Protocol

	token   string
	random  *rand.Rand
	state   map[string]*instance
	stopped atomic.Bool
	// AtOnce is how many resources are processed concurrently; 0 means one. The order is random.
	AtOnce int
}

// NewCore returns a core with an empty state, whose provider signs in with the refresh token. The seed determines the order
// of resources.
func (d *Protocol) NewCore(refreshToken string, seed uint64) *Core {
	return &Core{Protocol: d, token: refreshToken, random: rand.New(rand.NewPCG(seed, seed)), state: map[string]*instance{}}
}

// Options are options of the CLI.
type Options struct {
	NoRefresh bool // -refresh=false
	Destroy   bool // -destroy
	Replace   []string
}

// Interrupt does what the first Ctrl-C does: it stops the provider, and nothing new begins.
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

// node is a step of a walk, which begins after another node has succeeded, if after is set.
type node struct {
	do    func() error
	after *node
	done  bool
}

// walk runs all nodes, at most AtOnce of them concurrently, and returns all errors.
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
			break // the rest waits for nodes that failed
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

// copyState copies the state, because a plan may change it.
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

// tidy removes objects that no longer exist.
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

// Objects returns all objects of the state, sorted by address, with deposed objects after the current one.
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

// Forget removes an address from the state, as "terraform state rm" does.
func (c *Core) Forget(address string) { delete(c.state, address) }

// Move moves an object to another address, as a moved block does.
func (c *Core) Move(from, to string) {
	if i := c.state[from]; i != nil && c.state[to] == nil {
		c.state[to] = i
		delete(c.state, from)
	}
}
