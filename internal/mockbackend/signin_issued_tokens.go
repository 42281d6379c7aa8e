package mockbackend

import "time"

// issuedSize is the number of tokens that are kept.
const issuedSize = 10_000

// TokenKind is the kind of a token.
type TokenKind string

// The kinds of tokens.
const (
	AccessToken     TokenKind = "access"
	RefreshToken    TokenKind = "refresh"
	IDToken         TokenKind = "id"
	OIDCToken       TokenKind = "oidc"      // of a CI system or cluster
	ClientAssertion TokenKind = "assertion" // accepted, not issued: signed by the application with its certificate

	AuthorizationCode TokenKind = "code"
	DeviceCode        TokenKind = "device_code"
)

// IssuedToken is a token that the mock issued. A test that finds it in a log or a file has found a leak.
type IssuedToken struct {
	Time     time.Time `json:"time"`
	Kind     TokenKind `json:"kind"`
	Token    string    `json:"token"`
	Tenant   string    `json:"tenant,omitempty"`
	Audience string    `json:"audience,omitempty"`
	User     string    `json:"user,omitempty"` // user principal name; empty = app-only
}

// IssuedTokens returns the last 10,000 tokens, oldest first. It does not include the first refresh token of each user,
// which is User.RefreshToken.
func (b *Backend) IssuedTokens() []IssuedToken {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]IssuedToken{}, b.signIn.issued[max(0, len(b.signIn.issued)-issuedSize):]...)
}

// rememberToken adds a token to IssuedTokens. The lock is held.
func (b *Backend) rememberToken(token IssuedToken) {
	token.Time = time.Now()
	if len(b.signIn.issued) >= 2*issuedSize {
		b.signIn.issued = append([]IssuedToken{}, b.signIn.issued[issuedSize:]...)
	}
	b.signIn.issued = append(b.signIn.issued, token)
}
