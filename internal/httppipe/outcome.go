package httppipe

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// Outcome is the result of a request that changes something, over all attempts of its call.
type Outcome int

const (
	// Unsure means that an attempt may have been executed: it may have reached the server, and its
	// answer was lost, is unreadable, or is a 408 or 5xx. No later attempt was answered with 2xx.
	Unsure Outcome = iota
	// NotSent means that no attempt reached the server: there was no token, no turn at the gate or
	// no connection.
	NotSent
	// Refused means that the server answered with 3xx or 4xx, and that no other attempt may have
	// been executed. Redirects are not followed.
	Refused
	// Done means that the last answer was a readable 2xx.
	Done
)

func (o Outcome) String() string {
	return [...]string{"unsure", "not sent", "refused", "done"}[o]
}

// OutcomeOf returns the outcome that an error contains. Nil is [Done], and an error without an
// outcome is [Unsure].
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Done
	}
	var known interface{ Outcome() Outcome }
	if errors.As(err, &known) {
		return known.Outcome()
	}
	return Unsure
}

// callError is the error of a call without an answer.
type callError struct {
	error

	outcome Outcome
}

func (e *callError) Unwrap() error    { return e.error }
func (e *callError) Outcome() Outcome { return e.outcome }

// attempts is the state of all attempts of one call. Only the goroutine of the call writes it,
// except for connecting, which connections set.
type attempts struct {
	unsure, refused, done bool
	connecting            atomic.Bool

	// requestID and correlationID are from the last attempt.
	requestID, correlationID string
	// token is the token of the last attempt, rejected the one that was answered with 401. claims
	// are the claims that the server requires of the next token, as JSON.
	token, rejected *Token
	claims          string
	// read decodes a successful answer; it may be nil. unreadable is its error.
	read       func(*http.Response) error
	unreadable error
	// answer is the answer of the last attempt.
	answer *http.Response
	// throttled is the header of the last 429, or nil.
	throttled http.Header
	// wait is the wait that the server asked for if there was not enough time, or nil.
	wait *DeadlineError
}

type attemptsKey struct{}

// attemptsOf returns the attempts that a context contains. Its parameter is not a context.Context,
// because it also accepts the context of a finished request.
func attemptsOf(of interface{ Value(key any) any }) *attempts {
	if a, ok := of.Value(attemptsKey{}).(*attempts); ok {
		return a
	}
	return new(attempts)
}

// trace returns a context that records whether a request still waits for its connection: for
// dialling, TLS or a proxy. A transport without tracing counts as connected.
func (a *attempts) trace(ctx context.Context) context.Context {
	a.connecting.Store(false)
	got := false
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { a.connecting.Store(!got) },
		GotConn: func(httptrace.GotConnInfo) { got = true; a.connecting.Store(false) },
	})
}

// note records the result of an attempt that the transport received.
func (a *attempts) note(resp *http.Response, err error) {
	a.done = false
	switch {
	case err != nil && a.connecting.Load():
	case err != nil:
		a.unsure = true
	case resp.StatusCode >= 200 && resp.StatusCode <= 299:
		a.done = true
	case resp.StatusCode >= 300 && resp.StatusCode <= 499 && resp.StatusCode != http.StatusRequestTimeout:
		a.refused = true
	default:
		a.unsure = true
	}
}

func (a *attempts) outcome() Outcome {
	switch {
	case a.done:
		return Done
	case a.unsure:
		return Unsure
	case a.refused:
		return Refused
	}
	return NotSent
}
