package httppipe

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// Limits are the limits of a [Gate]. The zero value means no limits.
type Limits struct {
	// Concurrent is the maximum number of concurrent requests. 0 means no limit.
	Concurrent int
	// PerSecond is the maximum number of requests that start in a second, evenly distributed. 0
	// means no limit.
	PerSecond float64
}

// Gate limits all requests of a client to its [Limits] and to the server's limit, which it detects
// from throttled answers (429).
//
// The server also counts refused requests
// (https://learn.microsoft.com/partner-center/developer/api-throttling-guidance). After a refusal,
// the gate therefore closes until the time that the server returns. Then it sends as many requests
// at full speed as were accepted between the last two closings. After these, it sends one more. If
// that is accepted, two follow, and so on. If it is refused, only one request was lost.
//
// Waiting requests form a queue. The zero value is an open gate without limits.
type Gate struct {
	limits Limits

	mu       sync.Mutex
	line     list.List // queue of *waiter
	underWay int
	next     time.Time // when PerSecond allows the next request
	until    time.Time // when the gate opens again

	// period is the number of closings. After the first closing, credit is how many requests may be
	// sent before the next answer. Before it, there is no such limit.
	period, credit int
	sent, budget   int       // requests sent in this period; requests accepted in the period before
	last           time.Time // when the last request was sent
	guesses        int       // consecutive closings for which the server returned no wait

	timer *time.Timer
	wake  time.Time // when the timer fires
}

// NewGate returns an open gate.
func NewGate(l Limits) *Gate { return &Gate{limits: l} }

const (
	// growth is how many requests may follow each accepted one beyond the budget.
	growth = 2
	// probeAfter is the time without an answer after which another request is sent, because the
	// previous one may hang.
	probeAfter = time.Second
	// slack is how much delay of earlier requests, such as timer delays, later ones may catch up.
	slack = 20 * time.Millisecond
)

// pass is the permission to send one request. It ends with accepted, refused or failed.
type pass struct{ period, number int }

type waiter struct {
	ready    chan struct{} // closed when pass or err is set
	pass     pass
	err      error
	deadline time.Time // zero means none
}

// enter waits until a request may be sent. It fails immediately if that would be after the
// context's deadline. With front, for a retry after a refusal, the request goes to the front of the
// queue.
func (g *Gate) enter(ctx context.Context, front bool) (pass, error) {
	if err := ctx.Err(); err != nil {
		return pass{}, err
	}
	g.mu.Lock()
	now := g.clock()
	if at, ok := g.opensAt(); ok && g.line.Len() == 0 && !at.After(now) {
		p := g.send(now)
		g.mu.Unlock()
		return p, nil
	}
	now = time.Now()
	w := &waiter{ready: make(chan struct{})}
	w.deadline, _ = ctx.Deadline()
	ahead := g.line.Len()
	if front {
		ahead = 0
	}
	if err := g.tooLate(w, ahead, now); err != nil {
		g.mu.Unlock()
		return pass{}, err
	}
	var e *list.Element
	if front {
		e = g.line.PushFront(w)
	} else {
		e = g.line.PushBack(w)
	}
	g.admit()
	g.mu.Unlock()

	select {
	case <-w.ready:
		return w.pass, w.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.ready:
		if w.err == nil {
			g.leave(w.pass)
		}
	default:
		g.line.Remove(e)
	}
	g.admit()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return pass{}, new(DeadlineError)
	}
	return pass{}, ctx.Err()
}

// enterNow does not wait. It returns false while the gate is closed. The limits do not delay this
// request; later requests wait longer instead.
func (g *Gate) enterNow() (pass, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock()
	if g.until.After(now) {
		return pass{}, false
	}
	return g.send(now), true
}

// accepted ends a pass whose answer is not a 429.
func (g *Gate) accepted(p pass) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.underWay--
	if p.period == g.period && g.period > 0 {
		g.guesses = 0
		if p.number > g.budget {
			g.credit += growth
		}
	}
	g.admit()
}

