package credential

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// TestParseCertificate_errors checks that errors say what is wrong with a certificate.
func TestParseCertificate_errors(t *testing.T) {
	key, chain := testCertificates()
	pfx := must(pkcs12.Modern.Encode(key, chain[0], nil, certificatePassword))
	valid := func(from, to time.Duration) []byte {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to),
		}
		der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
		return slices.Concat(block("CERTIFICATE", der), block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key))))
	}
	good := valid(-time.Hour, time.Hour)
	for name, c := range map[string]struct {
		data     []byte
		password string
		says     string
	}{
		"expired":               {valid(-48*time.Hour, -24*time.Hour), "", "expired on " + time.Now().Add(-24*time.Hour).UTC().Format(time.DateOnly)},
		"not yet valid":         {valid(time.Hour, 2*time.Hour), "", "check the clock"},
		"escaped ends of lines": {[]byte(strings.ReplaceAll(string(good), "\n", `\n`)), "", `two characters \n`},
		"base64":                {[]byte(base64.StdEncoding.EncodeToString(pfx)), certificatePassword, "base64 -d"},
		"base64 in lines":       {[]byte(base64.StdEncoding.EncodeToString(pfx)[:76] + "\r\n" + base64.StdEncoding.EncodeToString(pfx)[76:] + "\n"), certificatePassword, "base64 -d"},
		"with an end of line":   {append(slices.Clone(pfx), '\r', '\n'), certificatePassword, "2 bytes too many"},
		"with a wrong password": {pfx, "another", ErrWrongPassword.Error()},
	} {
		if _, err := parseCertificate(c.data, c.password); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
	for name, data := range map[string][]byte{"PEM": good, "PKCS#12": pfx} {
		if _, err := parseCertificate(data, certificatePassword); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
