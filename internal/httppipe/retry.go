package httppipe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Repeat says when a request may be sent again. Set it with
// policy.Request.SetOperationValue; without it the method decides: GET, HEAD, PUT
// and DELETE are [RepeatSafe], all others [RepeatRefused].
type Repeat int

const (
	// RepeatByMethod is the default.
	RepeatByMethod Repeat = iota
	// RepeatSafe requests may be sent again after any passing failure, also when
	// the server may have executed them: the method is idempotent or the service
	// recognises the request id.
	RepeatSafe
	// RepeatRefused requests are sent again only when the server surely has not
	// executed them: it throttled them (429) or did not accept the token (401).
	RepeatRefused
	// RepeatNever requests never wait: they are not sent while the gate is closed or after
	// a sign-in that took long ([ErrNotSent]), and not again when they were throttled. Their
	// caller has to look at the server once more before the next attempt.
	RepeatNever
)

// ErrNotSent is returned for a [RepeatNever] request that was not sent because it would have
// been late.
var ErrNotSent error = notSentError{}

type notSentError struct{}

func (notSentError) Error() string { return "not sent: it would have been late" }

// NonRetriable marks the error for azcore.
func (notSentError) NonRetriable() {}

// Outcome tells that nothing was sent.
func (notSentError) Outcome() Outcome { return NotSent }

// late is how long after its call began a [RepeatNever] request is not sent any more.
const late = time.Second

type latestKey struct{}

// retryPolicy repeats what may be repeated. One instance serves all goroutines of
// a client.
type retryPolicy struct {
	gate       *Gate
	repeat     Repeat
	rejected   *rejection // nil where there are no tokens
	maxRetries int
	timeout    time.Duration
	logger     *slog.Logger
}

func (p *retryPolicy) Do(req *policy.Request) (*http.Response, error) {
	all := new(attempts)
	resp, err := p.do(context.WithValue(req.Raw().Context(), attemptsKey{}, all), req)
	if err != nil {
		return nil, &callError{err, all.outcome()}
	}
	return resp, nil
}

func (p *retryPolicy) do(ctx context.Context, req *policy.Request) (*http.Response, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
	}
	repeat := p.repeatOf(req)
	var latest time.Time
	if repeat == RepeatNever {
		latest = time.Now().Add(late)
	}
	ctx = context.WithValue(ctx, latestKey{}, latest) // also none: a sign-in has the context of the call that it is for
	var failed int
	renew, throttled := p.rejected != nil, false
	if p.rejected != nil {
		ctx = context.WithValue(ctx, rejectionKey{}, p.rejected)
	}
	var resp *http.Response
	var err error
	for {
		turn, waitErr := p.enter(ctx, repeat, throttled)
		if waitErr != nil {
			if (resp != nil || err != nil) && outOfTime(waitErr) {
				return resp, err // it was sent, and what came of that says more
			}
			return nil, waitErr
		}
		before, rejected := resp, RejectedToken(ctx)
		resp, err = p.try(ctx, req)
		var closed time.Duration
		closed, throttled = p.leave(turn, resp, err)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			if before != nil {
				return before, nil // as above
			}
			err = fmt.Errorf("the operation's time ran out: %w", err)
		}
		wait := time.Duration(-1)
		switch {
		case ctx.Err() != nil, err != nil && isFinal(err):
		case throttled:
			if repeat != RepeatNever {
				wait = closed
			}
		case err == nil && resp.StatusCode == http.StatusUnauthorized:
			// The bearer token policy has dropped its token on this answer, so a
			// second attempt brings a new one, unless the answer came to a new one.
			if renew && (rejected == "" || rejected == tokenOf(resp.Request)) {
				renew, wait = false, 0
				ctx = WithRejectedToken(ctx, resp)
			}
		case err != nil || isPassing(resp.StatusCode):
			if repeat == RepeatSafe && failed < p.maxRetries {
				wait = backoff(failed)
				if err == nil {
					if after, ok := retryAfter(resp.Header, time.Now()); ok {
						wait = after
					}
				}
				failed++
			}
		}
		if wait < 0 {
			return resp, err
		}
		if wait > 0 {
			p.logger.LogAttrs(ctx, slog.LevelWarn, "waiting before the request is sent again",
				slog.String("method", req.Raw().Method), slog.String("path", req.Raw().URL.Path),
				slog.String("reason", reason(resp, err)), slog.String("wait", wait.String()))
		}
		if throttled {
			continue // it waits in line
		}
		if sleepErr := Sleep(ctx, wait); sleepErr != nil {
			if outOfTime(sleepErr) {
				return resp, err // what the server said last says more
			}
			return nil, sleepErr
		}
	}
}

