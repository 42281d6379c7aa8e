package provider

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// memoryGoal is the memory use, in bytes, from which the provider collects garbage more often. An apply with
// 10,000 customers in one resource has up to 50 MB in use. By default, Go would let the heap grow to twice
// that. The program itself needs about 20 MB more.
const memoryGoal = 96 << 20

// growth is how much garbage the provider keeps below the goal, in percent of the memory in use. A plan of 1,000 resources
// has 10 MB in use and makes a gigabyte of garbage. With Go's default of 100, collecting it takes more than a second of CPU.
const growth = 400

// LimitMemory makes the provider collect garbage seldom, until its memory reaches [memoryGoal]. Go's own
// variables GOGC and GOMEMLIMIT have precedence. Call it once, before the provider is served.
func LimitMemory() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(memoryGoal)
	debug.SetGCPercent(growth)
	afterEachCollection(func() (again bool) {
		if fits(heapInUse()) {
			return true
		}
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(100)
		return false
	})
}

// fits reports whether the memory in use leaves room for garbage below the goal. If it does not,
// LimitMemory returns to Go's defaults for good. With 30,000 customers, the provider would otherwise collect
// all the time and need 1.5 to 2 times the CPU time.
func fits(inUse uint64) bool { return inUse <= memoryGoal/8*7 }

// heapInUse returns the heap memory, in bytes, that the last garbage collection found in use.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// afterEachCollection calls do after each garbage collection until do returns false. It uses that the
// runtime runs the cleanup of an unreachable object after the next collection.
func afterEachCollection(do func() (again bool)) {
	unused := &struct{ next *int }{} // the pointer makes it an allocation of its own
	runtime.AddCleanup(unused, func(struct{}) {
		if do() {
			afterEachCollection(do)
		}
	}, struct{}{})
}
