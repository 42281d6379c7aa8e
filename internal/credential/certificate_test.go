package credential

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"
)

const certificatePassword = "p4ssw0rd-of-the-file"

// testCertificates are a leaf with its key, and the authority it is from.
var testCertificates = sync.OnceValues(func() (*rsa.PrivateKey, [2]*x509.Certificate) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	authorityKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	authority := newCertificate("authority", &authorityKey.PublicKey, nil, authorityKey)
	return key, [2]*x509.Certificate{newCertificate("leaf", &key.PublicKey, authority, authorityKey), authority}
})

func newCertificate(name string, public any, parent *x509.Certificate, signer any) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true,
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// traditionalKeys encrypts the key as OpenSSL does with -traditional: one that the password
// "other" does not decrypt, and one that it does, to garbage whose padding is right by chance.
func traditionalKeys(key *rsa.PrivateKey) (refused, garbled []byte) {
	for refused == nil || garbled == nil {
		encrypted := must(x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", //nolint:staticcheck // the form under test
			x509.MarshalPKCS1PrivateKey(key), []byte(certificatePassword), x509.PEMCipherAES256))
		if _, err := x509.DecryptPEMBlock(encrypted, []byte("other")); err != nil { //nolint:staticcheck // as above
			refused = pem.EncodeToMemory(encrypted)
		} else {
			garbled = pem.EncodeToMemory(encrypted)
		}
	}
	return refused, garbled
}

// TestParseCertificate_forms: every form that OpenSSL and the key vaults write.
func TestParseCertificate_forms(t *testing.T) {
	key, chain := testCertificates()
	leaf, authority := block("CERTIFICATE", chain[0].Raw), block("CERTIFICATE", chain[1].Raw)
	pkcs8Key := block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
	pkcs1Key := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	encrypted := block("ENCRYPTED PRIVATE KEY", must(pkcs8.MarshalPrivateKey(key, []byte(certificatePassword), nil)))
	traditional, garbled := traditionalKeys(key)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, []byte("a comment\n")) }
	authorities := []*x509.Certificate{chain[1]}

	good := map[string]struct {
		data     []byte
		password string
	}{
		"PEM":                               {join(leaf, pkcs8Key), ""},
		"PEM, key first":                    {join(pkcs8Key, leaf), ""},
		"PEM, traditional key":              {join(leaf, pkcs1Key), ""},
		"PEM, authority before leaf":        {join(authority, leaf, pkcs8Key), ""},
		"PEM, CRLF":                         {bytes.ReplaceAll(join(leaf, pkcs8Key), []byte("\n"), []byte("\r\n")), ""},
		"PEM, needless password":            {join(leaf, pkcs8Key), certificatePassword},
		"PEM, encrypted key":                {join(leaf, encrypted), certificatePassword},
		"PEM, encrypted traditional key":    {join(leaf, traditional), certificatePassword},
		"PKCS#12 of OpenSSL 3":              {must(pkcs12.Modern.Encode(key, chain[0], authorities, certificatePassword)), certificatePassword},
		"PKCS#12 of OpenSSL 3, no password": {must(pkcs12.Modern.Encode(key, chain[0], authorities, "")), ""},
		"PKCS#12 of Windows":                {must(pkcs12.LegacyDES.Encode(key, chain[0], nil, certificatePassword)), certificatePassword},
		"PKCS#12 of OpenSSL 1":              {must(pkcs12.LegacyRC2.Encode(key, chain[0], nil, certificatePassword)), certificatePassword},
		"PKCS#12, unencrypted":              {must(pkcs12.Passwordless.Encode(key, chain[0], nil, "")), ""},
	}
	for name, c := range good {
		t.Run(name, func(t *testing.T) {
			p, err := parseCertificate(c.data, c.password)
			if err != nil {
				t.Fatal(err)
			}
			if !p.key.Equal(key) || !p.chain[0].Equal(chain[0]) {
				t.Errorf("got the certificate of %s first", p.chain[0].Subject)
			}
		})
	}

	ecKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ecLeaf := newCertificate("ec", &ecKey.PublicKey, nil, ecKey)
	bad := map[string]struct {
		data           []byte
		password, says string
	}{
		"empty":                           {nil, "", "neither PEM nor PKCS#12"},
		"some text":                       {[]byte("hello"), "", "neither PEM nor PKCS#12"},
		"PEM without key":                 {leaf, "", "no private key"},
		"PEM without certificate":         {pkcs8Key, "", "no certificate in the file belongs"},
		"PEM with two keys":               {join(leaf, pkcs8Key, pkcs1Key), "", "more than one private key"},
		"PEM with the authority only":     {join(authority, pkcs8Key), "", "no certificate in the file belongs"},
		"PEM with a broken key":           {join(leaf, block("PRIVATE KEY", []byte("x"))), "", "cannot be read"},
		"PEM with a broken certificate":   {join(block("CERTIFICATE", []byte("x")), pkcs8Key), "", "x509"},
		"encrypted key, no password":      {join(leaf, encrypted), "", "there is no password of the certificate"},
		"encrypted key, wrong password":   {join(leaf, encrypted), "other", "not the password"},
		"traditional key, wrong password": {join(leaf, traditional), "other", "not the password"},
		"traditional key, garbled":        {join(leaf, garbled), "other", "not the password"},
		"PKCS#12, no password":            {must(pkcs12.Modern.Encode(key, chain[0], nil, certificatePassword)), "", "there is no password of the certificate"},
		"PKCS#12, wrong password":         {must(pkcs12.Modern.Encode(key, chain[0], nil, certificatePassword)), "other", "not the password"},
		"elliptic curve, traditional":     {join(block("CERTIFICATE", ecLeaf.Raw), block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ecKey)))), "", "RSA"},
		"elliptic curve":                  {join(block("CERTIFICATE", ecLeaf.Raw), block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ecKey)))), "", "RSA"},
	}
	for name, c := range bad {
		t.Run(name, func(t *testing.T) {
			_, err := parseCertificate(c.data, c.password)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), certificatePassword) {
				t.Errorf("%v repeats the password", err)
			}
		})
	}
}

