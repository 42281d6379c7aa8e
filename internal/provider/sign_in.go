package provider

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
)

// method is an authentication method of the application.
type method string

// The methods, as messages name them.
const (
	clientSecret  method = "client secret"
	certificate   method = "certificate"
	oidcToken     method = "OIDC token"
	oidcTokenFile method = "OIDC token file"
	githubActions method = "OIDC token of GitHub Actions"
	azureDevOps   method = "OIDC token of Azure DevOps"
	azureCLI      method = "Azure CLI"
)

// signIn is the selected method with its settings. The method decides which fields are set.
type signIn struct {
	method                      method
	from                        string // source of the credential, in words
	secret                      string // client secret or OIDC token
	certificate                 []byte
	password                    string
	file                        string // of the OIDC token
	requestURL, requestToken    string
	pipelineServiceConnectionID string
}

// choice is an authentication method and the settings that select it. One of them is enough.
type choice struct {
	name    string
	markers []string
}

var methodChoices = []choice{
	{"a client secret", []string{"client_secret", "client_secret_file_path"}},
	{"a certificate", []string{"client_certificate", "client_certificate_path"}},
	{"OIDC", []string{
		"use_oidc", "oidc_token", "oidc_token_file_path", "use_aks_workload_identity",
		"oidc_request_url", "ado_pipeline_service_connection_id",
	}},
	{"the Azure CLI", []string{"use_cli"}},
}

var oidcChoices = []choice{
	{"an OIDC token", []string{"oidc_token"}},
	{"an OIDC token file", []string{"oidc_token_file_path"}},
	{"AKS workload identity", []string{"use_aks_workload_identity"}},
	{"an OIDC request URL", []string{"oidc_request_url", "ado_pipeline_service_connection_id"}},
}

// choose returns the choice at the level with the highest precedence: configuration, our own variables,
// ARM_* variables, then variables that CI systems set. Two choices at one level are an error. name is
// empty if no choice is selected. ok is false after an error or an unknown value.
func (r *resolver) choose(choices []choice) (name string, ok bool) {
	selected := make(map[int][]string) // "name (source)" by level
	names := make(map[int]string)
	setting := ""
	before := r.diags.ErrorsCount() + len(r.unknown)
	for _, c := range choices {
		for _, marker := range c.markers {
			value, source, level := r.value(marker)
			if value == "" || strings.HasPrefix(marker, "use_") && !r.flag(marker) {
				continue
			}
			if names[level] != c.name {
				selected[level] = append(selected[level], fmt.Sprintf("%s (%s)", c.name, source))
				names[level] = c.name
			}
			if setting == "" {
				setting = marker
			}
		}
	}
	if r.diags.ErrorsCount()+len(r.unknown) > before {
		return "", false
	}
	for level := range notSet {
		switch len(selected[level]) {
		case 0:
		case 1:
			return names[level], true
		default:
			r.fail(setting, "More than one way to sign in", fmt.Sprintf("The application authenticates with one credential, but here are %s.\n\n"+
				"What to do: keep one of them. The provider block overrides the environment.", strings.Join(selected[level], " and ")))
			return "", false
		}
	}
	return "", true
}

// signIn selects the authentication method of the application and reads its settings.
func (r *resolver) signIn() signIn {
	name, ok := r.choose(methodChoices)
	switch {
	case !ok:
		return signIn{}
	case name == methodChoices[0].name:
		found := r.secret("client_secret", "client_secret_file_path")
		return signIn{method: clientSecret, secret: found.value, from: found.from}
	case name == methodChoices[1].name:
		return r.certificate()
	case name == methodChoices[2].name:
		return r.oidc()
	case name == methodChoices[3].name:
		return signIn{method: azureCLI}
	}
	r.fail("client_secret", "No sign-in method is configured", "The provider does not know how the application authenticates.\n\n"+
		"What to do: set one of these in the provider block, or an environment variable of it, such as the environment variable "+environment["client_secret"][0]+".\n"+
		"- Client secret: client_secret or client_secret_file_path\n"+
		"- Certificate: client_certificate or client_certificate_path\n"+
		"- OIDC, as in GitHub Actions, Azure DevOps, GitLab or AKS: use_oidc, oidc_token_file_path, ado_pipeline_service_connection_id or use_aks_workload_identity\n"+
		"- Azure CLI: use_cli = true, after az login\n\n"+
		"See "+docsLink+"/guides/authentication.")
	return signIn{}
}

