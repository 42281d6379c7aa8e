package provider

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// memoryGoal is how much memory the provider takes before it collects garbage more often. With 10,000 customers
// in one resource, the plugin framework keeps several copies of them, 60 to 75 MB, and makes a gigabyte of garbage.
// Go would let the heap grow to twice of what is in use. The program itself takes some 20 MB more.
const memoryGoal = 96 << 20

// LimitMemory makes the provider collect garbage when its memory reaches [memoryGoal]. Settings of Go's own variables
// GOGC and GOMEMLIMIT have precedence. Call it once, before the provider is served.
func LimitMemory() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(memoryGoal)
	afterEachCollection(func() (again bool) {
		if fits(heapInUse()) {
			return true
		}
		debug.SetMemoryLimit(math.MaxInt64)
		return false
	})
}

// fits tells whether what is in use leaves room for garbage below the goal. If once it does not, there is no limit any
// more: with 30,000 customers the provider would collect all the time, and take half more or twice the processor time.
func fits(inUse uint64) bool { return inUse <= memoryGoal/8*7 }

// heapInUse is what the last collection has found in use.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterEachCollection calls do until it returns false: the runtime runs the cleanup of an object that nobody uses
// after the next collection.
func afterEachCollection(do func() (again bool)) {
	unused := &struct{ next *int }{} // with a pointer, so that it is an allocation of its own
	runtime.AddCleanup(unused, func(struct{}) {
		if do() {
			afterEachCollection(do)
		}
	}, struct{}{})
}
