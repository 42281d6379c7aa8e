package provider

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-partnercenter/internal/credential"
	"terraform-provider-partnercenter/internal/httppipe"
	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

// environment names the variable behind each setting. Configuration beats environment.
var environment = map[string]string{
	"tenant_id":                  "PARTNERCENTER_TENANT_ID",
	"client_id":                  "PARTNERCENTER_CLIENT_ID",
	"client_secret":              "PARTNERCENTER_CLIENT_SECRET",
	"refresh_token":              "PARTNERCENTER_REFRESH_TOKEN",
	"ca_certificate_path":        "PARTNERCENTER_CA_CERTIFICATE_PATH",
	"disable_instance_discovery": "PARTNERCENTER_DISABLE_INSTANCE_DISCOVERY",
	"endpoints.partner_center":   "PARTNERCENTER_PARTNER_CENTER_ENDPOINT",
	"endpoints.authority_host":   "PARTNERCENTER_AUTHORITY_HOST",
}

func envDoc(setting string) string {
	return "Environment variable `" + environment[setting] + "`."
}

type providerModel struct {
	TenantID                 types.String    `tfsdk:"tenant_id"`
	ClientID                 types.String    `tfsdk:"client_id"`
	ClientSecret             types.String    `tfsdk:"client_secret"`
	RefreshToken             types.String    `tfsdk:"refresh_token"`
	CACertificatePath        types.String    `tfsdk:"ca_certificate_path"`
	DisableInstanceDiscovery types.Bool      `tfsdk:"disable_instance_discovery"`
	Endpoints                *endpointsModel `tfsdk:"endpoints"`
}

type endpointsModel struct {
	PartnerCenter types.String `tfsdk:"partner_center"`
	AuthorityHost types.String `tfsdk:"authority_host"`
}

// settings are what configuration and environment come to.
type settings struct {
	tenantID, clientID, clientSecret, refreshToken string
	roots                                          *x509.CertPool // nil means the system's
	disableInstanceDiscovery                       bool
	partnerCenter, authority                       *url.URL
}

// resolve reads each setting from the configuration, else from its variable. An unknown
// value is an error: taking it for unset would sign in with what the environment holds,
// perhaps as another partner.
func resolve(m providerModel, lookupEnv func(string) (string, bool)) (settings, diag.Diagnostics) {
	r := resolver{lookupEnv: lookupEnv}
	if m.Endpoints == nil {
		m.Endpoints = new(endpointsModel)
	}
	var s settings
	s.tenantID = r.required("tenant_id", m.TenantID, "the partner's Microsoft Entra tenant", checkTenant)
	s.clientID = r.required("client_id", m.ClientID, "the application that is enabled for Partner Center", tfkit.CheckGUID)
	s.clientSecret = r.required("client_secret", m.ClientSecret, "the application's secret", checkSecret)
	s.refreshToken = r.text("refresh_token", m.RefreshToken, checkSecret)
	s.disableInstanceDiscovery = r.flag("disable_instance_discovery", m.DisableInstanceDiscovery)
	s.partnerCenter = r.endpoint("endpoints.partner_center", m.Endpoints.PartnerCenter, partnercenter.DefaultEndpoint)
	s.authority = r.endpoint("endpoints.authority_host", m.Endpoints.AuthorityHost, "https://login.microsoftonline.com")
	s.roots = r.roots("ca_certificate_path", m.CACertificatePath)
	return s, r.diags
}

type resolver struct {
	lookupEnv func(string) (string, bool)
	diags     diag.Diagnostics
}

func pathTo(setting string) path.Path {
	if block, attribute, ok := strings.Cut(setting, "."); ok {
		return path.Root(block).AtName(attribute)
	}
	return path.Root(setting)
}

// value returns a setting's text and where it is from, or "" when it is not set. An
// empty string counts as not set, since that is what an unset variable's default is.
func (r *resolver) value(setting string, v attr.Value, text func() string) (value, source string) {
	if v.IsUnknown() {
		r.diags.AddAttributeError(pathTo(setting), fmt.Sprintf("Unknown value for %s", setting),
			fmt.Sprintf("The provider must know %s before it can plan, but its value is known only after apply.\n\n"+
				"What to do: use a value that is known at plan time, set %s instead, or apply what the value depends on first.", setting, environment[setting]))
		return "", ""
	}
	if !v.IsNull() {
		if s := text(); s != "" {
			return s, setting
		}
	}
	s, _ := r.lookupEnv(environment[setting])
	return s, environment[setting]
}

