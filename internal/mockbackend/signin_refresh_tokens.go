package mockbackend

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// RefreshTokens is the state of every refresh token of the partner's users.
type RefreshTokens string

// The values of Knobs.RefreshTokens.
const (
	RefreshTokensValid   RefreshTokens = "valid"
	RefreshTokensExpired RefreshTokens = "expired" // invalid_grant, AADSTS700082
	RefreshTokensRevoked RefreshTokens = "revoked" // invalid_grant, AADSTS50173
)

// CustomerTenants selects the answer to users of the partner in the tenants of customers. If the relationship ended, open
// has the same effect as noUser (choice).
type CustomerTenants string

// The values of Knobs.CustomerTenants.
const (
	CustomerTenantsOpen          CustomerTenants = "open"          // tokens
	CustomerTenantsNotAuthorized CustomerTenants = "notAuthorized" // AADSTS90099: no consent for delegated admins
	CustomerTenantsNoConsent     CustomerTenants = "noConsent"     // AADSTS65001
	CustomerTenantsNoUser        CustomerTenants = "noUser"        // AADSTS50020: no delegated admin relationship
)

// refreshTokenPrefix is the prefix of Entra's refresh tokens. The rest is opaque to clients.
const refreshTokenPrefix = "0.AXoA"

// refreshToken is the content of a refresh token. It is bound to a user and the partner's first application, but not to a
// tenant or resource.
type refreshToken struct {
	user   int
	noMFA  bool      // the user skipped multifactor authentication on the sign-in page
	serial uint64    // 0 = the first token of each user
	issued time.Time // zero for the first tokens, which are as old as the backend
}

// noMFABit is set in the user's byte of a token without multifactor authentication.
const noMFABit = 0x80

// userTokens is the state of a user's refresh tokens.
type userTokens struct {
	newest  refreshToken
	revoked uint64 // tokens with a smaller serial are revoked
}

const refreshTokenSize = 17

// encodeRefreshToken returns the same text for the same token.
func (s *signInState) encodeRefreshToken(t refreshToken) string {
	seconds := uint64(0)
	if !t.issued.IsZero() {
		seconds = uint64(t.issued.Unix())
	}
	user := byte(t.user)
	if t.noMFA {
		user |= noMFABit
	}
	payload := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte{user}, t.serial), seconds)
	return refreshTokenPrefix + base64.RawURLEncoding.EncodeToString(append(payload, s.mac(payload)...))
}

var (
	errMalformedRefreshToken = errors.New("malformed refresh token")
	errForeignRefreshToken   = errors.New("refresh token that was not issued here")
)

