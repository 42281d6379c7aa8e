package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

func TestBadFlags(t *testing.T) {
	for name, args := range map[string][]string{
		"-customers must not be negative": {"-customers", "-1"},
		`"many" is not a positive number`: {"-rate", "many/1m"},
		`"soon" is not a positive`:        {"-rate", "5/soon"},
		"requests/duration":               {"-rate", "500"},
		"-latency must not be negative":   {"-latency", "-1s"},
		"-sign-in-as":                     {"-sign-in-as", "root"},
		"-ci":                             {"-ci", "jenkins"},
		"-tls-key":                        {"-tls-key", "dsa"},
		"-behaviour":                      {"-behaviour", "no-such-file.json"},
		"not a report of conformance":     {"-behaviour", "testdata/other.json"},
		"not defined":                     {"-port", "80"},
		"unexpected argument":             {"serve"},
	} {
		var stderr bytes.Buffer
		if code := run(t.Context(), args, io.Discard, &stderr); code != 2 || !strings.Contains(stderr.String(), name) {
			t.Errorf("%v: exit %d, %s", args, code, stderr.String())
		}
		if lines := strings.Count(stderr.String(), "\n"); lines != 1 {
			t.Errorf("%v: %d lines of message", args, lines)
		}
	}
}

func TestHelp(t *testing.T) {
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"-h"}, io.Discard, &stderr); code != 0 || !strings.Contains(stderr.String(), "-env-file") {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}

func TestUnwritableEnvFile(t *testing.T) {
	var stderr bytes.Buffer
	path := filepath.Join(t.TempDir(), "missing", "env")
	if code := run(t.Context(), []string{"-env-file", path}, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "missing") {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}

func TestQuoting(t *testing.T) {
	if got := shellQuote(`it's`); got != `'it'\''s'` {
		t.Error(got)
	}
}

func TestEnvironmentFile(t *testing.T) {
	environment := []mockbackend.EnvVar{{Name: "A", Value: "it's"}, {Name: "B", Value: "$b"}}
	for path, want := range map[string]string{
		"mock.env":        "export A='it'\\''s'\nexport B='$b'\n",
		"folder/mock.PS1": "$env:A = 'it''s'\n$env:B = '$b'\n",
	} {
		if got := environmentFile(path, environment); got != want {
			t.Errorf("%s: got %s", path, got)
		}
	}
}

// firstOutput closes ready at the first output. The mock prints it when it is ready.
type firstOutput struct {
	ready chan struct{}
	text  bytes.Buffer
}

func (s *firstOutput) Write(p []byte) (int, error) {
	if s.text.Len() == 0 {
		defer close(s.ready)
	}
	return s.text.Write(p)
}

// start runs the command. It returns the environment that a shell reads from the environment file.
func start(t *testing.T, args ...string) (environment map[string]string, stop func()) {
	t.Helper()
	envFile := filepath.Join(t.TempDir(), "env file")
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := &firstOutput{ready: make(chan struct{})}, make(chan int, 1)
	var stderr bytes.Buffer
	go func() { ended <- run(ctx, append(args, "-env-file", envFile), out, &stderr) }()
	select {
	case <-out.ready:
	case code := <-ended:
		cancel()
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	info, err := os.Stat(envFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("env file: %v, %v", info, err)
	}
	printed, err := exec.CommandContext(t.Context(), "env", "-i", "/bin/sh", "-c", `. "$0" && env`, envFile).Output()
	if err != nil {
		t.Fatal(err)
	}
	environment = map[string]string{}
	for line := range strings.SplitSeq(string(printed), "\n") {
		if name, value, ok := strings.Cut(line, "="); ok && name != "PWD" {
			environment[name] = value
		}
	}
	return environment, func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("exit %d: %s", code, stderr.String())
		}
		if _, err := os.Stat(envFile); err != nil {
			t.Errorf("the env file is gone: %v", err)
		}
	}
}

