//go:build linux

package login_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/login"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// TestMain runs the command instead of the tests in a process that has a terminal.
func TestMain(m *testing.M) {
	if os.Getenv("LOGIN_TEST_COMMAND") == "" {
		os.Exit(m.Run())
	}
	os.Exit(login.Command{
		Version: "test", Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
	}.Run(context.Background(), os.Args[1:]))
}

// TestLogin_terminal pastes into a terminal. The address is longer than a terminal line on macOS, and must not be
// displayed.
func TestLogin_terminal(t *testing.T) {
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("the program script is not installed: Debian has it in the package bsdutils")
	}
	r := newTrial(t)
	if err := r.b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.b.Close() })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, r.b.CACertificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, script, "--quiet", "--flush", "--return", "--command", os.Args[0]+" --no-browser --output "+r.output(), os.DevNull)
	cmd.Env = append(os.Environ(), "LOGIN_TEST_COMMAND=1")
	for _, v := range r.b.EnvironmentFor(ca, "") {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	address, pasted := "", ""
	for output := bufio.NewReader(out); ; {
		b, err := output.ReadByte()
		if err != nil { // the command has ended
			break
		}
		text.WriteByte(b)
		if line, ok := strings.CutSuffix(text.String(), "\r\n"); ok && strings.HasPrefix(line[strings.LastIndex(line, "\n")+1:], "https://") {
			address = line[strings.LastIndex(line, "\n")+1:]
		}
		if pasted == "" && strings.HasSuffix(text.String(), "(not shown) ") {
			if pasted, err = r.b.Visit(ctx, address, mockbackend.Person{}); err != nil {
				t.Fatal(err)
			}
			if _, err := in.Write([]byte(pasted + "\r")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	if len(pasted) <= 1024 || strings.Contains(text.String(), pasted[:100]) {
		t.Errorf("%d bytes were pasted, and displayed:\n%s", len(pasted), text.String())
	}
	if !strings.Contains(text.String(), "app+user") || r.stored() == "" {
		t.Errorf("not signed in:\n%s", text.String())
	}
}