// failed ends a pass without an answer.
func (g *Gate) failed(p pass) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leave(p)
	g.admit()
}

// leave frees the place of a request that does not count.
func (g *Gate) leave(p pass) {
	g.underWay--
	if p.period == g.period && g.period > 0 {
		g.credit++
	}
}

// refused ends a pass with a 429 and returns how long the gate is closed from now. An after of 0
// means that the server returned no wait, or one that has passed by the local clock. The gate then
// closes for 0.5 s, doubled for each consecutive guess.
func (g *Gate) refused(p pass, after time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.underWay--
	now := time.Now()
	if p.period == g.period {
		g.period, g.budget = g.period+1, g.sent
		if after == 0 {
			after, g.budget = backoff(g.guesses), 0
			g.guesses++
		}
		g.sent, g.credit = 0, g.budget+1
	}
	if p.period == g.period-1 && g.budget > 0 {
		g.budget, g.credit = g.budget-1, max(g.credit-1, 0)
	}
	if until := now.Add(after); until.After(g.until) {
		g.until = until
	}
	for e := g.line.Front(); e != nil; {
		w, at := e.Value.(*waiter), e //nolint:forcetypeassert // it contains nothing else
		e = e.Next()
		if w.err = g.tooLate(w, 0, now); w.err != nil {
			g.line.Remove(at)
			close(w.ready)
		}
	}
	g.admit()
	return max(g.until.Sub(now), 0)
}

// clock returns the current time, or the zero time if no decision depends on it.
func (g *Gate) clock() time.Time {
	if g.period == 0 && g.limits.PerSecond == 0 {
		return time.Time{}
	}
	return time.Now()
}

// opensAt returns when the next request may be sent, or false if it has to wait for another request
// to end.
func (g *Gate) opensAt() (time.Time, bool) {
	if g.limits.Concurrent > 0 && g.underWay >= g.limits.Concurrent {
		return time.Time{}, false
	}
	at := later(g.until, g.next)
	if g.period > 0 && g.credit <= 0 {
		at = later(at, g.last.Add(probeAfter))
	}
	return at, true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// interval returns the minimum time between two requests.
func (g *Gate) interval() time.Duration {
	if g.limits.PerSecond == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / g.limits.PerSecond)
}

// tooLate returns an error if a request with that many requests ahead of it cannot be sent before
// its deadline.
func (g *Gate) tooLate(w *waiter, ahead int, now time.Time) error {
	paced := g.next.Add(time.Duration(ahead) * g.interval())
	at := later(g.until, paced)
	if w.deadline.IsZero() || !at.After(w.deadline) {
		return nil
	}
	return &DeadlineError{Wait: at.Sub(now), Left: max(w.deadline.Sub(now), 0), Paced: !g.until.After(w.deadline)}
}

// send counts a request that is sent now.
func (g *Gate) send(now time.Time) pass {
	g.underWay++
	g.sent++
	g.credit = max(g.credit-1, 0)
	g.last = now
	if g.limits.PerSecond > 0 {
		g.next = later(g.next, now.Add(-slack)).Add(g.interval())
	}
	return pass{g.period, g.sent}
}

// admit lets the waiting requests pass that may be sent now, and sets the timer for the next one.
func (g *Gate) admit() {
	for e := g.line.Front(); e != nil; e = g.line.Front() {
		at, ok := g.opensAt()
		if !ok {
			return
		}
		now := time.Now()
		if at.After(now) {
			g.wakeAt(at, now)
			return
		}
		w := g.line.Remove(e).(*waiter) //nolint:forcetypeassert // it contains nothing else
		w.pass = g.send(now)
		close(w.ready)
	}
}

func (g *Gate) wakeAt(at, now time.Time) {
	if g.wake.Equal(at) {
		return
	}
	g.wake = at
	if g.timer != nil {
		g.timer.Reset(at.Sub(now))
		return
	}
	g.timer = time.AfterFunc(at.Sub(now), func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.wake = time.Time{}
		g.admit()
	})
}
