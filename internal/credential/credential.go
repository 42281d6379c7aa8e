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
	// RefreshTokenFrom and ProofFrom say where both came from, such as "the file token, which NAME
	// names", for errors.
	RefreshTokenFrom, ProofFrom string
	// Warn gets what the run has to tell although it goes on. Nil drops it.
	Warn func(headline, text string)
	// Reported is what the run has reported already; see [Error.First]. All credentials of a run
	// share it.
	Reported *sync.Map
	// MaxRetries is as in [httppipe.Options].
	MaxRetries int
	// Hosts are all hosts that a run needs, for advice about proxies.
	Hosts []string
	// Authority is the sign-in host, as returned by [httppipe.ParseEndpoint].
	Authority *url.URL
	// AuthorityAliases are further hosts that the authority may name as its own.
	AuthorityAliases []string
	// DisableInstanceDiscovery skips the question to Microsoft whether Authority is
	// one of its own. Needed for hosts that are not.
	DisableInstanceDiscovery bool
	// Client, UserAgent, Texts and Logger are as in [httppipe.Options]. New makes all secrets
	// known to Texts.
	Client    *http.Client
	UserAgent string
	Texts     *httppipe.Texts
	Logger    *slog.Logger
}

// signInAPI is Microsoft Entra ID's token endpoint.
var signInAPI = &httppipe.API{Name: "Microsoft Entra ID", RequestID: "client-request-id", CorrelationID: "x-client-correlation-id"}

// maxAnswer is the largest answer with a token, in bytes.
const maxAnswer = 1 << 20

// options are those of a pipeline that signs in.
func (c Config) options(api *httppipe.API, endpoint *url.URL) httppipe.Options {
	return httppipe.Options{
		API: api, Endpoint: endpoint, Aliases: c.AuthorityAliases, Client: c.Client, UserAgent: c.UserAgent, Texts: c.Texts, Logger: c.Logger,
		Repeat: httppipe.RepeatSafe, MaxBody: maxAnswer, MaxRetries: c.MaxRetries,
	}
}

// pipe is the pipeline to the sign-in host, for azidentity.
func (c Config) pipe() azcore.ClientOptions {
	o := c.options(signInAPI, c.Authority).ClientOptions()
	o.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: c.Authority.String()}
	return o
}

// Credential implements [httppipe.Tokens]. It is safe for concurrent use. Each tenant and
// audience is asked for once, however many goroutines and clients need the token.
type Credential struct {
	config  Config
	failure *Error         // of every sign-in, or nil
	refresh *refreshTokens // nil where there is no refresh token
	appOnly bool
	asking  singleflight.Group

	mu    sync.Mutex
	known map[string]answer // by tenant and scope
}

// answer is all that is known of one tenant and audience. A refusal beside a token is that of
// its renewal.
type answer struct {
	token *httppipe.Token
	renew time.Time // when to ask for another, shortly before it expires
	pause time.Time // until when not to, since the renewal has failed
	// refused is kept for good, since Entra ID would refuse again, unless the application
	// authenticates by something else now.
	refused *Error
	proof   string
}

// New makes the credential that the configuration asks for. It does not sign in.
func New(c Config) (*Credential, error) {
	switch {
	case c.Proof.appOnly == nil:
		return nil, errors.New("the application has no proof of itself")
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
	_, err := c.Proof.appOnly(c) // it knows what it cannot use
	return cred, err
}

// Failing makes a credential that fails, for a run that may not need one.
func Failing(err error) *Credential {
	return &Credential{failure: &Error{Err: err, reported: new(sync.Map)}}
}

// Forget drops the refusals in a tenant, such as after it has consented to the application.
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

// AppOnly reports whether there is no user behind the tokens.
func (c *Credential) AppOnly() bool { return c.appOnly }

const (
	// signInTimeout bounds one sign-in, which goes on for the others who wait for it when the
	// first who asked has given up.
	signInTimeout = 20 * time.Minute
	// renewalPause is how long a token that is still good is used on when its renewal has failed.
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
			return token, err // somebody else has just asked
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInTimeout)
		defer cancel()
		var dropped *http.Response // the Azure SDK would take a sign-in's answer for the call's
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

// lookUp returns what is known, if that is still good. What meets claims is never known.
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

// ask signs in. While the token before is good, a failure of its renewal is no failure.
func (c *Credential) ask(ctx context.Context, key string, want httppipe.TokenRequest) (*httppipe.Token, error) {
	proof := c.config.Proof.version()
	token, err := c.signIn(ctx, want)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.known[key]
	if err == nil {
		c.config.Texts.AddSecrets(token.Token)
		// As azcore does, 5 minutes before it expires; sooner for short-lived ones.
		margin := min(5*time.Minute, time.Until(token.ExpiresOn)/10)
		issued := &httppipe.Token{Value: token.Token, ExpiresOn: token.ExpiresOn, Replacement: a.token != nil && a.token.Outdated()}
		c.known[key] = answer{token: issued, renew: token.ExpiresOn.Add(-margin)}
		return issued, nil
	}
	e := c.failed(err, want.TenantID)
	if want.Claims != "" { // refused claims say nothing about a token without them
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
	// azidentity keeps tokens, and this is the place where they are kept: so a new one each time.
	fresh, err := c.config.Proof.appOnly(c.config)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return fresh.GetToken(ctx, policy.TokenRequestOptions{TenantID: want.TenantID, Scopes: []string{want.Scope}, Claims: want.Claims, EnableCAE: true})
}
