package mockbackend_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestAzidentity authenticates with the Azure SDK over the in-process transport, also in a customer's tenant.
func TestAzidentity(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(*mockbackend.Backend, azcore.ClientOptions) (azcore.TokenCredential, error)
	}{
		{"secret", func(b *mockbackend.Backend, options azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewClientSecretCredential(b.Partner().TenantID, b.Partner().ClientID, b.Partner().ClientSecret, &azidentity.ClientSecretCredentialOptions{
				ClientOptions: options, AdditionallyAllowedTenants: []string{"*"}, DisableInstanceDiscovery: true,
			})
		}},
		{"certificate", func(b *mockbackend.Backend, options azcore.ClientOptions) (azcore.TokenCredential, error) {
			certificates, key, err := azidentity.ParseCertificates(b.Certificate(mockbackend.RegisteredCertificate).PEM(mockbackend.PEMPKCS8), nil)
			if err != nil {
				return nil, err
			}
			return azidentity.NewClientCertificateCredential(b.Partner().TenantID, b.Partner().ClientID, certificates, key, &azidentity.ClientCertificateCredentialOptions{
				ClientOptions: options, AdditionallyAllowedTenants: []string{"*"}, DisableInstanceDiscovery: true, SendCertificateChain: true,
			})
		}},
		{"federated", func(b *mockbackend.Backend, options azcore.ClientOptions) (azcore.TokenCredential, error) {
			mint := func(context.Context) (string, error) { return b.OIDCToken(mockbackend.GitHubIssuer), nil }
			return azidentity.NewClientAssertionCredential(b.Partner().TenantID, b.Partner().ClientID, mint, &azidentity.ClientAssertionCredentialOptions{
				ClientOptions: options, AdditionallyAllowedTenants: []string{"*"}, DisableInstanceDiscovery: true,
			})
		}},
		{"pipeline", func(b *mockbackend.Backend, options azcore.ClientOptions) (azcore.TokenCredential, error) {
			job := b.AzureDevOps()
			t.Setenv("SYSTEM_OIDCREQUESTURI", job.RequestURL)
			return azidentity.NewAzurePipelinesCredential(b.Partner().TenantID, b.Partner().ClientID, job.ServiceConnectionID, job.SystemAccessToken, &azidentity.AzurePipelinesCredentialOptions{
				ClientOptions: options, AdditionallyAllowedTenants: []string{"*"}, DisableInstanceDiscovery: true,
			})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBackend(t, mockbackend.Config{})
			credential, err := test.make(b, azcore.ClientOptions{
				Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: b.Endpoints().SignIn}, Transport: &http.Client{Transport: b.Transport()},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, options := range []policy.TokenRequestOptions{
				{Scopes: []string{partnerCenterScope + "/.default"}},
				{Scopes: []string{resourceManagerScope + "/.default"}, TenantID: mockbackend.AdatumID},
				{Scopes: []string{resourceManagerScope + "/.default"}, EnableCAE: true},
			} {
				token, err := credential.GetToken(context.WithoutCancel(t.Context()), options)
				if err != nil {
					t.Fatal(err)
				}
				if got := claims(t, anonymous(t, b), token.Token); got["idtyp"] != "app" {
					t.Errorf("%v", got)
				}
			}
			if n := b.Counters().TokensIssued(); n != 3 {
				t.Errorf("%d tokens", n)
			}
		})
	}
}

func TestAzidentityWithABadCertificate(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	bad := b.Certificate(mockbackend.UnregisteredCertificate)
	credential, err := azidentity.NewClientCertificateCredential(b.Partner().TenantID, b.Partner().ClientID, []*x509.Certificate{bad.Certificate}, bad.Key, &azidentity.ClientCertificateCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: b.Endpoints().SignIn}, Transport: &http.Client{Transport: b.Transport()},
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := credential.GetToken(context.WithoutCancel(t.Context()), policy.TokenRequestOptions{Scopes: []string{partnerCenterScope + "/.default"}}); err == nil {
		t.Error("a token for an unregistered certificate")
	}
}
