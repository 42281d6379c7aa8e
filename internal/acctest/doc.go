// Package acctest is the harness of the provider's tests: a mock backend and the
// provider over it, driven in one of three ways.
//
//   - [New] with [Backend.Factories] and [Backend.Config] for terraform-plugin-testing,
//     which runs the real CLI against the provider in this process.
//   - [NewProtocol] for the plugin protocol without a CLI: milliseconds per operation,
//     features that the installed CLI lacks, and time that only seems to pass
//     (testing/synctest).
//   - [NewWorkspace] for the real CLI with the built provider, as a user has it. The
//     demo and the benchmarks (packages demo and bench) use it too.
//
// A mock that was sent anything the API does not document fails the test.
package acctest
