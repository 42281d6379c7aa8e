package provider

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// environment maps each setting to its environment variables. The first variable that is set wins. The
// configuration has precedence over all variables. Our own variables come first, then those of the
// azurerm provider, so that one set of variables works for both. The variables of CI systems and
// Kubernetes come last.
var environment = map[string][]string{
	"tenant_id":                          {"PARTNERCENTER_TENANT_ID", "ARM_TENANT_ID", "AZURE_TENANT_ID", "AZURESUBSCRIPTION_TENANT_ID"},
	"client_id":                          {"PARTNERCENTER_CLIENT_ID", "ARM_CLIENT_ID", "AZURE_CLIENT_ID", "AZURESUBSCRIPTION_CLIENT_ID"},
	"client_secret":                      {"PARTNERCENTER_CLIENT_SECRET", "ARM_CLIENT_SECRET"},
	"client_secret_file_path":            {"PARTNERCENTER_CLIENT_SECRET_FILE_PATH", "ARM_CLIENT_SECRET_FILE_PATH"},
	"client_certificate":                 {"PARTNERCENTER_CLIENT_CERTIFICATE", "ARM_CLIENT_CERTIFICATE"},
	"client_certificate_path":            {"PARTNERCENTER_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE_PATH"},
	"client_certificate_password":        {"PARTNERCENTER_CLIENT_CERTIFICATE_PASSWORD", "ARM_CLIENT_CERTIFICATE_PASSWORD"},
	"use_oidc":                           {"PARTNERCENTER_USE_OIDC", "ARM_USE_OIDC"},
	"oidc_token":                         {"PARTNERCENTER_OIDC_TOKEN", "ARM_OIDC_TOKEN"},
	"oidc_token_file_path":               {"PARTNERCENTER_OIDC_TOKEN_FILE_PATH", "ARM_OIDC_TOKEN_FILE_PATH"},
	"oidc_request_url":                   {"PARTNERCENTER_OIDC_REQUEST_URL", "ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"},
	"oidc_request_token":                 {"PARTNERCENTER_OIDC_REQUEST_TOKEN", "ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"},
	"ado_pipeline_service_connection_id": {"PARTNERCENTER_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"},
	"use_aks_workload_identity":          {"PARTNERCENTER_USE_AKS_WORKLOAD_IDENTITY", "ARM_USE_AKS_WORKLOAD_IDENTITY"},
	"use_cli":                            {"PARTNERCENTER_USE_CLI", "ARM_USE_CLI"},
	"refresh_token":                      {"PARTNERCENTER_REFRESH_TOKEN"},
	"refresh_token_file_path":            {"PARTNERCENTER_REFRESH_TOKEN_FILE_PATH"},
	"refresh_token_output_path":          {"PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH"},
	"refresh_token_obtained_on":          {"PARTNERCENTER_REFRESH_TOKEN_OBTAINED_ON"},
	"azure_auth_mode":                    {"PARTNERCENTER_AZURE_AUTH_MODE"},
	"environment":                        {"PARTNERCENTER_ENVIRONMENT", "ARM_ENVIRONMENT"},
	"ca_certificate_path":                {"PARTNERCENTER_CA_CERTIFICATE_PATH"},
	"disable_instance_discovery":         {"PARTNERCENTER_DISABLE_INSTANCE_DISCOVERY", "ARM_DISABLE_INSTANCE_DISCOVERY"},
	"requests_per_second":                {"PARTNERCENTER_REQUESTS_PER_SECOND"},
	"max_concurrent_requests":            {"PARTNERCENTER_MAX_CONCURRENT_REQUESTS"},
	"max_retries":                        {"PARTNERCENTER_MAX_RETRIES"},
	"endpoints.partner_center":           {"PARTNERCENTER_PARTNER_CENTER_ENDPOINT"},
	"endpoints.resource_manager":         {"PARTNERCENTER_RESOURCE_MANAGER_ENDPOINT", "ARM_RESOURCE_MANAGER_ENDPOINT"},
	"endpoints.authority_host":           {"PARTNERCENTER_AUTHORITY_HOST", "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST"},
}

// The levels of settings. A setting of a lower level has precedence over one of a higher level.
const (
	inConfiguration = iota
	inOwnVariables
	inARMVariables
	inCIVariables
	notSet
)

func levelOf(variable string) int {
	switch {
	case strings.HasPrefix(variable, "PARTNERCENTER_"):
		return inOwnVariables
	case strings.HasPrefix(variable, "ARM_"):
		return inARMVariables
	}
	return inCIVariables
}

func envDoc(setting string) string {
	if names := environment[setting]; len(names) > 1 {
		return "Environment variables `" + strings.Join(names, "`, `") + "`."
	}
	return "Environment variable `" + environment[setting][0] + "`."
}

