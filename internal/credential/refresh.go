package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// refreshTokenCredential exchanges a refresh token for access tokens. The refresh
// token is bound to user and application, not to a tenant or an audience, so the
// same one serves Partner Center and every customer's tenant. It keeps no access
// tokens: [Credential] does, and asks for each once.
type refreshTokenCredential struct {
	config   Config
	pipeline runtime.Pipeline

	mu           sync.Mutex
	refreshToken string // the newest
}

func newRefreshTokenCredential(c Config) *refreshTokenCredential {
	o := c.pipe()
	return &refreshTokenCredential{
		config:       c,
		pipeline:     runtime.NewPipeline("", "", runtime.PipelineOptions{}, &o),
		refreshToken: c.RefreshToken,
	}
}

func (r *refreshTokenCredential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	tenant := o.TenantID
	if tenant == "" {
		tenant = r.config.TenantID
	}
	r.mu.Lock()
	refreshToken := r.refreshToken
	r.mu.Unlock()
	tokenURL := r.config.Authority.JoinPath(tenant, "oauth2", "v2.0", "token").String()
	form, err := r.config.Proof.fields(ctx, r.config, tokenURL)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	form.Set("grant_type", "refresh_token")
	form.Set("client_id", r.config.ClientID)
	form.Set("refresh_token", refreshToken)
	form.Set("scope", strings.Join(o.Scopes, " ")+" offline_access")
	if o.Claims != "" {
		form.Set("claims", o.Claims)
	}
	req, err := runtime.NewRequest(ctx, http.MethodPost, tokenURL)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Raw().Header.Set("Accept", "application/json")
	if err := req.SetBody(streaming.NopCloser(strings.NewReader(form.Encode())), "application/x-www-form-urlencoded"); err != nil {
		return azcore.AccessToken{}, err
	}
	start := time.Now()
	resp, err := r.pipeline.Do(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	if resp.StatusCode != http.StatusOK {
		e := parseError(resp.StatusCode, body)
		e.Description = redactor(refreshToken).Replace(e.Description) // a rotated one is in no configuration
		return azcore.AccessToken{}, e
	}
	var t tokenResponse
	if err := json.Unmarshal(bytes.TrimPrefix(body, bom), &t); err != nil || t.AccessToken == "" || t.ExpiresIn <= 0 {
		// The decoder's error could repeat a part of a token.
		return azcore.AccessToken{}, errUnreadable
	}
	if err := r.rotate(t.RefreshToken); err != nil {
		return azcore.AccessToken{}, err
	}
	return azcore.AccessToken{Token: t.AccessToken, ExpiresOn: start.Add(time.Duration(min(t.ExpiresIn, 24*60*60)) * time.Second)}, nil
}

// rotate keeps the refresh token that came with an access token. The one before stays valid,
// so that of several tenants asked at once any will do.
func (r *refreshTokenCredential) rotate(token string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if token == "" || token == r.refreshToken {
		return nil
	}
	r.refreshToken = token
	if r.config.RefreshTokenOutputPath == "" {
		return nil
	}
	return writeRefreshToken(r.config.RefreshTokenOutputPath, token)
}

var errUnreadable = errors.New("the sign-in service answered 200 without a token that can be read")

type tokenResponse struct {
	AccessToken  string  `json:"access_token"`
	RefreshToken string  `json:"refresh_token"`
	ExpiresIn    seconds `json:"expires_in"`
}

// seconds is a number that the older endpoint sends as a string.
type seconds int64

func (s *seconds) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	*s = seconds(n)
	return err
}
