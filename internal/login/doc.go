// Package login is the command "login" of the provider's binary: it signs a user in for the first
// time, stores the refresh token, and checks what a run needs.
//
//   - command.go: flags, order of events, exit codes.
//   - browser.go: the sign-in in a browser on this computer, by a listener on loopback or pasted.
//   - check.go: the checks, which only read, and table.go prints them.
//
// Package credential has the flows, and package provider turns flags and environment into
// settings, so that a sign-in that passes here is the one of a run.
package login