func (r *resolver) text(setting string, v types.String, check func(string) error) string {
	s, source := r.value(setting, v, v.ValueString)
	if s == "" {
		return ""
	}
	if err := check(s); err != nil {
		r.diags.AddAttributeError(pathTo(setting), fmt.Sprintf("Invalid %s", setting), fmt.Sprintf("The value of %s %s.", source, err))
		return ""
	}
	return s
}

func (r *resolver) required(setting string, v types.String, what string, check func(string) error) string {
	before := r.diags.ErrorsCount()
	s := r.text(setting, v, check)
	if s == "" && r.diags.ErrorsCount() == before {
		r.diags.AddAttributeError(pathTo(setting), fmt.Sprintf("Missing %s", setting),
			fmt.Sprintf("The provider needs %s to know %s.\n\nWhat to do: set %s in the provider block or the environment variable %s.",
				setting, what, setting, environment[setting]))
	}
	return s
}

func (r *resolver) flag(setting string, v types.Bool) bool {
	s, source := r.value(setting, v, func() string { return strconv.FormatBool(v.ValueBool()) })
	if s == "" {
		return false
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		r.diags.AddAttributeError(pathTo(setting), fmt.Sprintf("Invalid %s", setting), fmt.Sprintf("The value of %s must be true or false.", source))
	}
	return b
}

func (r *resolver) endpoint(setting string, v types.String, fallback string) *url.URL {
	s := r.text(setting, v, checkEndpoint)
	if s == "" {
		s = fallback
	}
	u, err := httppipe.ParseEndpoint(s)
	if err != nil {
		r.diags.AddAttributeError(pathTo(setting), fmt.Sprintf("Invalid %s", setting), err.Error())
	}
	return u
}

// roots adds the file's authorities to the system's.
func (r *resolver) roots(setting string, v types.String) *x509.CertPool {
	file, source := r.value(setting, v, v.ValueString)
	if file == "" {
		return nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		r.diags.AddAttributeError(pathTo(setting), fmt.Sprintf("Invalid %s", setting), fmt.Sprintf("The file that %s names cannot be read: %s.", source, err))
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		r.diags.AddAttributeError(pathTo(setting), fmt.Sprintf("Invalid %s", setting), fmt.Sprintf("The file %s, which %s names, holds no certificate in PEM form.", file, source))
	}
	return pool
}

var domain = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$`)

func checkTenant(s string) error {
	if tfkit.CheckGUID(s) != nil && !domain.MatchString(s) {
		return errors.New("must be the tenant's id, a GUID such as 1d3f0c52-6a4e-4b8e-9c55-2f4a7be0a101, or one of its domains such as contoso.onmicrosoft.com")
	}
	return nil
}

func checkSecret(s string) error {
	if strings.TrimSpace(s) != s {
		return errors.New("begins or ends with white space, which no secret does: check how it was stored")
	}
	return nil
}

func checkEndpoint(s string) error {
	if _, err := httppipe.ParseEndpoint(s); err != nil {
		return fmt.Errorf("is no base URL: %w", err)
	}
	return nil
}

func endpointURL() validator.String {
	return tfkit.StringCheck("value must be a base URL such as https://host.example", checkEndpoint)
}

// clients makes the clients that all types share. It sends nothing.
func (p *partnerCenterProvider) clients(s settings, terraformVersion string) (*tfkit.Clients, diag.Diagnostics) {
	var client *http.Client
	if p.transport != nil {
		client = httppipe.ClientOver(p.transport)
	} else {
		client = httppipe.NewClient(s.roots)
	}
	userAgent := fmt.Sprintf("terraform-provider-partnercenter/%s (+https://%s) Terraform/%s", p.version, Address, terraformVersion)
	logger := tfkit.Logger()
	cred, err := credential.New(credential.Config{
		TenantID: s.tenantID, ClientID: s.clientID, Proof: credential.ClientSecret(s.clientSecret), RefreshToken: s.refreshToken,
		Authority: s.authority, DisableInstanceDiscovery: s.disableInstanceDiscovery,
		Client: client, UserAgent: userAgent, Logger: logger,
	})
	if err != nil {
		return nil, diag.Diagnostics{diag.NewErrorDiagnostic("Could not prepare the sign-in", err.Error())}
	}
	options := partnercenter.Options{
		Endpoint: s.partnerCenter, Credential: cred, AppOnly: cred.AppOnly(),
		Client: client, UserAgent: userAgent, Logger: logger,
	}
	if tfkit.CheckGUID(s.tenantID) == nil {
		options.TenantID = strings.ToLower(s.tenantID)
	}
	return &tfkit.Clients{PartnerCenter: partnercenter.New(options)}, nil
}
