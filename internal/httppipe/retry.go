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

// Repeat is when a request may be retried. Set it with policy.Request.SetOperationValue. Without
// it, the method decides: GET, HEAD, PUT and DELETE are [RepeatSafe], all others are
// [RepeatRefused].
type Repeat int

const (
	// RepeatByMethod is the default.
	RepeatByMethod Repeat = iota
	// RepeatSafe requests are retried after any transient error, even if the server may have
	// executed them. The method is idempotent, or the service recognizes the request ID.
	RepeatSafe
	// RepeatRefused requests are retried only if the server certainly did not execute them: it
	// throttled them (429), rejected the token (401) or was not reached.
	RepeatRefused
	// RepeatNever requests never wait. They are not sent while the gate is closed or after a long
	// sign-in ([ErrNotSent]), and not retried after a 429. The caller has to read the current state
	// again before the next attempt.
	RepeatNever
)

// ErrNotSent is returned for a [RepeatNever] request that was not sent, because the gate was closed
// or the sign-in took too long.
var ErrNotSent error = notSentError{}

type notSentError struct{}

func (notSentError) Error() string { return "not sent: the operation would have timed out" }

// NonRetriable marks the error for azcore.
func (notSentError) NonRetriable() {}

// Outcome reports that nothing was sent.
func (notSentError) Outcome() Outcome { return NotSent }

// maxDelay is how long after the start of its call a [RepeatNever] request may still be sent.
const maxDelay = time.Second

type latestKey struct{}

// retryPolicy retries requests as their [Repeat] allows. One instance serves all goroutines of a
// client.
type retryPolicy struct {
	gate       *Gate
	repeat     Repeat
	maxRetries int
	timeout    time.Duration
	requestID  string // name of the header
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
		latest = time.Now().Add(maxDelay)
	}
	ctx = context.WithValue(ctx, latestKey{}, latest) // set even if zero: a sign-in inherits the context of the call that needs it
	failed, throttled, began := 0, false, time.Now()
	var resp *http.Response
	var err error
	for {
		turn, waitErr := p.enter(ctx, repeat, throttled)
		if waitErr != nil {
			return all.giveUp(resp, err, withWaited(time.Since(began), waitErr))
		}
		before := resp
		resp, err = p.try(ctx, req, all, before)
		var closed time.Duration
		closed, throttled = p.leave(turn, resp, err)
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			if before != nil {
				return before, nil // the server's last answer is more informative
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
		case err != nil || isTransient(resp.StatusCode) || all.unreadable != nil && req.Raw().Method == http.MethodGet:
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
			p.logger.LogAttrs(ctx, slog.LevelWarn, "waiting before retrying the request",
				slog.String("method", req.Raw().Method), slog.String("path", p.texts.Clean(req.Raw().URL.Path)),
				slog.String("reason", p.texts.Clean(reason(resp, err, all.unreadable))), slog.String("wait", wait.String()))
		}
		if throttled {
			continue // it waits at the gate
		}
		if sleepErr := Sleep(ctx, wait); sleepErr != nil {
			return all.giveUp(resp, err, withWaited(time.Since(began), sleepErr))
		}
	}
}

// giveUp returns the result of a call that cannot be retried in time. The server's last answer, or
// the last error, is more useful than the error of the wait.
func (a *attempts) giveUp(resp *http.Response, err, waitErr error) (*http.Response, error) {
	if resp == nil && err == nil || !outOfTime(waitErr) {
		return nil, waitErr
	}
	if err == nil {
		errors.As(waitErr, &a.wait)
	}
	return resp, err
}

// withWaited adds to the error of a wait how long the call took before it.
func withWaited(waited time.Duration, waitErr error) error {
	if e, ok := errors.AsType[*DeadlineError](waitErr); ok {
		e.Waited = waited
	}
	return waitErr
}

// enter waits at the gate, except for [RepeatNever].
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

// leave reports the result of the request to the gate. For a throttled request, it returns how long
// the gate is closed.
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

// outOfTime reports whether err is about a deadline, reached or to be reached, and not a
// cancellation.
func outOfTime(err error) bool {
	return errors.As(err, new(*DeadlineError)) || errors.Is(err, context.DeadlineExceeded)
}

// try sends the request once. It sends a copy, because later policies set headers.
//
// The service uses the request ID to execute a call only once. The ID therefore stays the same if
// there was no answer (timeout, dropped connection). It is new after any answer, such as 401, 429
// and 503 (https://learn.microsoft.com/partner-center/developer/headers).
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
		resp, err = all.answer, nil // azcore discards the answer if the context has ended in the meantime
	}
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		all.throttled = resp.Header
	}
	if err == nil && all.read != nil && resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		all.unreadable = all.read(resp)
	}
	return resp, err
}

// givenID is the request ID that the caller specified.
type givenID string

// isUnexecuted reports whether there is no answer, or one that says that the service did not execute the
// call.
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

// isTransient reports whether a status is a transient error.
func isTransient(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// isFinal reports whether a retry would fail with the same error: a failed sign-in, a refused host,
// an untrusted certificate, or a proxy that refuses.
func isFinal(err error) bool {
	var final interface{ NonRetriable() }
	if proxy, ok := errors.AsType[*ProxyError](err); ok && proxy.isRefusal() {
		return true
	}
	return errors.As(err, &final) || errors.Is(err, errTooLarge) || errors.As(err, new(*tls.CertificateVerificationError))
}

// backoff returns the wait before attempt n+2 if the server does not specify one: 0.5 s, doubled
// each time, at most 30 s. A third of it is random.
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
