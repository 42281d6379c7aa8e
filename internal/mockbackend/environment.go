package mockbackend

import "time"

// EnvVar is an environment variable.
type EnvVar struct{ Name, Value string }

// Environment returns the environment variables with which the provider uses the started mock. It authenticates as an
// Admin agent with MFA. caPath is a file with CACertificate.
func (b *Backend) Environment(caPath string) []EnvVar {
	return b.EnvironmentFor(caPath, b.User(AdminAgent).RefreshToken)
}

// EnvironmentFor is Environment with another refresh token. Without one, the provider authenticates app-only.
func (b *Backend) EnvironmentFor(caPath, refreshToken string) []EnvVar {
	partner, endpoints := b.Partner(), b.Endpoints()
	environment := []EnvVar{
		{"PARTNERCENTER_TENANT_ID", partner.TenantID},
		{"PARTNERCENTER_CLIENT_ID", partner.ClientID},
		{"PARTNERCENTER_CLIENT_SECRET", partner.ClientSecret},
	}
	if refreshToken != "" {
		environment = append(environment,
			EnvVar{"PARTNERCENTER_REFRESH_TOKEN", refreshToken},
			EnvVar{"PARTNERCENTER_REFRESH_TOKEN_OBTAINED_ON", time.Now().UTC().Format(time.DateOnly)})
	}
	return append(
		environment,
		EnvVar{"PARTNERCENTER_AUTHORITY_HOST", endpoints.SignIn},
		EnvVar{"PARTNERCENTER_PARTNER_CENTER_ENDPOINT", endpoints.PartnerCenter},
		EnvVar{"PARTNERCENTER_RESOURCE_MANAGER_ENDPOINT", endpoints.ResourceManager},
		EnvVar{"PARTNERCENTER_CA_CERTIFICATE_PATH", caPath},
		EnvVar{"PARTNERCENTER_DISABLE_INSTANCE_DISCOVERY", "true"},
		EnvVar{"PARTNERCENTER_MOCK_CONTROL", endpoints.Control},
	)
}

// CIEnvironment returns the variables of a job of GitHub Actions or Azure DevOps with which the provider authenticates the
// application without a client secret. It returns nil for other issuers.
func (b *Backend) CIEnvironment(issuer OIDCIssuer) []EnvVar {
	switch issuer {
	case GitHubIssuer:
		job := b.GitHubActions()
		return []EnvVar{{"ACTIONS_ID_TOKEN_REQUEST_URL", job.RequestURL}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", job.RequestToken}}
	case AzureDevOpsIssuer:
		job := b.AzureDevOps()
		return []EnvVar{
			{"SYSTEM_OIDCREQUESTURI", job.RequestURL},
			{"SYSTEM_ACCESSTOKEN", job.SystemAccessToken},
			{"PARTNERCENTER_ADO_PIPELINE_SERVICE_CONNECTION_ID", job.ServiceConnectionID},
		}
	default:
		return nil
	}
}
