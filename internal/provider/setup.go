package provider

import (
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// Flags are the settings that the commands of the provider's binary take as flags. Everything else
// comes from the environment.
type Flags struct {
	TenantID, ClientID                                         string
	ClientSecretFilePath, ClientCertificatePath, OIDCTokenFile string
	Environment                                                string
	RefreshToken, RefreshTokenOutputPath                       string
}

func (f Flags) model() providerModel {
	return providerModel{
		TenantID: types.StringValue(f.TenantID), ClientID: types.StringValue(f.ClientID),
		ClientSecretFilePath: types.StringValue(f.ClientSecretFilePath), ClientCertificatePath: types.StringValue(f.ClientCertificatePath),
		OIDCTokenFilePath: types.StringValue(f.OIDCTokenFile), Environment: types.StringValue(f.Environment),
		RefreshToken: types.StringValue(f.RefreshToken), RefreshTokenOutputPath: types.StringValue(f.RefreshTokenOutputPath),
	}
}

// Setup is the result of the settings outside Terraform, for the commands of the provider's binary.
type Setup struct {
	SignIn  credential.Config
	Clients *tfkit.Clients
	// Permission and AzurePermission are the delegated permissions of Partner Center and of Azure
	// Resource Manager, which a user consents to.
	Permission, AzurePermission string
	// RefreshTokenIssued is when the refresh token was issued. It is zero if unknown.
	RefreshTokenIssued time.Time
}

// RefreshTokenLife is the lifetime of a refresh token.
const RefreshTokenLife = refreshTokenLife

// NewSetup resolves settings as the provider does, with the flags in place of the provider block. It
// sends no request. warn receives the warnings of a sign-in.
func NewSetup(version string, flags Flags, lookupEnv func(string) (string, bool), warn func(headline, text string), options ...Option) (*Setup, diag.Diagnostics) {
	s, diags := resolve(flags.model(), lookupEnv)
	if diags.HasError() {
		return nil, diags
	}
	p := &partnerCenterProvider{version: version}
	for _, o := range options {
		o(p)
	}
	config := p.signInConfig(s, "")
	config.Warn = warn
	clients, more := p.clientsFor(s, config)
	if diags.Append(more...); diags.HasError() {
		return nil, diags
	}
	proof, err := s.signIn.proof()
	if err != nil {
		diags.AddError("Could not prepare the sign-in", err.Error())
		return nil, diags
	}
	config.Proof = proof
	return &Setup{
		SignIn: config, Clients: clients,
		Permission: s.cloud.audience + userImpersonation, AzurePermission: s.cloud.azureAudience + userImpersonation,
		RefreshTokenIssued: refreshTokenIssued(lookupEnv),
	}, diags
}

// userImpersonation is the one delegated permission of both APIs.
const userImpersonation = "/user_impersonation"

// refreshTokenIssued returns when the refresh token of the environment was issued. It is zero if the
// environment does not contain it.
func refreshTokenIssued(lookupEnv func(string) (string, bool)) time.Time {
	r := &resolver{values: providerModel{}.values(), lookupEnv: lookupEnv}
	if obtained, _, _ := r.value("refresh_token_obtained_on"); obtained != "" {
		t, _ := time.Parse(time.DateOnly, obtained) // cannot fail: resolve has checked it
		return t
	}
	if file, _, level := r.value("refresh_token_file_path"); level < notSet {
		if info, err := os.Stat(file); err == nil {
			return info.ModTime()
		}
	}
	return time.Time{}
}
