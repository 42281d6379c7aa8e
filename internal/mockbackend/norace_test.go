//go:build !race

package mockbackend_test

const raceDetector = false
