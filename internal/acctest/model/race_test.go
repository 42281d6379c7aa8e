//go:build race

package model_test

// manySeeds is how many sequences run by default. The race detector makes each take five times as long.
const manySeeds = 60
