//go:build !race

package acctest

// RaceDetector tells whether the race detector is on, which makes all computing three to ten times slower.
const RaceDetector = false
