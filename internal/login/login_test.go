package login_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/login"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/provider"
)

// trial runs the command with an in-process mock.
type trial struct {
	*testing.T
	b      *mockbackend.Backend
	env    map[string]string
	person mockbackend.Person
	open   func(address string) error // nil means that the person signs in and the browser follows the redirect
	stdin  io.Reader
	dir    string

	stdout, stderr string
}

// newTrial returns a trial with the environment of a partner who has never signed in.
func newTrial(t *testing.T) *trial {
	b := mockbackend.New(mockbackend.Config{})
	t.Cleanup(func() {
		for _, v := range b.Violations() {
			t.Errorf("the mock received a request that the API does not document: %s", v)
		}
	})
	r := &trial{T: t, b: b, env: map[string]string{}, dir: t.TempDir()}
	for _, v := range b.EnvironmentFor("", "") {
		r.env[v.Name] = v.Value
	}
	delete(r.env, "PARTNERCENTER_CA_CERTIFICATE_PATH")
	return r
}

func (r *trial) output() string { return filepath.Join(r.dir, "refresh-token") }

// run returns the exit code. It fails the test if the output contains a token, except a refresh
// token on standard output.
func (r *trial) run(args ...string) int {
	r.Helper()
	return r.runIn(r.Context(), args...)
}

func (r *trial) runIn(ctx context.Context, args ...string) int {
	r.Helper()
	var stdout, stderr bytes.Buffer
	open := r.open
	if open == nil {
		open = func(address string) error { return r.browse(ctx, address) }
	}
	code := login.Command{
		Version: "test", Stdin: r.stdin, Stdout: &stdout, Stderr: &stderr, OpenBrowser: open,
		LookupEnv: func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
		Options:   []provider.Option{provider.WithTransport(r.b.Transport())},
	}.Run(ctx, args)
	r.stdout, r.stderr = stdout.String(), stderr.String()
	for _, issued := range r.b.IssuedTokens() {
		if strings.Contains(r.stderr+r.stdout, issued.Token) && issued.Kind != mockbackend.RefreshToken || strings.Contains(r.stderr, issued.Token) {
			r.Errorf("the output contains a token of kind %s", issued.Kind)
		}
	}
	if strings.Contains(r.stderr+r.stdout, r.b.Partner().ClientSecret) {
		r.Error("the output contains the client secret")
	}
	return code
}

// browse acts as the browser: it signs the person in and follows the redirect.
func (r *trial) browse(ctx context.Context, address string) error {
	location, err := r.b.Visit(ctx, address, r.person)
	if err != nil {
		return err
	}
	return get(ctx, location, "You ")
}

// get opens a page of the listener.
func get(ctx context.Context, address, want string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), want) {
		return errors.New("the page says " + string(body))
	}
	return nil
}

func (r *trial) want(got, want int) {
	r.Helper()
	if got != want {
		r.Fatalf("exit code %d, want %d\n%s\n%s", got, want, r.stdout, r.stderr)
	}
}

// says checks that the output contains the texts, ignoring differences in white space.
func (r *trial) says(texts ...string) {
	r.Helper()
	all := strings.Join(strings.Fields(r.stdout+"\n"+r.stderr), " ")
	for _, text := range texts {
		if !strings.Contains(all, text) {
			r.Errorf("the output does not contain %q:\n%s\n%s", text, r.stdout, r.stderr)
		}
	}
}

// stored returns the token in the output file.
func (r *trial) stored() string {
	r.Helper()
	content, err := os.ReadFile(r.output())
	if err != nil {
		r.Fatal(err)
	}
	token, _, _ := strings.Cut(string(content), "\n")
	return token
}

func (r *trial) nothingStored() {
	r.Helper()
	if left, err := os.ReadDir(r.dir); err != nil || len(left) > 0 {
		r.Errorf("files were left: %v %v", left, err)
	}
}

