package httppipe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const trip = 20 * time.Millisecond

// limiter simulates how a server counts requests. It returns false if it refuses a request. The
// duration is the wait, or 0 if the server does not return one.
type limiter func(now time.Time) (time.Duration, bool)

// fixedWindow allows n requests per window. A window starts with its first request.
func fixedWindow(n int, per time.Duration) limiter {
	var start time.Time
	count := 0
	return func(now time.Time) (time.Duration, bool) {
		if now.Sub(start) >= per {
			start, count = now, 0
		}
		count++
		return start.Add(per).Sub(now), count <= n
	}
}

// slidingWindow allows n requests, including refused ones, within any period of that length.
func slidingWindow(n int, per time.Duration) limiter {
	var seen []time.Time
	return func(now time.Time) (time.Duration, bool) {
		seen = slices.DeleteFunc(seen, func(t time.Time) bool { return now.Sub(t) >= per })
		seen = append(seen, now)
		if len(seen) <= n {
			return 0, true
		}
		return seen[len(seen)-n].Add(per).Sub(now), false
	}
}

// bucket contains n requests and is refilled with n requests per period.
func bucket(n int, per time.Duration) limiter {
	level, filled := float64(n), time.Now()
	return func(now time.Time) (time.Duration, bool) {
		level = min(level+float64(n)*float64(now.Sub(filled))/float64(per), float64(n))
		filled = now
		if level >= 1 {
			level--
			return 0, true
		}
		return time.Duration((1 - level) * float64(per) / float64(n)), false
	}
}

// withoutWait returns a limiter that does not say how long to wait.
func withoutWait(l limiter) limiter {
	return func(now time.Time) (time.Duration, bool) {
		_, ok := l(now)
		return 0, ok
	}
}

// shared returns a limiter that other clients use as well, in bursts of n requests: one immediately
// and one every period.
func shared(l limiter, n int, every time.Duration) limiter {
	var next time.Time
	return func(now time.Time) (time.Duration, bool) {
		if now.After(next) {
			next = now.Add(every)
			for range n {
				l(now)
			}
		}
		return l(now)
	}
}

// drive sends n requests from several goroutines through the gate and counts the refused ones.
func drive(t *testing.T, g *Gate, l limiter, goroutines, n int) (took time.Duration, refused int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	one := func() {
		for again := false; ; again = true {
			turn, err := g.enter(t.Context(), again)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			after, ok := l(time.Now())
			if !ok {
				refused++
			}
			mu.Unlock()
			<-time.After(trip)
			if ok {
				g.accepted(turn)
				return
			}
			g.refused(turn, time.Duration(math.Ceil(after.Seconds()))*time.Second)
		}
	}
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	for range goroutines {
		wg.Go(func() {
			for range work {
				one()
			}
		})
	}
	wg.Wait()
	return time.Since(start), refused
}

// TestGate_findsTheLimit checks that the gate detects the server's limit with few refusals per
// closing, however the server counts.
func TestGate_findsTheLimit(t *testing.T) {
	const n = 2000
	for name, c := range map[string]struct {
		limit func() limiter
		ideal time.Duration
	}{
		"500 per minute":              {func() limiter { return fixedWindow(500, time.Minute) }, n * time.Minute / 500},
		"500 per minute, sliding":     {func() limiter { return slidingWindow(500, time.Minute) }, n * time.Minute / 500},
		"500 per minute, as a bucket": {func() limiter { return bucket(500, time.Minute) }, n * time.Minute / 500},
		// Without Retry-After the gate guesses. A third of each wait is random.
		"500 per minute, no Retry-After":         {func() limiter { return withoutWait(fixedWindow(500, time.Minute)) }, n * time.Minute / 500 * 11 / 10},
		"500 per minute, of which 250 by others": {func() limiter { return shared(fixedWindow(500, time.Minute), 250, time.Minute) }, n * time.Minute / 250},
		"500 per minute, 450 used before":        {func() limiter { return shared(fixedWindow(500, time.Minute), 450, time.Hour) }, n * time.Minute / 500},
		"25 per second, as a bucket":             {func() limiter { return bucket(25, time.Second) }, n * time.Second / 25},
		// Waits are in whole seconds, so a window of 1 s becomes longer.
		"60 per second":          {func() limiter { return fixedWindow(60, time.Second) }, n * time.Second / 60 * 11 / 10},
		"60 per second, sliding": {func() limiter { return slidingWindow(60, time.Second) }, n * time.Second / 60 * 11 / 10},
		"no limit":               {func() limiter { return func(time.Time) (time.Duration, bool) { return 0, true } }, 0},
	} {
		for _, goroutines := range []int{1, 8, 32} {
			t.Run(fmt.Sprintf("%s, %d goroutines", name, goroutines), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					g := new(Gate)
					ideal := max(c.ideal, n*trip/time.Duration(goroutines))
					took, refused := drive(t, g, c.limit(), goroutines, n)
					t.Logf("%.2f of the ideal %v; refused %d times at %d closings", float64(took)/float64(ideal), ideal, refused, g.period)
					if took > ideal*11/10 {
						t.Errorf("took %v, want at most 1.1 times %v", took, ideal)
					}
					if refused > 2*goroutines+3*g.period {
						t.Errorf("%d were refused at %d closings", refused, g.period)
					}
				})
			})
		}
	}
}

