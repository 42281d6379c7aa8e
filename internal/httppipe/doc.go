// Package httppipe is the one HTTP pipeline under the Partner Center and the
// Azure Resource Manager client. It is made of policies for azcore, so both
// clients keep azcore's bearer token policy and its injectable transport, and
// it replaces the parts of azcore that do not fit:
//
//   - azcore's retry policy repeats every POST, gives up at once when
//     Retry-After is longer than MaxRetryDelay and lets each goroutine find out
//     about a throttle on its own. The retry policy here (retry.go) knows which
//     requests are safe to repeat, and all goroutines share one [Gate], which keeps
//     them within our own limits and within those it learns of the server.
//   - azcore's log listener has no context. The log policy here (log.go) writes
//     to a slog.Logger with the request's context and never logs a header.
//   - Clients that read the same for many resources ask once ([Answers]).
//   - azcore cuts User-Agent at 24 characters and follows links and redirects
//     anywhere. The policies in identify.go and the client in transport.go do not.
//
// Start with [Options.ClientOptions]. What is not here: tokens (package
// credential), bodies and error shapes (the clients).
package httppipe
