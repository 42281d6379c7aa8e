package mockbackend

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"time"
)

// signInState is the state of sign-in.
type signInState struct {
	key          []byte // key for refresh and continuation tokens, secrets and job tokens
	created      time.Time
	users        []User // the last one is the one without MFA
	tokens       []userTokens
	serial       uint64
	tokenKey     *rsa.PrivateKey // see signingKey
	verified     map[string]tokenClaims
	other        Application
	certificates []*x509.Certificate // registered by tests
	assertions   seenAssertions
	faults       []*SignInFault
	issued       []IssuedToken
	interactive  interactive
}

func newSignInState(seed int64) signInState {
	key := sha256.Sum256(fmt.Append(nil, "mockbackend refresh tokens ", seed))
	return signInState{key: key[:], created: time.Now(), verified: map[string]tokenClaims{}, interactive: newInteractive()}
}

func (s *signInState) newPartner() Partner {
	partner := Partner{
		TenantID: PartnerTenantID, Domain: PartnerDomain, CompanyName: "Partner Demo", ClientID: "b9c8d7e6-f5a4-4b32-8190-a7b6c5d4e010",
		ClientSecret: s.secret("client secret"), Users: map[Role]User{},
	}
	s.other = Application{ClientID: "0a1b2c3d-4e5f-4607-8819-2a3b4c5d6e19", ClientSecret: s.secret("other client secret")}
	add := func(name string, mfa bool, roles ...Role) User {
		user := User{ObjectID: guidFor("user", name), UserPrincipalName: name + "@" + PartnerDomain, Roles: roles, MFA: mfa}
		first := refreshToken{user: len(s.users)}
		user.RefreshToken = s.encodeRefreshToken(first)
		s.users = append(s.users, user)
		s.tokens = append(s.tokens, userTokens{newest: first})
		return user
	}
	partner.Users[AdminAgent] = add("admin.agent", true, AdminAgent)
	partner.Users[SalesAgent] = add("sales.agent", true, SalesAgent)
	partner.Users[HelpdeskAgent] = add("helpdesk.agent", true, HelpdeskAgent)
	add("no-mfa.agent", false, AdminAgent)
	return partner
}

func (s *signInState) mac(data []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(data)
	return mac.Sum(nil)
}

func (s *signInState) secret(purpose string) string {
	return "mock~" + base64.RawURLEncoding.EncodeToString(s.mac([]byte(purpose)))
}
