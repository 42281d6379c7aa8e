package mockbackend

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Role is the agent role of a partner user: the security group of the partner tenant that makes it.
type Role string

// The roles.
const (
	AdminAgent    Role = "AdminAgents"    // reads and writes policies
	SalesAgent    Role = "SalesAgents"    // reads
	HelpdeskAgent Role = "HelpdeskAgents" // reads
)

// Partner is the partner's account: tenant, app registration and users.
type Partner struct {
	TenantID     string
	Domain       string // verified domain of the tenant
	CompanyName  string
	ClientID     string
	ClientSecret string
	Users        map[Role]User // with MFA
}

// User is a user of the partner's tenant.
type User struct {
	ObjectID          string
	UserPrincipalName string
	Roles             []Role
	MFA               bool   // its tokens have amr "mfa"
	RefreshToken      string // the first one; it stays valid when a use returns a newer one
}

// Partner returns the partner's account.
func (b *Backend) Partner() Partner {
	partner := b.partner
	partner.Users = maps.Clone(partner.Users)
	return partner
}

// User returns the partner's user with a role, signed in with MFA.
func (b *Backend) User(role Role) User { return b.partner.Users[role] }

// UserWithoutMFA returns an Admin agent whose tokens lack amr "mfa": Partner Center refuses them with 401/900421.
func (b *Backend) UserWithoutMFA() User { return b.signIn.users[len(b.signIn.users)-1] }

// signInState is what sign-in knows.
type signInState struct {
	key          []byte // of refresh and continuation tokens, secrets and job tokens
	born         time.Time
	users        []User // the last one is the one without MFA
	tokens       []userTokens
	serial       uint64
	verified     map[string]tokenClaims
	other        Application
	certificates []*x509.Certificate // registered by tests
	assertions   seenAssertions
	faults       []*SignInFault
	issued       []IssuedToken
}

func newSignInState(seed int64) signInState {
	key := sha256.Sum256(fmt.Append(nil, "mockbackend refresh tokens ", seed))
	return signInState{key: key[:], born: time.Now(), verified: map[string]tokenClaims{}}
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
		user.RefreshToken = s.print(first)
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

func (u User) has(role Role) bool { return slices.Contains(u.Roles, role) }
