package provider_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.step.sm/crypto/pemutil"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestSecrets_everyMethod is TestSecrets for the other authentication methods. The credential of the application
// and every token issued for it must not be in a log, plan, state or error.
func TestSecrets_everyMethod(t *testing.T) {
	t.Parallel()
	const password = "certificate-pa55word"
	for name, c := range map[string]struct {
		env func(t *testing.T, b *acctest.Backend, dir string) map[string]string
		// broken is the variable whose value is replaced, so that Entra ID or the CI system refuses the credential.
		broken string
	}{
		"certificate": {func(t *testing.T, b *acctest.Backend, _ string) map[string]string {
			cert := b.Certificate(mockbackend.RegisteredCertificate)
			der, err := x509.MarshalPKCS8PrivateKey(cert.Key)
			if err != nil {
				t.Fatal(err)
			}
			key, err := pemutil.EncryptPKCS8PrivateKey(rand.Reader, der, []byte(password), x509.PEMCipherAES256)
			if err != nil {
				t.Fatal(err)
			}
			text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate.Raw})) +
				string(pem.EncodeToMemory(key))
			return map[string]string{"PARTNERCENTER_CLIENT_CERTIFICATE": text, "PARTNERCENTER_CLIENT_CERTIFICATE_PASSWORD": password}
		}, "PARTNERCENTER_CLIENT_CERTIFICATE_PASSWORD"},
		"OIDC token": {func(_ *testing.T, b *acctest.Backend, _ string) map[string]string {
			return map[string]string{"ARM_OIDC_TOKEN": b.OIDCToken(mockbackend.GitLabIssuer)}
		}, "ARM_OIDC_TOKEN"},
		"OIDC token file": {func(t *testing.T, b *acctest.Backend, dir string) map[string]string {
			file := filepath.Join(dir, "token")
			if err := os.WriteFile(file, []byte(b.OIDCToken(mockbackend.KubernetesIssuer)), 0o600); err != nil {
				t.Fatal(err)
			}
			return map[string]string{"PARTNERCENTER_OIDC_TOKEN_FILE_PATH": file}
		}, ""},
		"GitHub Actions": {func(_ *testing.T, b *acctest.Backend, _ string) map[string]string {
			job := b.GitHubActions()
			return map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": job.RequestURL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": job.RequestToken}
		}, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"},
		"Azure DevOps": {func(_ *testing.T, b *acctest.Backend, _ string) map[string]string {
			job := b.AzureDevOps()
			return map[string]string{
				"SYSTEM_OIDCREQUESTURI": job.RequestURL, "SYSTEM_ACCESSTOKEN": job.SystemAccessToken,
				"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": job.ServiceConnectionID,
			}
		}, "SYSTEM_ACCESSTOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := acctest.New(t, mockbackend.Config{})
			dir := t.TempDir()
			logs, output := filepath.Join(dir, "trace.log"), filepath.Join(dir, "refresh-token")
			proof := c.env(t, b, dir)
			env := slices.DeleteFunc(b.WorkspaceEnvironment(), func(v string) bool { return strings.HasPrefix(v, "PARTNERCENTER_CLIENT_SECRET=") })
			env = append(env, "TF_LOG=trace", "TF_LOG_PATH="+logs, "AZURE_SDK_GO_LOGGING=all", "PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH="+output)
			secrets := map[string]string{"the first refresh token": b.User(mockbackend.AdminAgent).RefreshToken}
			for name, value := range proof {
				env = append(env, name+"="+value)
				if !strings.HasSuffix(name, "_PATH") && !strings.Contains(name, "REQUEST_URL") && !strings.Contains(name, "REQUESTURI") && !strings.Contains(name, "CONNECTION") {
					secrets[name] = value
				}
			}
			w := workspace(t, env, map[string]string{"main.tf": requirement + `
resource "partnercenter_customer_permission_reservations" "one" {
  customer_id = "` + mockbackend.AdatumID + `"
}
data "partnercenter_client_config" "one" {
  validate_mfa = true
  customer_id  = "` + mockbackend.AdatumID + `"
}
`})
			seen := map[string]string{
				"apply":      run(t, w, 0, "apply", "-input=false", "-auto-approve"),
				"state pull": run(t, w, 0, "state", "pull"),
			}
			if c.broken != "" {
				w.Env = append(w.Env, c.broken+"=broken"+proof[c.broken])
				seen["a plan that fails"] = run(t, w, 1, "plan", "-input=false")
			}
			trace, err := os.ReadFile(logs)
			if err != nil {
				t.Fatal(err)
			}
			seen["trace.log"] = string(trace)
			if !strings.Contains(seen["trace.log"], "/v1/SelfServePolicy?entity_id=") && !strings.Contains(seen["trace.log"], "/v1/SelfServePolicy") {
				t.Error("the log is not that of the provider's requests")
			}
			for _, token := range b.IssuedTokens() {
				if token.Kind != mockbackend.IDToken {
					secrets[string(token.Kind)+" token for "+token.Audience] = token.Token
				}
			}
			if len(secrets) < 5 {
				t.Errorf("only %d secrets are searched for", len(secrets))
			}
			cert := b.Certificate(mockbackend.RegisteredCertificate)
			secrets["the private key"] = base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(cert.Key))[100:200]
			for where, text := range seen {
				for what, secret := range secrets {
					if strings.Contains(text, secret) {
						t.Errorf("%s is in %s", what, where)
					}
				}
				if found := issued.FindString(text); found != "" {
					t.Errorf("a token is in %s: %.12s…", where, found)
				}
			}
			if content, err := os.ReadFile(output); err != nil || strings.TrimSpace(string(content)) == "" {
				t.Errorf("the newest refresh token was not written: %q, %v", content, err)
			}
		})
	}
}
