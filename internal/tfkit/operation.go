package tfkit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// OperationTimeout limits one operation on one resource, including waits for the server's limits. It is
// the usual default of Terraform providers.
const OperationTimeout = 20 * time.Minute

// Operation begins a method that calls the server. It sets a deadline, and one correlation ID for all
// requests, which is also in the log lines and in the server's activity log.
func Operation(ctx context.Context) (context.Context, context.CancelFunc) {
	return OperationWithin(ctx, OperationTimeout)
}

// OperationWithin is [Operation] with another deadline.
func OperationWithin(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx = httppipe.WithCorrelationID(ctx)
	ctx = tflog.SetField(ctx, "correlation_id", httppipe.CorrelationID(ctx))
	return context.WithTimeout(ctx, timeout)
}

// OperationOf is [Operation] for types with the attribute timeouts. Name is create, read, update or delete. TimeoutOf
// is the method of the attribute's value for it, such as Create, and standard the default. Pass errors of the
// operation to [OutOfTime].
func OperationOf(ctx context.Context, name string, timeoutOf func(context.Context, time.Duration) (time.Duration, diag.Diagnostics),
	standard time.Duration, diags *diag.Diagnostics,
) (context.Context, context.CancelFunc) {
	timeout, invalid := timeoutOf(ctx, standard)
	diags.Append(invalid...)
	return OperationWithin(context.WithValue(ctx, limitKey{}, limit{name, timeout}), timeout)
}

type limitKey struct{}

// limit is one of the timeouts of a type.
type limit struct {
	name    string
	timeout time.Duration
}

// OutOfTime adds the timeout of [OperationOf] to the error if it caused the error.
func OutOfTime(ctx context.Context, err error) error {
	l, ok := ctx.Value(limitKey{}).(limit)
	deadline, _ := ctx.Deadline()
	switch {
	case !ok || err == nil || errors.Is(ctx.Err(), context.Canceled):
		return err
	case time.Until(deadline) > min(time.Second, l.timeout/10) && !waitsTooLong(err): // shared requests end a second earlier
		return err
	}
	return &timeoutError{err, l}
}

// waitsTooLong reports whether a wait would not have ended before the deadline: one that the server
// requested, or one for our own limits.
func waitsTooLong(err error) bool {
	return partnercenter.IsOutOfTime(err)
}

// timeoutError is an error that a timeout caused.
type timeoutError struct {
	error

	limit limit
}

func (e *timeoutError) Unwrap() error { return e.error }

// Remedy returns what to do, in complete sentences.
func (e *timeoutError) Remedy() string {
	text := fmt.Sprintf("The time limit timeouts.%s (%s) ran out. Set a higher one, such as timeouts = { %s = %q }.",
		e.limit.name, brief(e.limit.timeout), e.limit.name, brief(2*e.limit.timeout))
	var cause interface{ Remedy() string }
	if errors.As(e.error, &cause) && cause.Remedy() != "" {
		text = cause.Remedy() + " " + text
	}
	return text
}

// CorrelationID returns the ID that all requests of an [Operation] have. The activity log contains it.
func CorrelationID(ctx context.Context) string { return httppipe.CorrelationID(ctx) }
