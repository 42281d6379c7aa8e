package mockbackend

import (
	"bytes"
	"crypto"
	"crypto/sha1" // x5t is SHA-1 by RFC 7515
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// clockSkew is the tolerance for the lifetime of client assertions (choice: that of Entra is not documented).
const clockSkew = 30 * time.Second

// assertionMemory is the number of jti values that are kept.
const assertionMemory = 10_000

// isSelfIssued reports whether an assertion is signed with a certificate: its issuer is the application. The issuer of a
// federated assertion is a URL. An assertion that cannot be decoded counts as self-issued.
func isSelfIssued(assertion string) bool {
	var claims jwt.RegisteredClaims
	_, _, err := jwt.NewParser().ParseUnverified(assertion, &claims)
	return err != nil || !strings.Contains(claims.Issuer, "://")
}

// parseAssertion checks the signature with the key that find returns. It returns a refusal of find unchanged.
func parseAssertion(assertion string, methods []string, failed func(error) *refusal, find func(*jwt.Token) (crypto.PublicKey, *refusal)) (*jwt.RegisteredClaims, *refusal) {
	claims := &jwt.RegisteredClaims{}
	var refused *refusal
	parser := jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(assertion, claims, func(token *jwt.Token) (any, error) {
		var key crypto.PublicKey
		if key, refused = find(token); refused != nil {
			return nil, errors.New("refused")
		}
		return key, nil
	})
	switch {
	case refused != nil:
		return nil, refused
	case errors.Is(err, jwt.ErrTokenMalformed), errors.Is(err, jwt.ErrTokenUnverifiable):
		return nil, refuseAs(50027, "")
	case err != nil && !slices.Contains(methods, algorithmOf(assertion)):
		return nil, refuseAs(50027, "The signing algorithm is none of %s.", strings.Join(methods, ", "))
	case err != nil:
		return nil, failed(err)
	}
	return claims, nil
}

func algorithmOf(assertion string) string {
	token, _, err := jwt.NewParser().ParseUnverified(assertion, &jwt.RegisteredClaims{})
	if err != nil {
		return ""
	}
	return token.Method.Alg()
}

// checkCertificateAssertion checks an assertion that is signed with a certificate:
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
func (b *Backend) checkCertificateAssertion(x *exchange, r *tokenRequest, assertion string) *refusal {
	var used *x509.Certificate
	invalid := func(error) *refusal {
		return refuseAs(700027, "Client assertion contains an invalid signature. [Reason - Key was found, but use of the key to verify the signature failed., Thumbprint of key used by client: '%s']", thumbprintOf(used))
	}
	claims, refused := parseAssertion(assertion, []string{"RS256", "PS256"}, invalid, func(token *jwt.Token) (crypto.PublicKey, *refusal) {
		var refused *refusal
		used, refused = b.certificateOf(r, token)
		if refused != nil {
			return nil, refused
		}
		return used.PublicKey, nil
	})
	switch {
	case refused != nil:
		return refused
	case !strings.EqualFold(claims.Issuer, r.app.ClientID), !strings.EqualFold(claims.Subject, r.app.ClientID):
		return refuseAs(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	case len(claims.Audience) > 1:
		return refuseAs(5002741, "Number of audience values in the provided client credential exceed maximum allowed. %d audience values provided, maximum allowed is 1.", len(claims.Audience))
	case len(claims.Audience) == 0 || !b.isTokenEndpoint(claims.Audience[0], r.tenant):
		return refuseAs(700023, "Client assertion audience claim does not match Realm issuer.")
	case claims.ID == "" || claims.ExpiresAt == nil:
		return refuseAs(50027, "JWT token is invalid or malformed: exp and jti are needed.")
	}
	if refused := withinTime(claims); refused != nil {
		return refused
	}
	b.rememberAssertion(x, claims.ID)
	b.rememberToken(IssuedToken{Kind: ClientAssertion, Token: assertion, Tenant: r.tenant, Audience: claims.Audience[0]})
	return nil
}

// certificateOf finds the registered certificate by the thumbprints in the header.
func (b *Backend) certificateOf(r *tokenRequest, token *jwt.Token) (*x509.Certificate, *refusal) {
	var named []byte
	matches := func(registered *x509.Certificate) bool {
		short, long := sha1.Sum(registered.Raw), sha256.Sum256(registered.Raw)
		found := false
		for header, sum := range map[string][]byte{"x5t": short[:], "x5t#S256": long[:]} {
			value, ok := token.Header[header].(string)
			if !ok {
				continue
			}
			if named = decodeThumbprint(value); !bytes.Equal(named, sum) {
				return false
			}
			found = true
		}
		return found
	}
	registered := []*x509.Certificate{}
	if r.app.ClientID == b.partner.ClientID {
		registered = b.registeredCertificates()
	}
	at := slices.IndexFunc(registered, matches)
	if at < 0 {
		return nil, refuseAs(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '%X', header %q]", named, slices.Sorted(maps.Keys(token.Header)))
	}
	if now := time.Now(); now.After(registered[at].NotAfter) || now.Before(registered[at].NotBefore) {
		return nil, refuseAs(700027, "The certificate with identifier used to sign the client assertion is expired on application. [Reason - The key used is expired., Thumbprint of key used by client: '%s', Found key 'Start=%s, End=%s']",
			thumbprintOf(registered[at]), registered[at].NotBefore.UTC().Format("01/02/2006 15:04:05"), registered[at].NotAfter.UTC().Format("01/02/2006 15:04:05"))
	}
	return registered[at], nil
}

// decodeThumbprint reads base64url, as in RFC 7515, and base64 with padding, which MSAL for Go sends.
func decodeThumbprint(value string) []byte {
	value = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(value, "="))
	decoded, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return nil
	}
	return decoded
}

