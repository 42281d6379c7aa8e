package httppipe

import (
	"context"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// TokenRequest says what an access token is for.
type TokenRequest struct {
	// TenantID is the tenant to sign in to; "" means the credential's own.
	TenantID string
	// Scope is the audience followed by /.default.
	Scope string
	// Claims are what a server asked for in a claims challenge, as JSON, or "".
	Claims string
}

// Tokens are where pipelines get their access tokens. An implementation keeps each token until
// it expires or is outdated; package credential has the one that signs in.
type Tokens interface {
	Token(ctx context.Context, want TokenRequest) (*Token, error)
}

// Token is an access token and what servers think of it.
type Token struct {
	Value     string
	ExpiresOn time.Time
	// Replacement says that it was issued in the place of an outdated one.
	Replacement bool

	accepted, outdated, final atomic.Bool
}

// Outdated reports whether another one has to be asked for.
func (t *Token) Outdated() bool { return t.outdated.Load() }

// Renew makes the next request ask for another token: access that was granted after a token was
// issued may not be in effect with it.
func (t *Token) Renew() { t.outdated.Store(true) }

// reject renews a token that was answered 401, unless that is known to be in vain: it came in
// the place of another that was rejected and no server has accepted it since, or a call was
// refused with both. Without that a server that answers 401 for good would cost a sign-in a call.
func (t *Token) reject() {
	if !t.final.Load() && (!t.Replacement || t.accepted.Load()) {
		t.Renew()
	}
}

// tokenPolicy authenticates each attempt.
type tokenPolicy struct {
	tokens Tokens
	want   TokenRequest
}

func (p *tokenPolicy) Do(req *policy.Request) (*http.Response, error) {
	ctx := req.Raw().Context()
	all := attemptsOf(ctx)
	want := p.want
	want.Claims = all.claims
	token, err := p.tokens.Token(ctx, want)
	if err != nil {
		return nil, &signInError{err}
	}
	all.token, all.claims = token, "" // the token that meets them is the one that is kept
	req.Raw().Header.Set("Authorization", "Bearer "+token.Value)
	resp, err := req.Next()
	switch {
	case err != nil:
	case resp.StatusCode == http.StatusUnauthorized:
		all.claims = claimsOf(resp.Header)
		resp.Header.Del("WWW-Authenticate") // the Azure SDK would act on it, too
	default:
		token.accepted.Store(true)
	}
	return resp, err
}

// signInError is the failure of a sign-in. What passes by itself has been retried in it.
type signInError struct{ error }

func (e *signInError) Unwrap() error { return e.error }

// NonRetriable marks the error for azcore.
func (*signInError) NonRetriable() {}

// renewal decides after a 401 whether the call is worth its one repetition, and with which token.
func (a *attempts) renewal() bool {
	switch {
	case a.token == nil:
		return false
	case a.rejected != nil:
		if a.rejected != a.token {
			a.token.final.Store(true)
		}
		return false
	}
	a.rejected = a.token
	if a.claims == "" {
		a.token.reject()
	}
	return true
}

var claimsParameter = regexp.MustCompile(`\bclaims="([^"]+)"`)

// claimsOf returns the claims of a challenge, or ""
// (https://learn.microsoft.com/entra/identity-platform/claims-challenge).
func claimsOf(h http.Header) string {
	for _, challenge := range h.Values("WWW-Authenticate") {
		m := claimsParameter.FindStringSubmatch(challenge)
		if m == nil || !strings.Contains(challenge, "insufficient_claims") {
			continue
		}
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			if b, err := encoding.DecodeString(m[1]); err == nil {
				return string(b)
			}
		}
	}
	return ""
}
