package credential

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"terraform-provider-partnercenter/internal/httppipe"
)

// Config holds the settings of the provider block and the environment.
type Config struct {
	// TenantID is the partner's tenant: a GUID or a verified domain.
	TenantID string
	// ClientID and ClientSecret prove the application.
	ClientID, ClientSecret string
	// RefreshToken makes it app+user. Empty means app-only.
	RefreshToken string
	// Authority is the sign-in host, as returned by [httppipe.ParseEndpoint].
	Authority *url.URL
	// DisableInstanceDiscovery skips the question to Microsoft whether Authority is
	// one of its own. Needed for hosts that are not.
	DisableInstanceDiscovery bool
	// Client, UserAgent and Logger are as in [httppipe.Options].
	Client    *http.Client
	UserAgent string
	Logger    *slog.Logger
}

// Credential implements [azcore.TokenCredential]. It is safe for concurrent use.
type Credential struct {
	inner   azcore.TokenCredential
	appOnly bool
	secrets *strings.Replacer

	mu      sync.Mutex
	refused map[string]*Error // by tenant and scopes
}

// New makes the credential that the configuration asks for. It does not sign in.
func New(c Config) (*Credential, error) {
	if c.TenantID == "" || c.ClientID == "" || c.ClientSecret == "" {
		return nil, errors.New("a tenant id, a client id and a client secret are needed")
	}
	pipe := httppipe.Options{
		Endpoint: c.Authority, Client: c.Client, UserAgent: c.UserAgent, Logger: c.Logger,
		RequestIDHeader: "client-request-id", CorrelationIDHeader: "x-client-correlation-id",
		Anonymous: true, Repeat: httppipe.RepeatSafe,
	}.ClientOptions()
	cred := &Credential{
		appOnly: c.RefreshToken == "",
		secrets: redactor(c.ClientSecret, c.RefreshToken),
		refused: make(map[string]*Error),
	}
	var err error
	if cred.appOnly {
		pipe.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: c.Authority.String()}
		cred.inner, err = azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions:              pipe,
			AdditionallyAllowedTenants: []string{"*"}, // customers' tenants come from the resources
			DisableInstanceDiscovery:   c.DisableInstanceDiscovery,
		})
	} else {
		cred.inner = newRefreshTokenCredential(c, pipe)
	}
	return cred, err
}

// AppOnly tells whether there is no user behind the tokens.
func (c *Credential) AppOnly() bool { return c.appOnly }

// GetToken implements [azcore.TokenCredential]. What Entra ID refused once it would
// refuse again, so within one run it is asked once, however many resources need
// the token.
func (c *Credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	key := o.TenantID + " " + strings.Join(o.Scopes, " ")
	c.mu.Lock()
	refused := c.refused[key]
	c.mu.Unlock()
	if refused != nil && o.Claims == "" {
		return azcore.AccessToken{}, refused
	}
	t, err := c.inner.GetToken(ctx, o)
	if err == nil || ctx.Err() != nil {
		return t, err
	}
	e := c.asError(err)
	if e.refusal() && o.Claims == "" { // refused claims say nothing about a token without them
		c.mu.Lock()
		c.refused[key] = e
		c.mu.Unlock()
	}
	return azcore.AccessToken{}, e
}

// redactor replaces secrets in texts that come from outside.
func redactor(secrets ...string) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		query, path := url.QueryEscape(s), url.PathEscape(s)
		for _, form := range []string{s, query, path, lowerHex(query), lowerHex(path)} {
			if form != "" {
				pairs = append(pairs, form, "(redacted)")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

var escape = regexp.MustCompile("%[0-9A-F]{2}")

// lowerHex spells URL escapes as .NET does.
func lowerHex(s string) string { return escape.ReplaceAllStringFunc(s, strings.ToLower) }
