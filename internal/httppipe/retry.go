package httppipe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"
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
	// executed them: it throttled them (429), did not accept the token (401) or was not reached.
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

// Outcome reports that nothing was sent.
func (notSentError) Outcome() Outcome { return NotSent }

// late is how long after its call began a [RepeatNever] request is not sent any more.
const late = time.Second

type latestKey struct{}

// retryPolicy repeats what may be repeated. One instance serves all goroutines of
// a client.
type retryPolicy struct {
	gate       *Gate
	repeat     Repeat
	maxRetries int
	timeout    time.Duration
	requestID  string // the header
	texts      *Texts
	logger     *slog.Logger
}

func (p *retryPolicy) Do(req *policy.Request) (*http.Response, error) {
	all := new(attempts)
	if !req.OperationValue(&all) {
		all = new(attempts)
	}
	resp, err := p.do(context.WithValue(req.Raw().Context(), attemptsKey{}, all), req, all)
	if err != nil {
		return nil, &callError{err, all.outcome()}
	}
	return resp, nil
}

func (p *retryPolicy) do(ctx context.Context, req *policy.Request, all *attempts) (*http.Response, error) {
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
	failed, throttled, began := 0, false, time.Now()
	var resp *http.Response
	var err error
	for {
		turn, waitErr := p.enter(ctx, repeat, throttled)
		if waitErr != nil {
			return all.late(resp, err, after(time.Since(began), waitErr))
		}
		before := resp
		resp, err = p.try(ctx, req, all, before)
		var closed time.Duration
		closed, throttled = p.leave(turn, resp, err)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			if before != nil {
				return before, nil // what the server said last says more
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
			if all.renewal() {
				wait = 0
			}
		case err != nil || isPassing(resp.StatusCode) || all.unreadable != nil && req.Raw().Method == http.MethodGet:
			unsent := repeat == RepeatRefused && err != nil && all.outcome() == NotSent
			if (repeat == RepeatSafe || unsent) && failed < p.maxRetries {
				wait = backoff(failed)
				if err == nil {
					if after, ok := retryAfter(resp.Header, time.Now()); ok && after > 0 {
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
				slog.String("method", req.Raw().Method), slog.String("path", p.texts.Clean(req.Raw().URL.Path)),
				slog.String("reason", p.texts.Clean(reason(resp, err, all.unreadable))), slog.String("wait", wait.String()))
		}
		if throttled {
			continue // it waits in line
		}
		if sleepErr := Sleep(ctx, wait); sleepErr != nil {
			return all.late(resp, err, after(time.Since(began), sleepErr))
		}
	}
}

// late is what a call comes to that may not be sent again in time: what the server said last, or
// why it said nothing, says more than the wait.
func (a *attempts) late(resp *http.Response, err, waitErr error) (*http.Response, error) {
	if resp == nil && err == nil || !outOfTime(waitErr) {
		return nil, waitErr
	}
	if err == nil {
		errors.As(waitErr, &a.wait)
	}
	return resp, err
}

// after notes in the error of a wait how long the call took before.
func after(waited time.Duration, waitErr error) error {
	if e, ok := errors.AsType[*DeadlineError](waitErr); ok {
		e.Waited = waited
	}
	return waitErr
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

// try sends the request once, as a copy: the policies behind it set headers.
//
// The request id is the service's key for doing a call once: it stays after no answer (a
// timeout, a dropped connection) and is new after any, such as 401, 429 and 503
// (https://learn.microsoft.com/partner-center/developer/headers).
func (p *retryPolicy) try(ctx context.Context, req *policy.Request, all *attempts, before *http.Response) (*http.Response, error) {
	if err := req.RewindBody(); err != nil {
		return nil, err
	}
	if p.requestID != "" {
		var given givenID
		switch req.OperationValue(&given); {
		case given != "" && (all.requestID == "" || all.requestID == string(given) && isUnexecuted(before)):
			all.requestID = string(given)
		case all.requestID == "" || before != nil:
			all.requestID = uuid.NewString()
		}
		req.Raw().Header.Set(p.requestID, all.requestID)
	}
	all.answer = nil
	resp, err := req.Clone(ctx).Next()
	if all.unreadable = nil; all.answer != nil {
		resp, err = all.answer, nil // azcore drops the answer when the context has ended meanwhile
	}
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		all.throttled = resp.Header
	}
	if err == nil && all.read != nil && resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		all.unreadable = all.read(resp)
	}
	return resp, err
}

// givenID is the request id that a call brings along.
type givenID string

// isUnexecuted reports whether an answer, if there is one, says that the service has not got to the call.
func isUnexecuted(resp *http.Response) bool {
	return resp == nil || resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusTooManyRequests
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

// isPassing reports whether a status is worth another attempt.
func isPassing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// isFinal reports whether an error would only come again: a failed sign-in, a
// refused host, a certificate that is not trusted, a proxy that refuses.
func isFinal(err error) bool {
	var final interface{ NonRetriable() }
	if proxy, ok := errors.AsType[*ProxyError](err); ok && proxy.isRefusal() {
		return true
	}
	return errors.As(err, &final) || errors.Is(err, errTooLarge) || errors.As(err, new(*tls.CertificateVerificationError))
}

// backoff is the wait before attempt n+2 when the server names none: 0.5 s doubled
// each time, at most 30 s, the last third at random.
func backoff(n int) time.Duration {
	d := min(500*time.Millisecond<<min(n, 10), 30*time.Second)
	return d - rand.N(d/3)
}

func reason(resp *http.Response, err, unreadable error) string {
	switch {
	case err != nil:
		return err.Error()
	case unreadable != nil:
		return unreadable.Error()
	}
	return resp.Status
}
