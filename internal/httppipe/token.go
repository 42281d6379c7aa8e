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

// TokenRequest describes the access token that a request needs.
type TokenRequest struct {
	// TenantID is the tenant to sign in to. Empty means the credential's own tenant.
	TenantID string
	// Scope is the audience followed by /.default.
	Scope string
	// Claims are the claims that a server required in a claims challenge, as JSON, or "".
	Claims string
}

// Tokens provides access tokens. An implementation caches each token until it expires or is
// outdated. Package credential implements it.
type Tokens interface {
	Token(ctx context.Context, want TokenRequest) (*Token, error)
}

// Token is an access token, and whether servers accepted it.
type Token struct {
	Value     string
	ExpiresOn time.Time
	// Replacement means that it was issued to replace an outdated token.
	Replacement bool

	accepted, outdated, final atomic.Bool
}

// Outdated reports whether a new token has to be requested.
func (t *Token) Outdated() bool { return t.outdated.Load() }

// Renew makes the next request get a new token. Access that was granted after a token was issued
// may not be in effect with that token.
func (t *Token) Renew() { t.outdated.Store(true) }

// reject renews a token that was answered with 401, unless that is known to be useless. It is
// useless if the token replaced another rejected token and no server has accepted it since, or if a
// call was refused with both. Without this rule, a server that always answers 401 would cause one
// sign-in per call.
func (t *Token) reject() {
	if !t.final.Load() && (!t.Replacement || t.accepted.Load()) {
		t.Renew()
	}
}

// tokenPolicy adds an access token to each attempt.
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
	all.token, all.claims = token, "" // the token that satisfies the claims is cached
	req.Raw().Header.Set("Authorization", "Bearer "+token.Value)
	resp, err := req.Next()
	switch {
	case err != nil:
	case resp.StatusCode == http.StatusUnauthorized:
		all.claims = claimsOf(resp.Header)
		resp.Header.Del("WWW-Authenticate") // the Azure SDK would act on it as well
	default:
		token.accepted.Store(true)
	}
	return resp, err
}

// signInError is a failed sign-in. Transient errors were already retried during the sign-in.
type signInError struct{ error }

func (e *signInError) Unwrap() error { return e.error }

// NonRetriable marks the error for azcore.
func (*signInError) NonRetriable() {}

// renewal decides after a 401 whether to retry the call, and whether to renew the token. Each call
// is retried once.
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

// claimsOf returns the claims of a claims challenge, or ""
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
