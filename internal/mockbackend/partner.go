package mockbackend

import (
	"maps"
	"slices"
)

// Role is the agent role of a partner user, which is a security group of the partner tenant.
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
	MFA               bool   // its access tokens have amr "mfa"
	RefreshToken      string // the first one; it stays valid after a use returns a newer one
}

// Partner returns the partner's account.
func (b *Backend) Partner() Partner {
	partner := b.partner
	partner.Users = maps.Clone(partner.Users)
	return partner
}

// User returns the partner's user with a role and MFA.
func (b *Backend) User(role Role) User { return b.partner.Users[role] }

// UserWithoutMFA returns an Admin agent whose tokens lack amr "mfa": Partner Center refuses them with 401/900421.
func (b *Backend) UserWithoutMFA() User { return b.signIn.users[len(b.signIn.users)-1] }

func (u User) has(role Role) bool { return slices.Contains(u.Roles, role) }
