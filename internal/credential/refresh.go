package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// refreshTokens gets access tokens with a refresh token. A refresh token belongs to a user and an
// application, not to a tenant or an audience. The same one therefore works for Partner Center and
// every customer's tenant.
type refreshTokens struct {
	config Config
	caller *httppipe.Caller

	mu           sync.Mutex
	refreshToken string // the newest one
	warned       bool   // the failure to store it was reported
}

func newRefreshTokens(c Config) *refreshTokens {
	return &refreshTokens{config: c, caller: httppipe.NewCaller(c.options(signInAPI, c.Authority)), refreshToken: c.RefreshToken}
}

// token requests an access token
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
		err = errUnreadable // the decoder's error could contain part of a token
	}
	if err != nil {
		return azcore.AccessToken{}, err
	}
	r.rotate(t.RefreshToken)
	return azcore.AccessToken{Token: t.AccessToken, ExpiresOn: start.Add(time.Duration(min(t.ExpiresIn, 24*60*60)) * time.Second)}, nil
}

// rotate keeps the refresh token that came with an access token. The previous one stays valid. With
// concurrent requests, any of the new ones can therefore be kept, and the run continues if the new
// one cannot be stored.
func (r *refreshTokens) rotate(token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if token == "" || token == r.refreshToken {
		return
	}
	r.refreshToken = token
	r.config.Texts.AddSecrets(token)
	path := r.config.RefreshTokenOutputPath
	if path == "" {
		return
	}
	err := WriteRefreshToken(path, token, Owner{r.config.TenantID, r.config.ClientID}, r.config.RefreshToken)
	if err != nil && !r.warned {
		r.warned = true
		r.config.Warn("The new refresh token could not be stored",
			fmt.Sprintf("%s. The run continues, and the refresh token that was stored before stays there. It is valid until 90 days after it was issued.\n\n"+
				"What to do: make sure that %s can be written, and run again before then.", err, path))
	}
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