// docsLink is the URL of this provider's documentation.
const docsLink = "https://registry.terraform.io/providers/partnercenter/partnercenter/latest/docs"

// secret is a secret that was found.
type secret struct {
	value string
	from  string // in words
	level int
}

// placeOf returns the source of a value in words.
func placeOf(source string, level int) string {
	if level == inConfiguration {
		return source + " in the provider block"
	}
	return "the environment variable " + source
}

// secret reads a secret from a setting or from the file that another setting names. The setting at the
// level with the higher precedence wins. Both at the same level are an error.
func (r *resolver) secret(setting, fileSetting string) secret {
	value, source, level := r.value(setting)
	_, fileSource, fileLevel := r.value(fileSetting)
	switch {
	case level < notSet && level == fileLevel:
		r.fail(fileSetting, "Both "+setting+" and "+fileSetting, fmt.Sprintf("The secret is given twice, by %s and by %s.\n\nWhat to do: keep one of them.", source, fileSource))
		return secret{level: notSet}
	case fileLevel < level:
		content, name, _ := r.secretFile(fileSetting)
		value = strings.TrimSpace(string(content))
		if content != nil && value == "" {
			r.invalid(fileSetting, fmt.Sprintf("The file %s, which %s names, is empty.", name, fileSource))
		}
		return secret{value, fmt.Sprintf("the file %s, which %s names", name, placeOf(fileSource, fileLevel)), fileLevel}
	case value == "":
		return secret{level: notSet}
	}
	if err := checkSecret(value); err != nil {
		r.invalid(setting, fmt.Sprintf("The value of %s %s.", source, err))
		return secret{level: notSet}
	}
	return secret{value, placeOf(source, level), level}
}

func (r *resolver) certificate() signIn {
	s := signIn{method: certificate}
	setting := "client_certificate"
	value, source, level := r.value(setting)
	_, pathSource, pathLevel := r.value("client_certificate_path")
	s.from = placeOf(source, level)
	switch {
	case level < notSet && level == pathLevel:
		r.fail("client_certificate_path", "Both client_certificate and client_certificate_path",
			fmt.Sprintf("The certificate is given twice, by %s and by %s.\n\nWhat to do: keep one of them.", source, pathSource))
		return s
	case pathLevel < level:
		setting = "client_certificate_path"
		var name string
		s.certificate, name, source = r.secretFile(setting)
		if s.certificate == nil {
			return s
		}
		s.from = fmt.Sprintf("the file %s, which %s names", name, placeOf(source, pathLevel))
	case strings.Contains(value, "-----BEGIN "):
		s.certificate = []byte(value)
	default:
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
		if err != nil {
			r.invalid(setting, fmt.Sprintf("The value of %s is neither PEM nor PKCS#12 in base64.", source))
			return s
		}
		s.certificate = der
	}
	var passwordSource string
	var passwordLevel int
	s.password, passwordSource, passwordLevel = r.value("client_certificate_password")
	if r.unknown["client_certificate_password"] {
		return s
	}
	if _, err := credential.Certificate(s.certificate, s.password); err != nil {
		detail := fmt.Sprintf("The certificate of %s cannot be used: %s.", source, err)
		switch {
		case errors.Is(err, credential.ErrNoPassword):
			detail += "\n\nWhat to do: set client_certificate_password."
		case errors.Is(err, credential.ErrWrongPassword) && passwordLevel != min(level, pathLevel):
			detail += fmt.Sprintf("\n\nWhat to do: the certificate is from %s, but the password from %s. Set both in the same place.", s.from, placeOf(passwordSource, passwordLevel))
		}
		r.invalid(setting, detail)
	}
	return s
}

