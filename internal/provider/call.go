package provider

import (
	"context"
	"sync/atomic"
	"time"
)

// call is the context of one call of the plugin protocol. The plugin framework keeps the context of every call until the
// provider stops (terraform-plugin-framework 1.19, Server.registerContext). A context holds 12 kB, mostly loggers, so that
// a plan of 1,000 resources with four calls each would keep 50 MB. After end, a call holds nothing.
type call struct {
	context atomic.Pointer[context.Context]
}

// ended replaces the context of calls that have ended. Work that continues after its call has a context without cancellation.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// newCall returns the context of a call, and the function that ends it.
func newCall(ctx context.Context) (*call, func()) {
	c := new(call)
	c.context.Store(&ctx)
	return c, func() { c.context.Store(&ended) }
}

func (c *call) Deadline() (time.Time, bool) { return (*c.context.Load()).Deadline() }
func (c *call) Done() <-chan struct{}       { return (*c.context.Load()).Done() }
func (c *call) Err() error                  { return (*c.context.Load()).Err() }
func (c *call) Value(key any) any           { return (*c.context.Load()).Value(key) }
