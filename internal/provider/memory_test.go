package provider

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestMemoryFits: the memory for 10,000 customers fits. A heap that leaves little room for garbage does not.
func TestMemoryFits(t *testing.T) {
	t.Parallel()
	for inUse, want := range map[uint64]bool{0: true, 75 << 20: true, memoryGoal: false, 1 << 30: false} {
		if got := fits(inUse); got != want {
			t.Errorf("%d in use: %t", inUse, got)
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

// TestAfterEachCollection: the function is called after each collection until it returns false.
func TestAfterEachCollection(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	afterEachCollection(func() bool { return calls.Add(1) < 3 })
	for end := time.Now().Add(10 * time.Second); calls.Load() < 3; {
		if time.Now().After(end) {
			t.Fatalf("%d calls", calls.Load())
		}
		runtime.GC()
		runtime.Gosched()
	}
	for range 3 {
		runtime.GC()
		runtime.Gosched()
	}
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls", n)
	}
}