// TestAssertion: what Entra ID documents of a certificate's assertion.
func TestAssertion(t *testing.T) {
	key, chain := testCertificates()
	p := &certificatePair{chain: chain[:], key: key}
	const endpoint = "https://login.example/tenant/oauth2/v2.0/token"
	text := must(p.assertion("client", endpoint))
	claims := jwt.RegisteredClaims{}
	token, err := jwt.NewParser(jwt.WithAudience(endpoint), jwt.WithIssuer("client"), jwt.WithSubject("client"), jwt.WithExpirationRequired(),
		jwt.WithValidMethods([]string{"PS256"})).ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil })
	if err != nil {
		t.Fatal(err)
	}
	thumbprint := sha256.Sum256(chain[0].Raw)
	if token.Header["x5t#S256"] != base64.RawURLEncoding.EncodeToString(thumbprint[:]) {
		t.Errorf("the header is %v", token.Header)
	}
	if claims.ID == "" || claims.ExpiresAt.Sub(claims.NotBefore.Time) > 10*time.Minute {
		t.Errorf("the claims are %+v", claims)
	}
	if text == must(p.assertion("client", endpoint)) {
		t.Error("two assertions are the same")
	}
}

// The two forms are fuzzed apart: PKCS#12 is slow, since it derives keys.
func FuzzPEM(f *testing.F) {
	key, chain := testCertificates()
	leaf, pkcs8Key := block("CERTIFICATE", chain[0].Raw), must(x509.MarshalPKCS8PrivateKey(key))
	f.Add(append(leaf, block("PRIVATE KEY", pkcs8Key)...), "")
	f.Add(append(leaf, block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))...), "")
	f.Add([]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n"), "x")
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "x")
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		if bytes.Contains(data, []byte("-----BEGIN ")) {
			mustBeWhole(t, data, password)
		}
	})
}

func FuzzPKCS12(f *testing.F) {
	key, chain := testCertificates()
	f.Add(must(pkcs12.Passwordless.Encode(key, chain[0], nil, "")), "")
	f.Add([]byte{0x30, 0x80, 0x02, 0x01, 0x03}, "x")
	f.Fuzz(func(t *testing.T, data []byte, password string) { mustBeWhole(t, data, password) })
}

func mustBeWhole(t *testing.T, data []byte, password string) {
	t.Helper()
	if p, err := parseCertificate(data, password); err == nil && (p.key == nil || len(p.chain) == 0) {
		t.Error("half a pair and no error")
	}
}
