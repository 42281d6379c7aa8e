// Package httppipe is the one HTTP layer below all clients: a typed call ([Caller.Do]) that uses an
// azcore pipeline with its own policies. A client adds paths, headers, error codes and remedies.
//
//   - call.go and error.go: one call, its decoded answer, and the error type.
//   - links.go: which links to the next page of a list are followed, and for how many pages.
//   - outcome.go: the outcome of a write over all attempts.
//   - retry.go and gate.go: which requests are retried, and when. azcore's own policy retries every
//     POST, gives up if Retry-After is long, and lets each goroutine detect throttling separately.
//   - token.go: the access token of each attempt, and whether servers accept it. Package credential
//     signs in.
//   - texts.go: cleans every text from outside.
//   - transport.go: one attempt, with its limits of time and size. It follows no redirect.
//   - log.go: one line per attempt through slog with the request's context, without headers.
//   - answers.go: caches results and shares concurrent calls.
//
// Start with [NewCaller], or with [Options.ClientOptions] for a client of the Azure SDK.
package httppipe
