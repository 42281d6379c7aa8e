package credential

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"terraform-provider-partnercenter/internal/httppipe"
)

// refreshTokens exchanges a refresh token for access tokens. The refresh token is bound to user
// and application, not to a tenant or an audience, so the same one serves Partner Center and
// every customer's tenant.
type refreshTokens struct {
	config Config
	caller *httppipe.Caller

	mu           sync.Mutex
	refreshToken string // the newest
}

func newRefreshTokens(c Config) *refreshTokens {
	return &refreshTokens{config: c, caller: httppipe.NewCaller(c.options(signInAPI, c.Authority)), refreshToken: c.RefreshToken}
}

// token asks for an access token
// (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token).
func (r *refreshTokens) token(ctx context.Context, want httppipe.TokenRequest) (azcore.AccessToken, error) {
	path := httppipe.PathOf(cmp.Or(want.TenantID, r.config.TenantID), "oauth2", "v2.0", "token")
	form, err := r.config.Proof.fields(ctx, r.config, r.config.Authority.String()+path)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	r.mu.Lock()
	form.Set("refresh_token", r.refreshToken)
	r.mu.Unlock()
	form.Set("grant_type", "refresh_token")
	form.Set("client_id", r.config.ClientID)
	form.Set("scope", want.Scope+" offline_access")
	if want.Claims != "" {
		form.Set("claims", want.Claims)
	}
	var t tokenResponse
	start := time.Now()
	_, err = r.caller.Do(ctx, httppipe.Call{Method: http.MethodPost, Path: path, Body: form, Answer: &t, Need: true, Check: func() error {
		if t.AccessToken == "" || t.ExpiresIn <= 0 {
			return httppipe.ErrUnreadable
		}
		return nil
	}})
	if failed, ok := errors.AsType[*httppipe.Error](err); ok && failed.StatusCode == http.StatusOK {
		err = errUnreadable // the decoder's error could repeat a part of a token
	}
	if err != nil {
		return azcore.AccessToken{}, err
	}
	if err := r.rotate(t.RefreshToken); err != nil {
		return azcore.AccessToken{}, err
	}
	return azcore.AccessToken{Token: t.AccessToken, ExpiresOn: start.Add(time.Duration(min(t.ExpiresIn, 24*60*60)) * time.Second)}, nil
}

// rotate keeps the refresh token that came with an access token. The one before stays valid,
// so that of several tenants asked at once any will do.
func (r *refreshTokens) rotate(token string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if token == "" || token == r.refreshToken {
		return nil
	}
	r.refreshToken = token
	r.config.Texts.AddSecrets(token)
	if r.config.RefreshTokenOutputPath == "" {
		return nil
	}
	return writeRefreshToken(r.config.RefreshTokenOutputPath, token)
}

var errUnreadable = errors.New("the sign-in service answered 200 without a token that can be read")

type tokenResponse struct {
	AccessToken  string  `json:"access_token" text:"raw"`
	RefreshToken string  `json:"refresh_token" text:"raw"`
	ExpiresIn    seconds `json:"expires_in"`
}

// seconds is a number that the older endpoint sends as a string.
type seconds int64

func (s *seconds) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	*s = seconds(n)
	return err
}
