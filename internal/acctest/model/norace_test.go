//go:build !race

package model_test

// manySeeds is how many sequences run by default.
const manySeeds = 500
