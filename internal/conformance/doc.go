// Package conformance is the command "conformance" of the provider's binary: it finds out how Partner Center behaves where
// Microsoft's documentation leaves it open, and writes a report that can be attached to an issue.
//
//   - command.go: flags, order of events, exit codes.
//   - observer.go: calls, placeholders for IDs, and the data that several probes need.
//   - probes.go: the list of all probes; probes_*.go: what each of them asks.
//   - write.go: the probes that write, only on request, and the restoration of what was there before.
//   - report.go: the report as table and JSON.
//
// Reading cannot answer everything. These are not asked:
//   - which scopes Entra ID accepts for Partner Center, such as fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd/user_impersonation, and which audience
//     their tokens have: each would need a sign-in of its own.
//   - how Partner Center lists a reservation of a customer whose purchase the activity log does not show, or not with the user: nothing
//     else tells such a reservation from one that the partner bought.
//   - what users with other roles receive: a report is about one user.
//
// An answer is one of a few words, a status with a code, or a list of documented names. No text of the server gets into it.
package conformance
