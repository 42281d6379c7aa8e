package provider

import (
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// There is a limit while what is in use leaves room for garbage below it, and otherwise none.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	for inUse, want := range map[uint64]int64{0: memoryGoal, 61 << 20: memoryGoal, memoryGoal / 5 * 4: memoryGoal, memoryGoal: math.MaxInt64} {
		if got := memoryLimit(inUse); got != want {
			t.Errorf("with %d in use the limit is %d, not %d", inUse, got, want)
		}
	}
}

func TestHeapInUse(t *testing.T) {
	t.Parallel()
	runtime.GC()
	if n := heapInUse(); n == 0 || n > 1<<40 {
		t.Errorf("%d bytes", n)
	}
}

// It is called after a collection, and again after a later one.
func TestAfterEachCollection(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	afterEachCollection(func() { calls.Add(1) })
	for end := time.Now().Add(10 * time.Second); calls.Load() < 3; {
		if time.Now().After(end) {
			t.Fatalf("%d calls", calls.Load())
		}
		runtime.GC()
		runtime.Gosched()
	}
}