func TestGate_keepsItsLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		want   time.Duration // for 600 requests of 20 ms from 50 goroutines
	}{
		"3 at a time":                      {Limits{Concurrent: 3}, 600 / 3 * trip},
		"1 at a time":                      {Limits{Concurrent: 1}, 600 * trip},
		"more than there are goroutines":   {Limits{Concurrent: 64}, 600 / 50 * trip},
		"20 per second":                    {Limits{PerSecond: 20}, 599*50*time.Millisecond + trip - slack},
		"one in two seconds":               {Limits{PerSecond: 0.5}, 599*2*time.Second + trip - slack},
		"both, of which one counts":        {Limits{Concurrent: 2, PerSecond: 1000}, 600 / 2 * trip},
		"both, of which the other counts":  {Limits{Concurrent: 8, PerSecond: 10}, 599*100*time.Millisecond + trip - slack},
		"more per second than a timer can": {Limits{PerSecond: 1000}, 599*time.Millisecond + trip - slack},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewGate(c.limits)
				underWay, most := 0, 0
				var starts []time.Time
				var mu sync.Mutex
				count := func(n int) {
					mu.Lock()
					defer mu.Unlock()
					if underWay += n; n > 0 {
						most, starts = max(most, underWay), append(starts, time.Now())
					}
				}
				start := time.Now()
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() {
						for range 12 {
							turn, err := g.enter(t.Context(), false)
							if err != nil {
								t.Error(err)
								return
							}
							count(1)
							<-time.After(trip)
							count(-1)
							g.accepted(turn)
						}
					})
				}
				wg.Wait()
				if took := time.Since(start); took != c.want {
					t.Errorf("took %v, want %v", took, c.want)
				}
				if c.limits.Concurrent > 0 && most > c.limits.Concurrent {
					t.Errorf("%d were under way at a time", most)
				}
				if n := most1s(starts); c.limits.PerSecond > 0 && float64(n) > c.limits.PerSecond*(1+slack.Seconds())+1 {
					t.Errorf("%d were sent in one second", n)
				}
			})
		})
	}
}

// most1s returns the maximum number of times within one second. The times must be sorted.
func most1s(times []time.Time) (most int) {
	for i := range times {
		n, _ := slices.BinarySearchFunc(times[i:], times[i].Add(time.Second), time.Time.Compare)
		most = max(most, n)
	}
	return most
}

// TestGate_isAQueue checks that the queue is first-in, first-out, and that retries go to the front.
func TestGate_isAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Limits{Concurrent: 1})
		first := mustEnter(t, g)
		order := make(chan int, 100)
		var wg sync.WaitGroup
		stand := func(n int, front bool) {
			wg.Go(func() {
				turn, err := g.enter(t.Context(), front)
				if err != nil {
					t.Error(err)
				}
				order <- n
				<-time.After(trip)
				g.accepted(turn)
			})
			synctest.Wait()
		}
		for n := range 99 {
			stand(n+1, false)
		}
		stand(0, true)
		g.accepted(first)
		for want := range 100 {
			if got := <-order; got != want {
				t.Errorf("got number %d, want %d", got, want)
			}
		}
		wg.Wait()
	})
}

func mustEnter(t *testing.T, g *Gate) pass {
	t.Helper()
	turn, err := g.enter(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

// TestGate_waitsEndWithTheirContext checks that a wait ends with its context, and that its place is
// freed.
func TestGate_waitsEndWithTheirContext(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		shut   time.Duration // how long the gate is closed
		late   bool          // the gate closes while requests are waiting
		// after and says are the expected result of a call with a deadline of 5 s.
		after time.Duration
		says  string
	}{
		"for a free place":                       {limits: Limits{Concurrent: 1}, after: 5 * time.Second, says: "the operation timed out before the request could be sent"},
		"for a time after the deadline":          {limits: Limits{PerSecond: 0.1}, says: "a wait of 10s is needed, but only 5s are left before the operation times out"},
		"for a closed gate":                      {shut: time.Hour, says: "a wait of 1h0m0s is needed, but only 5s are left before the operation times out"},
		"for a gate that closes in the meantime": {limits: Limits{Concurrent: 1}, shut: time.Hour, late: true, after: time.Second, says: "a wait of 1h0m0s is needed, but only 4s are left before the operation times out"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewGate(c.limits)
				first := mustEnter(t, g)
				if c.shut > 0 && !c.late {
					g.refused(first, c.shut)
				}
				if c.late {
					time.AfterFunc(time.Second, func() { g.refused(first, c.shut) })
				}
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				_, err := g.enter(ctx, false)
				var deadline *DeadlineError
				if !errors.As(err, &deadline) || err.Error() != c.says || time.Since(start) != c.after {
					t.Errorf("got %v after %v", err, time.Since(start))
				}
				if paced := c.limits.PerSecond > 0; deadline != nil && deadline.Paced != paced {
					t.Errorf("Paced is %v, want %v", deadline.Paced, paced)
				}
				canceled, stop := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, stop)
				if _, err := g.enter(canceled, false); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want the cancellation", err)
				}
				if n := g.line.Len(); n != 0 {
					t.Errorf("%d requests are still in the queue", n)
				}
				if c.shut == 0 {
					g.accepted(first)
				}
				g.accepted(mustEnter(t, g))
				if g.underWay != 0 {
					t.Errorf("%d places were not freed", g.underWay)
				}
			})
		})
	}
}

