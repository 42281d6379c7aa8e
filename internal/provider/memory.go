package provider

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// memoryGoal is how much memory the provider takes before it collects garbage more often. With 10,000 customers
// in one resource, the plugin framework keeps several copies of them, about 60 MB, and makes a gigabyte of garbage.
// Go would let the heap grow to twice of what is in use. The program itself takes some 20 MB more.
const memoryGoal = 90 << 20

// LimitMemory makes the provider collect garbage when its memory reaches [memoryGoal]. The limit rises with what is in
// use, so that with more customers it does not collect all the time. Settings of Go's own variables GOGC and
// GOMEMLIMIT have precedence. Call it once, before the provider is served.
func LimitMemory() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(memoryGoal)
	afterEachCollection(func() { debug.SetMemoryLimit(memoryLimit(heapInUse())) })
}

// memoryLimit is the limit until the next collection: the goal, or for large heaps what Go does without a limit,
// which is to let them double, less half of the goal.
func memoryLimit(inUse uint64) int64 { return max(memoryGoal, 2*int64(inUse)-memoryGoal/2) }

// heapInUse is what the last collection has found in use.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterEachCollection calls do: the runtime runs the cleanup of an object that nobody uses after the next
// collection.
func afterEachCollection(do func()) {
	unused := &struct{ next *int }{} // with a pointer, so that it is an allocation of its own
	runtime.AddCleanup(unused, func(struct{}) {
		do()
		afterEachCollection(do)
	}, struct{}{})
}
