package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
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
		return schema.BoolAttribute{MarkdownDescription: description + " Defaults to `false`. " + envDoc(setting), Optional: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages what the customers of a Microsoft Cloud Solution Provider (CSP) partner can buy by themselves, in Microsoft Partner Center.",
		Attributes: map[string]schema.Attribute{
			"tenant_id": text("tenant_id", "Microsoft Entra tenant of the partner. Must be a tenant ID (GUID) or a verified domain.",
				tfkit.StringCheck("value must be a GUID or a domain name", checkTenant)),
			"client_id": text("client_id", "Application (client) ID of the app registration that is enabled for Partner Center. Must be a GUID. Not needed with `use_cli`.", tfkit.GUID()),

			"client_secret":           secret("client_secret", "Client secret of the application."),
			"client_secret_file_path": text("client_secret_file_path", "Path of a file with a client secret of the application."),
			"client_certificate": secret("client_certificate", "Certificate of the application with its private key. Must be PEM, or PKCS#12 in base64. "+
				"Only RSA keys are supported."),
			"client_certificate_path":     text("client_certificate_path", "Path of a file with a certificate of the application and its private key, as PEM or PKCS#12. Only RSA keys are supported."),
			"client_certificate_password": secret("client_certificate_password", "Password of the certificate file or the private key."),

			"use_oidc": flag("use_oidc", "Set to `true` to authenticate the application with an OIDC token (workload identity federation). Optional if "+
				"another OIDC argument is set."),
			"oidc_token":                         secret("oidc_token", "OIDC token of a federated credential. Such tokens expire after minutes, so prefer a file or a request URL."),
			"oidc_token_file_path":               text("oidc_token_file_path", "Path of a file with an OIDC token. The provider reads the file again for each token request."),
			"oidc_request_url":                   text("oidc_request_url", "URL to request an OIDC token from. GitHub Actions and Azure DevOps set its environment variable."),
			"oidc_request_token":                 secret("oidc_request_token", "Bearer token for the request to `oidc_request_url`. GitHub Actions sets its environment variable. In Azure DevOps, map `SYSTEM_ACCESSTOKEN` into the environment of the step."),
			"ado_pipeline_service_connection_id": text("ado_pipeline_service_connection_id", "ID of the Azure DevOps service connection whose OIDC token authenticates the application."),
			"use_aks_workload_identity": flag("use_aks_workload_identity", "Set to `true` to authenticate the application with the token of AKS workload identity, "+
				"from the file that `AZURE_FEDERATED_TOKEN_FILE` names."),
			"use_cli": flag("use_cli", "Set to `true` to use the user or application that is signed in to the Azure CLI."),

			"refresh_token": secret("refresh_token", "Refresh token of a user of the partner, issued to the application with multifactor authentication (Secure Application Model). "+
				"With it, the provider authenticates as app+user, which customer permissions need. Without it, the provider authenticates as "+
				"app-only, which is enough to read customers and subscriptions."),
			"refresh_token_file_path": text("refresh_token_file_path", "Path of a file with the refresh token. The provider warns if others can read it."),
			"refresh_token_output_path": text("refresh_token_output_path", "Path of the file that receives the newest refresh token, which Microsoft Entra ID issues at each sign-in. "+
				"It can be the same as `refresh_token_file_path`. The file has mode 0600 and is replaced atomically. Without it, the refresh token expires 90 days after it was issued. "+
				"Set it in the same place as the refresh token: see [Several partner tenants](guides/several_partner_tenants.md)."),
			"refresh_token_obtained_on": text("refresh_token_obtained_on", "Date on which the refresh token was issued, such as `2026-01-31`, not in the future. With it, the provider warns only in the last 30 days "+
				"before a refresh token that is not renewed expires. Set it in the same place as the refresh token.", tfkit.StringCheck("value must be a date such as 2026-01-31", checkDate)),

			"azure_auth_mode": text("azure_auth_mode", "Identity that calls Azure in the tenants of customers. Must be `user` (the user of the refresh token) or `app` (the application, "+
				"which must then exist in the customer's tenant and have a role there). Defaults to `user` if there is a user.",
				tfkit.StringCheck("value must be user or app", checkAzureAuthMode)),
			"environment": text("environment", "Microsoft cloud, which sets hosts and audience. Must be `public`, `usgovernment` or `china`. Defaults to `public`. "+
				"Microsoft documents customer permissions for the public cloud only.", tfkit.StringCheck("value must be public, usgovernment or china", checkCloud)),
			"ca_certificate_path": text("ca_certificate_path", "Path of a PEM file with certificate authorities to trust in addition to those of the system, for example that of an inspecting proxy."),
			"disable_instance_discovery": flag("disable_instance_discovery", "Set to `true` to skip the check with Microsoft that the authority host belongs to Microsoft Entra ID. "+
				"Needed only for an authority host that does not."),

			"requests_per_second": schema.Float64Attribute{
				MarkdownDescription: "Maximum number of requests per second, evenly spread, such as `8`. Must be from `0.01` to `1000`. By default, the provider " +
					"detects the limit of the server. Set it to leave a part of that limit to other programs. " + envDoc("requests_per_second"),
				Optional: true, Validators: []validator.Float64{numberCheck{"value must be a number from 0.01 to 1000, such as 8", checkRequestsPerSecond}},
			},
			"max_concurrent_requests": schema.Int64Attribute{
				MarkdownDescription: "Maximum number of concurrent requests. Must be from `1` to `256`. Defaults to `32`. " + envDoc("max_concurrent_requests"),
				Optional:            true, Validators: []validator.Int64{numberCheck{"value must be a whole number from 1 to 256, such as 32", checkConcurrentRequests}},
			},
			"max_retries": schema.Int64Attribute{
				MarkdownDescription: "Maximum number of retries of a request after a transient failure, if a retry is safe. Must be from `0` to `100`. Defaults to `4`. Throttled requests " +
					"do not count: they are retried until the operation times out. The number also applies to sign-in requests. " + envDoc("max_retries"),
				Optional: true, Validators: []validator.Int64{numberCheck{"value must be a whole number from 0 to 100, such as 4", checkRetries}},
			},
		},
		Blocks: map[string]schema.Block{
			"endpoints": schema.SingleNestedBlock{
				MarkdownDescription: "Base URLs of the services, for tests and private proxies. Must be HTTPS, or HTTP for a loopback address.",
				Attributes: map[string]schema.Attribute{
					"partner_center":   text("endpoints.partner_center", "Base URL of Partner Center, without `/v1`. Defaults to `https://api.partnercenter.microsoft.com`.", endpointURL(checkEndpoint)),
					"resource_manager": text("endpoints.resource_manager", "Base URL of Azure Resource Manager. Defaults to `https://management.azure.com`.", endpointURL(checkEndpoint)),
					"authority_host":   text("endpoints.authority_host", "Base URL of the sign-in service. Must be HTTPS. Defaults to `https://login.microsoftonline.com`.", endpointURL(checkAuthority)),
				},
			},
		},
	}
}
