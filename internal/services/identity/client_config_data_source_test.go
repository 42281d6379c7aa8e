package identity_test

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

const clientConfig = "partnercenter_client_config"

// methods returns the settings of each authentication method of the application. Files are created in dir.
func methods(t *testing.T, b *mockbackend.Backend, dir string) map[string]acctest.Values {
	t.Helper()
	write := func(name string, content []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	cert := b.Certificate(mockbackend.RegisteredCertificate)
	github, devops := b.GitHubActions(), b.AzureDevOps()
	return map[string]acctest.Values{
		"client secret":      {"client_secret": b.Partner().ClientSecret},
		"client secret file": {"client_secret_file_path": write("secret", []byte(b.Partner().ClientSecret+"\n"))},
		"certificate":        {"client_certificate": string(cert.PEM(mockbackend.PEMPKCS8))},
		"certificate, base64": {
			"client_certificate": base64.StdEncoding.EncodeToString(pfx(t, cert)), "client_certificate_password": "mock-password",
		},
		"certificate file": {"client_certificate_path": write("certificate.pem", cert.PEM(mockbackend.PEMReversed))},
		"OIDC token":       {"oidc_token": b.OIDCToken(mockbackend.GitLabIssuer)},
		"OIDC token file":  {"oidc_token_file_path": write("token", []byte(b.OIDCToken(mockbackend.KubernetesIssuer)+"\n"))},
		"GitHub Actions":   {"oidc_request_url": github.RequestURL, "oidc_request_token": github.RequestToken},
		"Azure DevOps": {
			"oidc_request_url": devops.RequestURL, "oidc_request_token": devops.SystemAccessToken,
			"ado_pipeline_service_connection_id": devops.ServiceConnectionID,
		},
	}
}

// with returns the settings with more added to them.
func with(settings acctest.Values, more acctest.Values) acctest.Values {
	out := acctest.Values{}
	for _, from := range []acctest.Values{settings, more} {
		maps.Copy(out, from)
	}
	return out
}

// Each method signs in, app-only and app+user, with one token request. With app+user, it can set a permission.
func TestProtoClientConfig_methods(t *testing.T) {
	t.Parallel()
	names := methods(t, mockbackend.New(mockbackend.Config{}), t.TempDir())
	for name := range names {
		for _, appOnly := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/app-only %t", name, appOnly), func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{})
				user := b.User(mockbackend.AdminAgent)
				settings := methods(t, b, t.TempDir())[name]
				want := acctest.Values{
					"tenant_id": b.Partner().TenantID, "client_id": b.Partner().ClientID, "sign_in_mode": "app", "user_principal_name": nil, "mfa": false,
					"mfa_compliant": nil, "validate_mfa": nil,
				}
				if !appOnly {
					settings = with(settings, acctest.Values{"refresh_token": user.RefreshToken})
					want = with(want, acctest.Values{"sign_in_mode": "app_user", "user_principal_name": user.UserPrincipalName, "object_id": user.ObjectID, "mfa": true})
				}
				d := acctest.NewProtocol(t, b, "")
				if err := d.RestartWith(settings); err != nil {
					t.Fatal(err)
				}
				got, err := d.ReadDataSource(t.Context(), clientConfig, acctest.Values{})
				if err != nil {
					t.Fatal(err)
				}
				for k, v := range want {
					if got[k] != v {
						t.Errorf("%s is %v, want %v", k, got[k], v)
					}
				}
				if at, err := time.Parse(time.RFC3339, fmt.Sprint(got["token_expires_at"])); err != nil || time.Until(at) < 50*time.Minute {
					t.Errorf("the token expires at %v", got["token_expires_at"])
				}
				if _, err := d.ReadDataSource(t.Context(), "partnercenter_customers", acctest.Values{}); err != nil {
					t.Error(err)
				}
				if !appOnly {
					if err := d.Resource("partnercenter_customer_permission_reservations").Apply(t.Context(), acctest.Values{"customer_id": mockbackend.AdatumID}); err != nil {
						t.Error(err)
					}
				}
				if n := b.Counters().TokensIssued(); n != 1 {
					t.Errorf("%d tokens were issued, want 1", n)
				}
				if n := b.Counters().Route("GET /{tenant}/v2.0/.well-known/openid-configuration"); n > 1 || !appOnly && n > 0 {
					t.Errorf("%d requests for metadata", n)
				}
				acctest.FailOnViolations(t, b)
			})
		}
	}
}

