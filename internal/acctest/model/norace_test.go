//go:build !race

package model_test

// manySeeds is the default number of sequences.
const manySeeds = 500
