//go:build race

package acctest

// RaceDetector tells whether the race detector runs, under which code takes about ten times as long.
const RaceDetector = true
