package partnercenter

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"golang.org/x/sync/singleflight"

	"terraform-provider-partnercenter/internal/httppipe"
)

// DefaultEndpoint is the base URL of the public cloud, and the audience of tokens there
// (https://learn.microsoft.com/partner-center/developer/partner-center-rest-urls).
const DefaultEndpoint = "https://api.partnercenter.microsoft.com"

// Options configure a [Client].
type Options struct {
	// Endpoint is the base URL without /v1, as returned by httppipe.ParseEndpoint.
	Endpoint *url.URL
	// Audience is what tokens are asked for; it does not follow an overridden endpoint. Empty
	// means [DefaultEndpoint].
	Audience string
	// Credential gives tokens of the partner's tenant.
	Credential azcore.TokenCredential
	// AppOnly says that there is no user behind the tokens; see [Client.AppOnly].
	AppOnly bool
	// TenantID is the partner's tenant where it is known as a GUID. Otherwise it is read
	// from the organization profile when first needed.
	TenantID string
	// Limits are those of the client's gate.
	Limits httppipe.Limits
	// Client, UserAgent, MaxRetries and Logger are as in httppipe.Options.
	Client     *http.Client
	UserAgent  string
	MaxRetries int
	Logger     *slog.Logger
}

// Client calls Partner Center on behalf of one partner. It is safe for concurrent
// use; make one and share it, since its goroutines are paced together.
type Client struct {
	AuditRecords      AuditRecords
	Customers         Customers
	CustomerUsers     CustomerUsers
	Orders            Orders
	Profiles          Profiles
	Purchases         Purchases
	Reservations      Reservations
	SelfServePolicies SelfServePolicies
	Subscriptions     Subscriptions

	appOnly     bool
	concurrency int
	credential  azcore.TokenCredential
	endpoint    *url.URL
	// scope asks for all permissions of the API that were consented to.
	scope    string
	pipeline runtime.Pipeline
	shared   singleflight.Group
}

// New returns a client. It sends nothing.
func New(o Options) *Client {
	c := &Client{
		appOnly: o.AppOnly, concurrency: o.Limits.Concurrent, credential: o.Credential, endpoint: o.Endpoint,
		scope: cmp.Or(o.Audience, DefaultEndpoint) + "/.default",
	}
	clientOptions := httppipe.Options{
		Endpoint: o.Endpoint, Client: o.Client, UserAgent: o.UserAgent, Logger: o.Logger,
		Gate: httppipe.NewGate(o.Limits), MaxRetries: o.MaxRetries,
		RequestIDHeader: "MS-RequestId", CorrelationIDHeader: "MS-CorrelationId",
	}.ClientOptions()
	bearer := runtime.NewBearerTokenPolicy(o.Credential, []string{c.scope}, &policy.BearerTokenOptions{
		InsecureAllowCredentialWithHTTP: o.Endpoint.Scheme == "http", // ParseEndpoint allows it for loopback only
	})
	c.pipeline = runtime.NewPipeline("", "", runtime.PipelineOptions{PerRetry: []policy.Policy{bearer}}, &clientOptions)
	c.AuditRecords = AuditRecords{c}
	c.Customers = Customers{c}
	c.CustomerUsers = CustomerUsers{c, &httppipe.Answers[userNames]{For: namesFor}}
	c.Orders = Orders{c}
	c.Purchases = Purchases{c}
	c.Reservations = Reservations{c}
	c.Profiles = Profiles{c: c, tenantID: &tenantID{id: o.TenantID}}
	c.Subscriptions = newSubscriptions(c)
	c.SelfServePolicies = SelfServePolicies{c: c, writers: new(writers)}
	return c
}

// Concurrency is how many requests the client sends at a time, so that more goroutines would
// only wait for each other; 0 means any number.
func (c *Client) Concurrency() int { return c.concurrency }

// AppOnly tells whether the client signs in without a user. Then Partner Center refuses
// everything about customer permissions and the organization profile (403/900329).
func (c *Client) AppOnly() bool { return c.appOnly }

// call is one request of the API.
type call struct {
	method string
	// path begins behind /v1 and has its elements escaped; see pathOf.
	path   string
	query  url.Values
	header http.Header
	body   any
	repeat httppipe.Repeat
}

// pathOf joins path elements, escaping each.
func pathOf(elements ...string) string {
	var b strings.Builder
	for _, e := range elements {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(e))
	}
	return b.String()
}

// answer is a successful one.
type answer struct {
	request  *http.Request
	response *http.Response
	// some tells whether there was content.
	some bool
}

// unfit is the error for an answer that is not what it should be.
func (a answer) unfit(cause error) error { return newError(a.request, a.response, nil, cause) }

// send does one call and decodes its answer into out, unless out is nil or there is
// no content.
func (c *Client) send(ctx context.Context, in call, out any) (answer, error) {
	u := *c.endpoint
	u.RawPath = u.EscapedPath() + "/v1" + in.path
	u.Path, _ = url.PathUnescape(u.RawPath)
	u.RawQuery = in.query.Encode()
	req, err := runtime.NewRequest(ctx, in.method, u.String())
	if err != nil {
		return answer{}, &Error{Method: in.method, Path: "/v1" + in.path, Err: err}
	}
	req.Raw().Header.Set("Accept", "application/json")
	maps.Copy(req.Raw().Header, in.header)
	req.SetOperationValue(in.repeat)
	if in.body != nil {
		b, err := json.Marshal(in.body)
		if err != nil {
			return answer{}, &Error{Method: in.method, Path: u.Path, Err: err}
		}
		if err := req.SetBody(streaming.NopCloser(bytes.NewReader(b)), "application/json"); err != nil {
			return answer{}, &Error{Method: in.method, Path: u.Path, Err: err}
		}
	}
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return answer{}, newError(req.Raw(), nil, nil, err)
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return answer{}, newError(req.Raw(), resp, nil, err)
	}
	body = bytes.TrimPrefix(body, bom)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return answer{}, newError(req.Raw(), resp, body, nil)
	}
	a := answer{request: req.Raw(), response: resp}
	if out == nil || len(body) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return a, a.unfit(fmt.Errorf("%w: %w", errUnreadable, err))
	}
	a.some = true
	return a, nil
}

// bom starts the bodies of Partner Center's successful answers; encoding/json
// refuses it.
var bom = []byte("\xef\xbb\xbf")

// get reads one object. An answer without content is an error.
func (c *Client) get(ctx context.Context, in call, out any) (answer, error) {
	a, err := c.send(ctx, in, out)
	if err == nil && !a.some {
		err = a.unfit(errUnreadable)
	}
	return a, err
}

// sameID compares GUIDs as Partner Center means them: it sends them in either case.
func sameID(a, b string) bool { return strings.EqualFold(a, b) }