type providerModel struct {
	TenantID                       types.String    `tfsdk:"tenant_id"`
	ClientID                       types.String    `tfsdk:"client_id"`
	ClientSecret                   types.String    `tfsdk:"client_secret"`
	ClientSecretFilePath           types.String    `tfsdk:"client_secret_file_path"`
	ClientCertificate              types.String    `tfsdk:"client_certificate"`
	ClientCertificatePath          types.String    `tfsdk:"client_certificate_path"`
	ClientCertificatePassword      types.String    `tfsdk:"client_certificate_password"`
	UseOIDC                        types.Bool      `tfsdk:"use_oidc"`
	OIDCToken                      types.String    `tfsdk:"oidc_token"`
	OIDCTokenFilePath              types.String    `tfsdk:"oidc_token_file_path"`
	OIDCRequestURL                 types.String    `tfsdk:"oidc_request_url"`
	OIDCRequestToken               types.String    `tfsdk:"oidc_request_token"`
	ADOPipelineServiceConnectionID types.String    `tfsdk:"ado_pipeline_service_connection_id"`
	UseAKSWorkloadIdentity         types.Bool      `tfsdk:"use_aks_workload_identity"`
	UseCLI                         types.Bool      `tfsdk:"use_cli"`
	RefreshToken                   types.String    `tfsdk:"refresh_token"`
	RefreshTokenFilePath           types.String    `tfsdk:"refresh_token_file_path"`
	RefreshTokenOutputPath         types.String    `tfsdk:"refresh_token_output_path"`
	RefreshTokenObtainedOn         types.String    `tfsdk:"refresh_token_obtained_on"`
	AzureAuthMode                  types.String    `tfsdk:"azure_auth_mode"`
	Environment                    types.String    `tfsdk:"environment"`
	CACertificatePath              types.String    `tfsdk:"ca_certificate_path"`
	DisableInstanceDiscovery       types.Bool      `tfsdk:"disable_instance_discovery"`
	RequestsPerSecond              types.Float64   `tfsdk:"requests_per_second"`
	MaxConcurrentRequests          types.Int64     `tfsdk:"max_concurrent_requests"`
	MaxRetries                     types.Int64     `tfsdk:"max_retries"`
	Endpoints                      *endpointsModel `tfsdk:"endpoints"`
}

type endpointsModel struct {
	PartnerCenter   types.String `tfsdk:"partner_center"`
	ResourceManager types.String `tfsdk:"resource_manager"`
	AuthorityHost   types.String `tfsdk:"authority_host"`
}

// values returns the configured values by setting.
func (m providerModel) values() map[string]attr.Value {
	if m.Endpoints == nil {
		m.Endpoints = new(endpointsModel)
	}
	return map[string]attr.Value{
		"tenant_id": m.TenantID, "client_id": m.ClientID,
		"client_secret": m.ClientSecret, "client_secret_file_path": m.ClientSecretFilePath,
		"client_certificate": m.ClientCertificate, "client_certificate_path": m.ClientCertificatePath,
		"client_certificate_password": m.ClientCertificatePassword,
		"use_oidc":                    m.UseOIDC, "oidc_token": m.OIDCToken, "oidc_token_file_path": m.OIDCTokenFilePath,
		"oidc_request_url": m.OIDCRequestURL, "oidc_request_token": m.OIDCRequestToken,
		"ado_pipeline_service_connection_id": m.ADOPipelineServiceConnectionID,
		"use_aks_workload_identity":          m.UseAKSWorkloadIdentity, "use_cli": m.UseCLI,
		"refresh_token": m.RefreshToken, "refresh_token_file_path": m.RefreshTokenFilePath,
		"refresh_token_output_path": m.RefreshTokenOutputPath, "refresh_token_obtained_on": m.RefreshTokenObtainedOn,
		"azure_auth_mode": m.AzureAuthMode, "environment": m.Environment, "ca_certificate_path": m.CACertificatePath,
		"disable_instance_discovery": m.DisableInstanceDiscovery,
		"requests_per_second":        m.RequestsPerSecond, "max_concurrent_requests": m.MaxConcurrentRequests, "max_retries": m.MaxRetries,
		"endpoints.partner_center": m.Endpoints.PartnerCenter, "endpoints.authority_host": m.Endpoints.AuthorityHost,
		"endpoints.resource_manager": m.Endpoints.ResourceManager,
	}
}

// settings is the result of configuration and environment.
type settings struct {
	unknown                              []string // settings with unknown values that a sign-in needs
	tenantID, clientID                   string
	signIn                               signIn
	refreshToken, refreshTokenOutputPath string
	refreshTokenFrom                     string
	cloud                                cloud
	roots                                *x509.CertPool // nil = the roots of the system
	disableInstanceDiscovery             bool
	azureAppOnly                         bool
	partnerCenter, authority             *url.URL
	resourceManager                      *url.URL
	limits                               httppipe.Limits
	maxRetries                           int
}

