// Package conformance implements the command "conformance" of the provider's binary. It finds out how Partner Center
// behaves where Microsoft does not document it, and writes a report that can be attached to an issue.
//
//   - command.go: flags, order of events, exit codes.
//   - observer.go: calls, placeholders for IDs, and the data that several probes need.
//   - probes.go: the list of all probes; probes_*.go: the probes.
//   - write.go: the probes that write, only on request, and the restoration of the earlier state.
//   - report.go: the report as table and JSON.
//
// Some questions cannot be answered by reading. There are no probes for these:
//   - Which scopes Entra ID accepts for Partner Center, such as
//     fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd/user_impersonation, and which audience their tokens have. Each would need a
//     separate sign-in.
//   - How Partner Center lists a customer's reservation if the activity log does not contain the purchase or its user.
//     Nothing else distinguishes such a reservation from one that the partner bought.
//   - What users with other roles receive. A report is about one user.
//
// An answer is one of a few words, a status with a code, or a list of documented names. It contains no text of the
// server.
package conformance
