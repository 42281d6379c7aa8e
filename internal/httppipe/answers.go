package httppipe

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Answers caches results by key. Concurrent callers share one call. Errors are not cached.
type Answers[T any] struct {
	// For is how long a result is cached.
	For time.Duration
	// Keep reports whether a result is cached. Nil means that all results are.
	Keep func(T) bool

	asking singleflight.Group
	mu     sync.Mutex
	known  map[string]remembered[T]
}

type remembered[T any] struct {
	at     time.Time
	answer T
}

// Get returns the cached result, or calls ask. If the first caller gives up, the call continues for
// the others that wait for it, until the first caller's deadline. Callers must not modify what a
// result points to.
func (a *Answers[T]) Get(ctx context.Context, key string, ask func(context.Context) (T, error)) (T, error) {
	for {
		if answer, ok := a.lookUp(key); ok {
			return answer, nil
		}
		until := time.Time{}
		result := a.asking.DoChan(key, func() (any, error) {
			if answer, ok := a.lookUp(key); ok {
				return answer, nil // another caller has just finished
			}
			own, cancel := context.WithoutCancel(ctx), func() {}
			if deadline, ok := ctx.Deadline(); ok {
				// End before the callers' deadlines, so that they receive the reason.
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
			// Entries must expire: a run over ten thousand customers must not keep all of them in
			// memory.
			time.AfterFunc(time.Until(at.Add(a.For)), func() { a.forget(key, at) })
			return answer, nil
		})
		select {
		case <-ctx.Done():
			return *new(T), ctx.Err()
		case r := <-result:
			deadline, ok := ctx.Deadline()
			if r.Err != nil && outOfTime(r.Err) && r.Shared && until.IsZero() && ok && time.Until(deadline) > time.Second {
				continue // the time ran out for another caller, which had less of it
			}
			answer, _ := r.Val.(T)
			return answer, r.Err
		}
	}
}

// Change replaces a cached result, if there is one, without a new call.
func (a *Answers[T]) Change(key string, change func(T) T) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if k, ok := a.known[key]; ok {
		a.known[key] = remembered[T]{k.at, change(k.answer)}
	}
}

// Forget removes a cached result.
func (a *Answers[T]) Forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, key)
}

// forget removes the result of the call that started at that time.
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
