package resourcemanager

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armsubscriptions"

	"terraform-provider-partnercenter/internal/credential"
	"terraform-provider-partnercenter/internal/httppipe"
)

// Options configure a [Client].
type Options struct {
	// Endpoint is Resource Manager's base URL, as returned by httppipe.ParseEndpoint, and
	// Audience what its tokens are asked for.
	Endpoint *url.URL
	Audience string
	// Authority is the sign-in host, for the Azure SDK, which wants to know it.
	Authority string
	// Credential gives tokens of any tenant.
	Credential httppipe.Tokens
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
	RoleAssignments RoleAssignments

	options       Options
	subscriptions *httppipe.Answers[Subscription]
	mu            sync.Mutex
	tenants       map[string]*tenant // by tenant id in lower case
}

// New returns a client. It sends nothing.
func New(o Options) *Client {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Client{options: o, subscriptions: &httppipe.Answers[Subscription]{For: listedFor}, tenants: make(map[string]*tenant)}
	c.RoleAssignments = RoleAssignments{c: c, lists: &httppipe.Answers[[]RoleAssignment]{For: listedFor}, patience: new(patience)}
	return c
}

// tenant is the Azure SDK's clients for one tenant. They share a gate, since Resource Manager
// limits requests per tenant.
type tenant struct {
	subscriptions *armsubscriptions.Client
	assignments   *armauthorization.RoleAssignmentsClient
}

// in returns the clients for a tenant.
func (c *Client) in(tenantID string) (*tenant, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := strings.ToLower(tenantID)
	if t, ok := c.tenants[key]; ok {
		return t, nil
	}
	t, err := c.newTenant(key)
	if err != nil {
		return nil, err
	}
	c.tenants[key] = t
	return t, nil
}

func (c *Client) newTenant(tenantID string) (*tenant, error) {
	o := c.options
	pipe := httppipe.Options{
		API: api, Endpoint: o.Endpoint, Client: o.Client, UserAgent: o.UserAgent, Texts: o.Texts, Logger: o.Logger, MaxRetries: o.MaxRetries,
		Gate: httppipe.NewGate(o.Limits), Tokens: o.Credential, TenantID: tenantID, Scope: c.scope(),
	}.ClientOptions()
	pipe.Cloud = cloud.Configuration{
		ActiveDirectoryAuthorityHost: o.Authority,
		Services:                     map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: o.Endpoint.String(), Audience: o.Audience}},
	}
	pipe.InsecureAllowCredentialWithHTTP = o.Endpoint.Scheme == "http" // ParseEndpoint allows it for loopback only
	options := &arm.ClientOptions{
		ClientOptions: pipe,
		// It would register resource providers in the customer's subscription.
		DisableRPRegistration: true,
	}
	subscriptions, err := armsubscriptions.NewClient(placeholder{}, options)
	if err != nil {
		return nil, err
	}
	assignments, err := armauthorization.NewRoleAssignmentsClient("", placeholder{}, options)
	if err != nil {
		return nil, err
	}
	return &tenant{subscriptions, assignments}, nil
}

// api is what differs between Resource Manager and other services.
var api = &httppipe.API{Name: "Azure Resource Manager", RequestID: "x-ms-client-request-id", CorrelationID: "x-ms-correlation-request-id"}

// placeholder is for the Azure SDK, which keeps tokens by itself. The pipeline behind it sets the
// real one.
type placeholder struct{}

func (placeholder) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "placeholder", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
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

// Subscription is an Azure subscription.
type Subscription struct {
	// ID is the subscription's GUID in lower case.
	ID string
	// TenantID is the tenant it belongs to, in lower case, or "".
	TenantID string
	Name     string
	// State is Enabled, Warned, PastDue, Disabled or Deleted.
	State string
}

// Subscription returns one Azure subscription. All who ask for the same one within a minute
// share one request.
// GET /subscriptions/{subscription} (https://learn.microsoft.com/rest/api/resources/subscriptions/get).
func (c *Client) Subscription(ctx context.Context, tenantID, subscriptionID string) (Subscription, error) {
	return c.subscriptions.Get(ctx, listKey(tenantID, subscriptionID), func(ctx context.Context) (Subscription, error) {
		t, err := c.in(tenantID)
		if err != nil {
			return Subscription{}, err
		}
		var raw *http.Response
		resp, err := t.subscriptions.Get(policy.WithCaptureResponse(ctx, &raw), strings.ToLower(subscriptionID), nil)
		if err == nil && resp.SubscriptionID == nil {
			err = errUnreadable
		}
		if err != nil {
			return Subscription{}, newError(http.MethodGet, "/subscriptions/"+strings.ToLower(subscriptionID), tenantID, raw, err)
		}
		return Subscription{
			ID: strings.ToLower(value(resp.SubscriptionID)), TenantID: strings.ToLower(value(resp.TenantID)), Name: c.options.Texts.Clean(value(resp.DisplayName)), State: string(value(resp.State)),
		}, nil
	})
}

// RequireWritable returns a [*DisabledError] when nothing can be changed in the subscription.
func (c *Client) RequireWritable(ctx context.Context, tenantID, subscriptionID string) error {
	s, err := c.Subscription(ctx, tenantID, subscriptionID)
	if err != nil {
		return err
	}
	if strings.EqualFold(s.State, string(armsubscriptions.SubscriptionStateDisabled)) || strings.EqualFold(s.State, string(armsubscriptions.SubscriptionStateDeleted)) {
		return &DisabledError{SubscriptionID: s.ID, Name: s.Name, State: s.State}
	}
	return nil
}

// Subscriptions returns the ids, in lower case, of the Azure subscriptions in the tenant that
// the caller can see.
// GET /subscriptions (https://learn.microsoft.com/rest/api/resources/subscriptions/list).
func (c *Client) Subscriptions(ctx context.Context, tenantID string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		t, err := c.in(tenantID)
		if err != nil {
			yield("", err)
			return
		}
		pager := t.subscriptions.NewListPager(nil)
		for page, err := range pages(ctx, pager, "/subscriptions", tenantID, func(p armsubscriptions.ClientListResponse) *string { return p.NextLink }) {
			if err != nil {
				yield("", err)
				return
			}
			for _, s := range page.Value {
				if s != nil && s.SubscriptionID != nil && !yield(strings.ToLower(*s.SubscriptionID), nil) {
					return
				}
			}
		}
	}
}

// pages reads a list to its end, or to the first error.
func pages[T any](ctx context.Context, pager *runtime.Pager[T], path, tenantID string, link func(T) *string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seen := make(map[string]bool) // next links, so that a server that repeats one ends in an error
		for pager.More() {
			var raw *http.Response
			page, err := pager.NextPage(policy.WithCaptureResponse(ctx, &raw))
			if err != nil {
				yield(page, newError(http.MethodGet, path, tenantID, raw, err))
				return
			}
			if !yield(page, nil) {
				return
			}
			next := value(link(page))
			if next != "" && seen[next] {
				yield(page, newError(http.MethodGet, path, tenantID, raw, errors.New("the list of pages has no end: the server repeats a page")))
				return
			}
			seen[next] = true
		}
	}
}
