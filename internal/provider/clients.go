package provider

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"terraform-provider-partnercenter/internal/credential"
	"terraform-provider-partnercenter/internal/httppipe"
	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/resourcemanager"
	"terraform-provider-partnercenter/internal/tfkit"
)

// signInConfig is the configuration of the sign-in, with the HTTP client, texts and logger that the
// clients share.
func (p *partnerCenterProvider) signInConfig(s settings, terraformVersion string) (credential.Config, diag.Diagnostics) {
	var client *http.Client
	if p.transport != nil {
		client = httppipe.ClientOver(p.transport)
	} else {
		client = httppipe.NewClient(s.roots)
	}
	proof, err := s.signIn.proof()
	if err != nil {
		return credential.Config{}, diag.Diagnostics{diag.NewErrorDiagnostic("Could not prepare the sign-in", err.Error())}
	}
	return credential.Config{
		TenantID: s.tenantID, ClientID: s.clientID, Proof: proof,
		RefreshToken: s.refreshToken, RefreshTokenOutputPath: s.refreshTokenOutputPath,
		Authority: s.authority, AuthorityAliases: s.cloud.authorityAliases, DisableInstanceDiscovery: s.disableInstanceDiscovery,
		Client: client, Texts: new(httppipe.Texts),
		UserAgent: fmt.Sprintf("terraform-provider-partnercenter/%s (+https://%s) Terraform/%s", p.version, Address, cmp.Or(terraformVersion, "unknown")),
		Logger:    tfkit.Logger(s.refreshToken, s.signIn.secret, s.signIn.password, s.signIn.requestToken),
	}, nil
}

// clients makes the clients that all types share. It sends nothing.
func (p *partnerCenterProvider) clients(s settings, terraformVersion string) (*tfkit.Clients, diag.Diagnostics) {
	config, diags := p.signInConfig(s, terraformVersion)
	if diags.HasError() {
		return nil, diags
	}
	cred, err := credential.New(config)
	if err != nil {
		return nil, diag.Diagnostics{diag.NewErrorDiagnostic("Could not prepare the sign-in", err.Error())}
	}
	azure := cred
	if s.azureAppOnly && !cred.AppOnly() {
		config.RefreshToken = ""
		if azure, err = credential.New(config); err != nil {
			return nil, diag.Diagnostics{diag.NewErrorDiagnostic("Could not prepare the sign-in to Azure", err.Error())}
		}
	}
	options := partnercenter.Options{
		Endpoint: s.partnerCenter, Audience: s.cloud.audience, Credential: cred, AppOnly: cred.AppOnly(),
		Limits: s.limits, MaxRetries: s.maxRetries, Client: config.Client, UserAgent: config.UserAgent, Texts: config.Texts, Logger: config.Logger,
	}
	if tfkit.CheckGUID(s.tenantID) == nil {
		options.TenantID = strings.ToLower(s.tenantID)
	}
	return &tfkit.Clients{
		PartnerCenter: partnercenter.New(options),
		Azure: resourcemanager.New(resourcemanager.Options{
			Endpoint: s.resourceManager, Audience: s.cloud.azureAudience, Credential: azure,
			Limits: s.limits, MaxRetries: s.maxRetries, Client: config.Client, UserAgent: config.UserAgent, Texts: config.Texts, Logger: config.Logger,
		}),
	}, nil
}