func (s *signInState) decodeRefreshToken(text string) (refreshToken, error) {
	encoded, ok := strings.CutPrefix(text, refreshTokenPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if !ok || err != nil || len(raw) != refreshTokenSize+sha256.Size {
		return refreshToken{}, errMalformedRefreshToken
	}
	payload := raw[:refreshTokenSize]
	user := int(payload[0] &^ noMFABit)
	if !hmac.Equal(raw[refreshTokenSize:], s.mac(payload)) || user >= len(s.users) {
		return refreshToken{}, errForeignRefreshToken
	}
	t := refreshToken{user: user, noMFA: payload[0]&noMFABit != 0, serial: binary.BigEndian.Uint64(payload[1:]), issued: s.created}
	if seconds := binary.BigEndian.Uint64(payload[9:]); seconds != 0 {
		t.issued = time.Unix(int64(seconds), 0)
	}
	return t, nil
}

// issueRefreshToken issues a new refresh token to a user. The lock is held.
func (b *Backend) issueRefreshToken(user int, mfa bool) string {
	b.signIn.serial++
	t := refreshToken{user: user, noMFA: !mfa, serial: b.signIn.serial, issued: time.Now()}
	b.signIn.tokens[user].newest = t
	text := b.signIn.encodeRefreshToken(t)
	b.rememberToken(IssuedToken{Kind: RefreshToken, Token: text, Tenant: b.partner.TenantID, User: b.signIn.users[user].UserPrincipalName})
	return text
}

func (b *Backend) checkRefreshToken(x *exchange, r *tokenRequest) *refusal {
	text := r.form.Get("refresh_token")
	if text == "" {
		return missingParameter("refresh_token")
	}
	token, err := b.signIn.decodeRefreshToken(text)
	state := userTokens{}
	if err == nil {
		state = b.signIn.tokens[token.user]
	}
	switch {
	case errors.Is(err, errMalformedRefreshToken):
		return SignInError{Code: 9002313, Error: "invalid_grant"}.refusal()
	case err != nil:
		return refuseAs(70000, "The provided value for the input parameter 'refresh_token' is not valid.")
	case r.app.ClientID != b.partner.ClientID:
		return refuseAs(700007, "")
	case x.knobs.RefreshTokens == RefreshTokensRevoked, token.serial < state.revoked:
		return refuseAs(50173, "")
	case x.knobs.RefreshTokens == RefreshTokensExpired, time.Since(token.issued) >= x.knobs.RefreshTokenLifetime:
		return refuseAs(700082, "The refresh token has expired due to inactivity. The token was issued on %s and was inactive for 90.00:00:00.", sevenDigits(token.issued))
	case !x.knobs.ReuseRefreshTokens && token.serial != state.newest.serial:
		return refuseAs(70000, "The provided refresh token was used before, and a newer one has been issued.")
	}
	if refused := b.checkCustomerTenant(x, r); refused != nil {
		return refused
	}
	r.user, r.userAt = &b.signIn.users[token.user], token.user
	r.mfa = r.user.MFA && !token.noMFA
	return b.checkConsent(x, token.user, r.audience, r.tenant)
}

// checkCustomerTenant reports whether the partner's users get tokens in the tenant.
func (b *Backend) checkCustomerTenant(x *exchange, r *tokenRequest) *refusal {
	record := b.customer(r.tenant)
	if record == nil {
		return nil
	}
	switch access := x.knobs.CustomerTenants; {
	case access == CustomerTenantsNotAuthorized:
		return refuseAs(90099, "The application '%s' has not been authorized in the tenant '%s'. Applications must be authorized to access the customer tenant before partner delegated administrators can use them.", r.app.ClientID, r.tenant)
	case access == CustomerTenantsNoConsent, !record.RelationshipEnded && !b.consented(x, record, r.app.ClientID, b.resourceOf(r.audience)):
		return refuseAs(65001, "The user or administrator has not consented to use the application with ID '%s'. Send an interactive authorization request for this user and resource.", r.app.ClientID)
	case access == CustomerTenantsNoUser, record.RelationshipEnded:
		return refuseAs(50020, "User account '{EmailHidden}' from identity provider 'https://sts.windows.net/%s/' does not exist in tenant '%s' and cannot access the application '%s' in that tenant.", b.partner.TenantID, record.CompanyName, r.app.ClientID)
	}
	return nil
}

// userIndex finds a user by object ID or user principal name.
func (s *signInState) userIndex(name string) (int, bool) {
	for i, user := range s.users {
		if strings.EqualFold(user.ObjectID, name) || strings.EqualFold(user.UserPrincipalName, name) {
			return i, true
		}
	}
	return 0, false
}

// userFor finds a user for the exported method with the given name. A user that does not exist is a violation.
func (b *Backend) userFor(method string, user User) (int, bool) {
	at, ok := b.signIn.userIndex(user.ObjectID)
	if !ok {
		b.violate("%s: no user %s", method, user.ObjectID)
	}
	return at, ok
}

// RevokeRefreshTokens revokes all refresh tokens of a user, as an administrator who revokes the user's sessions.
// Later requests with them fail with AADSTS50173. Access tokens stay valid.
func (b *Backend) RevokeRefreshTokens(user User) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at, ok := b.userFor("RevokeRefreshTokens", user); ok {
		b.signIn.tokens[at].revoked = b.signIn.serial + 1
	}
}

// NewestRefreshToken returns the last refresh token that was issued to a user, by a token request or NewRefreshToken.
func (b *Backend) NewestRefreshToken(user User) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, ok := b.userFor("NewestRefreshToken", user)
	if !ok {
		return ""
	}
	return b.signIn.encodeRefreshToken(b.signIn.tokens[at].newest)
}

// NewRefreshToken signs a user in, as in a browser, and returns the refresh token.
func (b *Backend) NewRefreshToken(user User) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, ok := b.userFor("NewRefreshToken", user)
	if !ok {
		return ""
	}
	return b.issueRefreshToken(at, b.signIn.users[at].MFA)
}
