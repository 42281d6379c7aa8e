package credential

import (
	"context"
	"errors"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Proof is the credential of the application. Create it with one of the functions in this file. The
// zero value is not a credential.
type Proof struct {
	// fields returns the form fields that authenticate a token request at the given endpoint.
	fields func(ctx context.Context, c Config, tokenURL string) (url.Values, error)
	// appOnly returns azidentity's credential for app-only sign-in.
	appOnly func(c Config) (azcore.TokenCredential, error)
	// secrets must not appear in errors.
	secrets []string
	// current returns the current secret or token, or "" if it cannot be read. A nil function means
	// that it never changes.
	current func() string
	// user means that the tokens belong to a user, without a refresh token.
	user bool
}

// version returns a value that differs if the credential has changed.
func (p Proof) version() string {
	if p.current == nil {
		return ""
	}
	return p.current()
}

// ClientSecret authenticates with a client secret of the app registration.
func ClientSecret(secret string) Proof {
	return Proof{
		secrets: []string{secret},
		fields: func(context.Context, Config, string) (url.Values, error) {
			return url.Values{"client_secret": {secret}}, nil
		},
		appOnly: func(c Config) (azcore.TokenCredential, error) {
			return azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, secret, &azidentity.ClientSecretCredentialOptions{
				ClientOptions: c.pipe(), AdditionallyAllowedTenants: anyTenant, DisableInstanceDiscovery: c.DisableInstanceDiscovery,
			})
		},
	}
}

// anyTenant allows azidentity to use all tenants, because customers' tenants come from the
// resources.
var anyTenant = []string{"*"}

// Certificate authenticates with a certificate of the app registration and its private key, in PEM
// or PKCS#12 format. The password is empty if there is none.
func Certificate(data []byte, password string) (Proof, error) {
	pair, err := parseCertificate(data, password)
	if err != nil {
		return Proof{}, err
	}
	return Proof{
		secrets: []string{password},
		fields: func(_ context.Context, c Config, tokenURL string) (url.Values, error) {
			jwt, err := pair.assertion(c.ClientID, tokenURL)
			return assertionFields(jwt), err
		},
		appOnly: func(c Config) (azcore.TokenCredential, error) {
			return azidentity.NewClientCertificateCredential(c.TenantID, c.ClientID, pair.chain, pair.key, &azidentity.ClientCertificateCredentialOptions{
				ClientOptions: c.pipe(), AdditionallyAllowedTenants: anyTenant, DisableInstanceDiscovery: c.DisableInstanceDiscovery,
			})
		},
	}, nil
}

// OIDCToken authenticates with a token of a workload identity federation. Such tokens are valid for
// minutes; longer runs need another credential.
func OIDCToken(token string) Proof {
	p := assertion(func(context.Context, Config) (string, error) { return token, nil })
	p.secrets = []string{token}
	return p
}

// OIDCTokenFile authenticates with the token in a file. The file is read on every use, because
// Kubernetes with workload identity or GitLab's runner replaces it.
func OIDCTokenFile(path string) Proof {
	read := func() (string, error) { return readText(path) }
	p := assertion(func(_ context.Context, c Config) (string, error) {
		token, err := read()
		if err == nil && token == "" {
			err = errors.New("the OIDC token file " + path + " is empty")
		}
		c.Texts.AddSecrets(token)
		return token, err
	})
	p.current = func() string {
		token, _ := read()
		return token
	}
	return p
}

// GitHubActions authenticates with a token that the job requests from GitHub
// (https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect).
func GitHubActions(requestURL, requestToken string) Proof {
	p := assertion(func(ctx context.Context, c Config) (string, error) {
		return c.githubToken(ctx, requestURL, requestToken)
	})
	p.secrets = []string{requestToken}
	return p
}

// AzureDevOps authenticates with a token of a service connection that the pipeline requests from
// Azure DevOps
// (https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create).
func AzureDevOps(requestURL, systemAccessToken, serviceConnectionID string) Proof {
	p := assertion(func(ctx context.Context, c Config) (string, error) {
		return c.azureDevOpsToken(ctx, requestURL, systemAccessToken, serviceConnectionID)
	})
	p.secrets = []string{systemAccessToken}
	return p
}

// AzureCLI uses the tokens of the user or application that is signed in to the Azure CLI. It needs
// no client ID and cannot be combined with a refresh token.
func AzureCLI() Proof {
	return Proof{
		user: true,
		appOnly: func(c Config) (azcore.TokenCredential, error) {
			return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{
				TenantID: c.TenantID, AdditionallyAllowedTenants: anyTenant,
			})
		},
	}
}

// assertion returns a credential that calls get for a new token for each request.
func assertion(get func(context.Context, Config) (string, error)) Proof {
	return Proof{
		fields: func(ctx context.Context, c Config, _ string) (url.Values, error) {
			token, err := get(ctx, c)
			return assertionFields(token), err
		},
		appOnly: func(c Config) (azcore.TokenCredential, error) {
			return azidentity.NewClientAssertionCredential(c.TenantID, c.ClientID,
				func(ctx context.Context) (string, error) { return get(ctx, c) },
				&azidentity.ClientAssertionCredentialOptions{
					ClientOptions: c.pipe(), AdditionallyAllowedTenants: anyTenant, DisableInstanceDiscovery: c.DisableInstanceDiscovery,
				})
		},
	}
}

func assertionFields(jwt string) url.Values {
	return url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {jwt},
	}
}
