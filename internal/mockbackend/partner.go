package mockbackend

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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

// signInState is what sign-in knows: immutable but for the serial number and the tokens seen.
type signInState struct {
	key      []byte // of refresh and continuation tokens
	users    []User // the last one is the one without MFA
	serial   uint64
	verified map[string]tokenClaims
}

func newSignInState(seed int64) signInState {
	key := sha256.Sum256(fmt.Append(nil, "mockbackend refresh tokens ", seed))
	return signInState{key: key[:], verified: map[string]tokenClaims{}}
}

func (s *signInState) newPartner() Partner {
	partner := Partner{
		TenantID: PartnerTenantID, Domain: PartnerDomain, CompanyName: "Partner Demo", ClientID: "b9c8d7e6-f5a4-4b32-8190-a7b6c5d4e010",
		ClientSecret: "mock~" + base64.RawURLEncoding.EncodeToString(s.mac([]byte("client secret"))), Users: map[Role]User{},
	}
	add := func(name string, mfa bool, roles ...Role) User {
		user := User{ObjectID: guidFor("user", name), UserPrincipalName: name + "@" + PartnerDomain, Roles: roles, MFA: mfa}
		user.RefreshToken = s.refreshToken(len(s.users), 0)
		s.users = append(s.users, user)
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

// refreshTokenPrefix looks like Entra's; what follows is opaque.
const refreshTokenPrefix = "0.AXoA"

// refreshToken makes the token of a user with a serial number; the same arguments give the same token.
func (s *signInState) refreshToken(user int, serial uint64) string {
	payload := binary.BigEndian.AppendUint64([]byte{byte(user)}, serial)
	return refreshTokenPrefix + base64.RawURLEncoding.EncodeToString(append(payload, s.mac(payload)...))
}

var (
	errMalformedRefreshToken = errors.New("malformed refresh token")
	errForeignRefreshToken   = errors.New("refresh token that was not issued here")
)

// userOf reads a refresh token.
func (s *signInState) userOf(token string) (int, error) {
	encoded, ok := strings.CutPrefix(token, refreshTokenPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if !ok || err != nil || len(raw) != 9+sha256.Size {
		return 0, errMalformedRefreshToken
	}
	if !hmac.Equal(raw[9:], s.mac(raw[:9])) || int(raw[0]) >= len(s.users) {
		return 0, errForeignRefreshToken
	}
	return int(raw[0]), nil
}

func (u User) has(role Role) bool { return slices.Contains(u.Roles, role) }