func TestLogin(t *testing.T) {
	r := newTrial(t)
	r.want(r.run("--output", r.output(), "--port", "0"), login.Passed)
	r.says("ok Sign-in app+user", "ok Tenant "+mockbackend.PartnerTenantID, "ok User "+r.b.User(mockbackend.AdminAgent).UserPrincipalName,
		"ok MFA the access token has the MFA claim", "ok Partner Center Partner Demo", "ok Agent role", "ok Azure access", "ok Access token valid until",
		"ok Refresh token valid until", "The refresh token is in "+r.output(),
		"Next: store the refresh token where your runs find it, see https://registry.terraform.io/providers/partnercenter/partnercenter/latest/docs/guides/secure_application_model#store-the-refresh-token.")
	if r.stored() != r.b.NewestRefreshToken(r.b.User(mockbackend.AdminAgent)) {
		t.Error("the newest refresh token is not stored")
	}
	if info, err := os.Stat(r.output()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) != 1 {
		t.Errorf("there are other files than the output file: %v %v", left, err)
	}

	// A run and --check accept the stored token.
	r.env["PARTNERCENTER_REFRESH_TOKEN_FILE_PATH"] = r.output()
	r.want(r.run("--check"), login.Passed)
}

// TestLogin_again checks that variables of an older sign-in do not affect a new one.
func TestLogin_again(t *testing.T) {
	for mode, want := range map[string]string{"user": "ok Azure access the user consented", "app": "ok Azure access by the application itself, without the user"} {
		r := newTrial(t)
		r.env["PARTNERCENTER_REFRESH_TOKEN_FILE_PATH"] = r.output() // does not exist yet
		r.env["PARTNERCENTER_REFRESH_TOKEN_OUTPUT_PATH"] = r.output()
		r.env["PARTNERCENTER_REFRESH_TOKEN"] = "expired"
		r.env["PARTNERCENTER_AZURE_AUTH_MODE"] = mode
		r.want(r.run("--port", "0"), login.Passed)
		r.says(want)
		if !strings.Contains(r.stdout, r.output()) || r.stored() == "" {
			t.Error("the output path of the environment was not used")
		}
		r.want(r.run("--port", "0"), login.Passed) // replaces the file
	}
}

func TestLogin_print(t *testing.T) {
	r := newTrial(t)
	r.want(r.run("--print", "--port", "0"), login.Passed)
	if token := strings.TrimSpace(r.stdout); strings.Contains(token, "\n") || r.stdout != token+"\n" {
		t.Errorf("standard output has more than the token: %q", r.stdout)
	} else {
		r.env["PARTNERCENTER_REFRESH_TOKEN"] = token
		r.want(r.run("--check"), login.Passed)
	}
	r.nothingStored()
}

// TestLogin_credentials signs in with each kind of credential of the application.
func TestLogin_credentials(t *testing.T) {
	for name, set := range map[string]func(*trial) []string{
		"certificate": func(r *trial) []string {
			path := filepath.Join(r.TempDir(), "certificate.pem")
			if err := os.WriteFile(path, r.b.Certificate(mockbackend.RegisteredCertificate).PEM(mockbackend.PEMPKCS8), 0o600); err != nil {
				r.Fatal(err)
			}
			return []string{"--client-certificate-path", path}
		},
		"secret file": func(r *trial) []string {
			path := filepath.Join(r.TempDir(), "secret")
			if err := os.WriteFile(path, []byte(r.b.Partner().ClientSecret+"\n"), 0o600); err != nil {
				r.Fatal(err)
			}
			return []string{"--client-secret-file-path", path}
		},
		"GitHub Actions": func(r *trial) []string {
			for _, v := range r.b.CIEnvironment(mockbackend.GitHubIssuer) {
				r.env[v.Name] = v.Value
			}
			return nil
		},
		"OIDC file": func(r *trial) []string {
			path := filepath.Join(r.TempDir(), "oidc")
			if err := os.WriteFile(path, []byte(r.b.OIDCToken(mockbackend.GitLabIssuer, mockbackend.OIDCClaims{})), 0o600); err != nil {
				r.Fatal(err)
			}
			return []string{"--oidc-token-file-path", path}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t)
			args := set(r)
			delete(r.env, "PARTNERCENTER_CLIENT_SECRET")
			p := r.b.Partner()
			delete(r.env, "PARTNERCENTER_TENANT_ID")
			delete(r.env, "PARTNERCENTER_CLIENT_ID")
			r.want(r.run(append(args, "--tenant-id", p.TenantID, "--client-id", p.ClientID, "--output", r.output(), "--port", "0")...), login.Passed)
		})
	}
}

