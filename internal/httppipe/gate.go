package httppipe

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// Limits bound what goes through a [Gate]. The zero value bounds nothing.
type Limits struct {
	// Concurrent is how many requests may be under way at a time. 0 means any number.
	Concurrent int
	// PerSecond is how many may start in a second, evenly spread. 0 means any number.
	PerSecond float64
}

// Gate paces all requests of a client: within its [Limits], and within the server's, which it
// learns from throttled answers (429).
//
// The server counts refused requests too
// (https://learn.microsoft.com/partner-center/developer/api-throttling-guidance). So after a
// refusal the gate closes until the time that the server names. Then as many requests go at
// full speed as were accepted between the last two closings, and beyond them one goes ahead:
// when it is accepted two follow, and so on; when it is refused it was the only one.
//
// Who has to wait stands in line. The zero value is an open gate without limits.
type Gate struct {
	limits Limits

	mu       sync.Mutex
	line     list.List // of *waiter
	underWay int
	next     time.Time // when PerSecond allows another
	until    time.Time // closed until then

	// period counts the closings. From the first on, credit is how many may be sent before an
	// answer comes; before it there is no such bound.
	period, credit int
	sent, budget   int       // sent in this period; accepted in the one before
	last           time.Time // when the last one was sent
	guesses        int       // closings in a row whose end the server did not name

	timer *time.Timer
	wake  time.Time // what the timer is set to
}

// NewGate returns an open gate.
func NewGate(l Limits) *Gate { return &Gate{limits: l} }

const (
	// growth is how many requests may follow one that was accepted beyond the budget.
	growth = 2
	// probeAfter is after how long without an answer another request goes ahead: the one before
	// it may hang.
	probeAfter = time.Second
	// slack is by how much requests that started late, as timers do, are made up for.
	slack = 20 * time.Millisecond
)

// pass is the right to send one request. It ends with accepted, refused or failed.
type pass struct{ period, number int }

type waiter struct {
	ready    chan struct{} // closed when pass or err is there
	pass     pass
	err      error
	deadline time.Time // zero means none
}

// enter waits until a request may be sent. It fails at once when that would be after the
// context's deadline. Who was refused goes to the front of the line.
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

// enterNow does not wait: it answers false while the gate is closed. The limits hold back the
// requests after it instead.
func (g *Gate) enterNow() (pass, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock()
	if g.until.After(now) {
		return pass{}, false
	}
	return g.send(now), true
}

// accepted ends a pass with an answer that is no 429.
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

// leave lets another request take the place of one that did not count.
func (g *Gate) leave(p pass) {
	g.underWay--
	if p.period == g.period && g.period > 0 {
		g.credit++
	}
}

// refused ends a pass with a 429 and returns for how long the gate is closed now. After 0, when
// the server named no time or one that is past by our clock, means 0.5 s, doubled each time in a
// row.
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
		w, at := e.Value.(*waiter), e //nolint:forcetypeassert // it holds nothing else
		e = e.Next()
		if w.err = g.tooLate(w, 0, now); w.err != nil {
			g.line.Remove(at)
			close(w.ready)
		}
	}
	g.admit()
	return max(g.until.Sub(now), 0)
}

// clock is the time where anything depends on it.
func (g *Gate) clock() time.Time {
	if g.period == 0 && g.limits.PerSecond == 0 {
		return time.Time{}
	}
	return time.Now()
}

// opensAt is when the next request may be sent, or false when that depends on another's end.
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

// interval is the time between two requests.
func (g *Gate) interval() time.Duration {
	if g.limits.PerSecond == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / g.limits.PerSecond)
}

// tooLate is the error for a request with so many ahead of it that surely has no turn before
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

// admit lets in who may go, and sets the timer for who may go later.
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
		w := g.line.Remove(e).(*waiter) //nolint:forcetypeassert // it holds nothing else
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