// Each error of Entra ID becomes a clear message without a secret.
func TestProtoClientConfig_errors(t *testing.T) {
	t.Parallel()
	wrongCertificate := func(kind mockbackend.CertificateKind) func(*mockbackend.Backend) acctest.Values {
		return func(b *mockbackend.Backend) acctest.Values {
			return acctest.Values{"client_certificate": string(b.Certificate(kind).PEM(mockbackend.PEMPKCS8))}
		}
	}
	token := func(claims mockbackend.OIDCClaims) func(*mockbackend.Backend) acctest.Values {
		return func(b *mockbackend.Backend) acctest.Values {
			return acctest.Values{"oidc_token": b.OIDCToken(mockbackend.GitHubIssuer, claims)}
		}
	}
	for name, c := range map[string]struct {
		settings func(*mockbackend.Backend) acctest.Values
		says     string
	}{
		"wrong secret":             {func(*mockbackend.Backend) acctest.Values { return acctest.Values{"client_secret": "s3cret"} }, "The client secret is wrong"},
		"unregistered certificate": {wrongCertificate(mockbackend.UnregisteredCertificate), "not one of the app registration's"},
		"expired OIDC token":       {token(mockbackend.OIDCClaims{Lifetime: -time.Hour}), "The OIDC token expired"},
		"another subject":          {token(mockbackend.OIDCClaims{Subject: "repo:contoso/other:ref:refs/heads/main"}), "No federated credential"},
		"another issuer":           {token(mockbackend.OIDCClaims{IssuerURL: "https://issuer.example"}), "No federated credential"},
		"wrong request token": {func(b *mockbackend.Backend) acctest.Values {
			return acctest.Values{"oidc_request_url": b.GitHubActions().RequestURL, "oidc_request_token": "s3cret"}
		}, "id-token: write"},
		"wrong system access token": {func(b *mockbackend.Backend) acctest.Values {
			devops := b.AzureDevOps()
			return acctest.Values{"oidc_request_url": devops.RequestURL, "oidc_request_token": "s3cret", "ado_pipeline_service_connection_id": devops.ServiceConnectionID}
		}, "SYSTEM_ACCESSTOKEN mapped"},
		"wrong service connection": {func(b *mockbackend.Backend) acctest.Values {
			devops := b.AzureDevOps()
			return acctest.Values{"oidc_request_url": devops.RequestURL, "oidc_request_token": devops.SystemAccessToken, "ado_pipeline_service_connection_id": mockbackend.AdatumID}
		}, "may the pipeline use the service connection"},
	} {
		for _, refreshToken := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/refresh token %t", name, refreshToken), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := mockbackend.New(mockbackend.Config{})
					d := acctest.NewProtocol(t, b, "")
					settings := c.settings(b)
					if refreshToken {
						settings["refresh_token"] = b.User(mockbackend.AdminAgent).RefreshToken
					}
					if err := d.RestartWith(settings); err != nil {
						t.Fatal(err)
					}
					_, err := d.ReadDataSource(t.Context(), clientConfig, acctest.Values{})
					if err == nil || !strings.Contains(err.Error(), c.says) {
						t.Fatalf("got %v, want it to say %q", err, c.says)
					}
					for _, v := range settings {
						if s := fmt.Sprint(v); !strings.HasPrefix(s, "https://") && strings.Contains(err.Error(), s) && len(s) > 5 {
							t.Errorf("the error repeats a credential: %v", err)
						}
					}
				})
			})
		}
	}
}

