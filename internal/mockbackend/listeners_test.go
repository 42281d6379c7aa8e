package mockbackend_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestServerCertificate checks the certificate against RFC 5280 4.2.1.1, which OpenSSL's strict mode requires. Strict
// mode is the default of Python since 3.13.
func TestServerCertificate(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	c := overTLS(t, b)
	transport, ok := c.http.Transport.(*http.Transport)
	if !ok {
		t.Fatalf("%T", c.http.Transport)
	}
	var server *x509.Certificate
	transport.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		server = state.PeerCertificates[0]
		return nil
	}
	c.call("GET", "/customers", nil)
	b.ClearViolations() // the call has no token
	block, _ := pem.Decode(b.CACertificate())
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if len(ca.SubjectKeyId) == 0 || !bytes.Equal(server.AuthorityKeyId, ca.SubjectKeyId) {
		t.Errorf("authority key id %x, the CA has %x", server.AuthorityKeyId, ca.SubjectKeyId)
	}
}
