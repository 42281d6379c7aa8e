package mockbackend

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The keys that sign tokens are created once per process, because this is slow.
var (
	signingKey   = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	inProcessKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 1024) })
)

const signingKeyID = "mock-signing-key-1"

// signingKey returns the key that signs the tokens of this backend. Without listeners it is a short one: no client outside of
// the process can refuse it, and a signature takes a fifth of the time. The lock is held.
func (b *Backend) signingKey() (*rsa.PrivateKey, error) {
	if b.signIn.tokenKey != nil {
		return b.signIn.tokenKey, nil
	}
	created := inProcessKey
	if b.servers != nil {
		created = signingKey
	}
	var err error
	b.signIn.tokenKey, err = created()
	return b.signIn.tokenKey, err
}

// tokenClaims are the claims of an access token. All resources use v1.0 tokens, also from the v2 endpoint.
type tokenClaims struct {
	jwt.RegisteredClaims
	TenantID string   `json:"tid"`
	AppID    string   `json:"appid"`
	AZP      string   `json:"azp"`
	ObjectID string   `json:"oid,omitempty"`
	UPN      string   `json:"upn,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	IDType   string   `json:"idtyp"` // "app" or "user"
	Scope    string   `json:"scp,omitempty"`
	Roles    []string `json:"roles,omitempty"`
	Contexts []string `json:"acrs,omitempty"`     // requested authentication contexts
	AppACR   string   `json:"appidacr,omitempty"` // credential of the application: "1" secret, "2" certificate or federation
	Version  string   `json:"ver"`
}

// resource is the API of an audience.
type resource int

const (
	unknownResource resource = iota
	partnerCenterResource
	resourceManagerResource
	microsoftGraph
	azureADGraph // retired: Partner Center refuses its tokens with "900420"
)

// resourceOf finds a resource by identifier URI or application ID, with or without a trailing slash. It also accepts the
// endpoints of the mock (choice): in national clouds the base URL of the API is the audience, so clients derive one from
// the other.
func (b *Backend) resourceOf(audience string) resource {
	audience = strings.TrimSuffix(strings.ToLower(audience), "/")
	switch audience {
	case "https://api.partnercenter.microsoft.com", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd", inProcessEndpoints.PartnerCenter, b.endpoints.PartnerCenter:
		return partnerCenterResource
	case "https://management.azure.com", "https://management.core.windows.net", "797f4846-ba00-4fd7-ba43-dac1f8f63013", inProcessEndpoints.ResourceManager, b.endpoints.ResourceManager:
		return resourceManagerResource
	case "https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000":
		return microsoftGraph
	case "https://graph.windows.net", "00000002-0000-0000-c000-000000000000":
		return azureADGraph
	}
	return unknownResource
}

// accessToken issues the token of a request.
func (b *Backend) accessToken(r *tokenRequest, lifetime time.Duration) (string, error) {
	key, err := b.signingKey()
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims := tokenClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			ID: newGUID(), Issuer: "https://sts.windows.net/" + r.tenant + "/", Audience: jwt.ClaimStrings{r.audience},
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
		},
		TenantID: r.tenant, AppID: r.app.ClientID, AZP: r.app.ClientID, AppACR: "2", Contexts: r.contexts, Version: "1.0",
		ObjectID: guidFor("service principal", r.tenant), IDType: "app",
	}
	if r.proof == ProofSecret {
		claims.AppACR = "1"
	}
	if r.app == b.signIn.other {
		claims.ObjectID = guidFor("other service principal", r.tenant)
	}
	claims.Subject = claims.ObjectID
	if b.knobs.NoServicePrincipal && r.tenant != b.partner.TenantID {
		claims.ObjectID = ""
	}
	if user := r.user; user != nil {
		claims.IDType, claims.ObjectID, claims.UPN, claims.Scope = "user", user.ObjectID, user.UserPrincipalName, "user_impersonation"
		claims.Subject = guidFor("subject", user.ObjectID)
		claims.AMR = []string{"pwd"}
		if r.mfa {
			claims.AMR = append(claims.AMR, "mfa")
		}
	}
	var printed jwt.Claims = claims
	if b.knobs.TokenClaims != "" {
		if printed, err = claims.keepClaims(b.knobs.TokenClaims); err != nil {
			return "", err
		}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, printed)
	token.Header["kid"] = signingKeyID
	signed, err := token.SignedString(key)
	if err == nil {
		if b.knobs.TokenClaims != "" {
			b.signIn.verified[signed] = claims // the token itself may lack what verify needs
		}
		b.rememberToken(IssuedToken{Kind: AccessToken, Token: signed, Tenant: r.tenant, Audience: strings.TrimSuffix(r.audience, "/"), User: claims.UPN})
	}
	return signed, err
}

// keepClaims returns the claims that a list with commas names, for Knobs.TokenClaims. A claim that the mock does not have
// is empty.
func (c tokenClaims) keepClaims(list string) (jwt.MapClaims, error) {
	var all map[string]any
	if err := json.Unmarshal(encodeJSON(c), &all); err != nil {
		return nil, err
	}
	kept := jwt.MapClaims{}
	for name := range strings.SplitSeq(list, ",") {
		kept[name] = all[name]
		if all[name] == nil {
			kept[name] = ""
		}
	}
	return kept, nil
}

// MarshalJSON prints a single audience as a string, as Entra does.
func (c tokenClaims) MarshalJSON() ([]byte, error) {
	type plain tokenClaims
	return encodeJSON(struct {
		plain
		Audience string `json:"aud"`
	}{plain(c), c.Audience[0]}), nil
}

var errTokenExpired = errors.New("the token has expired")

// verify checks signature and lifetime of a bearer token. It caches tokens, because a run sends one token with thousands
// of requests. For an expired token it returns the claims and an error. The lock is held.
func (b *Backend) verify(bearer string) (tokenClaims, error) {
	claims, seen := b.signIn.verified[bearer]
	if !seen {
		key, err := b.signingKey()
		if err != nil {
			return tokenClaims{}, err
		}
		parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
		if _, err := parser.ParseWithClaims(bearer, &claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil }); err != nil {
			return tokenClaims{}, err
		}
		if len(claims.Audience) != 1 || claims.ExpiresAt == nil {
			return tokenClaims{}, errors.New("aud or exp is missing")
		}
		if len(b.signIn.verified) > 10_000 {
			clear(b.signIn.verified)
		}
		b.signIn.verified[bearer] = claims
	}
	if !time.Now().Before(claims.ExpiresAt.Time) {
		return claims, errTokenExpired
	}
	return claims, nil
}

// caller is the sender of a request.
type caller struct {
	tokenClaims
	user *User // nil for app-only
}

func (c caller) mfa() bool { return c.user == nil || slices.Contains(c.AMR, "mfa") }

// callerOf finds the user that the claims name.
func (b *Backend) callerOf(claims tokenClaims) caller {
	c := caller{tokenClaims: claims}
	for i := range b.signIn.users {
		if b.signIn.users[i].ObjectID == claims.ObjectID {
			c.user = &b.signIn.users[i]
		}
	}
	return c
}

// publicKey is the key in the format of RFC 7517.
func publicKey(key *rsa.PrivateKey) map[string]string {
	return map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": signingKeyID,
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}