// Every error code of Entra ID with a message of its own says what to do. 50 concurrent reads send one token
// request, and only one of them returns the full message.
func TestProtoClientConfig_everyCode(t *testing.T) {
	t.Parallel()
	for _, e := range mockbackend.SignInErrors() {
		t.Run(fmt.Sprint(e.Code), func(t *testing.T) {
			b := mockbackend.New(mockbackend.Config{})
			b.FailSignIn(mockbackend.SignInFault{Code: e.Code, Times: -1})
			d := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
			var wg sync.WaitGroup
			var full, short atomic.Int32
			for range 50 {
				wg.Go(func() {
					_, err := d.ReadDataSource(t.Context(), clientConfig, acctest.Values{})
					switch {
					case err == nil || !strings.Contains(err.Error(), "Sign-in failed: "):
						t.Errorf("got %v", err)
					case strings.Contains(err.Error(), "What to do: ") && strings.Contains(err.Error(), fmt.Sprint("AADSTS", e.Code)):
						full.Add(1)
					case strings.Contains(err.Error(), "See the first error with this headline."):
						short.Add(1)
					}
				})
			}
			wg.Wait()
			if full.Load() != 1 || short.Load() != 49 {
				t.Errorf("%d errors are full and %d are short", full.Load(), short.Load())
			}
			if n := b.Counters().Tokens; len(n) != 1 || n[0].Count != 1 {
				t.Errorf("the token requests were %+v, want one", n)
			}
		})
	}
}

// mfa is the claim of the token, and mfa_compliant the answer of Partner Center.
func TestProtoClientConfig_mfa(t *testing.T) {
	t.Parallel()
	for _, enforced := range []bool{true, false} {
		for _, mfa := range []bool{true, false} {
			t.Run(fmt.Sprintf("enforced %t, mfa %t", enforced, mfa), func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{})
				b.SetKnobs(func(k *mockbackend.Knobs) { k.MFANotEnforced = !enforced })
				user := b.User(mockbackend.AdminAgent)
				if !mfa {
					user = b.UserWithoutMFA()
				}
				got, err := acctest.NewProtocol(t, b, user.RefreshToken).ReadDataSource(t.Context(), clientConfig, acctest.Values{"validate_mfa": true})
				if err != nil {
					t.Fatal(err)
				}
				if got["mfa"] != mfa || got["mfa_compliant"] != mfa {
					t.Errorf("got %v", got)
				}
			})
		}
	}
}

// If a server requires more claims than the token has, it gets one more try. Then the user gets one clear
// error, and no endless loop starts.
func TestProtoClientConfig_claimsChallenge(t *testing.T) {
	t.Parallel()
	for _, satisfied := range []bool{true, false} {
		t.Run(fmt.Sprintf("satisfied %t", satisfied), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := mockbackend.New(mockbackend.Config{})
				b.SetKnobs(func(k *mockbackend.Knobs) {
					k.ClaimsChallenge = mockbackend.ClaimsChallengePartnerCenter
					if satisfied {
						k.ClaimsAnswer = mockbackend.ClaimsAnswerSatisfy
					}
				})
				d := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
				_, err := d.ReadDataSource(t.Context(), "partnercenter_customers", acctest.Values{})
				if satisfied {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), "multifactor authentication") || !strings.Contains(err.Error(), "What to do: ") {
					t.Errorf("got %v", err)
				}
				requests := 0
				for _, n := range b.Counters().Tokens {
					requests += n.Count
				}
				if requests > 3 {
					t.Errorf("%d token requests", requests)
				}
			})
		})
	}
}

