package provider

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/resourcemanager"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// signInConfig returns the sign-in configuration without the application's credential. It has the HTTP
// client, texts and logger that all clients share.
func (p *partnerCenterProvider) signInConfig(s settings, terraformVersion string) credential.Config {
	var client *http.Client
	if p.transport != nil {
		client = httppipe.ClientOver(p.transport)
	} else {
		client = httppipe.NewClient(s.roots)
	}
	return credential.Config{
		TenantID: s.tenantID, ClientID: s.clientID, ProofFrom: s.signIn.from,
		RefreshToken: s.refreshToken, RefreshTokenFrom: s.refreshTokenFrom, RefreshTokenOutputPath: s.refreshTokenOutputPath,
		Warn: p.notices.add, Reported: new(sync.Map), MaxRetries: s.maxRetries, Hosts: []string{s.authority.Host, s.partnerCenter.Host, s.resourceManager.Host},
		Authority: s.authority, AuthorityAliases: s.cloud.authorityAliases, DisableInstanceDiscovery: s.disableInstanceDiscovery,
		Client: client, Texts: new(httppipe.Texts),
		UserAgent: fmt.Sprintf("github.com/partnercenter/terraform-provider-partnercenter/%s (+https://%s) Terraform/%s", p.version, Address, cmp.Or(terraformVersion, "unknown")),
		Logger:    tfkit.Logger(s.refreshToken, s.signIn.secret, s.signIn.password, s.signIn.requestToken),
	}
}

// clients creates the clients that all types share. It sends no request.
func (p *partnerCenterProvider) clients(s settings, terraformVersion string) (*tfkit.Clients, diag.Diagnostics) {
	return p.clientsFor(s, p.signInConfig(s, terraformVersion))
}

func (p *partnerCenterProvider) clientsFor(s settings, config credential.Config) (*tfkit.Clients, diag.Diagnostics) {
	cred, azure, err := p.credentials(s, config)
	if err != nil {
		return nil, diag.Diagnostics{diag.NewErrorDiagnostic("Could not prepare the sign-in", err.Error())}
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
			Endpoint: s.resourceManager, Audience: s.cloud.azureAudience, Credential: azure, AppOnly: azure.AppOnly(), Forget: azure.Forget,
			Limits: s.limits, MaxRetries: s.maxRetries, Client: config.Client, UserAgent: config.UserAgent, Texts: config.Texts, Logger: config.Logger,
		}),
	}, nil
}

// credentials returns the credentials for Partner Center and for Azure. The two may be the same.
func (p *partnerCenterProvider) credentials(s settings, config credential.Config) (cred, azure *credential.Credential, err error) {
	if len(s.unknown) > 0 {
		cred = credential.Failing(&unknownError{s.unknown})
		return cred, cred, nil
	}
	if config.Proof, err = s.signIn.proof(); err != nil {
		return nil, nil, err
	}
	if cred, err = credential.New(config); err != nil || !s.azureAppOnly || cred.AppOnly() {
		return cred, cred, err
	}
	config.RefreshToken = ""
	azure, err = credential.New(config)
	return cred, azure, err
}
