package credential

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// Claims are the claims of an access token. Microsoft calls access tokens opaque to clients, so
// each field may be empty. Use them to inform the user, not for decisions.
type Claims struct {
	TenantID string
	// ClientID identifies the application.
	ClientID string
	// ObjectID is the object ID of the user or service principal.
	ObjectID string
	// UserPrincipalName is "" if there is no user.
	UserPrincipalName string
	// AppOnly means that there is no user.
	AppOnly bool
	// MFA means that the user signed in with multifactor authentication.
	MFA bool
	// ExpiresOn is zero if the token does not contain it.
	ExpiresOn time.Time
}

// ClaimNames returns the sorted names of the claims of an access token.
func ClaimNames(token string) ([]string, error) {
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(claims)), nil
}

// ParseClaims reads an access token without verifying it. Only the API that the token was issued
// for can verify it.
func ParseClaims(token string) (Claims, error) {
	var c struct {
		jwt.RegisteredClaims

		TenantID   string   `json:"tid"`
		AppID      string   `json:"appid"`
		Authorized string   `json:"azp"`
		ObjectID   string   `json:"oid"`
		UPN        string   `json:"upn"`
		UniqueName string   `json:"unique_name"`
		Preferred  string   `json:"preferred_username"`
		IDType     string   `json:"idtyp"`
		Scope      string   `json:"scp"`
		Methods    []string `json:"amr"`
	}
	if _, _, err := jwt.NewParser().ParseUnverified(token, &c); err != nil {
		return Claims{}, err
	}
	new(httppipe.Texts).CleanAll(&c)
	out := Claims{
		TenantID: c.TenantID, ClientID: cmp.Or(c.AppID, c.Authorized), ObjectID: c.ObjectID,
		AppOnly: strings.EqualFold(c.IDType, "app") || c.IDType == "" && c.Scope == "",
		MFA:     slices.Contains(c.Methods, "mfa"),
	}
	if !out.AppOnly {
		out.UserPrincipalName = cmp.Or(c.UPN, c.Preferred, c.UniqueName)
	}
	if c.ExpiresAt != nil {
		out.ExpiresOn = c.ExpiresAt.UTC()
	}
	return out, nil
}
