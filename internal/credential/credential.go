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
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/sync/singleflight"

	"terraform-provider-partnercenter/internal/httppipe"
)

// Config holds the settings of the provider block and the environment.
type Config struct {
	// TenantID is the partner's tenant: a GUID or a verified domain.
	TenantID string
	// ClientID is the application. Only [AzureCLI] goes without.
	ClientID string
	// Proof is how the application proves itself.
	Proof Proof
	// RefreshToken makes it app+user. Empty means app-only.
	RefreshToken string
	// RefreshTokenOutputPath is where the newest refresh token is written each time Entra ID
	// replaces it. Empty means that it is lost when the run ends.
	RefreshTokenOutputPath string
	// Authority is the sign-in host, as returned by [httppipe.ParseEndpoint].
	Authority *url.URL
	// AuthorityAliases are further hosts that the authority may name as its own.
	AuthorityAliases []string
	// DisableInstanceDiscovery skips the question to Microsoft whether Authority is
	// one of its own. Needed for hosts that are not.
	DisableInstanceDiscovery bool
	// Client, UserAgent and Logger are as in [httppipe.Options].
	Client    *http.Client
	UserAgent string
	Logger    *slog.Logger
}

// pipe is the pipeline to the sign-in host.
func (c Config) pipe() azcore.ClientOptions {
	o := httppipe.Options{
		Endpoint: c.Authority, Aliases: c.AuthorityAliases, Client: c.Client, UserAgent: c.UserAgent, Logger: c.Logger,
		RequestIDHeader: "client-request-id", CorrelationIDHeader: "x-client-correlation-id",
		Anonymous: true, Repeat: httppipe.RepeatSafe,
	}.ClientOptions()
	o.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: c.Authority.String()}
	return o
}

// Credential implements [azcore.TokenCredential]. It is safe for concurrent use. Each tenant
// and audience is asked for once, however many goroutines and clients need the token: tokens
// are kept until shortly before they expire, and refusals for good, since Entra ID would
// refuse again.
type Credential struct {
	make    func() (azcore.TokenCredential, error)
	appOnly bool
	secrets *strings.Replacer
	asking  singleflight.Group

	mu    sync.Mutex
	inner azcore.TokenCredential
	known map[string]answer // by tenant and scopes
}

// answer is what Entra ID said last: a token or a refusal.
type answer struct {
	token   azcore.AccessToken
	renew   time.Time // when to ask again
	refused *Error
}

// New makes the credential that the configuration asks for. It does not sign in.
func New(c Config) (*Credential, error) {
	switch {
	case c.Proof.appOnly == nil:
		return nil, errors.New("the application has no proof of itself")
	case c.TenantID == "" || c.ClientID == "" && !c.Proof.user:
		return nil, errors.New("a tenant id and a client id are needed")
	case c.RefreshToken != "" && c.Proof.user:
		return nil, errors.New("a refresh token cannot be combined with the Azure CLI, which signs in a user by itself")
	}
	cred := &Credential{
		make:    func() (azcore.TokenCredential, error) { return c.Proof.appOnly(c) },
		appOnly: c.RefreshToken == "" && !c.Proof.user,
		secrets: redactor(append(c.Proof.secrets, c.RefreshToken)...),
		known:   make(map[string]answer),
	}
	if c.RefreshToken != "" {
		refresh := newRefreshTokenCredential(c)
		cred.make = func() (azcore.TokenCredential, error) { return refresh, nil }
	}
	var err error
	cred.inner, err = cred.make()
	return cred, err
}

// AppOnly tells whether there is no user behind the tokens.
func (c *Credential) AppOnly() bool { return c.appOnly }

// signInTimeout bounds one sign-in, which goes on for the others who wait for it when the
// first who asked has given up.
const signInTimeout = 20 * time.Minute

// GetToken implements [azcore.TokenCredential].
func (c *Credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	key := strings.ToLower(o.TenantID) + " " + strings.Join(o.Scopes, " ")
	rejected := httppipe.RejectedToken(ctx)
	if o.Claims == "" {
		if token, err, ok := c.lookUp(key, rejected); ok {
			return token, err
		}
	}
	result := c.asking.DoChan(key+" "+o.Claims+" "+rejected, func() (any, error) {
		if o.Claims == "" {
			if token, err, ok := c.lookUp(key, rejected); ok {
				return token, err // somebody else has just asked
			}
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInTimeout)
		defer cancel()
		return c.ask(ctx, key, o, rejected != "")
	})
	select {
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	case r := <-result:
		token, _ := r.Val.(azcore.AccessToken)
		return token, r.Err
	}
}

// lookUp returns what is known, if that is still good.
func (c *Credential) lookUp(key, rejected string) (azcore.AccessToken, error, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.known[key]
	switch {
	case !ok:
	case a.refused != nil:
		return azcore.AccessToken{}, a.refused, true
	case time.Now().Before(a.renew) && a.token.Token != rejected:
		return a.token, nil, true
	}
	return azcore.AccessToken{}, nil, false
}

// ask signs in. With renew it does so with a new inner credential: azidentity keeps tokens by
// itself and would hand the rejected one out again.
func (c *Credential) ask(ctx context.Context, key string, o policy.TokenRequestOptions, renew bool) (azcore.AccessToken, error) {
	c.mu.Lock()
	inner := c.inner
	c.mu.Unlock()
	if renew {
		fresh, err := c.make()
		if err != nil {
			return azcore.AccessToken{}, err
		}
		inner = fresh
		c.mu.Lock()
		c.inner = fresh
		c.mu.Unlock()
	}
	token, err := inner.GetToken(ctx, o)
	if err == nil {
		// As azcore does, 5 minutes before it expires; sooner for short-lived ones.
		margin := min(5*time.Minute, time.Until(token.ExpiresOn)/10)
		c.keep(key, answer{token: token, renew: token.ExpiresOn.Add(-margin)})
		return token, nil
	}
	e := c.asError(err)
	if e.refusal() && o.Claims == "" { // refused claims say nothing about a token without them
		c.keep(key, answer{refused: e})
	}
	return azcore.AccessToken{}, e
}

func (c *Credential) keep(key string, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[key] = a
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
