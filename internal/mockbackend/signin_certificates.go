package mockbackend

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// CertificateKind selects a certificate of an application.
type CertificateKind string

// The certificates. All are created once per process.
const (
	RegisteredCertificate   CertificateKind = "registered"   // registered for the partner's application
	UnregisteredCertificate CertificateKind = "unregistered" // valid, but not registered
	ExpiredCertificate      CertificateKind = "expired"      // registered, and expired in 1999
)

// AppCertificate is a certificate of an application with its key and the CA that issued it.
type AppCertificate struct {
	Certificate *x509.Certificate
	Key         *rsa.PrivateKey
	CA          *x509.Certificate
}

// PEMForm is an order and encoding of certificate and key in PEM.
type PEMForm string

// The forms.
const (
	PEMPKCS8    PEMForm = "pkcs8"    // certificate, CA, key in PKCS#8
	PEMPKCS1    PEMForm = "pkcs1"    // certificate, CA, key in PKCS#1
	PEMReversed PEMForm = "reversed" // key in PKCS#8, CA, certificate
)

// PEM returns certificate, CA and key.
func (c AppCertificate) PEM(form PEMForm) []byte {
	chain := []byte{}
	for _, certificate := range []*x509.Certificate{c.Certificate, c.CA} {
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
		if form == PEMReversed {
			chain = append(block, chain...)
		} else {
			chain = append(chain, block...)
		}
	}
	switch form {
	case PEMPKCS1:
		return append(chain, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(c.Key)})...)
	case PEMReversed:
		return append(c.keyPEM(), chain...)
	default:
		return append(chain, c.keyPEM()...)
	}
}

func (c AppCertificate) keyPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: c.KeyDER()})
}

// KeyDER returns the key in PKCS#8.
func (c AppCertificate) KeyDER() []byte {
	der, _ := x509.MarshalPKCS8PrivateKey(c.Key) // fails only for unknown key types
	return der
}

// Certificate returns a certificate with its key. An unknown kind is a violation.
func (b *Backend) Certificate(kind CertificateKind) AppCertificate {
	made, err := appCertificates()
	if err == nil {
		err = oneOf("certificate", kind, RegisteredCertificate, UnregisteredCertificate, ExpiredCertificate)
	}
	if err != nil {
		b.lockAndViolate("Certificate: %v", err)
		return AppCertificate{}
	}
	return made[kind]
}

// RegisterCertificate registers a certificate for the partner's application.
func (b *Backend) RegisterCertificate(certificate *x509.Certificate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.signIn.certificates = append(b.signIn.certificates, certificate)
}

// registeredCertificates returns the registered certificates of the partner's application.
func (b *Backend) registeredCertificates() []*x509.Certificate {
	made, err := appCertificates()
	if err != nil {
		b.violate("certificates: %v", err)
		return nil
	}
	return append([]*x509.Certificate{made[RegisteredCertificate].Certificate, made[ExpiredCertificate].Certificate}, b.signIn.certificates...)
}

// appCertificates are valid from 1990 to 2090, because the clock of a synctest bubble starts in 2000.
var appCertificates = sync.OnceValues(func() (map[CertificateKind]AppCertificate, error) {
	day := func(year int) time.Time { return time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC) }
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	key, keyErr := rsa.GenerateKey(rand.Reader, 2048)
	otherKey, otherErr := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(err, keyErr, otherErr); err != nil {
		return nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "partner-demo issuing CA"}, NotBefore: day(1990), NotAfter: day(2090),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if ca, err = issueCertificate(ca, ca, &caKey.PublicKey, caKey); err != nil {
		return nil, err
	}
	made := map[CertificateKind]AppCertificate{}
	for serial, kind := range []CertificateKind{RegisteredCertificate, UnregisteredCertificate, ExpiredCertificate} {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(int64(serial) + 2), Subject: pkix.Name{CommonName: fmt.Sprintf("partner-demo %s", kind)}, NotBefore: day(1990), NotAfter: day(2090),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		leafKey := key
		if kind != RegisteredCertificate {
			leafKey = otherKey
		}
		if kind == ExpiredCertificate {
			leaf.NotAfter = day(1999)
		}
		certificate, err := issueCertificate(leaf, ca, &leafKey.PublicKey, caKey)
		if err != nil {
			return nil, err
		}
		made[kind] = AppCertificate{Certificate: certificate, Key: leafKey, CA: ca}
	}
	return made, nil
})
