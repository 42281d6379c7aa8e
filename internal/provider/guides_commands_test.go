//go:build unix

package provider_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/acctest"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// guideRun has the setup and the expected result of a guide's commands. They run in bash, in a folder with
// examples/get-started.
type guideRun struct {
	signedIn bool                          // a refresh token is in the environment at the start
	before   func(*commandRun)             // sets up the prerequisites of the guide
	after    func(*commandRun)             // runs at the end, before login --check
	check    int                           // exit code of login --check at the end
	login    bool                          // the guide authenticates a user in a browser
	wants    func(*testing.T, *commandRun) // checks the result at the end
}

// guideRuns has every guide about authentication.
var guideRuns = map[string]guideRun{
	"get_started": {login: true, wants: func(t *testing.T, r *commandRun) {
		if !strings.Contains(r.out, "2 to add, 0 to change, 0 to destroy") || !strings.Contains(r.out, "ok  Refresh token") {
			t.Errorf("the guide ends otherwise:\n%s", r.out)
		}
	}},
	"secure_application_model": {login: true, wants: func(t *testing.T, r *commandRun) {
		count := 0
		for line := range strings.Lines(r.read("stored")) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			count++
			if !r.issued(line) {
				t.Errorf("%q was stored", line)
			}
		}
		if count != 4 { // Key Vault, GitHub, Azure DevOps, GitLab
			t.Errorf("stored %d times", count)
		}
	}},
	"authentication": {signedIn: true, before: func(r *commandRun) { r.secretInEnvironment() }},
	"authentication_azure_cli": {before: func(r *commandRun) {
		for file, scope := range map[string]string{"token-partnercenter": "https://api.partnercenter.microsoft.com/.default", "token-azure": "https://management.azure.com/.default"} {
			r.write(file, r.accessToken(scope))
		}
	}},
	"authentication_client_secret": {signedIn: true},
	"authentication_certificate": {signedIn: true, after: func(r *commandRun) {
		block, _ := pem.Decode([]byte(r.read("certificate.pem")))
		if block == nil {
			r.Fatal("no certificate")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			r.Fatal(err)
		}
		r.b.RegisterCertificate(certificate)
	}},
	"authentication_oidc": {signedIn: true, after: func(r *commandRun) {
		r.write("oidc-token", r.b.OIDCToken(mockbackend.GitLabIssuer, mockbackend.OIDCClaims{}))
	}},
	"authentication_aks": {signedIn: true, before: func(r *commandRun) { // the variables that Kubernetes and the pod set
		r.write("pod-token", r.b.OIDCToken(mockbackend.KubernetesIssuer, mockbackend.OIDCClaims{}))
		r.env = append(r.env, "AZURE_TENANT_ID="+mockbackend.PartnerTenantID, "AZURE_CLIENT_ID="+r.b.Partner().ClientID,
			"AZURE_FEDERATED_TOKEN_FILE="+filepath.Join(r.dir, "pod-token"), "PARTNERCENTER_USE_AKS_WORKLOAD_IDENTITY=true")
	}},
	"authentication_app_only": {before: func(r *commandRun) { r.secretInEnvironment() }, check: 3},
}

// commandRun is the run of the commands of one guide.
type commandRun struct {
	*testing.T
	b   *acctest.Backend
	dir string
	env []string
	out string
}

func (r *commandRun) write(name, content string) {
	r.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o600); err != nil {
		r.Fatal(err)
	}
}

func (r *commandRun) read(name string) string {
	r.Helper()
	content, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.Fatal(err)
	}
	return string(content)
}

func (r *commandRun) secretInEnvironment() {
	p := r.b.Partner()
	r.env = append(r.env, "PARTNERCENTER_TENANT_ID="+p.TenantID, "PARTNERCENTER_CLIENT_ID="+p.ClientID, "PARTNERCENTER_CLIENT_SECRET="+p.ClientSecret)
}

func (r *commandRun) issued(token string) bool {
	return slices.ContainsFunc(r.b.IssuedTokens(), func(i mockbackend.IssuedToken) bool { return i.Kind == mockbackend.RefreshToken && i.Token == token })
}

