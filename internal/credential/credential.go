package credential

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/sync/singleflight"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Config contains the settings from the provider block and the environment.
type Config struct {
	// TenantID is the partner's tenant: a GUID or a verified domain.
	TenantID string
	// ClientID is the application ID. It is optional for [AzureCLI] only.
	ClientID string
	// Proof is the credential of the application.
	Proof Proof
	// RefreshToken selects app+user sign-in. Empty means app-only.
	RefreshToken string
	// RefreshTokenOutputPath is the file that receives the newest refresh token whenever Entra ID
	// replaces it. If it is empty, newer refresh tokens are lost when the run ends.
	RefreshTokenOutputPath string
	// RefreshTokenFrom and ProofFrom describe the sources of both credentials for errors, such as
	// "the file token, which NAME names".
	RefreshTokenFrom, ProofFrom string
	// Warn receives warnings that do not stop the run. Nil discards them.
	Warn func(headline, text string)
	// Reported contains the errors that the run has already reported; see [Error.First]. All
	// credentials of a run share it.
	Reported *sync.Map
	// MaxRetries has the same meaning as in [httppipe.Options].
	MaxRetries int
	// Hosts contains all hosts that a run needs, for advice about proxies.
	Hosts []string
	// Authority is the sign-in host, as returned by [httppipe.ParseEndpoint].
	Authority *url.URL
	// AuthorityAliases are other hosts that the authority's metadata may contain.
	AuthorityAliases []string
	// DisableInstanceDiscovery disables the request to Microsoft that verifies that Authority is
	// one of its hosts. It is required for other hosts.
	DisableInstanceDiscovery bool
	// Client, UserAgent, Texts and Logger have the same meaning as in [httppipe.Options]. New adds
	// all secrets to Texts.
	Client    *http.Client
	UserAgent string
	Texts     *httppipe.Texts
	Logger    *slog.Logger
}

// signInAPI describes Microsoft Entra ID's token endpoint.
var signInAPI = &httppipe.API{Name: "Microsoft Entra ID", RequestID: "client-request-id", CorrelationID: "x-client-correlation-id"}

// maxAnswer is the maximum size of an answer with a token, in bytes.
const maxAnswer = 1 << 20

// options returns the options of a pipeline for sign-in.
func (c Config) options(api *httppipe.API, endpoint *url.URL) httppipe.Options {
	return httppipe.Options{
		API: api, Endpoint: endpoint, Aliases: c.AuthorityAliases, Client: c.Client, UserAgent: c.UserAgent, Texts: c.Texts, Logger: c.Logger,
		Repeat: httppipe.RepeatSafe, MaxBody: maxAnswer, MaxRetries: c.MaxRetries,
	}
}

// pipe returns the pipeline options for azidentity, for the sign-in host.
func (c Config) pipe() azcore.ClientOptions {
	o := c.options(signInAPI, c.Authority).ClientOptions()
	o.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: c.Authority.String()}
	return o
}

// Credential implements [httppipe.Tokens]. It is safe for concurrent use. It requests one token for
// each tenant and audience, which all goroutines and clients share.
type Credential struct {
	config  Config
	failure *Error         // the error of every sign-in, or nil
	refresh *refreshTokens // nil without a refresh token
	appOnly bool
	asking  singleflight.Group

	mu    sync.Mutex
	known map[string]answer // by tenant and scope
}

// answer is the cached state of one tenant and audience. If it has both a token and a refusal, the
// renewal of the token was refused.
type answer struct {
	token *httppipe.Token
	renew time.Time // when to request a new token, shortly before expiry
	pause time.Time // no renewal before this time, because the last one failed
	// refused is cached permanently, because Entra ID would refuse again. It is dropped if the
	// credential of the application changes.
	refused *Error
	proof   string
}

// New returns a credential for the configuration. It does not sign in.
func New(c Config) (*Credential, error) {
	switch {
	case c.Proof.appOnly == nil:
		return nil, errors.New("the application has no credential")
	case c.TenantID == "" || c.ClientID == "" && !c.Proof.user:
		return nil, errors.New("a tenant ID and a client ID are needed")
	case c.RefreshToken != "" && c.Proof.user:
		return nil, errors.New("a refresh token cannot be combined with the Azure CLI, which signs in a user by itself")
	}
	if c.Texts == nil {
		c.Texts = new(httppipe.Texts)
	}
	if c.Warn == nil {
		c.Warn = func(string, string) {}
	}
	c.Texts.AddSecrets(append(c.Proof.secrets, c.RefreshToken)...)
	cred := &Credential{config: c, appOnly: c.RefreshToken == "" && !c.Proof.user, known: make(map[string]answer)}
	if c.RefreshToken != "" {
		cred.refresh = newRefreshTokens(c)
		return cred, nil
	}
	_, err := c.Proof.appOnly(c) // it validates its settings
	return cred, err
}

