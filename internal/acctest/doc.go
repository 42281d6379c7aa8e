// Package acctest is the harness of the provider's tests: a mock backend, and the provider connected to it.
// There are three ways to use it.
//
//   - [New] with [Backend.Factories] and [Backend.Config] for terraform-plugin-testing,
//     which runs the real CLI against the provider in this process.
//   - [NewProtocol] for the plugin protocol without a CLI: milliseconds per operation,
//     features that the installed CLI does not have, and the virtual time of a synctest
//     bubble.
//   - [NewWorkspace] for the real CLI with the built provider, as for a user. The
//     demo and the benchmarks (packages demo and bench) also use it.
//
// A request to the mock that the API does not document fails the test.
package acctest
