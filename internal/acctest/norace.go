//go:build !race

package acctest

// RaceDetector tells whether the race detector runs.
const RaceDetector = false