// accessToken returns an access token of the Admin agent, as the Azure CLI does.
func (r *commandRun) accessToken(scope string) string {
	r.Helper()
	p := r.b.Partner()
	form := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {p.ClientID}, "client_secret": {p.ClientSecret}, "scope": {scope},
		"refresh_token": {r.b.User(mockbackend.AdminAgent).RefreshToken},
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.b.Endpoints().SignIn+"/"+p.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := r.b.Transport().RoundTrip(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.AccessToken == "" {
		r.Fatal(resp.Status, err)
	}
	return body.AccessToken
}

// stubs replace external programs. They return only what the guides read, and record what they receive.
var stubs = map[string]string{
	"az": `echo "az $*" >> "$DIR/called"
case "$*" in
*"ad app create"*) echo "$MOCK_CLIENT_ID" ;;
*"credential reset"*password*) echo "$MOCK_SECRET" ;;
*"keyvault show"*) echo /subscriptions/s/resourceGroups/contoso/providers/Microsoft.KeyVault/vaults/contoso-apply ;;
*"keyvault secret set"*" --file refresh-token "*) cat refresh-token >> "$DIR/stored" ;;
*"variable-group variable create"*) echo "$AZURE_DEVOPS_EXT_PIPELINE_VAR_PARTNERCENTER_REFRESH_TOKEN" >> "$DIR/stored" ;;
*"aks show"*) echo https://aks.example ;;
*get-access-token*management*) printf '{"accessToken":"%s","expires_on":%s}' "$(cat "$DIR/token-azure")" "$EXPIRES" ;;
*get-access-token*) printf '{"accessToken":"%s","expires_on":%s}' "$(cat "$DIR/token-partnercenter")" "$EXPIRES" ;;
esac`,
	"gh":       `echo "gh $*" >> "$DIR/called"; cat >> "$DIR/stored"`,
	"glab":     `echo "glab $*" >> "$DIR/called"; cat >> "$DIR/stored"`,
	"xdg-open": `printf '%s' "$1" > "$DIR/address"`,
	"open":     `printf '%s' "$1" > "$DIR/address"`,
}

var (
	shellBlock      = regexp.MustCompile("(?ms)^( *)```shell\n(.*?)^ *```$")
	powerShellBlock = regexp.MustCompile("(?ms)^( *)```powershell\n(.*?)^ *```$")
	flagOrVariable  = regexp.MustCompile(`(?:^|[\s(])(--[a-z-]+|PARTNERCENTER_[A-Z_]+\s*=|\$env:PARTNERCENTER_[A-Z_]+\s*=)`)
)

// blocks returns the commands of a guide in one language, without the indentation of lists.
func blocks(guide string, language *regexp.Regexp) (found []string) {
	for _, block := range language.FindAllStringSubmatch(guide, -1) {
		var lines []string
		for line := range strings.Lines(block[2]) {
			lines = append(lines, strings.TrimPrefix(line, block[1]))
		}
		found = append(found, strings.Join(lines, ""))
	}
	return found
}

// TestGuides_commands runs the commands of the guides about authentication unchanged.
func TestGuides_commands(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	names, err := filepath.Glob(filepath.Join(acctest.Root(), "internal", "provider", "templates", "guides", "*.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range names {
		name := strings.TrimSuffix(filepath.Base(path), ".md.tmpl")
		run, ok := guideRuns[name]
		if !ok {
			if strings.HasPrefix(name, "authentication") {
				t.Errorf("no test runs the commands of %s", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			run.test(t, string(content))
		})
	}
}

func (g guideRun) test(t *testing.T, guide string) {
	main, err := os.ReadFile(filepath.Join(acctest.Root(), "examples", "get-started", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	b := acctest.New(t, mockbackend.Config{})
	w := workspace(t, nil, map[string]string{"main.tf": string(main)})
	r := &commandRun{T: t, b: b, dir: w.Dir}
	bin := filepath.Join(w.Dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, script := range stubs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it must be executable
			t.Fatal(err)
		}
	}
	if err := os.Symlink(w.CLI.Path, filepath.Join(bin, "terraform")); err != nil {
		t.Fatal(err)
	}
	r.env = []string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + w.Dir, "DIR=" + w.Dir, "TMPDIR=" + t.TempDir(), w.Env[0],
		"CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=-no-color", "MOCK_CLIENT_ID=" + b.Partner().ClientID, "MOCK_SECRET=" + b.Partner().ClientSecret,
		"CLIENT_ID=" + b.Partner().ClientID, "EXPIRES=" + strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10),
	}
	for _, v := range b.EnvironmentFor(b.CACertificatePath, "") {
		if !slices.Contains([]string{"PARTNERCENTER_TENANT_ID", "PARTNERCENTER_CLIENT_ID", "PARTNERCENTER_CLIENT_SECRET"}, v.Name) {
			r.env = append(r.env, v.Name+"="+v.Value)
		}
	}
	if g.signedIn {
		r.env = append(r.env, "PARTNERCENTER_REFRESH_TOKEN="+b.User(mockbackend.AdminAgent).RefreshToken)
	}
	if g.before != nil {
		g.before(r)
	}
	address := filepath.Join(r.dir, "address")
	if err := syscall.Mkfifo(address, 0o600); err != nil {
		t.Fatal(err)
	}
	browsed := make(chan error, 1)
	if g.login {
		go func() { browsed <- r.browse(address) }()
	} else {
		browsed <- nil
	}
	script := strings.NewReplacer(
		"contoso.onmicrosoft.com", mockbackend.PartnerDomain,
		"login --output", "login --port 0 --output", // port 8400 may be in use on the machine of the test
	).Replace(strings.Join(blocks(guide, shellBlock), "\n"))
	r.bash("set -eu\n" + script + "\nexport -p > \"$DIR/exported\"")
	if err := <-browsed; err != nil {
		t.Fatal(err)
	}
	if g.after != nil {
		g.after(r)
	}
	r.bash(`. "$DIR/exported"
PROVIDER="$(find -L .terraform/providers -type f -name 'terraform-provider-partnercenter*' | head -n 1)"
code=0; "$PROVIDER" login --check || code=$?
[ "$code" = ` + strconv.Itoa(g.check) + " ]")
	if g.wants != nil {
		g.wants(t, r)
	}
	if called, err := os.ReadFile(filepath.Join(r.dir, "called")); err == nil {
		for _, issued := range b.IssuedTokens() {
			if bytes.Contains(called, []byte(issued.Token)) {
				t.Errorf("a token of kind %s is on a command line", issued.Kind)
			}
		}
	}
}

// bash runs a script in the folder of the configuration.
func (r *commandRun) bash(script string) {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	r.out += string(out)
	if err != nil {
		r.Fatalf("%v\n%s\n%s", err, script, out)
	}
}

// browse acts as the browser. It waits for the address, authenticates the Admin agent and follows the redirect.
func (r *commandRun) browse(address string) error {
	pipe, err := os.Open(address) // blocks until the address is written
	if err != nil {
		return err
	}
	defer pipe.Close()
	opened, err := io.ReadAll(pipe)
	if err != nil {
		return err
	}
	location, err := r.b.Visit(r.Context(), string(opened), mockbackend.Person{})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, location, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the listener answers %s", resp.Status)
	}
	return nil
}

// TestGuides_powerShell: PowerShell is not run. Its commands must have the same flags and variables as those of
// bash.
func TestGuides_powerShell(t *testing.T) {
	t.Parallel()
	for name := range guideRuns {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(acctest.Root(), "internal", "provider", "templates", "guides", name+".md.tmpl"))
			if err != nil {
				t.Fatal(err)
			}
			bash, powerShell := blocks(string(content), shellBlock), blocks(string(content), powerShellBlock)
			if len(bash) != len(powerShell) {
				t.Fatalf("%d blocks of bash, %d of PowerShell", len(bash), len(powerShell))
			}
			for i := range bash {
				if a, b := flagsAndVariables(bash[i]), flagsAndVariables(powerShell[i]); !slices.Equal(a, b) {
					t.Errorf("bash has\n%v\nPowerShell has\n%v\nin\n%s", a, b, powerShell[i])
				}
				if strings.Contains(powerShell[i], "\\\n") || strings.Contains(powerShell[i], "export ") {
					t.Errorf("this is not PowerShell:\n%s", powerShell[i])
				}
			}
		})
	}
}

// flagsAndVariables returns the flags and variables of the commands in a block, each once, sorted.
func flagsAndVariables(block string) []string {
	var found []string
	for _, match := range flagOrVariable.FindAllStringSubmatch(block, -1) {
		found = append(found, strings.Trim(strings.TrimPrefix(match[1], "$env:"), " ="))
	}
	slices.Sort(found)
	return slices.Compact(found)
}