func TestLogin_users(t *testing.T) {
	for name, test := range map[string]struct {
		person mockbackend.Person
		code   int
		says   []string
	}{
		"cancelled":   {mockbackend.Person{Cancel: true}, login.Failed, []string{"Could not sign in", "the user cancelled the sign-in or declined the consent"}},
		"without MFA": {mockbackend.Person{SkipMFA: true}, login.CheckFailed, []string{"FAILED MFA the user signed in without multifactor authentication", "note Partner Center not checked"}},
		"helpdesk":    {mockbackend.Person{User: "helpdesk.agent@" + mockbackend.PartnerDomain}, login.Passed, []string{"ok User helpdesk.agent@", "ok Agent role the user can read customer permissions"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t)
			r.person = test.person
			r.want(r.run("--output", r.output(), "--port", "0"), test.code)
			r.says(test.says...)
			if test.code == login.Failed {
				r.nothingStored()
			}
		})
	}
}

// TestLogin_browser covers other events between browser and listener.
func TestLogin_browser(t *testing.T) {
	t.Run("another page guesses", func(t *testing.T) {
		r := newTrial(t)
		r.open = func(address string) error {
			u, err := url.Parse(address)
			if err != nil {
				return err
			}
			home := u.Query().Get("redirect_uri")
			for _, guess := range []string{"/?code=stolen&state=guess", "/?error=access_denied&state=guess", "/?code=stolen", "/"} {
				if err := get(r.Context(), home+guess, "not the sign-in that the terminal waits for"); err != nil {
					r.Error(err)
				}
			}
			if err := get(r.Context(), home+"/favicon.ico", "404"); err != nil {
				r.Error(err)
			}
			return r.browse(r.Context(), address)
		}
		r.want(r.run("--output", r.output(), "--port", "0"), login.Passed)
	})
	t.Run("interrupted, and no browser", func(t *testing.T) {
		r := newTrial(t)
		ctx, cancel := context.WithCancel(t.Context())
		r.open = func(string) error {
			cancel()
			return errors.New("no display")
		}
		r.want(r.runIn(ctx, "--output", r.output(), "--port", "0"), login.Failed)
		r.says("Cancelled.")
		r.nothingStored()
	})
	t.Run("port in use", func(t *testing.T) {
		r := newTrial(t)
		var port string
		var once sync.Once
		r.open = func(address string) error {
			once.Do(func() {
				u, err := url.Parse(address)
				if err != nil {
					r.Fatal(err)
				}
				home, err := url.Parse(u.Query().Get("redirect_uri"))
				if err != nil {
					r.Fatal(err)
				}
				port = home.Port()
				other := newTrial(t)
				other.want(other.run("--output", other.output(), "--port", port), login.Failed)
				other.says("Cannot listen on localhost:"+port, "--port", "--no-browser")
			})
			return r.browse(r.Context(), address)
		}
		r.want(r.run("--output", r.output(), "--port", "0"), login.Passed)
	})
	t.Run("port in use by another program, for IPv6 only", func(t *testing.T) {
		other, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skip("IPv6 is not available: ", err)
		}
		defer other.Close()
		r := newTrial(t)
		_, port, err := net.SplitHostPort(other.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		r.want(r.run("--output", r.output(), "--port", port), login.Failed)
		r.says("Cannot listen on localhost:" + port)
	})
	t.Run("the token endpoint refuses", func(t *testing.T) {
		r := newTrial(t)
		r.b.FailSignIn(mockbackend.SignInFault{Code: 7000222})
		r.want(r.run("--output", r.output(), "--port", "0"), login.Failed)
		r.says("AADSTS7000222", "What to do: The client secret expired.")
		r.nothingStored()
	})
}

