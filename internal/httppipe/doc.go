// Package httppipe is the one HTTP layer under all clients: a typed call ([Caller.Do]) over a
// pipeline of policies for azcore. A client adds paths, headers, error codes and remedies.
//
//   - call.go and error.go: one call, its answer decoded, and the one type of its errors.
//   - links.go: what may be followed to the next page of a list, and for how long.
//   - outcome.go: what became of a call that changes something, over all attempts.
//   - retry.go and gate.go: which requests are safe to send again, and when. azcore repeats every
//     POST, gives up when Retry-After is long and lets each goroutine find out about a throttle on
//     its own.
//   - token.go: the access token of each attempt, and what servers think of it. Package credential
//     signs in.
//   - texts.go: the one place that every text from outside passes.
//   - transport.go: one attempt, with its limits of time and size. It follows no redirect.
//   - log.go: one line per attempt, through slog and the request's context, without headers.
//   - answers.go: asks once for what many want to know.
//
// Start with [NewCaller], or with [Options.ClientOptions] for a client of the Azure SDK.
package httppipe
