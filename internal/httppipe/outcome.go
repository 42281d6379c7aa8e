package httppipe

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// Outcome says what became of a request that changes something, over all attempts of its call.
type Outcome int

const (
	// Unsure means that an attempt may have been executed: it may have reached the server, and
	// the answer was lost, cannot be read, or is a 408 or 5xx; and no later attempt was
	// answered with 2xx.
	Unsure Outcome = iota
	// NotSent means that no attempt reached the server: there was no token, no turn or no
	// connection.
	NotSent
	// Refused means that the server answered with a 3xx or 4xx, and that no attempt may have been
	// executed. A redirect is not followed.
	Refused
	// Done means that the last answer was a 2xx that can be read.
	Done
)

func (o Outcome) String() string {
	return [...]string{"unsure", "not sent", "refused", "done"}[o]
}

// OutcomeOf returns the outcome that the error of a call knows; nil is [Done], and an error
// that knows none is [Unsure].
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

// attempts are what is known of the attempts of one call. The goroutine of the call writes
// them, apart from connecting, which connections set.
type attempts struct {
	doubt, refused, done bool
	connecting           atomic.Bool

	// requestID and correlationID are those of the last attempt.
	requestID, correlationID string
	// token is that of the last attempt, rejected the one that was answered 401, and claims what
	// a server wants of the next one.
	token, rejected *Token
	claims          string
	// read decodes a successful answer; unreadable is why it could not. read may be nil.
	read       func(*http.Response) error
	unreadable error
	// answer is that of the last attempt.
	answer *http.Response
	// throttled is the header of the last 429, or nil.
	throttled http.Header
	// wait is what the server asked for and there was no time for, or nil.
	wait *DeadlineError
}

type attemptsKey struct{}

// attemptsOf takes what a context is of a request that is over, too.
func attemptsOf(of interface{ Value(key any) any }) *attempts {
	if a, ok := of.Value(attemptsKey{}).(*attempts); ok {
		return a
	}
	return new(attempts)
}

// trace returns a context that reports whether a request still waits for its connection: to be
// dialled, for TLS or for a proxy. A transport that tells nothing has sent it.
func (a *attempts) trace(ctx context.Context) context.Context {
	a.connecting.Store(false)
	got := false
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { a.connecting.Store(!got) },
		GotConn: func(httptrace.GotConnInfo) { got = true; a.connecting.Store(false) },
	})
}

// note takes down how an attempt that the transport was given ended.
func (a *attempts) note(resp *http.Response, err error) {
	a.done = false
	switch {
	case err != nil && a.connecting.Load():
	case err != nil:
		a.doubt = true
	case resp.StatusCode >= 200 && resp.StatusCode <= 299:
		a.done = true
	case resp.StatusCode >= 300 && resp.StatusCode <= 499 && resp.StatusCode != http.StatusRequestTimeout:
		a.refused = true
	default:
		a.doubt = true
	}
}

func (a *attempts) outcome() Outcome {
	switch {
	case a.done:
		return Done
	case a.doubt:
		return Unsure
	case a.refused:
		return Refused
	}
	return NotSent
}
