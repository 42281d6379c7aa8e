package credential

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"software.sslmate.com/src/go-pkcs12"
)

const certificatePassword = "p4ssw0rd-of-the-file"

// testCertificates returns a private key with its leaf certificate and the certificate authority.
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

// traditionalKeys encrypts the key as OpenSSL does with -traditional. The password "other" does not
// decrypt the first result. It decrypts the second one to garbage whose padding is valid by chance.
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

// encryptedKey encrypts the key as OpenSSL does by default, with PBES2 (RFC 8018, section 6.2). A
// damaged key has an initialization vector of the wrong length.
func encryptedKey(key *rsa.PrivateKey, damaged bool) []byte {
	type algorithm struct {
		ID         asn1.ObjectIdentifier
		Parameters any
	}
	type derivation struct {
		Salt       []byte
		Iterations int
		PRF        algorithm
	}
	type encryption struct{ Derivation, Cipher algorithm }
	type encryptedKey struct {
		Algorithm algorithm
		Data      []byte
	}
	oid := func(last ...int) asn1.ObjectIdentifier {
		return append(asn1.ObjectIdentifier{1, 2, 840, 113549}, last...)
	}
	salt, iv := make([]byte, 8), make([]byte, aes.BlockSize)
	rand.Read(salt)
	rand.Read(iv)
	const iterations = 2048
	plain := must(x509.MarshalPKCS8PrivateKey(key))
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(plain, bytes.Repeat([]byte{byte(padding)}, padding)...)
	c := must(aes.NewCipher(must(pbkdf2.Key(sha256.New, certificatePassword, salt, iterations, 32))))
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(plain, plain)
	if damaged {
		iv = iv[1:]
	}
	return block("ENCRYPTED PRIVATE KEY", must(asn1.Marshal(encryptedKey{
		algorithm{oid(1, 5, 13), encryption{
			algorithm{oid(1, 5, 12), derivation{salt, iterations, algorithm{oid(2, 9), asn1.NullRawValue}}},
			algorithm{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, iv},
		}},
		plain,
	})))
}

// TestParseCertificate_openssl reads keys that OpenSSL encrypted. If a form is not supported, the
// command in the error must convert it.
func TestParseCertificate_openssl(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	key, chain := testCertificates()
	leaf := block("CERTIFICATE", chain[0].Raw)
	plain := block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
	for name, c := range map[string]struct {
		args      string
		supported bool
	}{
		"default":     {"", true},
		"AES-128":     {"-v2 aes-128-cbc", true},
		"HMAC-SHA1":   {"-v2prf hmacWithSHA1", true},
		"Triple DES":  {"-v2 des3", true},
		"HMAC-SHA512": {"-v2prf hmacWithSHA512", false},
		"scrypt":      {"-scrypt", false},
		"PBES1":       {"-v1 PBE-SHA1-3DES", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			openssl := func(args ...string) []byte {
				t.Helper()
				cmd := exec.CommandContext(t.Context(), "openssl", append(args, "-passin", "env:PASSWORD", "-passout", "env:PASSWORD")...)
				cmd.Dir, cmd.Env = dir, append(os.Environ(), "PASSWORD="+certificatePassword)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("openssl %s: %v\n%s", args, err, out)
				}
				return must(os.ReadFile(filepath.Join(dir, args[len(args)-1])))
			}
			if err := os.WriteFile(filepath.Join(dir, "plain.pem"), plain, 0o600); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"pkcs8", "-topk8"}, strings.Fields(c.args)...)
			encrypted := openssl(append(args, "-in", "plain.pem", "-out", "key.pem")...)
			p, err := parseCertificate(slices.Concat(leaf, encrypted), certificatePassword)
			if !c.supported {
				if err == nil {
					t.Fatal("it is supported: change the test")
				}
				_, command, ok := strings.Cut(err.Error(), "openssl pkcs8 ")
				if !ok {
					t.Fatalf("%v contains no command", err)
				}
				converted := openssl(strings.Fields("pkcs8 " + command)...)
				p, err = parseCertificate(slices.Concat(leaf, converted), certificatePassword)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !p.key.Equal(key) {
				t.Error("got a different key")
			}
		})
	}
}

// TestParseCertificate_forms covers every form that OpenSSL and the key vaults write.
func TestParseCertificate_forms(t *testing.T) {
	key, chain := testCertificates()
	leaf, authority := block("CERTIFICATE", chain[0].Raw), block("CERTIFICATE", chain[1].Raw)
	pkcs8Key := block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
	pkcs1Key := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	encrypted := encryptedKey(key, false)
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
		"PEM, unused password":              {join(leaf, pkcs8Key), certificatePassword},
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
		"encrypted key, damaged":          {join(leaf, encryptedKey(key, true)), certificatePassword, "cannot be decrypted"},
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
				t.Errorf("%v contains the password", err)
			}
		})
	}
}

// TestAssertion checks the properties of a certificate's assertion that Entra ID documents.
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

// FuzzPEM fuzzes PEM only, because PKCS#12 is slow: it derives keys.
func FuzzPEM(f *testing.F) {
	key, chain := testCertificates()
	leaf, pkcs8Key := block("CERTIFICATE", chain[0].Raw), must(x509.MarshalPKCS8PrivateKey(key))
	f.Add(append(leaf, block("PRIVATE KEY", pkcs8Key)...), "")
	f.Add(append(leaf, block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))...), "")
	f.Add(append(block("CERTIFICATE", chain[0].Raw), encryptedKey(key, false)...), certificatePassword)
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