// resolve reads each setting from the configuration or else from its variables. An unknown value that a
// sign-in needs fails the sign-in, if the plan needs one. Ignoring it would authenticate with the
// values of the environment, perhaps as another partner.
func resolve(m providerModel, lookupEnv func(string) (string, bool)) (settings, diag.Diagnostics) {
	r := &resolver{values: m.values(), lookupEnv: lookupEnv}
	var s settings
	s.tenantID = r.required("tenant_id", "the partner's Microsoft Entra tenant", checkTenant)
	s.signIn = r.signIn()
	if s.signIn.method != azureCLI {
		s.clientID = r.required("client_id", "the application that is enabled for Partner Center", tfkit.CheckGUID)
	}
	s.refreshToken, s.refreshTokenFrom, s.refreshTokenOutputPath = r.refreshToken(s.signIn, credential.Owner{TenantID: s.tenantID, ClientID: s.clientID})
	s.azureAppOnly = r.azureAppOnly(s.signIn, s.refreshToken)
	s.cloud = r.cloud()
	s.disableInstanceDiscovery = r.flag("disable_instance_discovery")
	s.partnerCenter = r.endpoint("endpoints.partner_center", checkEndpoint, s.cloud.partnerCenter)
	s.authority = r.endpoint("endpoints.authority_host", checkAuthority, s.cloud.authority)
	s.resourceManager = r.endpoint("endpoints.resource_manager", checkEndpoint, s.cloud.resourceManager)
	s.roots = r.roots("ca_certificate_path")
	s.limits, s.maxRetries = r.limits()
	for setting := range r.unknown {
		if !slices.Contains(dispensable, setting) {
			s.unknown = append(s.unknown, setting)
		}
	}
	slices.Sort(s.unknown)
	return s, r.diags
}

type resolver struct {
	values    map[string]attr.Value
	lookupEnv func(string) (string, bool)
	diags     diag.Diagnostics
	unknown   map[string]bool
}

func pathTo(setting string) path.Path {
	if block, attribute, ok := strings.Cut(setting, "."); ok {
		return path.Root(block).AtName(attribute)
	}
	return path.Root(setting)
}

func (r *resolver) fail(setting, summary, detail string) {
	r.diags.AddAttributeError(pathTo(setting), summary, detail)
}

// invalid adds the error for a setting with an invalid value.
func (r *resolver) invalid(setting, detail string) {
	r.fail(setting, "Invalid "+setting, detail)
}

// value returns the text of a setting, its source and its level. It returns "" if the setting is not
// set. An empty string counts as not set, because it is the usual default of an unset Terraform
// variable.
func (r *resolver) value(setting string) (value, source string, level int) {
	v := r.values[setting]
	if v.IsUnknown() {
		if r.unknown == nil {
			r.unknown = make(map[string]bool)
		}
		r.unknown[setting] = true
		return "", "", notSet
	}
	if !v.IsNull() {
		switch v := v.(type) {
		case types.String:
			value = v.ValueString()
		case types.Bool:
			value = strconv.FormatBool(v.ValueBool())
		case types.Int64:
			value = strconv.FormatInt(v.ValueInt64(), 10)
		case types.Float64:
			value = strconv.FormatFloat(v.ValueFloat64(), 'g', -1, 64)
		}
		if value != "" {
			return value, setting, inConfiguration
		}
	}
	for _, name := range environment[setting] {
		if value, _ := r.lookupEnv(name); value != "" {
			return value, name, levelOf(name)
		}
	}
	return "", "", notSet
}

func (r *resolver) text(setting string, check func(string) error) string {
	s, source, level := r.value(setting)
	if s == "" {
		return ""
	}
	if err := check(s); err != nil {
		r.invalid(setting, fmt.Sprintf("The value of %s %s.\n\nWhat to do: correct %s.", source, err, placeOf(source, level)))
		return ""
	}
	return s
}

func (r *resolver) required(setting, what string, check func(string) error) string {
	before := r.diags.ErrorsCount()
	s := r.text(setting, check)
	if s == "" && r.diags.ErrorsCount() == before && !r.unknown[setting] {
		r.missing(setting, fmt.Sprintf("The provider needs %s: %s.", setting, what))
	}
	return s
}

func (r *resolver) missing(setting, why string) {
	r.fail(setting, "Missing "+setting, fmt.Sprintf("%s\n\nWhat to do: set %s in the provider block or the environment variable %s.",
		why, setting, environment[setting][0]))
}

func (r *resolver) flag(setting string) bool {
	s, source, _ := r.value(setting)
	if s == "" {
		return false
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		r.invalid(setting, fmt.Sprintf("The value of %s must be true or false.", source))
	}
	return b
}

func (r *resolver) endpoint(setting string, check func(string) error, fallback string) *url.URL {
	s := r.text(setting, check)
	if s == "" {
		s = fallback
	}
	u, err := httppipe.ParseEndpoint(s)
	if err != nil {
		r.invalid(setting, err.Error())
	}
	return u
}

var domain = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$`)
