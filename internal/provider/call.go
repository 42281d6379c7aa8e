package provider

import (
	"context"
	"sync/atomic"
	"time"
)

// call is the context of one call of the plugin protocol. The plugin framework keeps the context of every call until the
// provider stops (terraform-plugin-framework 1.19, Server.registerContext). A context holds 12 kB, mostly loggers, so that
// a plan of 1,000 resources with four calls each would keep 50 MB. After end, a call holds nothing, and is canceled.
type call struct {
	context atomic.Pointer[context.Context]
}

// withEnd returns the context of a call, and the function that ends it.
func withEnd(ctx context.Context) (context.Context, func()) {
	c := new(call)
	c.context.Store(&ctx)
	return c, func() { c.context.Store(nil) }
}

// canceled is the Done channel of calls that have ended.
var canceled = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (c *call) Deadline() (deadline time.Time, ok bool) {
	if ctx := c.context.Load(); ctx != nil {
		return (*ctx).Deadline()
	}
	return time.Time{}, false
}

func (c *call) Done() <-chan struct{} {
	if ctx := c.context.Load(); ctx != nil {
		return (*ctx).Done()
	}
	return canceled
}

func (c *call) Err() error {
	if ctx := c.context.Load(); ctx != nil {
		return (*ctx).Err()
	}
	return context.Canceled
}

func (c *call) Value(key any) any {
	if ctx := c.context.Load(); ctx != nil {
		return (*ctx).Value(key)
	}
	return nil
}
