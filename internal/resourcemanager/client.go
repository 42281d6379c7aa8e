package resourcemanager

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Options configure a [Client].
type Options struct {
	// Endpoint is Resource Manager's base URL, as returned by httppipe.ParseEndpoint, and
	// Audience what its tokens are asked for.
	Endpoint *url.URL
	Audience string
	// Credential gives tokens of any tenant.
	Credential httppipe.Tokens
	// AppOnly says that there is no user behind the tokens.
	AppOnly bool
	// Forget drops what Credential keeps of refusals in a tenant. It may be nil.
	Forget func(tenantID string)
	// Limits hold in each tenant.
	Limits httppipe.Limits
	// Client, UserAgent, MaxRetries, Texts and Logger are as in httppipe.Options.
	Client     *http.Client
	UserAgent  string
	MaxRetries int
	Texts      *httppipe.Texts
	Logger     *slog.Logger
}

// Client calls Azure Resource Manager in customers' tenants. It is safe for concurrent use.
type Client struct {
	Reservations    Reservations
	RoleAssignments RoleAssignments
	Subscriptions   Subscriptions

	options Options
	mu      sync.Mutex
	callers map[string]*httppipe.Caller // by tenant id in lower case
}

// New returns a client. It sends nothing.
func New(o Options) *Client {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Client{options: o, callers: make(map[string]*httppipe.Caller)}
	c.Reservations = Reservations{c: c, lists: &httppipe.Answers[[]Reservation]{For: sharedFor}}
	c.RoleAssignments = RoleAssignments{c: c, lists: &httppipe.Answers[[]RoleAssignment]{For: sharedFor}, refusals: new(refusals)}
	c.Subscriptions = Subscriptions{
		c: c, read: &httppipe.Answers[Subscription]{For: sharedFor}, tenants: &httppipe.Answers[string]{For: sharedFor}, anonymous: httppipe.NewCaller(c.pipe()),
	}
	return c
}

// sharedFor is how long a read is shared: long enough that one refresh of many assignments reads
// once, short enough that no run relies on an old answer.
const sharedFor = time.Minute

// sharedKey is what reads of a subscription are shared by.
func sharedKey(tenantID, subscriptionID string) string {
	return strings.ToLower(tenantID + "/" + subscriptionID)
}

// in returns the caller for a tenant.
func (c *Client) in(tenantID string) *httppipe.Caller {
	tenantID = strings.ToLower(tenantID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.callers[tenantID] == nil {
		o := c.pipe()
		o.Tokens, o.TenantID, o.Scope = c.options.Credential, tenantID, c.scope()
		c.callers[tenantID] = httppipe.NewCaller(o)
	}
	return c.callers[tenantID]
}

// pipe are the options of a pipeline of its own, which sends no token.
func (c *Client) pipe() httppipe.Options {
	o := c.options
	return httppipe.Options{
		API: api, Endpoint: o.Endpoint, Client: o.Client, UserAgent: o.UserAgent, Texts: o.Texts, Logger: o.Logger, MaxRetries: o.MaxRetries,
		Gate: httppipe.NewGate(o.Limits),
	}
}

func (c *Client) scope() string { return c.options.Audience + "/.default" }

// Caller returns what the access token for Resource Manager in the tenant says of who is
// signed in.
func (c *Client) Caller(ctx context.Context, tenantID string) (credential.Claims, error) {
	token, err := c.options.Credential.Token(ctx, httppipe.TokenRequest{TenantID: strings.ToLower(tenantID), Scope: c.scope()})
	if err != nil {
		return credential.Claims{}, err
	}
	return credential.ParseClaims(token.Value)
}

// AppOnly reports whether the client signs in without a user.
func (c *Client) AppOnly() bool { return c.options.AppOnly }

// AwaitConsent waits until a consent to the application, which was just given in the tenant, is in
// effect. It gives up after some minutes, with the refusal.
func (c *Client) AwaitConsent(ctx context.Context, tenantID string) error {
	end := time.Now().Add(consentLag)
	for wait := time.Second; ; wait = min(2*wait, 15*time.Second) {
		if c.options.Forget != nil {
			c.options.Forget(tenantID)
		}
		_, err := c.Caller(ctx, tenantID)
		if !IsNoConsent(err) || time.Now().Add(wait).After(end) {
			return err
		}
		if sleepErr := httppipe.Sleep(ctx, wait); sleepErr != nil {
			return err
		}
	}
}

// consentLag is how long a new consent may take to be in effect.
const consentLag = 3 * time.Minute

// pathOf is the path of a Resource Manager id.
func pathOf(id string) string { return httppipe.PathOf(strings.Split(strings.Trim(id, "/"), "/")...) }

// list reads a collection page by page, lazily. After an error it stops. Check says what is wrong
// with an item.
func list[T any](ctx context.Context, c *httppipe.Caller, path string, query url.Values, check func(T) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		read := make(httppipe.Pages)
		for {
			var page struct {
				Value    []T    `json:"value"`
				NextLink string `json:"nextLink" text:"raw"`
			}
			answer, err := c.Do(ctx, httppipe.Call{Method: http.MethodGet, Path: path, Query: query, Answer: &page, Need: true, Check: func() error {
				if page.Value == nil {
					return httppipe.ErrUnreadable
				}
				for _, item := range page.Value {
					if err := check(item); err != nil {
						return err
					}
				}
				return nil
			}})
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range page.Value {
				if !yield(item, nil) {
					return
				}
			}
			if page.NextLink == "" {
				return
			}
			if path, query, err = c.Resolve(page.NextLink); err == nil {
				err = read.Add(path + "?" + query.Encode())
			}
			if err != nil {
				yield(none, answer.Unfit(fmt.Errorf("%w: %w", httppipe.ErrUnreadable, err)))
				return
			}
		}
	}
}

var errNoID = errors.New("an object has no ID")
