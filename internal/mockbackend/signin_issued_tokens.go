package mockbackend

import "time"

// issuedSize is how many tokens are remembered.
const issuedSize = 10_000

// TokenKind is what a token is for.
type TokenKind string

// The kinds of tokens.
const (
	AccessToken     TokenKind = "access"
	RefreshToken    TokenKind = "refresh"
	IDToken         TokenKind = "id"
	OIDCToken       TokenKind = "oidc"      // of a CI system or cluster
	ClientAssertion TokenKind = "assertion" // not issued but accepted: signed by the application with its certificate
)

// IssuedToken is a token that the mock gave out. Whoever finds its text in a log or a file has found a leak.
type IssuedToken struct {
	Time     time.Time `json:"time"`
	Kind     TokenKind `json:"kind"`
	Token    string    `json:"token"`
	Tenant   string    `json:"tenant,omitempty"`
	Audience string    `json:"audience,omitempty"`
	User     string    `json:"user,omitempty"` // user principal name; empty = app-only
}

// IssuedTokens returns the last 10,000 tokens, oldest first. The first refresh tokens of the users are not among them:
// see User.
func (b *Backend) IssuedTokens() []IssuedToken {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]IssuedToken{}, b.signIn.issued[max(0, len(b.signIn.issued)-issuedSize):]...)
}

// issued remembers a token. The lock is held.
func (b *Backend) rememberToken(token IssuedToken) {
	token.Time = time.Now()
	if len(b.signIn.issued) >= 2*issuedSize {
		b.signIn.issued = append([]IssuedToken{}, b.signIn.issued[issuedSize:]...)
	}
	b.signIn.issued = append(b.signIn.issued, token)
}