func (r *resolver) oidc() signIn {
	name, ok := r.choose(oidcChoices)
	switch {
	case !ok:
		return signIn{}
	case name == oidcChoices[0].name:
		_, source, level := r.value("oidc_token")
		return signIn{method: oidcToken, secret: r.text("oidc_token", checkSecret), from: placeOf(source, level)}
	case name == oidcChoices[1].name:
		file, source, level := r.value("oidc_token_file_path")
		return r.tokenFile("oidc_token_file_path", file, placeOf(source, level))
	case name == oidcChoices[2].name:
		file, _ := r.lookupEnv("AZURE_FEDERATED_TOKEN_FILE")
		if file == "" {
			r.fail("use_aks_workload_identity", "Missing AZURE_FEDERATED_TOKEN_FILE", "use_aks_workload_identity is set, but Kubernetes has not set "+
				"AZURE_FEDERATED_TOKEN_FILE.\n\nWhat to do: label the pod azure.workload.identity/use: \"true\" and give it a service account with a client ID.")
			return signIn{}
		}
		return r.tokenFile("use_aks_workload_identity", file, "the environment variable AZURE_FEDERATED_TOKEN_FILE")
	case name == "":
		r.missing("oidc_token", "use_oidc is set, but there is no source of the OIDC token. Set oidc_token, oidc_token_file_path, "+
			"use_aks_workload_identity, or a request URL, which GitHub Actions sets when the job has the permission id-token: write.")
		return signIn{}
	}
	s := signIn{method: githubActions, from: "GitHub Actions"}
	s.pipelineServiceConnectionID = r.text("ado_pipeline_service_connection_id", func(string) error { return nil })
	hint := "In GitHub Actions it is set when the job has the permission id-token: write."
	if s.pipelineServiceConnectionID != "" {
		s.method, s.from = azureDevOps, "Azure DevOps"
		hint = "In Azure DevOps, SYSTEM_ACCESSTOKEN must be mapped into the step's environment: env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)."
	}
	s.requestURL = r.required("oidc_request_url", "the URL to request the OIDC token from. "+hint, func(string) error { return nil })
	s.requestToken = r.required("oidc_request_token", "the bearer token for the request of the OIDC token. "+hint, checkSecret)
	return s
}

// tokenFile returns the method for an OIDC token in a file. The file must already exist.
func (r *resolver) tokenFile(setting, file, place string) signIn {
	if _, err := credential.ReadFile(file); err != nil {
		r.invalid(setting, fmt.Sprintf("The OIDC token file cannot be read: %s.", err))
	}
	return signIn{method: oidcTokenFile, file: file, from: fmt.Sprintf("the file %s, which %s names", file, place)}
}

// proof returns the method as a value of package credential.
func (s signIn) proof() (credential.Proof, error) {
	switch s.method {
	case clientSecret:
		return credential.ClientSecret(s.secret), nil
	case certificate:
		return credential.Certificate(s.certificate, s.password)
	case oidcToken:
		return credential.OIDCToken(s.secret), nil
	case oidcTokenFile:
		return credential.OIDCTokenFile(s.file), nil
	case githubActions:
		return credential.GitHubActions(s.requestURL, s.requestToken), nil
	case azureDevOps:
		return credential.AzureDevOps(s.requestURL, s.requestToken, s.pipelineServiceConnectionID), nil
	case azureCLI:
		return credential.AzureCLI(), nil
	}
	return credential.Proof{}, fmt.Errorf("there is no sign-in method %q", s.method)
}

// azureAppOnly reports whether Azure calls are app-only. By default, they use the user of Partner
// Center calls, if there is one.
func (r *resolver) azureAppOnly(s signIn, refreshToken string) bool {
	const setting = "azure_auth_mode"
	user := refreshToken != "" || s.method == azureCLI
	mode := r.text(setting, checkAzureAuthMode)
	switch {
	case mode == "":
		return !user
	case mode == "user" && !user && s.method != "":
		r.invalid(setting, "The mode is user, but there is no user.\n\nWhat to do: set refresh_token, or set azure_auth_mode to app.")
	case mode == "app" && s.method == azureCLI:
		r.invalid(setting, "The mode is app, but the Azure CLI signs in by itself.\n\nWhat to do: remove azure_auth_mode, or set another credential of the application.")
	}
	return mode == "app"
}

func checkAzureAuthMode(s string) error {
	if s != "user" && s != "app" {
		return errors.New("must be user or app")
	}
	return nil
}