// pasting is the standard output of a command that waits for a pasted address.
type pasting struct {
	*trial
	answer  func(location string) string
	printed bytes.Buffer
}

func (p *pasting) Write(b []byte) (int, error) { return p.printed.Write(b) }

func TestLogin_noBrowser(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(location string) string
		code   int
		says   string
	}{
		"address": {func(l string) string { return l + "\n" }, login.Passed, "app+user"},
		"https":   {func(l string) string { return " " + strings.Replace(l, "http:", "https:", 1) + " \r\n" }, login.Passed, "app+user"},
		"query":   {func(l string) string { return strings.TrimPrefix(l, "http://localhost:8400/") }, login.Passed, "app+user"},
		"code": {func(l string) string {
			u, _ := url.Parse(l)
			return u.Query().Get("code")
		}, login.Passed, "app+user"},
		"another state": {func(l string) string { return strings.Replace(l, "&state=", "&state=x", 1) }, login.Failed, "another sign-in"},
		"nonsense":      {func(string) string { return "nonsense" }, login.Failed, "the code was refused: AADSTS9002313"},
		"nothing":       {func(string) string { return "\n" }, login.Failed, "Nothing was pasted"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t)
			in, out := io.Pipe()
			p := &pasting{trial: r, answer: test.answer}
			var code int
			done := make(chan struct{})
			stderr := &watched{want: "press Enter:", seen: make(chan string, 1)}
			go func() {
				defer close(done)
				code = login.Command{
					Version: "test", Stdin: in, Stdout: p, Stderr: stderr,
					LookupEnv: func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
					Options:   []provider.Option{provider.WithTransport(r.b.Transport())},
				}.Run(t.Context(), []string{"--no-browser", "--output", r.output()})
			}()
			text := <-stderr.seen
			at := strings.Index(text, "https://")
			address, _, _ := strings.Cut(text[at:], "\n")
			location, err := r.b.Visit(t.Context(), address, mockbackend.Person{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := out.Write([]byte(test.answer(location))); err != nil {
				t.Fatal(err)
			}
			_ = out.Close()
			<-done
			r.stdout, r.stderr = p.printed.String(), stderr.String()
			r.want(code, test.code)
			r.says(test.says)
		})
	}
}

// watched is an output that sends its text to seen as soon as it contains want.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
	want string
	seen chan string
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.text.Write(b)
	if strings.Contains(w.text.String(), w.want) && w.want != "" {
		w.want = ""
		w.seen <- w.text.String()
	}
	return n, err
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestLogin_deviceCode(t *testing.T) {
	for name, test := range map[string]struct {
		person mockbackend.Person
		slow   bool
		nobody bool
		code   int
		says   string
	}{
		"signed in": {code: login.Passed, says: "ok MFA"},
		"slow down": {slow: true, code: login.Passed, says: "ok MFA"},
		"declined":  {person: mockbackend.Person{Cancel: true}, code: login.Failed, says: "the user cancelled the sign-in"},
		"nobody":    {nobody: true, code: login.Failed, says: "nobody signed in with the code before it expired"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTrial(t)
				var stdout bytes.Buffer
				stderr := &watched{want: "multifactor", seen: make(chan string, 1)}
				go func() {
					text := <-stderr.seen
					if test.nobody {
						return
					}
					words := strings.Fields(text)
					p := test.person
					p.UserCode = strings.TrimSuffix(words[9], ".")
					if test.slow {
						r.b.SetKnobs(func(k *mockbackend.Knobs) { k.SlowDown = true })
						wait(30)
						r.b.SetKnobs(func(k *mockbackend.Knobs) { k.SlowDown = false })
					}
					if _, err := r.b.Visit(t.Context(), words[4], p); !errors.Is(err, mockbackend.ErrStayed) {
						t.Errorf("%q: %v", words, err)
					}
				}()
				code := login.Command{
					Version: "test", Stdout: &stdout, Stderr: stderr,
					LookupEnv: func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
					Options:   []provider.Option{provider.WithTransport(r.b.Transport())},
				}.Run(t.Context(), []string{"--device-code", "--output", r.output()})
				r.stdout, r.stderr = stdout.String(), stderr.String()
				r.want(code, test.code)
				r.says(test.says)
			})
		})
	}
}

