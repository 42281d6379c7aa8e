// Package login implements the command "login" of the provider's binary. It signs a user in for the
// first time, stores the refresh token, and checks what a run needs.
//
//   - command.go: flags, order of events, exit codes.
//   - browser.go: the sign-in in a browser, with a loopback listener or a pasted address.
//   - check.go: the checks, which only read. table.go prints them.
//
// Package credential implements the sign-in flows. Package provider converts flags and environment
// into settings, so that this command signs in exactly like a run.
package login