// Failing returns a credential that always fails, for a run that may not need one.
func Failing(err error) *Credential {
	return &Credential{failure: &Error{Err: err, reported: new(sync.Map)}}
}

// Forget removes the cached refusals of a tenant, for example after it consented to the
// application.
func (c *Credential) Forget(tenantID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, a := range c.known {
		if strings.HasPrefix(key, strings.ToLower(tenantID)+" ") && a.refused != nil {
			a.refused = nil
			c.known[key] = a
		}
	}
}

// AppOnly reports whether the tokens have no user.
func (c *Credential) AppOnly() bool { return c.appOnly }

const (
	// signInTimeout is the timeout of one sign-in. The sign-in continues for other waiting callers
	// if the first one gives up.
	signInTimeout = 20 * time.Minute
	// renewalPause is how long a valid token is used after a failed renewal, before the next
	// attempt.
	renewalPause = 30 * time.Second
)

// Token implements [httppipe.Tokens].
func (c *Credential) Token(ctx context.Context, want httppipe.TokenRequest) (*httppipe.Token, error) {
	if c.failure != nil {
		return nil, c.failure
	}
	key := strings.ToLower(want.TenantID) + " " + want.Scope
	if token, err := c.lookUp(key, want.Claims); token != nil || err != nil {
		return token, err
	}
	result := c.asking.DoChan(key+" "+want.Claims, func() (any, error) {
		if token, err := c.lookUp(key, want.Claims); token != nil || err != nil {
			return token, err // another caller has just signed in
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInTimeout)
		defer cancel()
		var dropped *http.Response // the Azure SDK would mistake the answer to a sign-in for the answer to the call
		return c.ask(policy.WithCaptureResponse(ctx, &dropped), key, want)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		token, _ := r.Val.(*httppipe.Token)
		return token, r.Err
	}
}

// lookUp returns the cached token or refusal if it is still valid. Requests with claims bypass the
// cache.
func (c *Credential) lookUp(key, claims string) (*httppipe.Token, error) {
	c.mu.Lock()
	a := c.known[key]
	c.mu.Unlock()
	now := time.Now()
	good := a.token != nil && now.Before(a.token.ExpiresOn)
	refused := a.refused != nil && a.proof == c.config.Proof.version()
	switch {
	case claims != "":
	case good && now.Before(a.renew) && !a.token.Outdated(), good && (refused || now.Before(a.pause)):
		return a.token, nil
	case refused:
		return nil, a.refused
	}
	return nil, nil
}

// ask signs in. A failed renewal is not an error while the current token is valid.
func (c *Credential) ask(ctx context.Context, key string, want httppipe.TokenRequest) (*httppipe.Token, error) {
	proof := c.config.Proof.version()
	token, err := c.signIn(ctx, want)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.known[key]
	if err == nil {
		c.config.Texts.AddSecrets(token.Token)
		// Renew 5 minutes before expiry, as azcore does. The margin is smaller for short-lived
		// tokens.
		margin := min(5*time.Minute, time.Until(token.ExpiresOn)/10)
		issued := &httppipe.Token{Value: token.Token, ExpiresOn: token.ExpiresOn, Replacement: a.token != nil && a.token.Outdated()}
		c.known[key] = answer{token: issued, renew: token.ExpiresOn.Add(-margin)}
		return issued, nil
	}
	e := c.failed(err, want.TenantID)
	if want.Claims != "" { // refused claims do not apply to a token without claims
		return nil, e
	}
	if e.refusal() {
		a.refused, a.proof = e, proof
	}
	good := a.token != nil && time.Now().Before(a.token.ExpiresOn)
	if good {
		a.pause = time.Now().Add(renewalPause)
	}
	c.known[key] = a
	if good {
		return a.token, nil
	}
	return nil, e
}

func (c *Credential) signIn(ctx context.Context, want httppipe.TokenRequest) (azcore.AccessToken, error) {
	if c.refresh != nil {
		return c.refresh.token(ctx, want)
	}
	// azidentity caches tokens, but this package has its own cache. So each sign-in uses a new
	// credential.
	fresh, err := c.config.Proof.appOnly(c.config)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return fresh.GetToken(ctx, policy.TokenRequestOptions{TenantID: want.TenantID, Scopes: []string{want.Scope}, Claims: want.Claims, EnableCAE: true})
}