func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		env  []string // removed
		code int
		says string
	}{
		"help":             {[]string{"--help"}, nil, login.Passed, "Exit codes: 0 signed in and all checks passed"},
		"unknown flag":     {[]string{"--client-secret", "x"}, nil, login.Usage, "flag provided but not defined"},
		"nowhere to go":    {nil, nil, login.Usage, "--output FILE, or --print"},
		"an argument":      {[]string{"--print", "x"}, nil, login.Usage, `unexpected argument "x"`},
		"two customers":    {[]string{"--check", mockbackend.AdatumID, "x"}, nil, login.Usage, `unexpected argument "x"`},
		"no GUID":          {[]string{"--check", "adatum"}, nil, login.Usage, `"adatum" is not a customer ID`},
		"two ways":         {[]string{"--print", "--device-code", "--no-browser"}, nil, login.Usage, "use one of"},
		"check and output": {[]string{"--check", "--output", "x"}, nil, login.Usage, "--check does not sign a user in"},
		"a port":           {[]string{"--print", "--port", "70000"}, nil, login.Usage, "is not a port"},
		"no tenant":        {[]string{"--print"}, []string{"PARTNERCENTER_TENANT_ID"}, login.Usage, "What to do: use --tenant-id or set the environment variable PARTNERCENTER_TENANT_ID."},
		"no credential":    {[]string{"--print"}, []string{"PARTNERCENTER_CLIENT_SECRET"}, login.Usage, "It does not read the provider block."},
		"a bad folder":     {[]string{"--output", "/does/not/exist/token"}, nil, login.Usage, "cannot be written to /does/not/exist/token"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t)
			for _, name := range test.env {
				delete(r.env, name)
			}
			r.open = func(string) error {
				r.Error("the browser was opened")
				return nil
			}
			r.want(r.run(test.args...), test.code)
			r.says(test.says)
			if requests := r.b.Requests(); len(requests) > 0 {
				t.Errorf("something was sent: %v", requests)
			}
		})
	}
	t.Run("somebody else's file", func(t *testing.T) {
		for content, want := range map[string]string{
			"text of mine": "it contains something other than a refresh token",
			"0.AXoA\n# refresh token of tenant 11111111-2222-4333-8444-555555555555, client 44a8f2de-0b1c-4a7e-8f7d-0d9be3f6c303": "it contains the refresh token of tenant 11111111",
		} {
			r := newTrial(t)
			if err := os.WriteFile(r.output(), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			r.want(r.run("--output", r.output()), login.Usage)
			r.says(want)
			if kept, err := os.ReadFile(r.output()); err != nil || string(kept) != content {
				t.Errorf("the file was replaced: %q, %v", kept, err)
			}
		}
	})
	t.Run("Azure CLI", func(t *testing.T) {
		r := newTrial(t)
		delete(r.env, "PARTNERCENTER_CLIENT_SECRET")
		r.env["PARTNERCENTER_USE_CLI"] = "true"
		r.want(r.run("--print"), login.Usage)
		r.says("The Azure CLI signs its user in by itself")
	})
}
