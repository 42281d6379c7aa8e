package credential

import (
	"context"
	"errors"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Proof is how the application proves itself to Entra ID. Make it with one of the functions
// of this file. The zero value is no proof.
type Proof struct {
	// fields are what the proof adds to a token request at the given endpoint.
	fields func(ctx context.Context, c Config, tokenURL string) (url.Values, error)
	// appOnly is azidentity's credential for it.
	appOnly func(c Config) (azcore.TokenCredential, error)
	// secrets must not appear in errors.
	secrets []string
	// current is what the proof is made of now, or "" when it is out of reach; nil means that it
	// stays the same.
	current func() string
	// user tells that the tokens are a user's without a refresh token.
	user bool
}

// version is what the proof is made of at present, as far as that changes.
func (p Proof) version() string {
	if p.current == nil {
		return ""
	}
	return p.current()
}

// ClientSecret proves by a secret of the app registration.
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

// anyTenant is for azidentity: customers' tenants come from the resources.
var anyTenant = []string{"*"}

// Certificate proves by a certificate of the app registration, with its private key: PEM or
// PKCS#12, the password empty where there is none.
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

// OIDCToken proves by a token of a workload identity federation. Such tokens live for minutes;
// a run that takes longer needs one of the other kinds.
func OIDCToken(token string) Proof {
	p := assertion(func(context.Context, Config) (string, error) { return token, nil })
	p.secrets = []string{token}
	return p
}

// OIDCTokenFile proves by the token in a file, which is read again on every use, since
// somebody replaces it: Kubernetes with workload identity, or GitLab's runner.
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

// GitHubActions proves by a token that the job asks GitHub for
// (https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect).
func GitHubActions(requestURL, requestToken string) Proof {
	p := assertion(func(ctx context.Context, c Config) (string, error) {
		return c.githubToken(ctx, requestURL, requestToken)
	})
	p.secrets = []string{requestToken}
	return p
}

// AzureDevOps proves by a token that the pipeline asks Azure DevOps for, of a service
// connection
// (https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create).
func AzureDevOps(requestURL, systemAccessToken, serviceConnectionID string) Proof {
	p := assertion(func(ctx context.Context, c Config) (string, error) {
		return c.azureDevOpsToken(ctx, requestURL, systemAccessToken, serviceConnectionID)
	})
	p.secrets = []string{systemAccessToken}
	return p
}

// AzureCLI takes the tokens of the user or application that is signed in to the Azure CLI. It
// goes without a client id and cannot be combined with a refresh token.
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

// assertion is a proof by a token that get returns, anew for each request.
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
