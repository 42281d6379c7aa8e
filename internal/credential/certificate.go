package credential

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"go.step.sm/crypto/pemutil"
	"software.sslmate.com/src/go-pkcs12"
)

// ErrNoPassword means that the private key is encrypted and no password was given.
var ErrNoPassword = errors.New("there is no password of the certificate")

// ErrWrongPassword means that the password does not decrypt the private key.
var ErrWrongPassword = errors.New("the password of the certificate is not the password")

// certificatePair is a certificate, followed by its chain, and its private key.
type certificatePair struct {
	chain []*x509.Certificate
	key   *rsa.PrivateKey
}

// parseCertificate reads PEM and PKCS#12 in all forms that OpenSSL writes. These include two forms
// that azidentity does not support: encrypted PEM keys, and PKCS#12 with a SHA-256 MAC.
func parseCertificate(data []byte, password string) (*certificatePair, error) {
	var key crypto.PrivateKey
	var chain []*x509.Certificate
	var err error
	switch text := bytes.TrimSpace(data); {
	case bytes.Contains(data, []byte(`-----\n`)):
		return nil, errors.New(`it is PEM with the two characters \n where lines end: in a shell, printf '%b' "$VARIABLE" writes real ends of lines`)
	case bytes.Contains(data, []byte("-----BEGIN ")):
		chain, key, err = parsePEM(data, password)
	case isBase64(text):
		return nil, errors.New("it is base64 text: decode it into a file first, with base64 -d, or give the text itself instead of a file")
	default:
		var leaf *x509.Certificate
		var authorities []*x509.Certificate
		if rest := trailingBytes(data); rest > 0 {
			return nil, fmt.Errorf("it is PKCS#12 with %d bytes too many at the end, such as an end of line: copy the file again, in binary mode", rest)
		}
		key, leaf, authorities, err = pkcs12.DecodeChain(data, password)
		chain = append([]*x509.Certificate{leaf}, authorities...)
		switch {
		case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
			err = fmt.Errorf("%w for the PKCS#12 file", ErrNoPassword)
		case errors.Is(err, pkcs12.ErrIncorrectPassword):
			err = fmt.Errorf("%w of the PKCS#12 file", ErrWrongPassword)
		case err != nil:
			err = fmt.Errorf("neither PEM nor PKCS#12 that can be read: %w", err)
		}
	}
	if err != nil {
		return nil, err
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the private key is a %T; Microsoft Entra ID accepts RSA keys only", key)
	}
	// The certificate of the key comes first. The file may contain the certificates in any order.
	leaf := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return rsaKey.PublicKey.Equal(c.PublicKey) })
	if leaf < 0 {
		return nil, errors.New("no certificate in the file belongs to its private key")
	}
	chain[0], chain[leaf] = chain[leaf], chain[0]
	switch now := time.Now(); {
	case now.After(chain[0].NotAfter):
		return nil, fmt.Errorf("it expired on %s: create a new one and add it to the app registration", chain[0].NotAfter.UTC().Format(time.DateOnly))
	case now.Before(chain[0].NotBefore):
		return nil, fmt.Errorf("it is valid only from %s: check the clock of this computer, or use another one", chain[0].NotBefore.UTC().Format(time.RFC3339))
	}
	return &certificatePair{chain: chain, key: rsaKey}, nil
}

// isBase64 reports whether a text of more than 64 characters is base64.
func isBase64(text []byte) bool {
	plain := bytes.Join(bytes.Fields(text), nil)
	_, err := base64.StdEncoding.Decode(make([]byte, base64.StdEncoding.DecodedLen(len(plain))), plain)
	return err == nil && len(plain) > 64
}

// trailingBytes returns the number of bytes after a DER value.
func trailingBytes(data []byte) int {
	var whole asn1.RawValue
	rest, err := asn1.Unmarshal(data, &whole)
	if err != nil {
		return 0
	}
	return len(rest)
}

func parsePEM(data []byte, password string) (chain []*x509.Certificate, key crypto.PrivateKey, err error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, err
			}
			chain = append(chain, c)
		case "PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
			if key != nil {
				return nil, nil, errors.New("there is more than one private key")
			}
			if key, err = parseKey(block, password); err != nil {
				return nil, nil, err
			}
		case "EC PRIVATE KEY":
			return nil, nil, errors.New("the private key is an elliptic curve key; Microsoft Entra ID accepts RSA keys only")
		}
	}
	if key == nil {
		return nil, nil, errors.New("there is no private key beside the certificate")
	}
	return chain, key, nil
}

func parseKey(block *pem.Block, password string) (crypto.PrivateKey, error) {
	der := block.Bytes
	legacy := x509.IsEncryptedPEMBlock(block) //nolint:staticcheck // weak, but OpenSSL still uses it with -traditional
	if block.Type == "ENCRYPTED PRIVATE KEY" || legacy {
		if password == "" {
			return nil, fmt.Errorf("%w for the private key", ErrNoPassword)
		}
	}
	wrong := fmt.Errorf("%w of the private key, or its encryption is not supported", ErrWrongPassword)
	var err error
	switch {
	case legacy:
		if der, err = x509.DecryptPEMBlock(block, []byte(password)); err != nil { //nolint:staticcheck // as above
			return nil, wrong
		}
	case block.Type == "ENCRYPTED PRIVATE KEY":
		if der, err = decryptPKCS8(der, password); err != nil {
			return nil, err
		}
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	switch {
	case err != nil && legacy: // with a wrong password, the padding is valid by chance in one of 256 cases
		return nil, wrong
	case err != nil:
		return nil, errors.New("the private key cannot be read")
	}
	return key, nil
}

// decryptPKCS8 decrypts what OpenSSL writes by default: PBES2 with PBKDF2 and AES or Triple DES in
// CBC mode. If a key was derived with HMAC-SHA512, it fails in the same way as with a wrong
// password.
func decryptPKCS8(der []byte, password string) (plain []byte, err error) {
	const convert = `to convert the key, run: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in key.pem -out converted-key.pem`
	defer func() {
		if recover() != nil { // crypto/cipher panics if a length is wrong
			plain, err = nil, errors.New("the private key is damaged and cannot be decrypted")
		}
	}()
	plain, err = pemutil.DecryptPKCS8PrivateKey(der, []byte(password))
	if err == nil {
		if _, err = x509.ParsePKCS8PrivateKey(plain); err == nil {
			return plain, nil
		}
		err = x509.IncorrectPasswordError // the padding was valid by chance
	}
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, fmt.Errorf("%w of the private key, or its encryption is not supported; %s", ErrWrongPassword, convert)
	}
	return nil, errors.New("the encryption of the private key is not supported; " + convert)
}

// assertion returns the signed assertion that authenticates the application at one token endpoint
// (https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
func (p *certificatePair) assertion(clientID, tokenURL string) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodPS256, jwt.MapClaims{
		"aud": tokenURL, "iss": clientID, "sub": clientID, "jti": uuid.NewString(),
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	})
	thumbprint := sha256.Sum256(p.chain[0].Raw)
	token.Header["x5t#S256"] = base64.RawURLEncoding.EncodeToString(thumbprint[:])
	return token.SignedString(p.key)
}