// enter waits for the request's turn, unless it is one that never waits.
func (p *retryPolicy) enter(ctx context.Context, repeat Repeat, throttled bool) (pass, error) {
	if repeat != RepeatNever {
		return p.gate.enter(ctx, throttled)
	}
	turn, ok := p.gate.enterNow()
	if !ok {
		return pass{}, ErrNotSent
	}
	return turn, nil
}

// leave tells the gate what came of the request. Of a throttled one it answers how long the
// gate is closed.
func (p *retryPolicy) leave(turn pass, resp *http.Response, err error) (closed time.Duration, throttled bool) {
	switch {
	case err != nil:
		p.gate.failed(turn)
	case resp.StatusCode == http.StatusTooManyRequests:
		after, _ := retryAfter(resp.Header, time.Now())
		return p.gate.refused(turn, after), true
	default:
		p.gate.accepted(turn)
	}
	return 0, false
}

// outOfTime tells a deadline, passed or to be passed, from a cancellation.
func outOfTime(err error) bool {
	return errors.As(err, new(*DeadlineError)) || errors.Is(err, context.DeadlineExceeded)
}

// rejection is the token that the server did not accept, until it accepts another. It is shared
// by all calls of a pipeline: the first of them that comes to the bearer token policy after that
// has dropped its token, maybe a call that has just begun, must not bring the same one again.
type rejection struct{ token atomic.Pointer[string] }

// Do implements policy.Policy, behind the bearer token policy.
func (r *rejection) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err != nil {
		return resp, err
	}
	token, last := tokenOf(req.Raw()), r.token.Load()
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		r.token.Store(&token)
	case last != nil && *last != token:
		r.token.CompareAndSwap(last, nil)
	}
	return resp, nil
}

// tokenOf is the token that a request was sent with, or "".
func tokenOf(req *http.Request) string {
	if req == nil {
		return ""
	}
	_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	return token
}

type rejectedKey struct{}

type rejectionKey struct{}

// WithRejectedToken notes the token that the answer's request was sent with, for
// [RejectedToken]. The pipeline does it on a 401; do it where another answer means that a
// new token may help, as a 403 right after access was granted.
func WithRejectedToken(ctx context.Context, resp *http.Response) context.Context {
	if resp == nil || resp.Request == nil {
		return ctx
	}
	return context.WithValue(ctx, rejectedKey{}, tokenOf(resp.Request))
}

// RejectedToken returns the token that a server did not accept in an earlier attempt of the
// call that the context belongs to, or in another call of its pipeline, or "". A credential
// that keeps tokens must not hand it out again.
func RejectedToken(ctx context.Context) string {
	if token, ok := ctx.Value(rejectedKey{}).(string); ok {
		return token
	}
	if r, ok := ctx.Value(rejectionKey{}).(*rejection); ok {
		if token := r.token.Load(); token != nil {
			return *token
		}
	}
	return ""
}

// try sends the request once, as a copy: the policies behind it set headers.
func (p *retryPolicy) try(ctx context.Context, req *policy.Request) (*http.Response, error) {
	if err := req.RewindBody(); err != nil {
		return nil, err
	}
	return req.Clone(ctx).Next()
}

func (p *retryPolicy) repeatOf(req *policy.Request) Repeat {
	var r Repeat
	if req.OperationValue(&r); r == RepeatByMethod {
		r = p.repeat
	}
	if r != RepeatByMethod {
		return r
	}
	switch req.Raw().Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return RepeatSafe
	}
	return RepeatRefused
}

// isPassing tells whether a status is worth another attempt.
func isPassing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// isFinal tells whether an error would only come again: a failed sign-in, a
// refused host.
func isFinal(err error) bool {
	var final interface{ NonRetriable() }
	return errors.As(err, &final)
}

// backoff is the wait before attempt n+2 when the server names none: 0.5 s doubled
// each time, at most 30 s, the last third at random.
func backoff(n int) time.Duration {
	d := min(500*time.Millisecond<<min(n, 10), 30*time.Second)
	return d - rand.N(d/3)
}

func reason(resp *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	return resp.Status
}
