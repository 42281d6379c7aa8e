package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"terraform-provider-partnercenter/internal/tfkit"
)

func (p *partnerCenterProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	text := func(setting, description string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description + " " + envDoc(setting), Optional: true, Validators: validators}
	}
	secret := func(setting, description string) schema.StringAttribute {
		a := text(setting, description)
		a.Sensitive = true
		return a
	}
	flag := func(setting, description string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: description + " Default `false`. " + envDoc(setting), Optional: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages what the customers of a Microsoft Cloud Solution Provider (CSP) partner may buy by themselves, in Microsoft Partner Center.",
		Attributes: map[string]schema.Attribute{
			"tenant_id": text("tenant_id", "The partner's Microsoft Entra tenant: its id, a GUID, or one of its verified domains.",
				tfkit.StringCheck("value must be a GUID or a domain name", checkTenant)),
			"client_id": text("client_id", "The application (client) id of the app registration that is enabled for Partner Center.", tfkit.GUID()),

			"client_secret":           secret("client_secret", "A client secret of the application."),
			"client_secret_file_path": text("client_secret_file_path", "A file with a client secret of the application."),
			"client_certificate": secret("client_certificate", "A certificate of the application with its private key: PEM, or PKCS#12 in base64. "+
				"RSA keys only."),
			"client_certificate_path":     text("client_certificate_path", "A file with a certificate of the application and its private key, PEM or PKCS#12. RSA keys only."),
			"client_certificate_password": secret("client_certificate_password", "The password of the certificate's file or private key."),

			"use_oidc": flag("use_oidc", "Whether the application proves itself by an OIDC token (workload identity federation). It need not be set where "+
				"another OIDC setting is."),
			"oidc_token":                         secret("oidc_token", "An OIDC token of a federated credential. Such tokens live for minutes only; prefer a file or a request URL."),
			"oidc_token_file_path":               text("oidc_token_file_path", "A file with an OIDC token, which is read again each time it is needed."),
			"oidc_request_url":                   text("oidc_request_url", "Where to ask for an OIDC token. GitHub Actions and Azure DevOps set it by themselves."),
			"oidc_request_token":                 secret("oidc_request_token", "What to ask for an OIDC token with. GitHub Actions sets it by itself; in Azure DevOps, map `SYSTEM_ACCESSTOKEN` into the step's environment."),
			"ado_pipeline_service_connection_id": text("ado_pipeline_service_connection_id", "The id of the Azure DevOps service connection whose OIDC token proves the application."),
			"use_aks_workload_identity": flag("use_aks_workload_identity", "Whether the application proves itself by the token that AKS workload identity puts "+
				"into the file that `AZURE_FEDERATED_TOKEN_FILE` names."),
			"use_cli": flag("use_cli", "Whether to take tokens from the Azure CLI, of the user or application that is signed in there. `client_id` is not needed then."),

			"refresh_token": secret("refresh_token", "A refresh token that a user of the partner, signed in with multifactor authentication, got for the application "+
				"(Secure Application Model). With it the provider signs in as app+user, which customer permissions need; without it as "+
				"app-only, which suffices to read customers and subscriptions."),
			"refresh_token_file_path": text("refresh_token_file_path", "File with the refresh token. A warning says if others can read it."),
			"refresh_token_output_path": text("refresh_token_output_path", "File to which the newest refresh token is written each time Microsoft Entra ID replaces it. The file has "+
				"mode 0600 and is replaced at once. It may be the same as `refresh_token_file_path`. A symbolic link is followed. A file with the refresh token of another "+
				"tenant or application, or with anything else, is refused. Set it in the same place as the refresh token: in the provider block or in the environment. "+
				"Without it a refresh token expires 90 days after it was issued, however often it is used. See [Several partner tenants](guides/several_partner_tenants.md)."),
			"refresh_token_obtained_on": text("refresh_token_obtained_on", "Date on which the refresh token was issued, such as `2026-01-31`, not in the future. With it the warning that a "+
				"refresh token is not renewed comes only 30 days before the token expires. Set it in the same place as the refresh token.", tfkit.StringCheck("value must be a date such as 2026-01-31", checkDate)),

			"azure_auth_mode": text("azure_auth_mode", "Who calls Azure in the customers' tenants: `user`, by the refresh token, or `app`, the application by itself, "+
				"which must then exist in the customer's tenant and hold a role there. Default `user` where there is a user.",
				tfkit.StringCheck("value must be user or app", checkAzureAuthMode)),
			"environment": text("environment", "The Microsoft cloud: `public` (default), `usgovernment` or `china`. It sets hosts and audience. "+
				"Microsoft documents customer permissions for the public cloud only.", tfkit.StringCheck("value must be public, usgovernment or china", checkCloud)),
			"ca_certificate_path": text("ca_certificate_path", "A PEM file with certificate authorities to trust in addition to the system's, such as that of an inspecting proxy."),
			"disable_instance_discovery": flag("disable_instance_discovery", "Whether to skip asking Microsoft if the authority host is one of its own. "+
				"Needed only for an authority host that is not."),

			"requests_per_second": schema.Float64Attribute{
				MarkdownDescription: "How many requests at most are started in a second, evenly spread, such as `8`. By default there is no such bound: the provider " +
					"finds the server's limit by itself. Set it to leave a part of that to others. " + envDoc("requests_per_second"),
				Optional: true, Validators: []validator.Float64{numberCheck{"value must be a number from 0.01 to 1000, such as 8", checkRequestsPerSecond}},
			},
			"max_concurrent_requests": schema.Int64Attribute{
				MarkdownDescription: "How many requests at most are under way at a time, from `1` to `256`. Default `32`. " + envDoc("max_concurrent_requests"),
				Optional:            true, Validators: []validator.Int64{numberCheck{"value must be a whole number from 1 to 256, such as 32", checkConcurrentRequests}},
			},
			"max_retries": schema.Int64Attribute{
				MarkdownDescription: "How often a request that failed for a passing reason is sent again where that is safe, `0` for never. Default `4`. Throttled requests " +
					"do not count: they are sent again until the operation's time is over. It also holds for sign-in. " + envDoc("max_retries"),
				Optional: true, Validators: []validator.Int64{numberCheck{"value must be a whole number from 0 to 100, such as 4", checkRetries}},
			},
		},
		Blocks: map[string]schema.Block{
			"endpoints": schema.SingleNestedBlock{
				MarkdownDescription: "Base URLs of the services, for tests and private proxies. HTTPS, or plain HTTP for a loopback address.",
				Attributes: map[string]schema.Attribute{
					"partner_center":   text("endpoints.partner_center", "Partner Center, without `/v1`. Default `https://api.partnercenter.microsoft.com`.", endpointURL(checkEndpoint)),
					"resource_manager": text("endpoints.resource_manager", "Azure Resource Manager. Default `https://management.azure.com`.", endpointURL(checkEndpoint)),
					"authority_host":   text("endpoints.authority_host", "The sign-in service, HTTPS only. Default `https://login.microsoftonline.com`.", endpointURL(checkAuthority)),
				},
			},
		},
	}
}