// TestGate_freesPlacesAfterCancellation cancels calls before, during and after they pass the gate,
// and checks that all places are freed.
func TestGate_freesPlacesAfterCancellation(t *testing.T) {
	g := NewGate(Limits{Concurrent: 2})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for n := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+n)%3 == 0 {
					go cancel()
				}
				turn, err := g.enter(ctx, n%7 == 0)
				switch {
				case err != nil:
				case n%50 == 7:
					g.refused(turn, time.Millisecond)
				case n%5 == 0:
					g.failed(turn)
				default:
					g.accepted(turn)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if g.underWay != 0 || g.line.Len() != 0 {
		t.Errorf("%d requests are in progress and %d in the queue, want none", g.underWay, g.line.Len())
	}
}

// TestGate_cancellationDuringAdmission checks that a call that is cancelled exactly when it passes the gate
// gives its place back.
func TestGate_cancellationDuringAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Limits{Concurrent: 1})
		for range 100 {
			first := mustEnter(t, g)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if turn, err := g.enter(ctx, false); err == nil {
					g.accepted(turn)
				}
			})
			synctest.Wait()
			g.mu.Lock()
			cancel()
			g.leave(first)
			g.admit()
			g.mu.Unlock()
			wg.Wait()
			if g.underWay != 0 {
				t.Fatalf("%d places were not freed", g.underWay)
			}
		}
	})
}

// TestGate_withoutRetryAfter checks that without Retry-After the gate stays closed longer each time, until a
// request is accepted.
func TestGate_withoutRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(Gate)
		for _, most := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second} {
			if d := g.refused(mustEnter(t, g), 0); d > most || d < most/2 {
				t.Errorf("closed for %v, want about %v", d, most)
			}
		}
		g.accepted(mustEnter(t, g))
		if d := g.refused(mustEnter(t, g), 0); d > 500*time.Millisecond {
			t.Errorf("closed for %v after an accepted request", d)
		}
	})
}

// TestGate_firstRequestHangs checks that requests do not wait for a first request that hangs
// or fails without an answer.
func TestGate_firstRequestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(Gate)
		g.refused(mustEnter(t, g), time.Minute)
		mustEnter(t, g) // this request hangs
		start := time.Now()
		second := mustEnter(t, g)
		if d := time.Since(start); d != probeAfter {
			t.Errorf("the second request was sent after %v, want %v", d, probeAfter)
		}
		g.failed(second)
		third := mustEnter(t, g)
		g.accepted(third)
		mustEnter(t, g)
		mustEnter(t, g)
		if d := time.Since(start); d != probeAfter {
			t.Errorf("the requests after a failed and an accepted one were sent after %v, want %v", d, probeAfter)
		}
	})
}

// TestGate_enterNow checks that enterNow is refused by a closed gate only, and that later requests
// wait longer for it.
func TestGate_enterNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(Limits{Concurrent: 1, PerSecond: 1})
		first := mustEnter(t, g)
		now, ok := g.enterNow()
		if !ok {
			t.Fatal("the limits delayed the request")
		}
		g.accepted(first)
		g.accepted(now)
		start := time.Now()
		third := mustEnter(t, g)
		if d := time.Since(start); d != 2*time.Second-slack {
			t.Errorf("the next request waited %v", d)
		}
		g.refused(third, time.Minute)
		if _, ok := g.enterNow(); ok {
			t.Error("the request passed a closed gate")
		}
	})
}

// TestGate_staysClosedForTheLongestWait checks that several refusals in a burst are one closing
// with the longest wait.
func TestGate_staysClosedForTheLongestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(Gate)
		turns := []pass{mustEnter(t, g), mustEnter(t, g), mustEnter(t, g), mustEnter(t, g)}
		for i, after := range []time.Duration{time.Minute, time.Hour, time.Minute, 0} {
			want := time.Hour
			if i == 0 {
				want = time.Minute
			}
			if d := g.refused(turns[i], after); d != want {
				t.Errorf("after %v the gate is closed for %v, want %v", after, d, want)
			}
		}
		start := time.Now()
		mustEnter(t, g)
		if d := time.Since(start); d != time.Hour || g.period != 1 {
			t.Errorf("waited %v after %d closings", d, g.period)
		}
	})
}

// BenchmarkGate measures the cost of the gate for a request that does not wait.
func BenchmarkGate(b *testing.B) {
	for name, g := range map[string]*Gate{
		"without limits": new(Gate), "32 at a time": NewGate(Limits{Concurrent: 32}),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				turn, err := g.enter(b.Context(), false)
				if err != nil {
					b.Fatal(err)
				}
				g.accepted(turn)
			}
		})
	}
}
