package httppipe

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Answers asks once for what many want to know: those who ask at the same time wait for one
// answer, and it is remembered for a while. Failures are not remembered.
type Answers[T any] struct {
	// For is how long an answer is good for.
	For time.Duration
	// Keep tells which answers are remembered at all; nil means each.
	Keep func(T) bool

	asking singleflight.Group
	mu     sync.Mutex
	known  map[string]remembered[T]
}

type remembered[T any] struct {
	at     time.Time
	answer T
}

// Get returns the answer that is known or asks for it. The asking goes on for the others who
// wait for it when the first who asked has given up, but no longer than that one would have
// waited. Nobody may write to what an answer points to.
func (a *Answers[T]) Get(ctx context.Context, key string, ask func(context.Context) (T, error)) (T, error) {
	for {
		if answer, ok := a.lookUp(key); ok {
			return answer, nil
		}
		until := time.Time{}
		result := a.asking.DoChan(key, func() (any, error) {
			if answer, ok := a.lookUp(key); ok {
				return answer, nil // somebody else has just asked
			}
			own, cancel := context.WithoutCancel(ctx), func() {}
			if deadline, ok := ctx.Deadline(); ok {
				// Sooner than those who wait give up, so that they hear why.
				until = deadline.Add(-min(time.Second, time.Until(deadline)/10))
				own, cancel = context.WithDeadline(own, until)
			}
			defer cancel()
			at := time.Now()
			answer, err := ask(own)
			if err != nil || a.Keep != nil && !a.Keep(answer) {
				return answer, err
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.known == nil {
				a.known = make(map[string]remembered[T])
			}
			a.known[key] = remembered[T]{at, answer}
			// A run over ten thousand customers must not hold all that it ever asked.
			time.AfterFunc(time.Until(at.Add(a.For)), func() { a.forget(key, at) })
			return answer, nil
		})
		select {
		case <-ctx.Done():
			return *new(T), ctx.Err()
		case r := <-result:
			deadline, ok := ctx.Deadline()
			if r.Err != nil && outOfTime(r.Err) && r.Shared && until.IsZero() && ok && time.Until(deadline) > time.Second {
				continue // it was the time of somebody who had less
			}
			answer, _ := r.Val.(T)
			return answer, r.Err
		}
	}
}

// Change replaces a remembered answer, if there is one, without asking again.
func (a *Answers[T]) Change(key string, change func(T) T) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if k, ok := a.known[key]; ok {
		a.known[key] = remembered[T]{k.at, change(k.answer)}
	}
}

// Forget drops a remembered answer.
func (a *Answers[T]) Forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, key)
}

// forget drops the answer of that time.
func (a *Answers[T]) forget(key string, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[key].at.Equal(at) {
		delete(a.known, key)
	}
}

func (a *Answers[T]) lookUp(key string) (T, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.known[key]
	return k.answer, ok && time.Since(k.at) < a.For
}
