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
	Credential httppipe.Tokens
	// AppOnly says that there is no user behind the tokens; see [Client.AppOnly].
	AppOnly bool
	// TenantID is the partner's tenant where it is known as a GUID. Otherwise the access token
	// names it.
	TenantID string
	// Limits are those of the client's gate.
	Limits httppipe.Limits
	// Client, UserAgent, MaxRetries, Texts and Logger are as in httppipe.Options.
	Client     *http.Client
	UserAgent  string
	MaxRetries int
	Texts      *httppipe.Texts
	Logger     *slog.Logger
}

// Client calls Partner Center on behalf of one partner. It is safe for concurrent
// use; make one and share it, since its goroutines are paced together.
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
	// scope asks for all permissions of the API that were consented to.
	scope  string
	caller *httppipe.Caller
}

// New returns a client. It sends nothing.
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
	// requestID is as in httppipe.Call.
	requestID string
	// check says what is wrong with an answer that was decoded. It may be nil.
	check func() error
}

// pathOf joins path elements, escaping each.
//
// The tenant ID of a customer is sent in lower case, as Partner Center prints it: whether it compares IDs without case is
// not documented.
func pathOf(elements ...string) string {
	if len(elements) > 1 && elements[0] == "customers" {
		elements = slices.Clone(elements)
		elements[1] = strings.ToLower(elements[1])
	}
	return httppipe.PathOf(elements...)
}

// answer is a successful one.
type answer = httppipe.Answer

// send does one call and decodes its answer into out, unless out is nil or there is
// no content.
func (c *Client) send(ctx context.Context, in call, out any) (answer, error) {
	return c.caller.Do(ctx, httppipe.Call{
		Method: in.method, Path: "/v1" + in.path, Query: in.query, Header: in.header, Body: in.body, Repeat: in.repeat, RequestID: in.requestID,
		Answer: out, Check: in.check,
	})
}

// get reads one object. An answer without content, or that the call's check is against, is an
// error.
func (c *Client) get(ctx context.Context, in call, out any) (answer, error) {
	return c.caller.Do(ctx, httppipe.Call{
		Method: in.method, Path: "/v1" + in.path, Query: in.query, Header: in.header, Repeat: in.repeat,
		Answer: out, Need: true, Check: in.check,
	})
}

// needs is a check that an answer has an id, or what else it cannot go without.
func needs(id *string) func() error {
	return func() error {
		if *id == "" {
			return errUnreadable
		}
		return nil
	}
}

// sameID compares GUIDs as Partner Center means them: it sends them in either case.
func sameID(a, b string) bool { return strings.EqualFold(a, b) }
