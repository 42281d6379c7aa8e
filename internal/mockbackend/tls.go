package mockbackend

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// certificates are a private CA and the server certificate of all listeners.
type certificates struct {
	caPEM  []byte
	server tls.Certificate
}

// TLSKey is the kind of the keys of the private CA and of the listeners.
type TLSKey string

// The kinds.
const (
	ECDSAKey TLSKey = "ecdsa" // fast, and the default
	RSAKey   TLSKey = "rsa"   // for clients whose TLS refuses chains of ECDSA certificates, such as Mono's
)

func (k TLSKey) generate() (crypto.Signer, error) {
	if k == RSAKey {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func newCertificates(kind TLSKey) (certificates, error) {
	caKey, err := kind.generate()
	if err != nil {
		return certificates{}, err
	}
	from, until := time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "partnercenter-mock private CA"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if ca, err = issueCertificate(ca, ca, caKey.Public(), caKey); err != nil {
		return certificates{}, err
	}
	key, err := kind.generate()
	if err != nil {
		return certificates{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "partnercenter-mock"}, NotBefore: from, NotAfter: until,
		DNSNames: []string{"localhost", "*.mock.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if leaf, err = issueCertificate(leaf, ca, key.Public(), caKey); err != nil {
		return certificates{}, err
	}
	return certificates{
		caPEM:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}),
		server: tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key},
	}, nil
}

// issueCertificate creates a certificate and parses it again, so that it has the subject key ID that the certificates
// issued by it refer to.
func issueCertificate(template, parent *x509.Certificate, public any, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
