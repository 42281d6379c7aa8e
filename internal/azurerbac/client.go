package azurerbac

import (
	"context"
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
	// Client, UserAgent and Logger are as in httppipe.Options.
	Client    *http.Client
	UserAgent string
	Logger    *slog.Logger
}

// Client calls Azure Resource Manager in customers' tenants. It is safe for concurrent use.
type Client struct {
	RoleAssignments RoleAssignments

	options Options
	mu      sync.Mutex
	tenants map[string]*tenant // by tenant id in lower case
}

// New returns a client. It sends nothing.
func New(o Options) *Client {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Client{options: o, tenants: make(map[string]*tenant)}
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
	t, err := c.newTenant(key, new(httppipe.Gate))
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
		Endpoint: o.Endpoint, Client: o.Client, UserAgent: o.UserAgent, Logger: o.Logger, Gate: gate,
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
		for pager := t.subscriptions.NewListPager(nil); pager.More(); {
			page, err := pager.NextPage(ctx)
			if err != nil {
				yield("", newError("GET", "/subscriptions", tenantID, nil, err))
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
