package httppipe_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

func TestAnswers_areSharedAndExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &httppipe.Answers[int]{For: time.Minute}
		asked := 0
		ask := func(context.Context) (int, error) {
			<-time.After(time.Second)
			asked++
			return asked, nil
		}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if got, err := a.Get(t.Context(), "key", ask); got != 1 || err != nil {
					t.Errorf("got %d, %v", got, err)
				}
			})
		}
		all.Wait()
		if got, _ := a.Get(t.Context(), "another key", ask); got != 2 {
			t.Errorf("got %d for another key", got)
		}
		<-time.After(57 * time.Second)
		if got, _ := a.Get(t.Context(), "key", ask); got != 1 {
			t.Errorf("got %d within a minute", got)
		}
		<-time.After(time.Second)
		if got, _ := a.Get(t.Context(), "key", ask); got != 3 {
			t.Errorf("got %d after a minute", got)
		}
	})
}

func TestAnswers_doNotCacheErrors(t *testing.T) {
	a := &httppipe.Answers[int]{For: time.Minute}
	failed := errors.New("failed")
	if _, err := a.Get(t.Context(), "key", func(context.Context) (int, error) { return 7, failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if got, err := a.Get(t.Context(), "key", func(context.Context) (int, error) { return 8, nil }); got != 8 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestAnswers_continueAfterFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &httppipe.Answers[int]{For: time.Minute}
		first, cancel := context.WithCancel(t.Context())
		ask := func(ctx context.Context) (int, error) {
			<-time.After(time.Second)
			return 1, ctx.Err()
		}
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := a.Get(first, "key", ask); !errors.Is(err, context.Canceled) {
				t.Errorf("the first got %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if got, err := a.Get(t.Context(), "key", ask); got != 1 || err != nil {
				t.Errorf("the second got %d, %v", got, err)
			}
		})
		synctest.Wait()
		cancel()
		all.Wait()
	})
}

func TestAnswers_canBeChanged(t *testing.T) {
	a := &httppipe.Answers[int]{For: time.Minute}
	ask := func(context.Context) (int, error) { return 1, nil }
	double := func(n int) int { return 2 * n }
	a.Change("key", double) // nothing is cached yet
	if got, _ := a.Get(t.Context(), "key", ask); got != 1 {
		t.Errorf("got %d", got)
	}
	a.Change("key", double)
	if got, _ := a.Get(t.Context(), "key", ask); got != 2 {
		t.Errorf("got %d", got)
	}
}

// TestAnswers_outOfTime checks that waiting callers receive the reason why the time ran out, unless
// they have more time themselves.
func TestAnswers_outOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &httppipe.Answers[int]{For: time.Minute}
		asked := 0
		ask := func(ctx context.Context) (int, error) {
			asked++
			if err := httppipe.Sleep(ctx, 90*time.Second); err != nil {
				<-time.After(10 * time.Second) // the error arrives late
				return 0, err
			}
			return asked, nil
		}
		var all sync.WaitGroup
		for minutes := range 3 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(minutes+1)*time.Minute)
				defer cancel()
				<-time.After(time.Duration(minutes) * time.Second) // the caller with the least time is first
				got, err := a.Get(ctx, "key", ask)
				if minutes == 0 && !errors.As(err, new(*httppipe.DeadlineError)) || minutes > 0 && (got != 2 || err != nil) {
					t.Errorf("with %d minutes: got %d, %v", minutes+1, got, err)
				}
			})
		}
		all.Wait()
	})
}

func TestAnswers_keepOnlySome(t *testing.T) {
	a := &httppipe.Answers[int]{For: time.Minute, Keep: func(n int) bool { return n > 1 }}
	asked := 0
	ask := func(context.Context) (int, error) { asked++; return asked, nil }
	for _, want := range []int{1, 2, 2} {
		if got, err := a.Get(t.Context(), "key", ask); got != want || err != nil {
			t.Errorf("got %d, %v, not %d", got, err, want)
		}
	}
}

// TestAnswers_removeExpiredEntries checks that entries are removed after their time, because a run may
// read ten thousand customers.
func TestAnswers_removeExpiredEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &httppipe.Answers[int]{For: time.Minute}
		if _, err := a.Get(t.Context(), "key", func(context.Context) (int, error) { return 1, nil }); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute + time.Second)
		held := 0
		a.Change("key", func(n int) int { held++; return n })
		if held > 0 {
			t.Error("the result is still in memory after its time")
		}
	})
}
