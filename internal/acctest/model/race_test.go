//go:build race

package model_test

// manySeeds is the default number of sequences. With the race detector, each takes five times as long.
const manySeeds = 60