func get(t *testing.T, client *http.Client, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func TestServe(t *testing.T) {
	env, stop := start(t, "-customers", "20", "-latency", "1ms", "-rate", "1000/1m")
	for _, name := range []string{
		"TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "AUTHORITY_HOST", "PARTNER_CENTER_ENDPOINT",
		"RESOURCE_MANAGER_ENDPOINT", "CA_CERTIFICATE_PATH", "DISABLE_INSTANCE_DISCOVERY", "MOCK_CONTROL",
	} {
		if env["PARTNERCENTER_"+name] == "" {
			t.Errorf("PARTNERCENTER_%s is not set", name)
		}
	}
	ca, err := os.ReadFile(env["PARTNERCENTER_CA_CERTIFICATE_PATH"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()

	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {env["PARTNERCENTER_REFRESH_TOKEN"]}, "client_id": {env["PARTNERCENTER_CLIENT_ID"]},
		"client_secret": {env["PARTNERCENTER_CLIENT_SECRET"]}, "resource": {"https://api.partnercenter.microsoft.com"},
	}
	status, body := get(t, client, http.MethodPost, env["PARTNERCENTER_AUTHORITY_HOST"]+"/"+env["PARTNERCENTER_TENANT_ID"]+"/oauth2/token", form.Encode())
	if status != http.StatusOK || !strings.Contains(body, "access_token") {
		t.Errorf("sign-in: %d %s", status, body)
	}
	control := env["PARTNERCENTER_MOCK_CONTROL"]
	var customers []map[string]any
	if _, body = get(t, client, http.MethodGet, control+"/customers", ""); json.Unmarshal([]byte(body), &customers) != nil || len(customers) != 20 {
		t.Errorf("customers: %s", body)
	}
	stop()
	if _, err := os.Stat(env["PARTNERCENTER_CA_CERTIFICATE_PATH"]); !os.IsNotExist(err) {
		t.Errorf("the temporary CA file is still there: %v", err)
	}
}

func TestSignInAs(t *testing.T) {
	seen := map[string]string{}
	for _, who := range []string{"admin", "sales", "helpdesk", "no-mfa", "app-only"} {
		caFile := filepath.Join(t.TempDir(), "ca.pem")
		env, stop := start(t, "-sign-in-as", who, "-ca-file", caFile)
		token, ok := env["PARTNERCENTER_REFRESH_TOKEN"]
		if ok == (who == "app-only") {
			t.Errorf("%s: refresh token set: %t", who, ok)
		}
		if other := seen[token]; other != "" {
			t.Errorf("%s and %s have the same token", who, other)
		}
		seen[token] = who
		stop()
		if _, err := os.Stat(caFile); err != nil {
			t.Errorf("the requested CA file is gone: %v", err)
		}
	}
}

func TestCI(t *testing.T) {
	for system, names := range map[string][]string{
		"github":      {"ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"},
		"azuredevops": {"SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "PARTNERCENTER_ADO_PIPELINE_SERVICE_CONNECTION_ID"},
	} {
		env, stop := start(t, "-ci", system)
		for _, name := range append(names, "PARTNERCENTER_REFRESH_TOKEN") {
			if env[name] == "" {
				t.Errorf("%s: %s is not set", system, name)
			}
		}
		if env["PARTNERCENTER_CLIENT_SECRET"] != "" {
			t.Errorf("%s: there is a client secret", system)
		}
		stop()
	}
	env, stop := start(t)
	defer stop()
	if env["SYSTEM_ACCESSTOKEN"]+env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] != "" {
		t.Error("CI variables without a flag for a CI system")
	}
}

// TestBehaviour: the mock plays a report, and lists the answers that it cannot play.
func TestBehaviour(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.json")
	content := `{"format":1,"signIn":"app-only","answers":[{"probe":"bom","answer":"no"},{"probe":"weather","answer":"fine"}]}`
	if err := os.WriteFile(report, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	env, stop := start(t, "-behaviour", report, "-tls-key", "rsa")
	defer stop()
	if _, body := get(t, http.DefaultClient, http.MethodGet, env["PARTNERCENTER_MOCK_CONTROL"]+"/knobs", ""); !strings.Contains(body, `"bom":false`) {
		t.Errorf("knobs: %s", body)
	}
	var stderr bytes.Buffer
	opts, err := parse([]string{"-behaviour", report}, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	b := mockbackend.New(opts.config)
	defer b.Close()
	if opts.signInAs != "app-only" {
		t.Errorf("signed in as %s", opts.signInAs)
	}
	if opts, err = parse([]string{"-sign-in-as", "sales", "-behaviour", report}, &stderr); err != nil || opts.signInAs != "sales" {
		t.Errorf("signed in as %s: %v", opts.signInAs, err)
	}
	if text := description(b, opts); !strings.Contains(text, "# Not played: weather: fine\n") {
		t.Error(text)
	}
}

var guideCall = regexp.MustCompile(`curl -s(?: -X (\w+))? "\$CONTROL([^"]*)"(?: -d '([^']*)')?`)

// TestGuide sends the requests of the guide about the mock.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../../provider/templates/guides/mock.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	env, stop := start(t)
	defer stop()
	calls := guideCall.FindAllStringSubmatch(string(guide), -1)
	if len(calls) < 12 {
		t.Fatalf("the guide has %d calls", len(calls))
	}
	for _, call := range calls {
		method := cmp.Or(call[1], http.MethodGet)
		path := strings.ReplaceAll(call[2], "CUSTOMER_ID", mockbackend.AdatumID)
		if status, body := get(t, http.DefaultClient, method, env["PARTNERCENTER_MOCK_CONTROL"]+path, call[3]); status >= 400 {
			t.Errorf("%s: %d %s", call[0], status, body)
		}
	}
	usage := &bytes.Buffer{}
	if code := run(t.Context(), []string{"-h"}, io.Discard, usage); code != 0 {
		t.Fatal(code)
	}
	for _, flag := range regexp.MustCompile("`(-[a-z-]+)[ `]").FindAllStringSubmatch(string(guide), -1) {
		if !strings.Contains(usage.String(), "  "+flag[1]+" ") {
			t.Errorf("unknown flag %s", flag[1])
		}
	}
}
