package azurerbac

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

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
	Credential azcore.TokenCredential
	// Limits hold in each tenant.
	Limits httppipe.Limits
	// Client, UserAgent, MaxRetries and Logger are as in httppipe.Options.
	Client     *http.Client
	UserAgent  string
	MaxRetries int
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

// tenant is the Azure SDK's clients for one tenant. They share a token, since azcore keeps
// one per client, and a gate, since Resource Manager limits requests per tenant.
type tenant struct {
	gate          *httppipe.Gate
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
	t, err := c.newTenant(key, httppipe.NewGate(c.options.Limits))
	if err != nil {
		return nil, err
	}
	c.tenants[key] = t
	return t, nil
}

// renew makes the next request in the tenant ask the credential for a token, unless
// somebody has done so since old was handed out.
func (c *Client) renew(tenantID string, old *tenant) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := strings.ToLower(tenantID)
	if c.tenants[key] != old {
		return nil
	}
	t, err := c.newTenant(key, old.gate)
	if err == nil {
		c.tenants[key] = t
	}
	return err
}

func (c *Client) newTenant(tenantID string, gate *httppipe.Gate) (*tenant, error) {
	o := c.options
	pipe := httppipe.Options{
		Endpoint: o.Endpoint, Client: o.Client, UserAgent: o.UserAgent, Logger: o.Logger, Gate: gate, MaxRetries: o.MaxRetries,
		RequestIDHeader: "x-ms-client-request-id", CorrelationIDHeader: "x-ms-correlation-request-id",
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
	cred := inTenant{o.Credential, tenantID}
	subscriptions, err := armsubscriptions.NewClient(cred, options)
	if err != nil {
		return nil, err
	}
	assignments, err := armauthorization.NewRoleAssignmentsClient("", cred, options)
	if err != nil {
		return nil, err
	}
	return &tenant{gate, subscriptions, assignments}, nil
}

// inTenant asks for all tokens in one tenant. The Azure SDK's clients have no such option.
type inTenant struct {
	azcore.TokenCredential
	tenantID string
}

func (c inTenant) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	o.TenantID = c.tenantID
	return c.TokenCredential.GetToken(ctx, o)
}

// Caller returns what the access token for Resource Manager in the tenant says of who is
// signed in.
func (c *Client) Caller(ctx context.Context, tenantID string) (credential.Claims, error) {
	token, err := inTenant{c.options.Credential, tenantID}.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.options.Audience + "/.default"}, EnableCAE: true})
	if err != nil {
		return credential.Claims{}, err
	}
	return credential.ParseClaims(token.Token)
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
			ID: strings.ToLower(value(resp.SubscriptionID)), TenantID: strings.ToLower(value(resp.TenantID)), Name: value(resp.DisplayName), State: string(value(resp.State)),
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
