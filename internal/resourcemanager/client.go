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
	// Endpoint is Resource Manager's base URL, as returned by httppipe.ParseEndpoint. Audience is
	// the audience of its access tokens.
	Endpoint *url.URL
	Audience string
	// Credential provides tokens of any tenant.
	Credential httppipe.Tokens
	// AppOnly means that the tokens have no user.
	AppOnly bool
	// Forget removes the refusals that Credential has cached for a tenant. It may be nil.
	Forget func(tenantID string)
	// Limits apply to each tenant separately.
	Limits httppipe.Limits
	// Client, UserAgent, MaxRetries, Texts and Logger have the same meaning as in httppipe.Options.
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
	callers map[string]*httppipe.Caller // by tenant ID in lower case
}

// New returns a client. It sends no request.
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

// sharedFor is how long a read is cached. One refresh of many assignments needs a single read, but
// no later run may use an old result.
const sharedFor = time.Minute

// sharedKey returns the cache key for reads of a subscription.
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

// pipe returns the options of a new pipeline without tokens.
func (c *Client) pipe() httppipe.Options {
	o := c.options
	return httppipe.Options{
		API: api, Endpoint: o.Endpoint, Client: o.Client, UserAgent: o.UserAgent, Texts: o.Texts, Logger: o.Logger, MaxRetries: o.MaxRetries,
		Gate: httppipe.NewGate(o.Limits),
	}
}

func (c *Client) scope() string { return c.options.Audience + "/.default" }

// Caller returns the claims of the access token for Resource Manager in the tenant, which identify
// the signed-in application and user.
func (c *Client) Caller(ctx context.Context, tenantID string) (credential.Claims, error) {
	token, err := c.options.Credential.Token(ctx, httppipe.TokenRequest{TenantID: strings.ToLower(tenantID), Scope: c.scope()})
	if err != nil {
		return credential.Claims{}, err
	}
	return credential.ParseClaims(token.Value)
}

// AppOnly reports whether the client authenticates without a user.
func (c *Client) AppOnly() bool { return c.options.AppOnly }

// AwaitConsent waits until a new consent to the application is in effect in the tenant. After
// consentLag it returns the refusal.
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

// consentLag is the maximum time until a new consent is in effect.
const consentLag = 3 * time.Minute

// pathOf returns the escaped path of a Resource Manager ID.
func pathOf(id string) string { return httppipe.PathOf(strings.Split(strings.Trim(id, "/"), "/")...) }

// list reads a collection lazily, page by page. It stops after an error. check returns an error if
// an item is unusable.
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
