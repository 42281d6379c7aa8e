package httppipe

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"
)

type correlationKey struct{}

// WithCorrelationID returns a context whose requests all have the same new correlation ID, so that
// support and the activity log can group them. A context that already has one is returned
// unchanged.
func WithCorrelationID(ctx context.Context) context.Context {
	if CorrelationID(ctx) != "" {
		return ctx
	}
	return context.WithValue(ctx, correlationKey{}, uuid.NewString())
}

// CorrelationID returns the correlation ID of the context, or "".
func CorrelationID(ctx context.Context) string {
	id, _ := ctx.Value(correlationKey{}).(string)
	return id
}

// HostError means that a request was not sent because its URL is not on the configured endpoint,
// for example because of a forged link.
type HostError struct {
	// Got and Want consist of scheme and host.
	Got, Want string
}

func (e *HostError) Error() string {
	return fmt.Sprintf("refused to send a request to %s: only %s is configured", e.Got, e.Want)
}

// Remedy returns what to do.
func (*HostError) Remedy() string {
	return "Nothing was sent. If the other host is right, configure it as the endpoint of the service."
}

// NonRetriable marks the error for azcore.
func (*HostError) NonRetriable() {}

// Outcome reports that nothing was sent.
func (*HostError) Outcome() Outcome { return NotSent }

// identifyPolicy runs once per call. It refuses other hosts and sets the headers that are the same
// for all attempts.
type identifyPolicy struct {
	endpoint      *url.URL
	aliases       []string
	userAgent     string
	correlationID string // name of the header
}

func (p *identifyPolicy) Do(req *policy.Request) (*http.Response, error) {
	raw := req.Raw()
	own := raw.URL.Scheme == p.endpoint.Scheme && raw.URL.Host == p.endpoint.Host
	if !own && (raw.URL.Scheme != "https" || !slices.Contains(p.aliases, raw.URL.Host)) {
		return nil, &HostError{Got: raw.URL.Scheme + "://" + raw.URL.Host, Want: p.endpoint.Scheme + "://" + p.endpoint.Host}
	}
	raw.Header.Set("User-Agent", p.userAgent)
	if p.correlationID != "" {
		correlation := CorrelationID(raw.Context())
		if correlation == "" {
			correlation = uuid.NewString()
		}
		raw.Header.Set(p.correlationID, correlation)
		var all *attempts
		if req.OperationValue(&all) {
			all.correlationID = correlation
		}
	}
	return req.Next()
}
