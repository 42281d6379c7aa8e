package mockbackend_test

import (
	"crypto"
	"crypto/sha1" // x5t is SHA-1 by RFC 7515
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"maps"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// assertion returns an assertion signed with the registered certificate. change may modify it before it is signed.
func assertion(t testing.TB, b *mockbackend.Backend, change func(*jwt.Token, jwt.MapClaims, *crypto.Signer)) string {
	t.Helper()
	certificate := b.Certificate(mockbackend.RegisteredCertificate)
	now, clientID := time.Now(), b.Partner().ClientID
	claims := jwt.MapClaims{
		"aud": b.Endpoints().SignIn + v2Path, "iss": clientID, "sub": clientID, "jti": uuid.NewString(),
		"nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	token := jwt.NewWithClaims(jwt.SigningMethodPS256, claims)
	token.Header["x5t#S256"] = thumbprint256(certificate.Certificate)
	var key crypto.Signer = certificate.Key
	if change != nil {
		change(token, claims, &key)
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func thumbprint256(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// asserted returns a client_credentials request with an assertion.
func (c *rawClient) asserted(assertion string) url.Values {
	form := c.form(partnerCenterScope+"/.default", "")
	form.Del("client_secret")
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return form
}

// entraCode returns the AADSTS number of an answer, or 0 if it is a token.
func (r reply) entraCode() int {
	codes, _ := r.body["error_codes"].([]any)
	if len(codes) != 1 {
		return 0
	}
	code, _ := codes[0].(float64)
	return int(code)
}

func TestCertificateAssertion(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	registered := b.Certificate(mockbackend.RegisteredCertificate)
	use := func(kind mockbackend.CertificateKind) func(*jwt.Token, jwt.MapClaims, *crypto.Signer) {
		return func(token *jwt.Token, _ jwt.MapClaims, key *crypto.Signer) {
			token.Header["x5t#S256"], *key = thumbprint256(b.Certificate(kind).Certificate), b.Certificate(kind).Key
		}
	}
	claim := func(name string, value any) func(*jwt.Token, jwt.MapClaims, *crypto.Signer) {
		return func(_ *jwt.Token, claims jwt.MapClaims, _ *crypto.Signer) {
			if value == nil {
				delete(claims, name)
				return
			}
			claims[name] = value
		}
	}
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	for name, test := range map[string]struct {
		change func(*jwt.Token, jwt.MapClaims, *crypto.Signer)
		code   int
	}{
		"PS256 and SHA-256": {},
		"RS256 and SHA-1": {change: func(token *jwt.Token, _ jwt.MapClaims, _ *crypto.Signer) {
			token.Method, token.Header["alg"] = jwt.SigningMethodRS256, "RS256"
			sum := sha1.Sum(registered.Certificate.Raw)
			delete(token.Header, "x5t#S256")
			token.Header["x5t"] = base64.RawURLEncoding.EncodeToString(sum[:])
		}},
		"padded base64, as MSAL for Go has it": {change: func(token *jwt.Token, _ jwt.MapClaims, _ *crypto.Signer) {
			sum := sha256.Sum256(registered.Certificate.Raw)
			token.Header["x5t#S256"] = base64.StdEncoding.EncodeToString(sum[:])
		}},
		"v1 endpoint as audience": {change: claim("aud", b.Endpoints().SignIn+"/"+mockbackend.PartnerTenantID+"/oauth2/token")},
		"issuer as audience":      {change: claim("aud", b.Endpoints().SignIn+"/"+mockbackend.PartnerDomain+"/v2.0")},
		"a little late":           {change: claim("exp", ago(10*time.Second))},
		"a little early":          {change: claim("nbf", ago(-10*time.Second))},
		"unregistered":            {change: use(mockbackend.UnregisteredCertificate), code: 700027},
		"expired certificate":     {change: use(mockbackend.ExpiredCertificate), code: 700027},
		"no thumbprint":           {change: func(token *jwt.Token, _ jwt.MapClaims, _ *crypto.Signer) { delete(token.Header, "x5t#S256") }, code: 700027},
		"two thumbprints":         {change: func(token *jwt.Token, _ jwt.MapClaims, _ *crypto.Signer) { token.Header["x5t"] = "AAAA" }, code: 700027},
		"signed by another key": {change: func(_ *jwt.Token, _ jwt.MapClaims, key *crypto.Signer) {
			*key = b.Certificate(mockbackend.UnregisteredCertificate).Key
		}, code: 700027},
		"RS512": {change: func(token *jwt.Token, _ jwt.MapClaims, _ *crypto.Signer) {
			token.Method, token.Header["alg"] = jwt.SigningMethodRS512, "RS512"
		}, code: 50027},
		"another issuer":            {change: claim("iss", mockbackend.AdatumID), code: 700021},
		"another subject":           {change: claim("sub", mockbackend.AdatumID), code: 700021},
		"no audience":               {change: claim("aud", nil), code: 700023},
		"another tenant's endpoint": {change: claim("aud", b.Endpoints().SignIn+"/"+mockbackend.AdatumID+"/oauth2/v2.0/token"), code: 700023},
		"another host":              {change: claim("aud", b.Endpoints().PartnerCenter+v2Path), code: 700023},
		"another path":              {change: claim("aud", b.Endpoints().SignIn+"/"+mockbackend.PartnerTenantID), code: 700023},
		"two audiences":             {change: claim("aud", []string{b.Endpoints().SignIn + v2Path, "x"}), code: 5002741},
		"expired":                   {change: claim("exp", ago(time.Minute)), code: 700024},
		"not yet":                   {change: claim("nbf", ago(-time.Minute)), code: 700024},
		"no expiry":                 {change: claim("exp", nil), code: 50027},
		"no jti":                    {change: claim("jti", nil), code: 50027},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.signIn(v2Path, c.asserted(assertion(t, b, test.change)))
			want := 200
			if test.code != 0 {
				want = 401
			}
			if got.status != want || got.entraCode() != test.code {
				t.Errorf("%d %s", got.status, got.raw)
			}
		})
	}
}

func TestAssertionForm(t *testing.T) {
	for name, test := range map[string]struct {
		edit   func(c *rawClient, form url.Values)
		status int
		code   int
		says   string // a violation
	}{
		"with a refresh token": {edit: func(c *rawClient, form url.Values) {
			form.Set("grant_type", "refresh_token")
			form.Set("refresh_token", c.b.User(mockbackend.AdminAgent).RefreshToken)
		}, status: 200},
		"with a secret too": {edit: func(c *rawClient, form url.Values) { form.Set("client_secret", c.b.Partner().ClientSecret) }, status: 400, code: 9002313, says: "client_secret and client_assertion"},
		"type and secret":   {edit: func(_ *rawClient, form url.Values) { form.Set("client_secret", "x"); form.Del("client_assertion") }, status: 400, code: 9002313, says: "client_secret and client_assertion"},
		"no type":           {edit: func(_ *rawClient, form url.Values) { form.Del("client_assertion_type") }, status: 400, code: 900144},
		"another type":      {edit: func(_ *rawClient, form url.Values) { form.Set("client_assertion_type", "jwt-bearer") }, status: 400, code: 9002313},
		"nothing":           {edit: func(_ *rawClient, form url.Values) { form.Del("client_assertion") }, status: 401, code: 7000216},
		"no JWT":            {edit: func(_ *rawClient, form url.Values) { form.Set("client_assertion", "x") }, status: 401, code: 50027},
		"broken signature": {edit: func(_ *rawClient, form url.Values) {
			form.Set("client_assertion", form.Get("client_assertion")[:40]+"!")
		}, status: 401, code: 50027},
		"no secret, user": {edit: func(_ *rawClient, form url.Values) {
			form.Set("grant_type", "refresh_token")
			form.Del("client_assertion")
		}, status: 401, code: 7000218},
		"for another app":        {edit: func(c *rawClient, form url.Values) { form.Set("client_id", c.b.OtherApplication().ClientID) }, status: 401, code: 700027},
		"scope without .default": {edit: func(_ *rawClient, form url.Values) { form.Set("scope", partnerCenterScope+"/user_impersonation") }, status: 400, code: 1002012},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			c := anonymous(t, b)
			form := c.asserted(assertion(t, b, nil))
			test.edit(c, form)
			if got := c.signIn(v2Path, form); got.status != test.status || got.entraCode() != test.code {
				t.Errorf("%d %s", got.status, got.raw)
			}
			if test.says != "" {
				wantViolation(t, b, name, test.says)
			}
		})
	}
}

func TestAssertionIsForOneUse(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	form := c.asserted(assertion(t, b, nil))
	for range 2 { // the same request again, as after a lost answer
		if got := c.signIn(v2Path, form); got.status != 200 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	again := maps.Clone(form)
	again.Set("scope", resourceManagerScope+"/.default")
	if got := c.signIn(v2Path, again); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	wantViolation(t, b, "another request", "was used before")
}

func TestAssertionAtV1AndInOtherTenants(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	form := c.asserted(assertion(t, b, nil))
	form.Del("scope")
	form.Set("resource", partnerCenterScope)
	if got := c.signIn("/"+mockbackend.PartnerTenantID+"/oauth2/token", form); got.status != 200 {
		t.Errorf("v1: %d %s", got.status, got.raw)
	}
	path := "/" + mockbackend.AdatumID + "/oauth2/v2.0/token"
	form = c.asserted(assertion(t, b, func(_ *jwt.Token, claims jwt.MapClaims, _ *crypto.Signer) {
		claims["aud"] = b.Endpoints().SignIn + path
	}))
	form.Set("scope", resourceManagerScope+"/.default")
	if got := c.signIn(path, form); got.status != 200 || claims(t, c, got.body["access_token"].(string))["appidacr"] != "2" {
		t.Errorf("customer's tenant: %d %s", got.status, got.raw)
	}
}

func TestRegisterCertificate(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := anonymous(t, b)
	unregistered := b.Certificate(mockbackend.UnregisteredCertificate)
	b.RegisterCertificate(unregistered.Certificate)
	form := c.asserted(assertion(t, b, func(token *jwt.Token, _ jwt.MapClaims, key *crypto.Signer) {
		token.Header["x5t#S256"], *key = thumbprint256(unregistered.Certificate), unregistered.Key
	}))
	if got := c.signIn(v2Path, form); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	b.Certificate("golden")
	wantViolation(t, b, "unknown kind", "golden")
}

func TestAssertionExpiresInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		c := anonymous(t, b)
		form := c.asserted(assertion(t, b, nil))
		advance(10*time.Minute + 29*time.Second)
		if got := c.signIn(v2Path, form); got.status != 200 {
			t.Errorf("%d %s", got.status, got.raw)
		}
		advance(time.Second)
		if got := c.signIn(v2Path, form); got.entraCode() != 700024 {
			t.Errorf("%d %s", got.status, got.raw)
		}
	})
}

func TestPEM(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	certificate := b.Certificate(mockbackend.RegisteredCertificate)
	for form, want := range map[mockbackend.PEMForm][]string{
		mockbackend.PEMPKCS8:    {"CERTIFICATE", "CERTIFICATE", "PRIVATE KEY"},
		mockbackend.PEMPKCS1:    {"CERTIFICATE", "CERTIFICATE", "RSA PRIVATE KEY"},
		mockbackend.PEMReversed: {"PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"},
	} {
		var got []string
		for line := range strings.SplitSeq(string(certificate.PEM(form)), "\n") {
			if name, ok := strings.CutPrefix(line, "-----BEGIN "); ok {
				got = append(got, strings.TrimSuffix(name, "-----"))
			}
		}
		if strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%s: %v", form, got)
		}
	}
	if err := certificate.Certificate.CheckSignatureFrom(certificate.CA); err != nil {
		t.Error(err)
	}
}