// 500 resources continue after the token has expired, with one new token for all of them.
func TestProtoClientConfig_tokenExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := mockbackend.New(mockbackend.Config{Customers: 520})
		d := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
		all := func() {
			var wg sync.WaitGroup
			for _, c := range b.Customers()[10:510] {
				wg.Go(func() {
					r := d.Resource("partnercenter_customer_permission_reservations")
					if err := r.Apply(t.Context(), acctest.Values{"customer_id": c.ID, "verify_azure_subscription": false}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		all()
		acctest.Pass(70 * time.Minute)
		all()
		if n := b.Counters().TokensIssued(); n != 2 {
			t.Errorf("%d tokens were issued, want 2", n)
		}
	})
}

// The newest refresh token is written to the file, complete and readable by its owner only. The next run uses
// it, although the old token no longer works.
func TestProtoClientConfig_rotation(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	b.SetKnobs(func(k *mockbackend.Knobs) { k.ReuseRefreshTokens = false })
	file := filepath.Join(t.TempDir(), "refresh-token")
	user := b.User(mockbackend.AdminAgent)
	if err := os.WriteFile(file, []byte(user.RefreshToken), 0o644); err != nil {
		t.Fatal(err)
	}
	d := acctest.NewProtocol(t, b, "")
	for run := range 3 {
		err := d.RestartWith(acctest.Values{
			"client_secret": b.Partner().ClientSecret, "refresh_token_file_path": file, "refresh_token_output_path": file,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.ReadDataSource(t.Context(), "partnercenter_customers", acctest.Values{}); err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(string(content), "\n"); got == user.RefreshToken || got != b.NewestRefreshToken(user) {
			t.Errorf("run %d: the file is not the newest token", run)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file's mode is %v, %v", info.Mode(), err)
		}
	}
	rest, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(rest) != 1 {
		t.Errorf("unexpected files are left: %v, %v", rest, err)
	}
}

// One refresh token serves Partner Center and every customer's tenant, with one token request for each.
// azure_auth_mode = app authenticates without the user.
func TestProtoClientConfig_azure(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{})
	d := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken)
	for range 2 {
		for customer, want := range map[string][]any{
			mockbackend.AdatumID:  {mockbackend.AdatumAzureID},
			mockbackend.ContosoID: {mockbackend.ContosoAzureID, mockbackend.ContosoSecondAzureID},
			mockbackend.LitwareID: {strings.ToLower(mockbackend.LitwareAzureID)},
		} {
			got, err := d.ReadDataSource(t.Context(), clientConfig, acctest.Values{"customer_id": strings.ToUpper(customer)})
			if err != nil {
				t.Fatal(err)
			}
			if got["azure_sign_in_mode"] != "app_user" || !reflect.DeepEqual(got["azure_subscription_ids"], want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	}
	for _, n := range b.Counters().Tokens {
		if n.Count != 1 {
			t.Errorf("%+v: want one request", n)
		}
	}
	if n := b.Counters().TokensIssued(); n != 4 {
		t.Errorf("%d tokens were issued, want 4", n)
	}

	if err := d.RestartWith(acctest.Values{
		"client_secret": b.Partner().ClientSecret, "refresh_token": b.User(mockbackend.AdminAgent).RefreshToken, "azure_auth_mode": "app",
	}); err != nil {
		t.Fatal(err)
	}
	got, err := d.ReadDataSource(t.Context(), clientConfig, acctest.Values{"customer_id": mockbackend.AdatumID})
	if err == nil && got["azure_sign_in_mode"] != "app" {
		t.Errorf("got %v", got)
	}
	if err != nil && !strings.Contains(err.Error(), "What to do: ") {
		t.Error(err)
	}
	acctest.FailOnViolations(t, b)
}

// Each obstacle between a partner and a customer's tenant has a message that says what to do.
func TestProtoClientConfig_azureErrors(t *testing.T) {
	t.Parallel()
	for answer, says := range map[mockbackend.CustomerTenants]string{
		mockbackend.CustomerTenantsNotAuthorized: "Create an application consent",
		mockbackend.CustomerTenantsNoConsent:     "Create an application consent for the customer",
		mockbackend.CustomerTenantsNoUser:        "there is no relationship with the customer",
	} {
		b := mockbackend.New(mockbackend.Config{})
		b.SetKnobs(func(k *mockbackend.Knobs) { k.CustomerTenants = answer })
		_, err := acctest.NewProtocol(t, b, b.User(mockbackend.AdminAgent).RefreshToken).
			ReadDataSource(t.Context(), clientConfig, acctest.Values{"customer_id": mockbackend.AdatumID})
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), mockbackend.AdatumID) {
			t.Errorf("got %v, want it to say %q", err, says)
		}
	}
}

// The file of the refresh token is complete at any time, while many tenants sign in.
func TestProtoClientConfig_manyTenantsAtOnce(t *testing.T) {
	t.Parallel()
	b := mockbackend.New(mockbackend.Config{Customers: 60})
	file := filepath.Join(t.TempDir(), "refresh-token")
	d := acctest.NewProtocol(t, b, "")
	if err := d.RestartWith(acctest.Values{
		"client_secret": b.Partner().ClientSecret, "refresh_token": b.User(mockbackend.AdminAgent).RefreshToken, "refresh_token_output_path": file,
	}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, c := range b.Customers() {
		wg.Go(func() {
			if _, err := d.ReadDataSource(t.Context(), clientConfig, acctest.Values{"customer_id": c.ID}); err != nil {
				t.Error(err)
			}
			content, err := os.ReadFile(file)
			if err != nil || len(strings.TrimSpace(string(content))) < 20 {
				t.Errorf("the file contains %q, %v", content, err)
			}
		})
	}
	wg.Wait()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RestartWith(acctest.Values{"client_secret": b.Partner().ClientSecret, "refresh_token": strings.TrimSpace(string(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ReadDataSource(t.Context(), "partnercenter_customers", acctest.Values{}); err != nil {
		t.Error(err)
	}
}

// Kubernetes replaces the token file during a run.
func TestProtoClientConfig_aks(t *testing.T) {
	b := mockbackend.New(mockbackend.Config{})
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("expired-by-then")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", file)
	d := acctest.NewProtocol(t, b, "")
	if err := d.RestartWith(acctest.Values{"use_aks_workload_identity": true}); err != nil {
		t.Fatal(err)
	}
	write(b.OIDCToken(mockbackend.KubernetesIssuer))
	if _, err := d.ReadDataSource(t.Context(), "partnercenter_customers", acctest.Values{}); err != nil {
		t.Error(err)
	}
}

// Tokens come from the Azure CLI, here a script that answers as az does.
func TestProtoClientConfig_azureCLI(t *testing.T) {
	b := mockbackend.New(mockbackend.Config{})
	user := b.User(mockbackend.AdminAgent)
	d := acctest.NewProtocol(t, b, user.RefreshToken)
	if _, err := d.ReadDataSource(t.Context(), "partnercenter_customers", acctest.Values{}); err != nil {
		t.Fatal(err)
	}
	var token string
	for _, issued := range b.IssuedTokens() {
		if issued.Kind == mockbackend.AccessToken {
			token = issued.Token
		}
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\ncase \"$*\" in *https://api.partnercenter.microsoft.com*) ;; *) echo unexpected: \"$@\" >&2; exit 1;; esac\n"+
		"echo '{\"accessToken\":\"%s\",\"expires_on\":%d,\"tokenType\":\"Bearer\"}'\n", token, time.Now().Add(time.Hour).Unix())
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	if err := d.RestartWith(acctest.Values{"use_cli": true, "client_id": nil}); err != nil {
		t.Fatal(err)
	}
	got, err := d.ReadDataSource(t.Context(), clientConfig, acctest.Values{})
	if err != nil {
		t.Fatal(err)
	}
	if got["sign_in_mode"] != "app_user" || got["user_principal_name"] != user.UserPrincipalName {
		t.Errorf("got %v", got)
	}
	if err := d.Resource("partnercenter_customer_permission_reservations").Apply(t.Context(), acctest.Values{"customer_id": mockbackend.AdatumID}); err != nil {
		t.Error(err)
	}
}

// Each method works with the real CLI.
func TestAccClientConfig_methods(t *testing.T) {
	t.Parallel()
	b := acctest.New(t, mockbackend.Config{})
	for name, settings := range methods(t, b.Backend, t.TempDir()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: b.Factories(),
				Steps: []resource.TestStep{{
					Config: b.ConfigWith(with(settings, acctest.Values{"refresh_token": b.User(mockbackend.AdminAgent).RefreshToken}),
						`data "partnercenter_client_config" "current" { validate_mfa = true }`),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue("data.partnercenter_client_config.current", tfjsonpath.New("sign_in_mode"), knownvalue.StringExact("app_user")),
						statecheck.ExpectKnownValue("data.partnercenter_client_config.current", tfjsonpath.New("mfa_compliant"), knownvalue.Bool(true)),
						statecheck.ExpectKnownValue("data.partnercenter_client_config.current", tfjsonpath.New("user_principal_name"),
							knownvalue.StringExact(b.User(mockbackend.AdminAgent).UserPrincipalName)),
					},
				}},
			})
		})
	}
}

// pfx returns a certificate in PKCS#12, in the format of OpenSSL 3.
func pfx(t *testing.T, c mockbackend.AppCertificate) []byte {
	t.Helper()
	data, err := pkcs12.Modern.Encode(c.Key, c.Certificate, []*x509.Certificate{c.CA}, "mock-password")
	if err != nil {
		t.Fatal(err)
	}
	return data
}
