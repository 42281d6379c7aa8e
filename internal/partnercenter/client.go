package partnercenter

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// DefaultEndpoint is the base URL of the public cloud, and the audience of its tokens
// (https://learn.microsoft.com/partner-center/developer/partner-center-rest-urls).
const DefaultEndpoint = "https://api.partnercenter.microsoft.com"

// Options configure a [Client].
type Options struct {
	// Endpoint is the base URL without /v1, as returned by httppipe.ParseEndpoint.
	Endpoint *url.URL
	// Audience is the audience of access tokens. It does not depend on Endpoint. Empty means
	// [DefaultEndpoint].
	Audience string
	// Credential provides tokens of the partner's tenant.
	Credential httppipe.Tokens
	// AppOnly means that the tokens have no user; see [Client.AppOnly].
	AppOnly bool
	// TenantID is the GUID of the partner's tenant. If it is empty, the access token provides it.
	TenantID string
	// Limits are the limits of the client's gate.
	Limits httppipe.Limits
	// Client, UserAgent, MaxRetries, Texts and Logger have the same meaning as in httppipe.Options.
	Client     *http.Client
	UserAgent  string
	MaxRetries int
	Texts      *httppipe.Texts
	Logger     *slog.Logger
}

// Client calls Partner Center on behalf of one partner. It is safe for concurrent use. Create one
// and share it, because its gate limits the requests of all goroutines together.
type Client struct {
	ApplicationConsents ApplicationConsents
	AuditRecords        AuditRecords
	AzurePlans          AzurePlans
	CustomerAgreements  CustomerAgreements
	Customers           Customers
	CustomerUsers       CustomerUsers
	IndirectResellers   IndirectResellers
	Orders              Orders
	Profiles            Profiles
	Purchases           Purchases
	Reservations        Reservations
	SavingsPlans        SavingsPlans
	SelfServePolicies   SelfServePolicies
	Subscriptions       Subscriptions

	appOnly     bool
	concurrency int
	credential  httppipe.Tokens
	endpoint    *url.URL
	// scope requests all permissions that the application has consent for.
	scope  string
	caller *httppipe.Caller
}

// New returns a client. It sends no request.
func New(o Options) *Client {
	c := &Client{
		appOnly: o.AppOnly, concurrency: o.Limits.Concurrent, credential: o.Credential, endpoint: o.Endpoint,
		scope: cmp.Or(o.Audience, DefaultEndpoint) + "/.default",
	}
	options := httppipe.Options{
		API: API, Endpoint: o.Endpoint, Client: o.Client, UserAgent: o.UserAgent, Texts: o.Texts, Logger: o.Logger,
		Tokens: o.Credential, Scope: c.scope, Gate: httppipe.NewGate(o.Limits), MaxRetries: o.MaxRetries,
	}
	c.caller = httppipe.NewCaller(options)
	consents := o.Limits
	if consents.PerSecond == 0 || consents.PerSecond > consentsPerSecond {
		consents.PerSecond = consentsPerSecond
	}
	options.Gate = httppipe.NewGate(consents)
	c.ApplicationConsents = ApplicationConsents{httppipe.NewCaller(options)}
	c.AzurePlans = AzurePlans{c}
	c.AuditRecords = AuditRecords{c, &httppipe.Answers[map[string][]AuditRecord]{For: tenantFor}}
	c.CustomerAgreements = newCustomerAgreements(c)
	c.Customers = Customers{c, newCustomerNames()}
	c.CustomerUsers = CustomerUsers{c, &httppipe.Answers[userNames]{For: namesFor}}
	c.IndirectResellers = IndirectResellers{c}
	c.Orders = Orders{c}
	c.Purchases = Purchases{c}
	c.Reservations = Reservations{c}
	c.SavingsPlans = SavingsPlans{c}
	c.Profiles = Profiles{c: c, tenantID: o.TenantID, read: &httppipe.Answers[string]{For: tenantFor}}
	c.Subscriptions = newSubscriptions(c)
	c.SelfServePolicies = SelfServePolicies{c: c, writers: new(writers), withoutID: new(atomic.Bool), once: &httppipe.Answers[SelfServePolicy]{For: tenantFor}}
	return c
}

// Concurrency returns the maximum number of concurrent requests of the client; 0 means no limit.
// More goroutines would only wait for each other.
func (c *Client) Concurrency() int { return c.concurrency }

// AppOnly reports whether the client authenticates without a user. Partner Center then refuses all
// requests for customer permissions and for the organization profile (403/900329).
func (c *Client) AppOnly() bool { return c.appOnly }

// call is one API request.
type call struct {
	method string
	// path is the part after /v1, with escaped elements; see pathOf.
	path   string
	query  url.Values
	header http.Header
	body   any
	repeat httppipe.Repeat
	// requestID has the same meaning as in httppipe.Call.
	requestID string
	// check returns an error if the decoded answer is unusable. It may be nil.
	check func() error
}

// pathOf escapes and joins path elements.
//
// It sends the tenant ID of a customer in lower case, as Partner Center prints it. Whether Partner Center ignores case
// here is not documented.
func pathOf(elements ...string) string {
	if len(elements) > 1 && elements[0] == "customers" {
		elements = slices.Clone(elements)
		elements[1] = strings.ToLower(elements[1])
	}
	return httppipe.PathOf(elements...)
}

// answer is a successful answer.
type answer = httppipe.Answer

// send sends one call and decodes the answer into out. It decodes nothing if out is nil or the
// answer has no content.
func (c *Client) send(ctx context.Context, in call, out any) (answer, error) {
	return c.caller.Do(ctx, httppipe.Call{
		Method: in.method, Path: "/v1" + in.path, Query: in.query, Header: in.header, Body: in.body, Repeat: in.repeat, RequestID: in.requestID,
		Answer: out, Check: in.check,
	})
}

// get reads one object. An answer without content, or one that fails the call's check, is an error.
func (c *Client) get(ctx context.Context, in call, out any) (answer, error) {
	return c.caller.Do(ctx, httppipe.Call{
		Method: in.method, Path: "/v1" + in.path, Query: in.query, Header: in.header, Repeat: in.repeat,
		Answer: out, Need: true, Check: in.check,
	})
}

// needs returns a check that a required field, such as the ID, is not empty.
func needs(id *string) func() error {
	return func() error {
		if *id == "" {
			return errUnreadable
		}
		return nil
	}
}

// sameID compares GUIDs without case, because Partner Center sends them in both cases.
func sameID(a, b string) bool { return strings.EqualFold(a, b) }
