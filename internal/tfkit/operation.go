package tfkit

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"terraform-provider-partnercenter/internal/httppipe"
)

// OperationTimeout bounds one operation on one resource, waits for the server's limits
// included. It is the usual time of Terraform providers.
const OperationTimeout = 20 * time.Minute

// Operation is the frame of every method that calls the server: a deadline, and one
// correlation id for all its requests, which also stands in its log lines and in the
// server's activity log.
func Operation(ctx context.Context) (context.Context, context.CancelFunc) {
	return OperationWithin(ctx, OperationTimeout)
}

// OperationWithin is [Operation] with another deadline, for types with a timeouts attribute.
func OperationWithin(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx = httppipe.WithCorrelationID(ctx)
	ctx = tflog.SetField(ctx, "correlation_id", httppipe.CorrelationID(ctx))
	return context.WithTimeout(ctx, timeout)
}

// CorrelationID is the id that all requests of an [Operation] carry, and that the activity log
// has of what they did.
func CorrelationID(ctx context.Context) string { return httppipe.CorrelationID(ctx) }
