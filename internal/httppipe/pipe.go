package httppipe

import (
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Options are the settings of a pipeline.
type Options struct {
	// Endpoint is the only scheme and host that requests may go to, as returned by [ParseEndpoint].
	Endpoint *url.URL
	// Aliases are additional https hosts of the same service.
	Aliases []string
	// Client sends the requests; see [NewClient]. Share one among all pipelines, so that they share
	// its connections.
	Client *http.Client
	// UserAgent is the complete User-Agent header.
	UserAgent string
	// API describes the service. Nil means no headers, name or remedies.
	API *API
	// Tokens provides the access tokens for TenantID and Scope, which have the same meaning as in
	// [TokenRequest]. Nil means that requests are sent without a token.
	Tokens          Tokens
	TenantID, Scope string
	// Texts is shared by all pipelines. Nil contains no secrets.
	Texts *Texts
	// MaxBody is the maximum size of a successful answer in bytes, after decompression. 0 means 64
	// MB, which is many times the size of the largest page.
	MaxBody int64
	// Gate is shared by all pipelines whose requests count against the same limit of the server.
	// Nil means a separate gate without [Limits].
	Gate *Gate
	// Repeat applies to requests without their own value.
	Repeat Repeat
	// MaxRetries is how often a request is retried after a transient error. Throttled requests
	// (429) do not count: they are retried until the context's deadline. 0 means 4; negative means
	// never.
	MaxRetries int
	// TryTimeout is the timeout of one attempt, from sending to the last byte of the answer. 0 means 3 minutes, the
	// timeout of Microsoft's SDK.
	TryTimeout time.Duration
	// Timeout is the timeout of a whole call, including retries and waits, if its context has no
	// deadline. 0 means 20 minutes.
	Timeout time.Duration
	// Logger receives one debug line per attempt and a warning per wait. Nil means no logging.
	Logger *slog.Logger
}

// ClientOptions returns the options in azcore's form, for runtime.NewPipeline or for a client of
// the Azure SDK.
func (o Options) ClientOptions() policy.ClientOptions {
	if o.Gate == nil {
		o.Gate = new(Gate)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxRetries == 0 {
		o.MaxRetries = 4
	}
	if o.TryTimeout == 0 {
		o.TryTimeout = 3 * time.Minute
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Minute
	}
	if o.MaxBody == 0 {
		o.MaxBody = maxPage
	}
	if o.API == nil {
		o.API = new(API)
	}
	perRetry := []policy.Policy{&logPolicy{logger: o.Logger, api: o.API, texts: o.Texts}}
	if o.Tokens != nil {
		perRetry = append(perRetry, &tokenPolicy{o.Tokens, TokenRequest{TenantID: o.TenantID, Scope: o.Scope}})
	}
	return policy.ClientOptions{
		Transport: attempt{client: o.Client, timeout: o.TryTimeout, maxBody: o.MaxBody},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
		PerCallPolicies: []policy.Policy{
			&identifyPolicy{endpoint: o.Endpoint, aliases: o.Aliases, userAgent: o.UserAgent, correlationID: o.API.CorrelationID},
			&retryPolicy{gate: o.Gate, repeat: o.Repeat, maxRetries: o.MaxRetries, timeout: o.Timeout, requestID: o.API.RequestID, texts: o.Texts, logger: o.Logger},
		},
		PerRetryPolicies: perRetry,
	}
}
