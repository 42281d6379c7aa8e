package mockbackend_test

import (
	"slices"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestEnvironment(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	environment := b.Environment("/ca.pem")
	for name, want := range map[string]string{
		"PARTNERCENTER_TENANT_ID": mockbackend.PartnerTenantID, "PARTNERCENTER_CA_CERTIFICATE_PATH": "/ca.pem",
		"PARTNERCENTER_REFRESH_TOKEN":             b.User(mockbackend.AdminAgent).RefreshToken,
		"PARTNERCENTER_REFRESH_TOKEN_OBTAINED_ON": time.Now().UTC().Format(time.DateOnly),
		"PARTNERCENTER_AUTHORITY_HOST":            b.Endpoints().SignIn,
		"PARTNERCENTER_MOCK_CONTROL":              b.Endpoints().Control,
	} {
		if !slices.Contains(environment, mockbackend.EnvVar{Name: name, Value: want}) {
			t.Errorf("%s is not %s", name, want)
		}
	}
	if n := len(b.EnvironmentFor("/ca.pem", "")); n != len(environment)-2 {
		t.Errorf("app-only: %d variables", n)
	}
}

func TestCIEnvironment(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	for issuer, want := range map[mockbackend.OIDCIssuer]mockbackend.EnvVar{
		mockbackend.GitHubIssuer:      {Name: "ACTIONS_ID_TOKEN_REQUEST_URL", Value: b.GitHubActions().RequestURL},
		mockbackend.AzureDevOpsIssuer: {Name: "PARTNERCENTER_ADO_PIPELINE_SERVICE_CONNECTION_ID", Value: b.AzureDevOps().ServiceConnectionID},
	} {
		if !slices.Contains(b.CIEnvironment(issuer), want) {
			t.Errorf("%s: no %s", issuer, want.Name)
		}
	}
	if b.CIEnvironment(mockbackend.GitLabIssuer) != nil {
		t.Error("CIEnvironment has variables for GitLab, where the user chooses the name")
	}
}