func thumbprintOf(certificate *x509.Certificate) string {
	sum := sha1.Sum(certificate.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// isTokenEndpoint reports whether an audience is the token endpoint (v2 or v1) or the issuer of the tenant, as in
// Microsoft's pages and libraries.
func (b *Backend) isTokenEndpoint(audience, tenant string) bool {
	for _, base := range []string{b.endpoints.SignIn, inProcessEndpoints.SignIn} {
		rest, ok := strings.CutPrefix(strings.ToLower(audience), base+"/")
		if !ok {
			continue
		}
		name, form, _ := strings.Cut(rest, "/")
		id, known := b.tenantID(name)
		if known && id == tenant && slices.Contains([]string{"oauth2/v2.0/token", "oauth2/token", "v2.0"}, form) {
			return true
		}
	}
	return false
}

func withinTime(claims *jwt.RegisteredClaims) *refusal {
	now := time.Now()
	if !now.Before(claims.ExpiresAt.Add(clockSkew)) || claims.NotBefore != nil && now.Before(claims.NotBefore.Add(-clockSkew)) {
		from := "1970-01-01T00:00:00.0000000Z"
		if claims.NotBefore != nil {
			from = sevenDigits(claims.NotBefore.Time)
		}
		return refuseAs(700024, "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s.",
			sevenDigits(now), from, sevenDigits(claims.ExpiresAt.Time))
	}
	return nil
}

// seenAssertions keeps the request in which each jti was used.
type seenAssertions struct {
	requests map[string][sha256.Size]byte
	order    []string // oldest first
}

// rememberAssertion records a violation if a jti is used in a different request, because an assertion is for one use. A
// client may retry the same request after a lost answer.
func (b *Backend) rememberAssertion(x *exchange, jti string) {
	seen := &b.signIn.assertions
	request := sha256.Sum256(slices.Concat([]byte(x.req.URL.Path+"\x00"), x.body))
	if earlier, ok := seen.requests[jti]; ok {
		if earlier != request {
			b.violate("%s %s: the client assertion with jti %s was used before", x.req.Method, x.req.URL.Path, jti)
		}
		return
	}
	if seen.requests == nil {
		seen.requests = map[string][sha256.Size]byte{}
	}
	if len(seen.order) >= assertionMemory {
		delete(seen.requests, seen.order[0])
		seen.order = seen.order[1:]
	}
	seen.requests[jti] = request
	seen.order = append(seen.order, jti)
}
