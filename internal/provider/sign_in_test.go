package provider

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"software.sslmate.com/src/go-pkcs12"
)

// newSignInFiles creates the files that authentication methods read.
func newSignInFiles(t *testing.T) map[string]string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	pfx, err := pkcs12.Modern.Encode(key, leaf, nil, "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{"PEM": text, "PFX": base64.StdEncoding.EncodeToString(pfx), "DIR": dir, "MISSING": filepath.Join(dir, "missing")}
	files["ESCAPED"], files["FIFO"] = strings.ReplaceAll(text, "\n", `\n`), filepath.Join(dir, "FIFO")
	if err := syscall.Mkfifo(files["FIFO"], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"SECRET": "s3cret-of-file\n", "CERT": text, "TOKEN": "s3cret.oidc.token\n", "EMPTY": "\n", "BASE64": files["PFX"] + "\n",
		"THEIRS": "s3cret\n# refresh token of tenant " + tenantB + ", client " + clientA + "\n",
	} {
		files[name+"_FILE"] = filepath.Join(dir, name)
		if err := os.WriteFile(files[name+"_FILE"], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestSignIn tests each authentication method from each source. A setting is written as in the provider block or as
// a variable. $NAME stands for a file or content of newSignInFiles.
func TestSignIn(t *testing.T) {
	files := newSignInFiles(t)
	for name, c := range map[string]struct {
		set    env // configuration (lower case) and environment (upper case)
		method method
		// or the one error: on is its attribute, and says a part of its text
		on, says string
	}{
		// one method each, from each source
		"client secret":                         {set: env{"client_secret": secretA}, method: clientSecret},
		"client secret, own variable":           {set: env{"PARTNERCENTER_CLIENT_SECRET": secretA}, method: clientSecret},
		"client secret, ARM variable":           {set: env{"ARM_CLIENT_SECRET": secretA}, method: clientSecret},
		"client secret file":                    {set: env{"client_secret_file_path": "$SECRET_FILE"}, method: clientSecret},
		"client secret file, own variable":      {set: env{"PARTNERCENTER_CLIENT_SECRET_FILE_PATH": "$SECRET_FILE"}, method: clientSecret},
		"certificate, PEM":                      {set: env{"client_certificate": "$PEM"}, method: certificate},
		"certificate, base64":                   {set: env{"client_certificate": "$PFX", "client_certificate_password": "s3cret"}, method: certificate},
		"certificate, base64, variables":        {set: env{"ARM_CLIENT_CERTIFICATE": "$PFX", "ARM_CLIENT_CERTIFICATE_PASSWORD": "s3cret"}, method: certificate},
		"certificate file":                      {set: env{"client_certificate_path": "$CERT_FILE"}, method: certificate},
		"certificate file, own variable":        {set: env{"PARTNERCENTER_CLIENT_CERTIFICATE_PATH": "$CERT_FILE"}, method: certificate},
		"OIDC token":                            {set: env{"oidc_token": "s3cret"}, method: oidcToken},
		"OIDC token, ARM variable":              {set: env{"ARM_OIDC_TOKEN": "s3cret", "ARM_USE_OIDC": "true"}, method: oidcToken},
		"OIDC token file":                       {set: env{"oidc_token_file_path": "$TOKEN_FILE"}, method: oidcTokenFile},
		"OIDC token file, use_oidc":             {set: env{"use_oidc": "true", "PARTNERCENTER_OIDC_TOKEN_FILE_PATH": "$TOKEN_FILE"}, method: oidcTokenFile},
		"AKS workload identity":                 {set: env{"use_aks_workload_identity": "true", "AZURE_FEDERATED_TOKEN_FILE": "$TOKEN_FILE"}, method: oidcTokenFile},
		"GitHub Actions by itself":              {set: env{"ACTIONS_ID_TOKEN_REQUEST_URL": endpointA, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"}, method: githubActions},
		"GitHub Actions, use_oidc":              {set: env{"use_oidc": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": endpointA, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cret"}, method: githubActions},
		"a request URL and token":               {set: env{"oidc_request_url": endpointA, "oidc_request_token": "s3cret"}, method: githubActions},
		"Azure DevOps":                          {set: env{"ado_pipeline_service_connection_id": clientB, "SYSTEM_OIDCREQUESTURI": endpointA, "SYSTEM_ACCESSTOKEN": "s3cret"}, method: azureDevOps},
		"Azure DevOps, its own variables":       {set: env{"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": clientB, "SYSTEM_OIDCREQUESTURI": endpointA, "SYSTEM_ACCESSTOKEN": "s3cret"}, method: azureDevOps},
		"Azure CLI":                             {set: env{"use_cli": "true"}, method: azureCLI},
		"Azure CLI without client id":           {set: env{"use_cli": "true", "client_id": ""}, method: azureCLI},
		"Azure CLI, ARM variable":               {set: env{"ARM_USE_CLI": "1"}, method: azureCLI},
		"refresh token file beside":             {set: env{"client_secret": secretA, "refresh_token_file_path": "$SECRET_FILE"}, method: clientSecret},
		"flags that are off":                    {set: env{"use_cli": "false", "ARM_USE_OIDC": "false", "use_aks_workload_identity": "false", "ARM_CLIENT_SECRET": secretA}, method: clientSecret},
		"white space around base64":             {set: env{"client_certificate": " $PFX\n", "client_certificate_password": "s3cret"}, method: certificate},
		"configuration beats own variables":     {set: env{"client_certificate_path": "$CERT_FILE", "PARTNERCENTER_CLIENT_SECRET": secretA}, method: certificate},
		"own variables beat ARM's":              {set: env{"PARTNERCENTER_CLIENT_SECRET": secretA, "ARM_CLIENT_CERTIFICATE_PATH": "$MISSING"}, method: clientSecret},
		"ARM variables beat GitHub's":           {set: env{"ARM_CLIENT_SECRET": secretA, "ACTIONS_ID_TOKEN_REQUEST_URL": endpointA}, method: clientSecret},
		"use_oidc beats a secret in a variable": {set: env{"use_oidc": "true", "ARM_CLIENT_SECRET": secretA, "ARM_OIDC_TOKEN": "s3cret"}, method: oidcToken},
		"a value beats a file in the variables": {set: env{"client_secret": secretA, "ARM_CLIENT_SECRET_FILE_PATH": "$MISSING"}, method: clientSecret},
		"a file beats a value in the variables": {set: env{"client_secret_file_path": "$SECRET_FILE", "ARM_CLIENT_SECRET": secretA}, method: clientSecret},
		"a certificate's value beats a file's":  {set: env{"PARTNERCENTER_CLIENT_CERTIFICATE": "$PEM", "ARM_CLIENT_CERTIFICATE_PATH": "$MISSING"}, method: certificate},
		"a token beats a file in the variables": {set: env{"oidc_token": "s3cret", "ARM_OIDC_TOKEN_FILE_PATH": "$MISSING"}, method: oidcToken},
		"a file beats what GitHub sets":         {set: env{"PARTNERCENTER_OIDC_TOKEN_FILE_PATH": "$TOKEN_FILE", "ACTIONS_ID_TOKEN_REQUEST_URL": endpointA}, method: oidcTokenFile},
		"an empty value counts as not set":      {set: env{"client_secret": "", "PARTNERCENTER_CLIENT_CERTIFICATE_PATH": "$CERT_FILE"}, method: certificate},
		"a password alone selects nothing":      {set: env{"client_certificate_password": "s3cret"}, on: "client_secret", says: "client_certificate or client_certificate_path"},
		"nothing":                               {on: "client_secret", says: "environment variable PARTNERCENTER_CLIENT_SECRET"},
		"secret and certificate":                {set: env{"client_secret": secretA, "client_certificate": "$PEM"}, on: "client_secret", says: "a client secret (client_secret) and a certificate (client_certificate)"},
		"secret and certificate in variables":   {set: env{"ARM_CLIENT_SECRET": secretA, "ARM_CLIENT_CERTIFICATE_PATH": "$CERT_FILE"}, on: "client_secret", says: "ARM_CLIENT_SECRET) and a certificate (ARM_CLIENT_CERTIFICATE_PATH"},
		"secret and OIDC":                       {set: env{"PARTNERCENTER_CLIENT_SECRET": secretA, "PARTNERCENTER_USE_OIDC": "true"}, on: "client_secret", says: "OIDC (PARTNERCENTER_USE_OIDC)"},
		"secret and Azure CLI":                  {set: env{"client_secret": secretA, "use_cli": "true"}, on: "client_secret", says: "the Azure CLI (use_cli)"},
		"secret and its file":                   {set: env{"client_secret": secretA, "client_secret_file_path": "$SECRET_FILE"}, on: "client_secret_file_path", says: "given twice, by client_secret and by client_secret_file_path"},
		"secret and its file in variables":      {set: env{"ARM_CLIENT_SECRET": secretA, "ARM_CLIENT_SECRET_FILE_PATH": "$SECRET_FILE"}, on: "client_secret_file_path", says: "ARM_CLIENT_SECRET and by ARM_CLIENT_SECRET_FILE_PATH"},
		"certificate and its file":              {set: env{"client_certificate": "$PEM", "client_certificate_path": "$CERT_FILE"}, on: "client_certificate_path", says: "given twice"},
		"two OIDC sources":                      {set: env{"oidc_token": "s3cret", "oidc_token_file_path": "$TOKEN_FILE"}, on: "oidc_token", says: "an OIDC token (oidc_token) and an OIDC token file (oidc_token_file_path)"},
		"AKS and a token file":                  {set: env{"use_aks_workload_identity": "true", "oidc_token_file_path": "$TOKEN_FILE"}, on: "oidc_token_file_path", says: "AKS workload identity"},
		"refresh token and its file":            {set: env{"client_secret": secretA, "refresh_token": "s3cret", "refresh_token_file_path": "$SECRET_FILE"}, on: "refresh_token_file_path", says: "given twice"},
		"refresh token and Azure CLI":           {set: env{"use_cli": "true", "refresh_token": "s3cret", "refresh_token_obtained_on": time.Now().Format(time.DateOnly)}, on: "use_cli", says: "signs in a user by itself"},
		"secret file that is missing":           {set: env{"client_secret_file_path": "$MISSING"}, on: "client_secret_file_path", says: "cannot be read"},
		"secret file that is empty":             {set: env{"PARTNERCENTER_CLIENT_SECRET_FILE_PATH": "$EMPTY_FILE"}, on: "client_secret_file_path", says: "PARTNERCENTER_CLIENT_SECRET_FILE_PATH names, is empty"},
		"certificate file that is missing":      {set: env{"client_certificate_path": "$MISSING"}, on: "client_certificate_path", says: "cannot be read"},
		"certificate file that is none":         {set: env{"client_certificate_path": "$TOKEN_FILE"}, on: "client_certificate_path", says: "neither PEM nor PKCS#12"},
		"certificate that is not base64":        {set: env{"client_certificate": "???"}, on: "client_certificate", says: "neither PEM nor PKCS#12 in base64"},
		"certificate with the wrong password":   {set: env{"client_certificate": "$PFX", "client_certificate_password": "s3cret-other"}, on: "client_certificate", says: "is not the password"},
		"certificate without its password":      {set: env{"client_certificate": "$PFX"}, on: "client_certificate", says: "set client_certificate_password"},
		"OIDC token file that is missing":       {set: env{"oidc_token_file_path": "$MISSING"}, on: "oidc_token_file_path", says: "cannot be read"},
		"OIDC token with white space":           {set: env{"oidc_token": "s3cret\n"}, on: "oidc_token", says: "white space"},
		"use_oidc and nothing else":             {set: env{"use_oidc": "true"}, on: "oidc_token", says: "id-token: write"},
		"AKS outside of Kubernetes":             {set: env{"use_aks_workload_identity": "true"}, on: "use_aks_workload_identity", says: "AZURE_FEDERATED_TOKEN_FILE"},
		"GitHub without its token":              {set: env{"ACTIONS_ID_TOKEN_REQUEST_URL": endpointA}, on: "oidc_request_token", says: "id-token: write"},
		"Azure DevOps without the access token": {set: env{"ado_pipeline_service_connection_id": clientB, "SYSTEM_OIDCREQUESTURI": endpointA}, on: "oidc_request_token", says: "env: SYSTEM_ACCESSTOKEN"},
		"Azure DevOps without the request URL":  {set: env{"ado_pipeline_service_connection_id": clientB, "SYSTEM_ACCESSTOKEN": "s3cret"}, on: "oidc_request_url", says: "SYSTEM_ACCESSTOKEN"},
		"a flag that is neither":                {set: env{"PARTNERCENTER_USE_CLI": "perhaps"}, on: "use_cli", says: "PARTNERCENTER_USE_CLI must be true or false"},
		"another flag that is neither":          {set: env{"ARM_USE_OIDC": "s3cret", "client_secret": secretA}, on: "use_oidc", says: "ARM_USE_OIDC must be true or false"},
		"refresh token's directory is missing":  {set: env{"client_secret": secretA, "refresh_token": "s3cret", "refresh_token_output_path": "$MISSING/token"}, on: "refresh_token_output_path", says: "cannot be written there"},
		"refresh token's file is a directory":   {set: env{"client_secret": secretA, "refresh_token": "s3cret", "refresh_token_output_path": "$DIR"}, on: "refresh_token_output_path", says: "is a directory"},
		"refresh token of another tenant":       {set: env{"client_secret": secretA, "refresh_token_file_path": "$THEIRS_FILE"}, on: "refresh_token_file_path", says: "tenant " + tenantB},
		"refresh token of another application":  {set: env{"client_secret": secretA, "PARTNERCENTER_REFRESH_TOKEN": "s3cret\n# refresh token of tenant " + tenantA + ", client " + clientB}, on: "refresh_token", says: "client " + clientB},
		"refresh token that is none":            {set: env{"client_secret": secretA, "refresh_token_file_path": "$CERT_FILE"}, on: "refresh_token_file_path", says: "something other than a refresh token"},
		"refresh token's file is another's":     {set: env{"client_secret": secretA, "refresh_token": "s3cret", "refresh_token_output_path": "$THEIRS_FILE"}, on: "refresh_token_output_path", says: "tenant " + tenantB},
		"refresh token's file is a device":      {set: env{"client_secret": secretA, "refresh_token": "s3cret", "refresh_token_output_path": "/dev/null"}, on: "refresh_token_output_path", says: "is a device"},
		"refresh token's file is a fifo":        {set: env{"client_secret": secretA, "refresh_token_file_path": "$FIFO"}, on: "refresh_token_file_path", says: "is a named pipe"},
		"OIDC token's file is a fifo":           {set: env{"oidc_token_file_path": "$FIFO"}, on: "oidc_token_file_path", says: "is a named pipe"},
		"CA file that is missing":               {set: env{"client_secret": secretA, "PARTNERCENTER_CA_CERTIFICATE_PATH": "$MISSING"}, on: "ca_certificate_path", says: "unset PARTNERCENTER_CA_CERTIFICATE_PATH"},
		"an output path beside another's token": {set: env{"client_secret": secretA, "PARTNERCENTER_REFRESH_TOKEN": "s3cret", "refresh_token_output_path": "$DIR/new"}, on: "refresh_token_output_path", says: "set PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH instead"},
		"a date beside another's token":         {set: env{"client_secret": secretA, "PARTNERCENTER_REFRESH_TOKEN": "s3cret", "refresh_token_obtained_on": "2026-01-31"}, on: "refresh_token_obtained_on", says: "set PARTNERCENTER_REFRESH_TOKEN_OBTAINED_ON instead"},
		"refresh token's date is in the future": {set: env{"client_secret": secretA, "refresh_token_obtained_on": time.Now().AddDate(0, 0, 3).Format(time.DateOnly)}, on: "refresh_token_obtained_on", says: "in the future"},
		"certificate in base64 in a file":       {set: env{"client_certificate_path": "$BASE64_FILE", "client_certificate_password": "s3cret"}, on: "client_certificate_path", says: "base64 -d"},
		"certificate with escaped line ends":    {set: env{"client_certificate": "$ESCAPED"}, on: "client_certificate", says: "printf '%b'"},
		"password of another level":             {set: env{"client_certificate": "$PFX", "ARM_CLIENT_CERTIFICATE_PASSWORD": "s3cret-other"}, on: "client_certificate", says: "the password from the environment variable ARM_CLIENT_CERTIFICATE_PASSWORD. Set both in the same place"},
		"refresh token's date is none":          {set: env{"client_secret": secretA, "refresh_token_obtained_on": "yesterday"}, on: "refresh_token_obtained_on", says: "such as 2026-01-31"},
		"a cloud that is none":                  {set: env{"client_secret": secretA, "environment": "germany"}, on: "environment", says: "china, public, usgovernment"},
	} {
		t.Run(name, func(t *testing.T) {
			m, e := providerModel{TenantID: types.StringValue(tenantA), ClientID: types.StringValue(clientA)}, env{}
			for setting, value := range c.set {
				for short, content := range files {
					value = strings.ReplaceAll(value, "$"+short, content)
				}
				if strings.ToUpper(setting) == setting {
					e[setting] = value
				} else {
					m.set(t, setting, value)
				}
			}
			s, diags := resolve(m, e.lookup)
			if c.method != "" {
				if diags.HasError() || s.signIn.method != c.method {
					t.Fatalf("got %q and %v", s.signIn.method, diags)
				}
				if _, err := s.signIn.proof(); err != nil {
					t.Error(err)
				}
				return
			}
			errs := diags.Errors()
			if len(errs) != 1 {
				t.Fatalf("got %v, want one error", errs)
			}
			if at := errs[0].(diag.DiagnosticWithPath).Path(); !at.Equal(pathTo(c.on)) || !strings.Contains(errs[0].Summary()+errs[0].Detail(), c.says) {
				t.Errorf("got %q on %s, want it on %s to say %q", errs[0].Detail(), at, c.on, c.says)
			}
			mustHideSecrets(t, diags)
		})
	}
}

// TestSignIn_byteOrderMark reads files that begin with a byte order mark, as Windows writes them.
func TestSignIn_byteOrderMark(t *testing.T) {
	files := newSignInFiles(t)
	for _, name := range []string{"SECRET_FILE", "CERT_FILE"} {
		content, err := os.ReadFile(files[name])
		if err == nil {
			err = os.WriteFile(files[name], append([]byte("\xef\xbb\xbf"), content...), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m := providerModel{TenantID: types.StringValue(tenantA), ClientID: types.StringValue(clientA), ClientCertificatePath: types.StringValue(files["CERT_FILE"])}
	if _, diags := resolve(m, env{}.lookup); diags.HasError() {
		t.Errorf("the certificate: %v", diags)
	}
	m.ClientCertificatePath, m.ClientSecretFilePath = types.StringNull(), types.StringValue(files["SECRET_FILE"])
	if s, diags := resolve(m, env{}.lookup); diags.HasError() || s.signIn.secret != "s3cret-of-file" {
		t.Errorf("the secret is %q, %v", s.signIn.secret, diags)
	}
}

// set sets a value in the configuration.
func (m *providerModel) set(t *testing.T, setting, value string) {
	t.Helper()
	for name, field := range m.fields() {
		if name == setting {
			switch f := field.(type) {
			case *types.String:
				*f = types.StringValue(value)
			case *types.Bool:
				*f = types.BoolValue(value == "true")
			}
			return
		}
	}
	t.Fatalf("there is no setting %s", setting)
}

func (m *providerModel) fields() map[string]any {
	return map[string]any{
		"tenant_id": &m.TenantID, "client_id": &m.ClientID, "client_secret": &m.ClientSecret, "client_secret_file_path": &m.ClientSecretFilePath,
		"client_certificate": &m.ClientCertificate, "client_certificate_path": &m.ClientCertificatePath,
		"client_certificate_password": &m.ClientCertificatePassword, "use_oidc": &m.UseOIDC, "oidc_token": &m.OIDCToken,
		"oidc_token_file_path": &m.OIDCTokenFilePath, "oidc_request_url": &m.OIDCRequestURL, "oidc_request_token": &m.OIDCRequestToken,
		"ado_pipeline_service_connection_id": &m.ADOPipelineServiceConnectionID, "use_aks_workload_identity": &m.UseAKSWorkloadIdentity,
		"use_cli": &m.UseCLI, "refresh_token": &m.RefreshToken, "refresh_token_file_path": &m.RefreshTokenFilePath,
		"refresh_token_output_path": &m.RefreshTokenOutputPath, "refresh_token_obtained_on": &m.RefreshTokenObtainedOn, "environment": &m.Environment,
	}
}

// TestSignIn_unknown: an unknown setting that a sign-in needs fails the sign-in, whatever the environment contains.
// The error names the setting.
func TestSignIn_unknown(t *testing.T) {
	for setting := range new(providerModel).fields() {
		t.Run(setting, func(t *testing.T) {
			m := providerModel{}
			switch f := m.fields()[setting].(type) {
			case *types.String:
				*f = types.StringUnknown()
			case *types.Bool:
				*f = types.BoolUnknown()
			}
			e := env{"PARTNERCENTER_TENANT_ID": tenantA, "PARTNERCENTER_CLIENT_ID": clientA, "PARTNERCENTER_CLIENT_SECRET": secretA}
			switch setting { // these settings matter only together with others
			case "client_certificate_password":
				files := newSignInFiles(t)
				delete(e, "PARTNERCENTER_CLIENT_SECRET")
				e["PARTNERCENTER_CLIENT_CERTIFICATE"] = files["PEM"]
			case "oidc_request_token":
				delete(e, "PARTNERCENTER_CLIENT_SECRET")
				e["PARTNERCENTER_OIDC_REQUEST_URL"] = endpointA
			}
			s, diags := resolve(m, e.lookup)
			if slices.Contains(dispensable, setting) {
				if len(diags) != 0 || len(s.unknown) != 0 {
					t.Errorf("the plan needs it: %v, %q", diags, s.unknown)
				}
				return
			}
			mustWait(t, s, diags, setting)
		})
	}
}

// TestRefreshToken_warnings: the provider warns of a refresh token that is not renewed, as early and as exactly as
// its age is known.
func TestRefreshToken_warnings(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	days := func(n int) time.Time { return time.Now().AddDate(0, 0, -n) }
	for name, c := range map[string]struct {
		set  map[string]string
		age  int // of the file, in days
		says string
	}{
		"no token":                {},
		"written back":            {set: map[string]string{"refresh_token": "s3cret", "refresh_token_output_path": file}},
		"of unknown age":          {set: map[string]string{"refresh_token": "s3cret"}, says: "its date is not known"},
		"young by its date":       {set: map[string]string{"refresh_token": "s3cret", "refresh_token_obtained_on": days(10).Format(time.DateOnly)}},
		"old by its date":         {set: map[string]string{"refresh_token": "s3cret", "refresh_token_obtained_on": days(70).Format(time.DateOnly)}, says: "in 19 days"},
		"too old by its date":     {set: map[string]string{"refresh_token": "s3cret", "refresh_token_obtained_on": days(100).Format(time.DateOnly)}, says: "in 0 days"},
		"in a young file":         {set: map[string]string{"refresh_token_file_path": file}, age: 10},
		"in an old file":          {set: map[string]string{"refresh_token_file_path": file}, age: 80, says: "expires after 90 days, which is in"},
		"a date beats the file's": {set: map[string]string{"refresh_token_file_path": file, "refresh_token_obtained_on": days(5).Format(time.DateOnly)}, age: 80},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.Chtimes(file, days(c.age), days(c.age)); err != nil {
				t.Fatal(err)
			}
			m := completeModel()
			for setting, value := range c.set {
				m.set(t, setting, value)
			}
			_, diags := resolve(m, env{}.lookup)
			if c.says == "" {
				if len(diags) != 0 {
					t.Errorf("got %v", diags)
				}
				return
			}
			if len(diags) != 1 || diags[0].Severity() != diag.SeverityWarning || !strings.Contains(diags[0].Detail(), c.says) {
				t.Errorf("got %v, want a warning that says %q", diags, c.says)
			}
			mustHideSecrets(t, diags)
		})
	}
}

// TestSignIn_encodings reads files as PowerShell's > writes them.
func TestSignIn_encodings(t *testing.T) {
	files := newSignInFiles(t)
	for _, name := range []string{"SECRET_FILE", "CERT_FILE", "TOKEN_FILE"} {
		content, err := os.ReadFile(files[name])
		if err != nil {
			t.Fatal(err)
		}
		utf16 := []byte{0xff, 0xfe}
		for _, b := range content {
			utf16 = append(utf16, b, 0)
		}
		if err := os.WriteFile(files[name], utf16, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := completeModel()
	m.ClientSecret, m.ClientCertificatePath, m.CACertificatePath = types.StringNull(), types.StringValue(files["CERT_FILE"]), types.StringValue(files["CERT_FILE"])
	m.RefreshTokenFilePath = types.StringValue(files["SECRET_FILE"])
	if s, diags := resolve(m, env{}.lookup); diags.HasError() || s.refreshToken != "s3cret-of-file" {
		t.Errorf("the refresh token is %q, %v", s.refreshToken, diags)
	}
	m.ClientCertificatePath, m.ClientSecretFilePath = types.StringNull(), types.StringValue(files["SECRET_FILE"])
	if s, diags := resolve(m, env{}.lookup); diags.HasError() || s.signIn.secret != "s3cret-of-file" {
		t.Errorf("the secret is %q, %v", s.signIn.secret, diags)
	}
}

// TestRefreshToken_ofAnotherBlock: with two provider blocks, the refresh token of the environment belongs to the
// block with its tenant and application.
func TestRefreshToken_ofAnotherBlock(t *testing.T) {
	output := filepath.Join(t.TempDir(), "token")
	all := env{
		"PARTNERCENTER_TENANT_ID": tenantA, "PARTNERCENTER_CLIENT_ID": clientA, "PARTNERCENTER_CLIENT_SECRET": secretA,
		"PARTNERCENTER_REFRESH_TOKEN": "s3cret-env", "PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH": output, "PARTNERCENTER_REFRESH_TOKEN_OBTAINED_ON": "2020-01-01",
	}
	for name, c := range map[string]struct {
		set                 map[string]string
		token, output, says string
	}{
		"the first block":             {nil, "s3cret-env", output, ""},
		"another tenant":              {map[string]string{"tenant_id": tenantB}, "", "", ""},
		"another application":         {map[string]string{"client_id": clientB}, "", "", ""},
		"the second with its token":   {map[string]string{"tenant_id": tenantB, "refresh_token": "s3cret-block"}, "s3cret-block", "", "PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH is not used"},
		"the same with another token": {map[string]string{"refresh_token": "s3cret-block"}, "s3cret-block", "", "its date is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			m := providerModel{}
			for setting, value := range c.set {
				m.set(t, setting, value)
			}
			s, diags := resolve(m, all.lookup)
			if diags.HasError() || s.refreshToken != c.token || s.refreshTokenOutputPath != c.output {
				t.Errorf("got %q to %q, %v", s.refreshToken, s.refreshTokenOutputPath, diags)
			}
			if c.says == "" && len(diags) > 0 || c.says != "" && (len(diags) != 1 || !strings.Contains(diags[0].Detail(), c.says)) {
				t.Errorf("got %v, want %q", diags, c.says)
			}
		})
	}
}

// TestSignIn_filesOfOthers: the provider warns of a file with a credential that other users can read.
func TestSignIn_filesOfOthers(t *testing.T) {
	files := newSignInFiles(t)
	m := completeModel()
	m.RefreshTokenFilePath = types.StringValue(files["SECRET_FILE"])
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o644: true} {
		if err := os.Chmod(files["SECRET_FILE"], mode); err != nil {
			t.Fatal(err)
		}
		_, diags := resolve(m, env{}.lookup)
		if got := len(diags) == 1 && strings.Contains(diags[0].Detail(), "chmod 600 "+files["SECRET_FILE"]); got != warned || diags.HasError() {
			t.Errorf("%o: got %v", mode, diags)
		}
	}
}

func TestClouds(t *testing.T) {
	for name, want := range map[string][3]string{
		"":             {"https://api.partnercenter.microsoft.com", "https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com"},
		"public":       {"https://api.partnercenter.microsoft.com", "https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com"},
		"usgovernment": {"https://api.partnercenter.microsoft.com", "https://api.partnercenter.microsoft.com", "https://login.microsoftonline.us"},
		"China":        {"https://partner.partnercenterapi.microsoftonline.cn", "https://partner.partnercenterapi.microsoftonline.cn", "https://login.chinacloudapi.cn"},
	} {
		m := completeModel()
		m.Environment = types.StringValue(name)
		s, diags := resolve(m, env{}.lookup)
		if got := [3]string{s.partnerCenter.String(), s.cloud.audience, s.authority.String()}; len(diags) != 0 || got != want {
			t.Errorf("%q: got %v and %v", name, got, diags)
		}
	}
}
